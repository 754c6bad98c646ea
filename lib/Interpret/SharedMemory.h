// LDS of one workgroup: its bytes, and who touched them since the last barrier.
#pragma once

#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace codesign {

class SharedContents {
public:
  explicit SharedContents(int64_t bytes);

  /// A wave writes or reads one 16-byte chunk; `byte` is a multiple of 16.
  llvm::Error write(int64_t byte, const uint8_t *from, int wave);
  llvm::Error read(int64_t byte, uint8_t *to, int wave);

  /// Copies under way of waves that are in step.
  class Copies;

  /// An asynchronous copy into a chunk joins the open group.
  llvm::Error copyAsync(Copies &copies, int64_t byte, const uint8_t *from, int wave);
  static void commit(Copies &copies);
  /// Completes the oldest groups until at most `pending` are left.
  llvm::Error wait(Copies &copies, size_t pending);

  /// Orders everything before against everything after.
  void barrier() {
    ++epoch;
    meetInWaves();
  }
  /// The lanes of each wave see what others of them have copied and waited for.
  void meetInWaves();

private:
  struct Chunk {
    uint64_t writeEpoch = 0; // 0: never written
    uint64_t readEpoch = 0;
    int writer = -1;
    uint64_t readers = 0; // bit set of waves, of readEpoch
    int copiesUnderWay = 0;
    bool seenByOneLane = false; // of its wave: the one that copied it
  };
  struct Copy {
    int64_t byte;
    int wave;
    uint8_t data[16];
  };

  llvm::Error checkWrite(const Chunk &chunk, int64_t byte, int wave) const;

  std::vector<uint8_t> bytes;
  std::vector<Chunk> chunks;
  std::vector<int64_t> arrived; // bytes of copies that no one but their lanes has seen
  uint64_t epoch = 1;
};

class SharedContents::Copies {
  friend class SharedContents;
  std::vector<Copy> open;
  std::vector<std::vector<Copy>> groups; // oldest first
};

} // namespace codesign
