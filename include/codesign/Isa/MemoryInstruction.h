// How data moves: copy instructions, bank phases of LDS accesses,
// wait counters and issue costs. Rows in lib/Isa/*.def.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <string>

namespace codesign {

enum class MemorySpace : uint8_t { Global, Shared, Registers, Tensor };

/// What a wave waits on before it may use the copied data.
enum class CompletionMechanism : uint8_t {
  VectorCounter, // s_waitcnt vmcnt (loads and stores through the vector memory path)
  LdsCounter,    // s_waitcnt lgkmcnt
  AsyncGroup,    // cp.async / bulk commit_group and wait_group
  Barrier,       // mbarrier with a transaction count
  Scoreboard,    // in hardware: the first use waits
};

struct CopyInstruction {
  std::string name;     // unique within the architecture
  std::string mnemonic; // as the assembler spells it
  MemorySpace from = MemorySpace::Global;
  MemorySpace to = MemorySpace::Registers;
  /// Bytes moved per lane; for bulk copies (TMA) issued by one thread, 0: the size is an operand.
  int bytesPerLane = 0;
  int lanes = 0;
  CompletionMechanism completion = CompletionMechanism::Scoreboard;
  /// The LDS destination is base + lane · bytesPerLane: a swizzle must be applied to the global address.
  bool laneContiguousDestination = false;
  /// Out-of-range addresses read 0 and drop writes by hardware (buffer num_records, TMA tensor bounds).
  bool clampsOutOfRange = false;
  std::string feature; // LLVM subtarget feature, or first PTX ISA version
};

llvm::ArrayRef<CopyInstruction> copyInstructions(Architecture architecture);
const CopyInstruction *findCopyInstruction(Architecture architecture, llvm::StringRef name);
/// The widest copy between two spaces of at most `maxBytesPerLane`; null if there is none.
const CopyInstruction *widestCopy(Architecture architecture, MemorySpace from, MemorySpace to,
                                  int maxBytesPerLane = 16);

/// The order in which LDS (shared memory) serves one access of a wave: lanes of one phase are served together
/// and can conflict with each other only; `banks` of 4 bytes are told apart.
struct SharedAccessPhases {
  int bytesPerLane = 0;
  bool isWrite = false;
  int banks = 32;
  /// One lane mask per phase; together they are the whole wave.
  llvm::SmallVector<uint64_t, 8> phases;
  Evidence evidence = Evidence::Assumed;
};

llvm::ArrayRef<SharedAccessPhases> sharedAccessPhases(Architecture architecture);
/// The phases of a read or write of 1, 2, 4, 8, 12 or 16 bytes
/// per lane; null if the architecture has no such access.
const SharedAccessPhases *findSharedAccessPhases(Architecture architecture, int bytesPerLane, bool isWrite);

/// The cost of one wave's access, counted in passes over the banks.
struct SharedAccessCost {
  int passes = 0;      // needed for these addresses
  int idealPasses = 0; // what the width alone needs: one per phase with an active lane
  int conflictPasses() const { return passes - idealPasses; }
};

/// `byteAddresses` holds one LDS address per lane, empty for an inactive lane.
/// Lanes that read the same 4-byte word share a pass; two words of one bank
/// need two. Addresses are rounded down to the access's alignment of 4 bytes.
SharedAccessCost sharedAccessCost(const SharedAccessPhases &phases,
                                  llvm::ArrayRef<std::optional<uint32_t>> byteAddresses);

/// A hardware counter of outstanding operations; waiting
/// for "at most x outstanding" is possible up to `maximum`.
struct WaitCounter {
  std::string name; // "vmcnt"
  int maximum = 0;
  bool inOrder = true; // operations of this counter complete in the order of issue
  std::string counts;  // what increments it, in words
};
llvm::ArrayRef<WaitCounter> waitCounters(Architecture architecture);

/// Clocks that a class of instructions of one wave keeps its SIMD's issue port (or its unit) busy, and until
/// its result can be used (unloaded; 0 if not recorded).
struct IssueCost {
  std::string instructionClass; // "valu", "transcendental", "salu", "ds_read_b128", …
  int cycles = 0;
  int latencyCycles = 0;
  Evidence evidence = Evidence::Assumed;
};
llvm::ArrayRef<IssueCost> issueCosts(Architecture architecture);
/// Null if the architecture's table has no such class.
const IssueCost *findIssueCost(Architecture architecture, llvm::StringRef instructionClass);

llvm::StringRef toString(MemorySpace space);
llvm::StringRef toString(CompletionMechanism completion);

} // namespace codesign
