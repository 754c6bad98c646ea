// State of the run-time checks: undefined bits, outstanding memory operations, LDS history.
#pragma once

#include "Instruction.h"
#include "codesign/Simulate/RunReport.h"
#include "llvm/ADT/DenseMap.h"
#include <array>
#include <bitset>
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

/// An LDS operation in the history of a workgroup; LDS cells refer to it by number.
struct LdsOperation {
  int32_t instruction = -1;
  uint16_t wave = 0;
  bool isAtomic = false;
  bool isDma = false;
  uint32_t waitedEpoch = ~0u; // barrier epoch in which s_waitcnt covered it; ~0: not yet
};

/// One dword of LDS.
struct LdsCell {
  uint32_t write = 0;     // operation numbers, 0: none
  uint32_t read = 0;      // most recent reader
  uint32_t otherRead = 0; // most recent reader of another wave than `read`
  uint8_t definedBytes = 0;
  uint8_t writtenBytes = 0;
  uint8_t readBytes = 0, otherReadBytes = 0;
};

/// A memory operation that s_waitcnt has not covered yet.
struct Outstanding {
  int32_t instruction = -1;
  uint32_t ldsOperation = 0; // 0: touches no LDS
  bool isScalarMemory = false;
  bool isFlat = false;
  bool isStore = false;
};

/// Issue history for wait-state rules: when each register was last written, and by what.
struct RecentWrite {
  uint64_t slot = 0; // wave's wait-state counter
  int32_t instruction = -1;
};

struct WaveChecks {
  std::vector<UndefinedBytes> vectorUndefined; // vectorRegisterCount
  std::array<uint32_t, 256> scalarUndefined = {};
  bool sccUndefined = false;
  std::deque<Outstanding> vectorMemory;           // vmcnt, oldest first
  std::deque<Outstanding> local;                  // lgkmcnt
  std::bitset<vectorRegisterCount> pendingVector; // written by an outstanding operation
  std::bitset<128> pendingScalar;
  std::bitset<vectorRegisterCount>
      pendingSource; // read by an outstanding store: none on this hardware, kept empty
  std::vector<RecentWrite> vectorWrites;
  std::array<RecentWrite, 128> scalarWrites;
  RecentWrite execWrite;
  uint64_t slot = 0;
};

struct GroupChecks {
  std::vector<LdsCell> cells;
  std::vector<LdsOperation> operations; // [0] unused
  uint32_t epoch = 0;                   // barriers passed
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
