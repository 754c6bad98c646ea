// State of the run-time checks: undefined bits, outstanding memory operations, LDS history.
#pragma once

#include "Instruction.h"
#include "LdsHistory.h"
#include "codesign/Simulate/RunReport.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include <array>
#include <deque>
#include <memory>
#include <vector>

namespace codesign::simulate {

struct Wave;
struct Workgroup;

/// Undefined bytes of one vector register: plane b holds one bit per lane for byte b.
struct UndefinedBytes {
  std::array<uint64_t, 4> plane = {};
  uint64_t any() const { return plane[0] | plane[1] | plane[2] | plane[3]; }
};

/// A memory operation that s_waitcnt has not covered yet.
struct Outstanding {
  int32_t instruction = -1;
  LdsOperationId ldsOperation = 0; // 0: touches no LDS
  bool isScalarMemory = false;
  bool isFlat = false;
  bool isStore = false;
};

/// When a register was last written, and by what, for wait-state rules. Slots wrap around.
struct RecentWrite {
  uint32_t slot = 0; // wave's wait-state counter
  int32_t instruction = -1;
};

/// A set of vector or scalar registers; a run of up to 32 is one test.
template <int size>
class RegisterSet {
public:
  bool none() const {
    uint64_t all = 0;
    for (int word = 0; word < wordCount; ++word)
      all |= words[word];
    return all == 0;
  }
  /// Adds [first, first + count), as any() counts it.
  void set(int first, int count) {
    if (first >= size)
      return;
    const int shift = first % 64;
    const uint64_t bits = (1ull << count) - 1;
    words[first / 64] |= bits << shift;
    if (shift > 32 && first / 64 + 1 < wordCount)
      words[first / 64 + 1] |= bits >> (64 - shift);
  }
  /// Any of [first, first + count)? count is at most 32; registers past the end are never in the set.
  bool any(int first, int count) const {
    if (first >= size)
      return false;
    const int shift = first % 64;
    uint64_t bits = words[first / 64] >> shift;
    if (shift > 32)
      bits |= words[first / 64 + 1] << (64 - shift);
    return bits & ((1ull << count) - 1);
  }
  bool any(llvm::ArrayRef<RegisterMask> masks) const {
    uint64_t common = 0;
    for (const RegisterMask &mask : masks)
      common |= words[mask.word] & mask.bits;
    return common;
  }
  void reset() { words = {}; }

private:
  static constexpr int wordCount = size / 64;
  std::array<uint64_t, wordCount + 1> words = {}; // one more, always 0
};

/// Vector registers of the last wait states: those since the window turned and, for as long again, those
/// before. It filters what wait-state rules must look at, so it may hold a register for too long.
class RegisterWindow {
public:
  void turn() {
    all = newer;
    newer.reset();
  }
  void set(int first, int count) {
    newer.set(first, count);
    all.set(first, count);
  }
  bool any(int first, int count) const { return all.any(first, count); }
  bool any(llvm::ArrayRef<RegisterMask> masks) const { return all.any(masks); }

private:
  RegisterSet<vectorRegisterCount> newer, all;
};

struct WaveChecks {
  std::vector<UndefinedBytes> vectorUndefined; // vectorRegisterCount
  std::array<uint32_t, 256> scalarUndefined = {};
  bool sccUndefined = false;
  std::deque<Outstanding> vectorMemory;           // vmcnt, oldest first
  std::deque<Outstanding> local;                  // lgkmcnt
  RegisterSet<vectorRegisterCount> pendingVector; // written by an outstanding operation
  RegisterSet<128> pendingScalar;
  std::vector<RecentWrite> vectorWrites;
  std::vector<RecentWrite> lateReads; // registers that a matrix or store instruction reads after its issue
  // Where the two above may have entries that still matter: for all instructions, for a few.
  RegisterWindow lateRegisters, plainResults;
  uint32_t windowsTurned = 0; // slot
  RecentWrite hardwareRegisterWrite;
  std::array<RecentWrite, 128> scalarWrites;
  uint32_t lastScalarWrite = 0; // slot of the latest of them that rules ask for
  uint32_t slot = 0;            // wait states so far
  uint32_t matrixFree = 0;      // slot in which the matrix core takes the next instruction
};

struct GroupChecks {
  LdsHistory lds;
  std::vector<Finding> findings;
  llvm::DenseMap<uint64_t, unsigned> known; // kind and both sites → index into findings
  unsigned maxFindings = 200;
};

/// A finding's variable part; the rest comes from the wave.
struct FindingDetails {
  FindingKind kind;
  int instruction = -1;
  int otherInstruction = -1;
  int otherWave = -1;
  int lane = -1;
  uint64_t memoryAddress = 0;
};

/// True if this defect is new; then fill in its message. Counts repetitions.
bool beginFinding(Wave &wave, const FindingDetails &details);
void endFinding(Wave &wave, std::string message);

} // namespace codesign::simulate
