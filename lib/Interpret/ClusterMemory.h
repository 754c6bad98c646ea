// Shared memory and mbarriers of the workgroups of a cluster, and who knows of which access.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/SparseBitVector.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace codesign {

/// The accesses that are over as far as one thread is concerned: what it did and waited for itself, and what
/// others knew when it met them. `fenced` are those that the copy engine may rely on as well.
struct Knowledge {
  llvm::SparseBitVector<> over, fenced;

  void join(const Knowledge &other) {
    over |= other.over;
    fenced |= other.fenced;
  }
  void add(unsigned access) {
    over.set(access);
    fenced.set(access);
  }
};

/// One mbarrier: a phase ends when no arrival and no byte is pending.
struct Mbarrier {
  int64_t arrivals = 0, pending = 0, bytes = 0;
  int64_t phase = 0;     // phases that are over
  unsigned setUp = 0;    // the access that initialised it
  Knowledge gathered;    // of those that arrived, and of the copies that counted
  Knowledge atLastPhase; // what a waiter learns
  bool initialised = false;

  void arrive(int64_t count, int64_t expected, const Knowledge &from);
  void complete(int64_t count, unsigned copy);

private:
  void endPhase();
};

/// Shared memory of one workgroup. Accesses are told apart by 128-byte rows; each is under way from when it
/// is issued until somebody knows that it is over.
class WorkgroupMemory {
public:
  explicit WorkgroupMemory(int64_t size);

  static constexpr int64_t rowBytes = 128;

  /// Marks [byte, byte + size) as read by `access`, whose issuer knows `knowledge`. `engine`: by the copy
  /// engine or the matrix cores, which see ordinary writes only past a fence.
  llvm::Error read(int64_t byte, int64_t size, unsigned access, const Knowledge &knowledge, bool engine);
  llvm::Error write(int64_t byte, int64_t size, unsigned access, const Knowledge &knowledge);

  std::vector<uint8_t> bytes;
  llvm::SmallVector<Mbarrier, 16> barriers;

private:
  struct Row {
    bool written = false;
    unsigned write = 0;
    llvm::SmallVector<unsigned, 4> reads;
  };
  std::vector<Row> rows;
};

} // namespace codesign
