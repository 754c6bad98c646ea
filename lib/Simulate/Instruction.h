// The simulator's own form of an instruction: everything a handler needs, decoded once.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include <array>
#include <cstdint>
#include <vector>

namespace codesign::simulate {

constexpr int laneCount = 64;
/// Vector registers: 0..255 architectural, 256..511 accumulation.
constexpr int vectorRegisterCount = 512;
constexpr int firstAccumulationRegister = 256;

namespace scalar {
// Scalar register numbers of the ISA's operand encoding.
constexpr int flatScratch = 102, vcc = 106, m0 = 124, exec = 126;
constexpr int vccZero = 251, execZero = 252, scc = 253;
} // namespace scalar

struct Wave;
struct Instruction;
using ExecuteFunction = void (*)(Wave &, const Instruction &);

/// What an instruction is for counting, hazards and timing.
enum class InstructionClass : uint8_t {
  Scalar,
  ScalarMemory,
  Branch,
  Wait,
  Barrier,
  Control, // s_nop, s_setprio, s_endpgm, …
  Vector,
  Transcendental,
  Packed,
  Matrix,
  Lds,
  VectorMemoryLoad,
  VectorMemoryStore,
  VectorMemoryAtomic,
  LdsDma,
  Flat,
  Scratch,
};
constexpr int instructionClassCount = static_cast<int>(InstructionClass::Scratch) + 1;

/// Whether instructions of a class take the path of vector memory.
constexpr bool isVectorMemory(InstructionClass kind) {
  switch (kind) {
  case InstructionClass::VectorMemoryLoad:
  case InstructionClass::VectorMemoryStore:
  case InstructionClass::VectorMemoryAtomic:
  case InstructionClass::LdsDma:
  case InstructionClass::Flat:
  case InstructionClass::Scratch:
    return true;
  default:
    return false;
  }
}

/// Input modifiers as the disassembler packs them.
namespace modifier {
constexpr uint8_t negate = 1, absolute = 2, negateHigh = 2, opSel0 = 4, opSel1 = 8, signExtend = 16;
}

struct Operand {
  enum class Kind : uint8_t { None, Vector, Scalar, Constant };
  Kind kind = Kind::None;
  uint8_t modifiers = 0;
  uint8_t dwords = 1;
  uint16_t index = 0;              // register number
  uint64_t value = 0;              // constant, already a bit pattern
  const uint32_t *lanes = nullptr; // constant repeated for all lanes: low dwords, then high dwords

  bool isVector() const { return kind == Kind::Vector; }
  bool isScalar() const { return kind == Kind::Scalar; }
  bool isConstant() const { return kind == Kind::Constant; }
};

/// A run of registers that an instruction reads or writes.
struct RegisterRange {
  uint16_t first = 0;
  uint8_t count = 0;
  bool isScalar = false;
};

/// Vector registers among the 64 from 64 * word on.
struct RegisterMask {
  uint64_t bits = 0;
  uint32_t word = 0;
};

/// What wait-state rules ask of an instruction again and again.
struct HazardTraits {
  bool isVectorAlu = false, touchesVector = false;
  bool resultIsLate = false;         // every instruction keeps its distance from the result
  bool waitsForPlainResults = false; // it may have to wait after any vector instruction
};

/// Selections of the SDWA encoding.
enum class SdwaSelect : uint8_t { Byte0, Byte1, Byte2, Byte3, Word0, Word1, Dword };

struct Instruction {
  ExecuteFunction execute = nullptr;
  const void *details = nullptr; // the handler's own table entry
  Operand destination;
  Operand scalarDestination; // carry or compare result of VOP3
  std::array<Operand, 4> sources;
  Operand scaleA, scaleB; // of scaled matrix instructions
  uint8_t sourceCount = 0;
  InstructionClass kind = InstructionClass::Scalar;
  bool clamp = false;
  uint8_t outputModifier = 0; // 1: ×2, 2: ×4, 3: ÷2
  bool isDpp = false, isSdwa = false, hasModifiers = false;
  uint16_t dppControl = 0;
  uint8_t rowMask = 15, bankMask = 15;
  bool boundControl = false;
  SdwaSelect destinationSelect = SdwaSelect::Dword;
  uint8_t destinationUnused = 0; // 0: zero, 1: sign extend, 2: keep
  std::array<SdwaSelect, 2> sourceSelect = {SdwaSelect::Dword, SdwaSelect::Dword};
  std::array<uint8_t, 4> extra = {}; // cbsz, abid, blgp and the like
  uint8_t cachePolicy = 0;           // bit 0 sc0, 1 nt, 4 sc1
  int32_t offset = 0;
  int64_t immediate = 0;
  int32_t target = -1; // index of the branch target

  uint32_t opcode = 0; // of LLVM's instruction table; valid within this process only
  int32_t index = 0;   // position in the program
  uint64_t address = 0;
  uint8_t sizeBytes = 4;
  bool isNop = false;        // s_nop: immediate + 1 wait states
  bool readsVccLate = false; // v_div_fmas: needs more wait states after VCC is written
  uint8_t matrixPasses = 0;  // of 4 clocks each
  bool usesXdl = false;      // matrix instructions other than f32 and f64
  bool isDoubleMatrix = false;
  bool readsM0 = false;                 // needs a wait state after M0 is written
  bool isDot = false;                   // v_dot*: results are ready late
  bool swapsRows = false;               // v_permlane*_swap
  int8_t accessesHardwareRegister = -1; // of s_setreg and s_getreg
  bool writesHardwareRegister = false;
  bool usesVmCount = false, usesLgkmCount = false;
  std::vector<RegisterRange> reads, writes;
  llvm::SmallVector<RegisterMask, 3> vectorRegisters; // read or written
  HazardTraits hazards;
};

} // namespace codesign::simulate
