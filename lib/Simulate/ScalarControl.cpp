// Program control: branches, calls, waits, barriers, MODE, and the instructions without a visible result.
#include "Definedness.h"
#include "Translate.h"
#include "Vector.h"
#include "Waits.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>

namespace codesign::simulate {
namespace {

void jump(Wave &wave, const Instruction &instruction) {
  if (instruction.target < 0)
    return stopRun(wave, instruction, "branch target outside the code");
  wave.pc = instruction.target;
}

void branch(Wave &wave, const Instruction &instruction) {
  jump(wave, instruction);
}

template <bool wanted>
void branchScc(Wave &wave, const Instruction &instruction) {
  if (wave.group->checking && wave.checks.sccUndefined)
    checkScalarUse(wave, instruction, 1, "a branch condition");
  if (wave.scc == wanted)
    jump(wave, instruction);
}
template <bool wantsZero>
void branchVcc(Wave &wave, const Instruction &instruction) {
  if (wave.group->checking)
    checkScalarUse(wave, instruction, undefinedBits(wave, {Operand::Kind::Scalar, 0, 2, scalar::vcc}),
                   "a branch condition");
  if ((wave.vcc() == 0) == wantsZero)
    jump(wave, instruction);
}
template <bool wantsZero>
void branchExec(Wave &wave, const Instruction &instruction) {
  if ((wave.exec() == 0) == wantsZero)
    jump(wave, instruction);
}

void goTo(Wave &wave, const Instruction &instruction, uint64_t address) {
  int index = wave.group->program->indexAt(address - wave.group->loadOffset);
  if (index < 0)
    return stopRun(wave, instruction, "jump to an address outside the code");
  wave.pc = index;
}
uint64_t nextAddress(const Wave &wave, const Instruction &instruction) {
  return instruction.address + instruction.sizeBytes + wave.group->loadOffset;
}
void define(Wave &wave, const Operand &operand) {
  if (wave.group->checking)
    setScalarUndefined(wave, operand, 0);
}
void getPc(Wave &wave, const Instruction &instruction) {
  wave.write64(instruction.destination, nextAddress(wave, instruction));
  define(wave, instruction.destination);
}
void setPc(Wave &wave, const Instruction &instruction) {
  if (wave.group->checking)
    checkScalarUse(wave, instruction, undefinedBits(wave, instruction.sources[0]), "a jump target");
  goTo(wave, instruction, wave.read64(instruction.sources[0]));
}
void swapPc(Wave &wave, const Instruction &instruction) {
  uint64_t target = wave.read64(instruction.sources[0]);
  getPc(wave, instruction);
  goTo(wave, instruction, target);
}
void callPc(Wave &wave, const Instruction &instruction) {
  getPc(wave, instruction);
  jump(wave, instruction);
}

void endProgram(Wave &wave, const Instruction &) {
  deliverLateWrites(wave, 0);
  wave.state = WaveState::Ended;
}
void trap(Wave &wave, const Instruction &instruction) {
  stopRun(wave, instruction, "the kernel reached a trap");
}
void nothing(Wave &, const Instruction &) {}

void barrier(Wave &wave, const Instruction &instruction) {
  if (wave.group->checking && wave.exec() != wave.initialExec) {
    FindingDetails details{FindingKind::DivergentBarrier, instruction.index};
    details.lane = std::countr_zero(wave.initialExec & ~wave.exec());
    if (beginFinding(wave, details))
      endFinding(wave, "s_barrier with lane " + std::to_string(details.lane) + " switched off");
  }
  ++wave.barriers;
  wave.barrierInstruction = instruction.index;
  wave.state = WaveState::AtBarrier;
}

void waitCount(Wave &wave, const Instruction &instruction) {
  unsigned bits = static_cast<uint16_t>(instruction.immediate);
  waitFor(wave, (bits & 15) | ((bits >> 14) & 3) << 4, (bits >> 8) & 15);
}

void setVectorSkip(Wave &wave, const Instruction &instruction) {
  unsigned bit = wave.read32(instruction.sources[1]) & 31;
  wave.skipsVector = (wave.read32(instruction.sources[0]) >> bit) & 1;
}
void gprIndexOn(Wave &wave, const Instruction &instruction) {
  wave.gprIndexMode = static_cast<uint8_t>(instruction.immediate & 15);
  wave.gprIndex = static_cast<uint8_t>(wave.read32(instruction.sources[0]));
  wave.scalars[scalar::m0] =
      (wave.scalars[scalar::m0] & ~0xf0ffu) | wave.gprIndex | (wave.gprIndexMode << 12);
}
void gprIndexOff(Wave &wave, const Instruction &) {
  wave.gprIndexMode = 0;
}
void gprIndexMode(Wave &wave, const Instruction &instruction) {
  wave.gprIndexMode = static_cast<uint8_t>(instruction.immediate & 15);
  wave.gprIndex = static_cast<uint8_t>(wave.scalars[scalar::m0]);
}
void gprIndexIndex(Wave &wave, const Instruction &instruction) {
  wave.gprIndex = static_cast<uint8_t>(wave.read32(instruction.sources[0]));
  wave.scalars[scalar::m0] = (wave.scalars[scalar::m0] & ~0xffu) | wave.gprIndex;
}

// Hardware registers by number: 1 MODE, 2 STATUS, 4 HW_ID, 5 GPR_ALLOC, 6 LDS_ALLOC, 15 SH_MEM_BASES, 20
// XCC_ID.
uint32_t readMode(const Wave &wave) {
  return wave.mode.bits | uint32_t(wave.mode.dx10Clamp) << 8 | uint32_t(wave.mode.ieee) << 9 |
         uint32_t(wave.mode.halfOverflow) << 23 | uint32_t(wave.skipsVector) << 28;
}
void getRegister(Wave &wave, const Instruction &instruction) {
  unsigned word = static_cast<uint16_t>(instruction.immediate);
  unsigned id = word & 63, offset = (word >> 6) & 31, width = ((word >> 11) & 31) + 1;
  uint32_t value;
  switch (id) {
  case 1:
    value = readMode(wave);
    break;
  case 2:
    value = wave.scc;
    break;
  case 4:
    value = static_cast<uint32_t>(wave.id);
    break;
  case 15:
    value = static_cast<uint32_t>((privateAperture >> 48) | (sharedAperture >> 48) << 16);
    break;
  case 20:
    value = static_cast<uint32_t>(wave.group->number % 8);
    break;
  default:
    return stopRun(wave, instruction, "hardware register " + llvm::Twine(id) + " is not modelled");
  }
  wave.write32(instruction.destination, (value >> offset) & (width == 32 ? ~0u : (1u << width) - 1));
  define(wave, instruction.destination);
}
void setRegister(Wave &wave, const Instruction &instruction) {
  unsigned word = static_cast<uint16_t>(instruction.immediate);
  unsigned id = word & 63, offset = (word >> 6) & 31, width = ((word >> 11) & 31) + 1;
  if (id != 1)
    return stopRun(wave, instruction, "writing hardware register " + llvm::Twine(id) + " is not modelled");
  uint32_t mask = (width == 32 ? ~0u : (1u << width) - 1) << offset;
  uint32_t value = (readMode(wave) & ~mask) | ((wave.read32(instruction.sources[0]) << offset) & mask);
  wave.mode.bits = value & 255;
  wave.mode.dx10Clamp = (value >> 8) & 1;
  wave.mode.ieee = (value >> 9) & 1;
  wave.mode.halfOverflow = (value >> 23) & 1;
  wave.skipsVector = (value >> 28) & 1;
  setFloatEnvironment(wave.mode, false);
}

/// Register that M0 selects from an operand's, -1 beyond the `limit` registers there are.
int relativeRegister(const Wave &wave, const Operand &operand, int dwords, int limit) {
  const uint64_t index = uint64_t(operand.index) + wave.scalars[scalar::m0];
  return index + dwords <= static_cast<uint64_t>(limit) ? static_cast<int>(index) : -1;
}
template <int dwords>
void moveRelativeSource(Wave &wave, const Instruction &instruction) {
  const int from = relativeRegister(wave, instruction.sources[0], dwords, 128);
  for (int d = 0; d < dwords; ++d) {
    const int to = instruction.destination.index + d;
    wave.scalars[to] = from < 0 ? 0 : wave.scalars[from + d];
    wave.checks.scalarUndefined[to] = from < 0 ? 0 : wave.checks.scalarUndefined[from + d];
  }
}
template <int dwords>
void moveRelativeDestination(Wave &wave, const Instruction &instruction) {
  const int to = relativeRegister(wave, instruction.destination, dwords, 106);
  if (to < 0)
    return;
  Operand target = instruction.destination;
  target.index = static_cast<uint16_t>(to);
  target.dwords = dwords;
  const uint64_t value =
      dwords == 2 ? wave.read64(instruction.sources[0]) : wave.read32(instruction.sources[0]);
  for (int d = 0; d < dwords; ++d)
    wave.scalars[to + d] = static_cast<uint32_t>(value >> (32 * d));
  setScalarUndefined(wave, target, undefinedBits(wave, instruction.sources[0]));
}
/// An interrupt tells the host something and changes nothing here; no other message has a receiver when a
/// kernel runs without graphics and without a debugger.
void sendMessage(Wave &wave, const Instruction &instruction) {
  constexpr int64_t interrupt = 1;
  if ((instruction.immediate & 15) != interrupt)
    stopRun(wave, instruction, "a message that no compute kernel sends");
}
void readClock(Wave &wave, const Instruction &instruction) {
  wave.write64(instruction.destination, wave.group->clock);
  define(wave, instruction.destination);
  issueLocal(wave, instruction, /*isScalarMemory=*/true);
}

struct ControlEntry {
  ExecuteFunction execute;
  InstructionClass kind;
};

const llvm::StringMap<ControlEntry> &controlEntries() {
  using enum InstructionClass;
  static const llvm::StringMap<ControlEntry> entries = {
      {"S_BRANCH", {branch, Branch}},
      {"S_CBRANCH_SCC0", {branchScc<false>, Branch}},
      {"S_CBRANCH_SCC1", {branchScc<true>, Branch}},
      {"S_CBRANCH_VCCZ", {branchVcc<true>, Branch}},
      {"S_CBRANCH_VCCNZ", {branchVcc<false>, Branch}},
      {"S_CBRANCH_EXECZ", {branchExec<true>, Branch}},
      {"S_CBRANCH_EXECNZ", {branchExec<false>, Branch}},
      {"S_CALL_B64", {callPc, Branch}},
      {"S_GETPC_B64", {getPc, Scalar}},
      {"S_SETPC_B64", {setPc, Scalar}},
      {"S_SWAPPC_B64", {swapPc, Scalar}},
      {"S_ENDPGM", {endProgram, Control}},
      {"S_ENDPGM_SAVED", {endProgram, Control}},
      {"S_TRAP", {trap, Control}},
      {"S_BARRIER", {barrier, Barrier}},
      {"S_WAITCNT", {waitCount, Wait}},
      {"S_NOP", {nothing, Control}},
      {"S_SENDMSG", {sendMessage, Control}},
      {"S_SLEEP", {nothing, Control}},
      {"S_SETPRIO", {nothing, Control}},
      {"S_SETHALT", {trap, Control}},
      {"S_WAKEUP", {nothing, Control}},
      {"S_ICACHE_INV", {nothing, Control}},
      {"S_INCPERFLEVEL", {nothing, Control}},
      {"S_DECPERFLEVEL", {nothing, Control}},
      {"S_TTRACEDATA", {nothing, Control}},
      {"S_DCACHE_INV", {nothing, Control}},
      {"S_DCACHE_INV_VOL", {nothing, Control}},
      {"S_DCACHE_WB", {nothing, Control}},
      {"S_DCACHE_WB_VOL", {nothing, Control}},
      {"S_DCACHE_DISCARD", {nothing, Control}},
      {"S_DCACHE_DISCARD_X2", {nothing, Control}},
      {"S_ATC_PROBE", {nothing, Control}},
      {"S_ATC_PROBE_BUFFER", {nothing, Control}},
      {"S_SETVSKIP", {setVectorSkip, Scalar}},
      {"S_SET_GPR_IDX_ON", {gprIndexOn, Scalar}},
      {"S_SET_GPR_IDX_OFF", {gprIndexOff, Scalar}},
      {"S_SET_GPR_IDX_MODE", {gprIndexMode, Scalar}},
      {"S_SET_GPR_IDX_IDX", {gprIndexIndex, Scalar}},
      {"S_GETREG_B32", {getRegister, Scalar}},
      {"S_SETREG_B32", {setRegister, Scalar}},
      {"S_SETREG_IMM32_B32", {setRegister, Scalar}},
      {"S_MOVRELS_B32", {moveRelativeSource<1>, Scalar}},
      {"S_MOVRELD_B32", {moveRelativeDestination<1>, Scalar}},
      {"S_MOVRELS_B64", {moveRelativeSource<2>, Scalar}},
      {"S_MOVRELD_B64", {moveRelativeDestination<2>, Scalar}},
      {"S_MEMTIME", {readClock, ScalarMemory}},
      {"S_MEMREALTIME", {readClock, ScalarMemory}},
  };
  return entries;
}

} // namespace

bool translateScalarControl(const RawInstruction &raw, Instruction &result) {
  llvm::StringRef base = raw.base;
  base.consume_back("_pad_s_nop");
  if (base.starts_with("S_DCACHE_") || base.starts_with("S_ATC_"))
    if (!base.consume_back("_IMM"))
      base.consume_back("_SGPR");
  auto found = controlEntries().find(base);
  if (found == controlEntries().end())
    return false;
  result.execute = found->second.execute;
  result.kind = found->second.kind;
  if (!raw.definitions.empty())
    result.destination = raw.definitions[0];
  llvm::ArrayRef<Operand> uses = raw.uses;
  if (base.starts_with("S_MOVRELD_") && uses.size() == 2) { // LLVM lists the destination as a source
    result.destination = uses[0];
    uses = uses.drop_front();
  }
  for (const Operand &use : uses)
    if (result.sourceCount < 2)
      result.sources[result.sourceCount++] = use;
  if (!raw.controls.empty())
    result.immediate = raw.controls.back();
  result.isNop = base == "S_NOP";
  result.writesHardwareRegister = base.starts_with("S_SETREG");
  if (result.writesHardwareRegister || base == "S_GETREG_B32")
    result.accessesHardwareRegister = static_cast<int8_t>(result.immediate & 63);
  if (base == "S_SETREG_IMM32_B32" &&
      raw.controls.size() >= 2) { // the value comes first, then the register word
    Operand constant;
    constant.kind = Operand::Kind::Constant;
    constant.value = static_cast<uint32_t>(raw.controls[0]);
    result.sources[0] = constant;
  }
  return true;
}

void executeUnimplemented(Wave &wave, const Instruction &instruction) {
  const Program &program = *wave.group->program;
  stopRun(wave, instruction,
          "instruction " + llvm::Twine(program.name(instruction.index)) + " is not implemented");
}

} // namespace codesign::simulate
