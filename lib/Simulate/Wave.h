// Architectural state of one wave and of its workgroup.
#pragma once

#include "Checks.h"
#include "Instruction.h"
#include "LineSet.h"
#include "Memory.h"
#include "Program.h"
#include "codesign/Simulate/Simulator.h"
#include "llvm/ADT/Twine.h"
#include <array>
#include <bit>
#include <deque>
#include <memory>
#include <random>

namespace codesign {
struct SharedAccessPhases;
}

namespace codesign::simulate {

struct alignas(64) LaneValues {
  uint32_t value[laneCount];
};

struct LaneTable;
struct Workgroup;

/// MODE register fields that change results.
struct FloatMode {
  uint32_t bits = 0; // as in MODE[7:0]: rounding f32, rounding f16/f64, denormals f32, denormals f16/f64
  bool dx10Clamp = true;
  bool ieee = true;
  bool halfOverflow = false; // FP16_OVFL: clamp instead of infinity

  unsigned round32() const { return bits & 3; }
  unsigned round64() const { return (bits >> 2) & 3; }
  // Of the two bits for subnormals the low one keeps inputs, the high one results.
  unsigned subnormals32() const { return (bits >> 4) & 3; }
  unsigned subnormals64() const { return (bits >> 6) & 3; }
  bool isHostDefault32() const { return round32() == 0 && subnormals32() == 3; }
  /// Does the host need one environment for f32 and another for f16 and f64?
  bool differs() const { return round32() != round64() || subnormals32() != subnormals64(); }
};

/// What a direct load to LDS will write when the wave has waited for it.
struct LateLdsWrite {
  uint64_t sequence = 0; // of the load among the wave's vector memory operations
  int bytesPerLane = 0, count = 0;
  std::array<uint32_t, laneCount> target; // LDS byte
  std::array<uint8_t, 16 * laneCount> bytes;
};

enum class WaveState : uint8_t { Running, AtBarrier, Sleeping, Ended };

struct Wave {
  Workgroup *group = nullptr;
  int id = 0;
  int pc = 0; // index of the next instruction
  WaveState state = WaveState::Running;
  int barrierInstruction = -1; // of the barrier it waits at
  bool scc = false;
  bool skipsVector = false; // MODE.VSKIP
  uint8_t gprIndexMode = 0; // bits 0-2 sources, bit 3 destination; 0: off
  uint8_t gprIndex = 0;
  FloatMode mode;
  uint64_t initialExec = 0;
  uint64_t barriers = 0;
  uint32_t scalars[256] = {};
  std::unique_ptr<LaneValues[]> vectors;      // vectorRegisterCount
  std::unique_ptr<LaneValues[]> scratchLanes; // temporaries of the vector wrapper
  std::vector<uint8_t> privateMemory;         // scratch, lane after lane
  uint64_t vectorMemoryIssued = 0;            // operations that vmcnt counts
  std::deque<LateLdsWrite> lateLdsWrites;     // oldest first
  WaveChecks checks;

  uint64_t scalar64(int index) const { return scalars[index] | uint64_t(scalars[index + 1]) << 32; }
  void setScalar64(int index, uint64_t value) {
    scalars[index] = static_cast<uint32_t>(value);
    scalars[index + 1] = static_cast<uint32_t>(value >> 32);
  }
  uint64_t exec() const { return scalar64(scalar::exec); }
  void setExec(uint64_t value) { setScalar64(scalar::exec, value); }
  uint64_t vcc() const { return scalar64(scalar::vcc); }
  void setVcc(uint64_t value) { setScalar64(scalar::vcc, value); }
  /// The lanes of a register or temporary; those of the next one follow.
  uint32_t *lanes(int reg) { return lanesOf(vectors, reg); }
  uint32_t *temporary(int index) { return lanesOf(scratchLanes, index); }

  /// Value of a scalar or constant operand.
  uint32_t read32(const Operand &operand) const;
  uint64_t read64(const Operand &operand) const;
  void write32(const Operand &operand, uint32_t value) { scalars[operand.index] = value; }
  void write64(const Operand &operand, uint64_t value) { setScalar64(operand.index, value); }

private:
  static uint32_t *lanesOf(const std::unique_ptr<LaneValues[]> &registers, int index) {
    return reinterpret_cast<uint32_t *>(registers.get()) + static_cast<ptrdiff_t>(index) * laneCount;
  }
};

/// One workgroup in flight; reused for the next one by its worker thread.
struct Workgroup {
  const Program *program = nullptr;
  const Kernel *kernel = nullptr;
  DeviceMemory *memory = nullptr;
  const LaneTable *laneTable = nullptr;
  // Bank phases by bytes per lane; null where the architecture has no such access.
  const SharedAccessPhases *readPhases[17] = {}, *writePhases[17] = {};
  bool checking = true;
  uint64_t number = 0;     // x fastest
  uint64_t loadOffset = 0; // device address minus the address inside the code object
  std::vector<std::unique_ptr<Wave>> waves;
  std::vector<uint8_t> lds;
  GroupChecks checks;
  std::vector<InstructionStatistics> statistics;
  std::vector<std::unique_ptr<LdsCost>> ldsCosts; // by instruction
  LineSet lines, linesOfRun;      // of device memory: of this workgroup, of all that this worker ran
  uint64_t linesOfWorkgroups = 0; // sizes of `lines` of the workgroups before
  std::vector<uint64_t> *tracedLines = nullptr; // of the wave that executes; null: not recorded
  uint64_t matrixMultiplyAccumulates = 0;
  uint64_t clock = 0; // instructions executed, stands in for s_memtime
  std::string error;  // set: the run stops
  bool tooManyFindings = false;

  const Instruction &instruction(int index) const { return (*program)[index]; }
};

inline uint32_t Wave::read32(const Operand &operand) const {
  if (operand.isConstant())
    return static_cast<uint32_t>(operand.value);
  if (operand.index < 128)
    return scalars[operand.index];
  switch (operand.index) {
  case scalar::vccZero:
    return vcc() == 0;
  case scalar::execZero:
    return exec() == 0;
  case scalar::scc:
    return scc;
  default:
    return 0;
  }
}

inline uint64_t Wave::read64(const Operand &operand) const {
  return operand.isConstant()  ? operand.value
         : operand.index < 127 ? scalar64(operand.index)
                               : read32(operand);
}

/// Stops the run with this message; the caller's instruction is named in front.
void stopRun(Wave &wave, const Instruction &instruction, const llvm::Twine &message);

} // namespace codesign::simulate
