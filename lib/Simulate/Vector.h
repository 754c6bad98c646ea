// What all vector ALU handlers share: reading operands as 64 lanes, and writing under EXEC.
#pragma once

#include "Lanes/LaneTable.h"
#include "Wave.h"

namespace codesign::simulate {

/// Where in the wave's temporaries a source's two dwords and the result go.
constexpr int sourceTemporary = 0, resultTemporary = 8, temporaryCount = 16;

enum class VectorForm : uint8_t {
  Plain,
  Compare,
  CompareExec,
  Carry,
  CarryIn,
  Select,
  Packed16,
  Packed32,
  Dot
};

/// Floats that a conversion packs into its result without saying so in its type; for the clamp bit.
enum class PackedResult : uint8_t { None, Half, Bfloat, Float32 };

/// The vector handler's own description of an opcode.
struct VectorDetails {
  const LaneOperation *operation = nullptr;
  VectorForm form = VectorForm::Plain;
  PackedResult result = PackedResult::None;
  uint8_t resultDwords = 1;
  bool usesWideMode = false;   // f16 and f64: the 16/64-bit fields of MODE
  bool computesHalves = false; // f16 arithmetic and conversions to f16
  bool keepsRest = false;      // writes only part of the destination register
};

const LaneOperation *findLaneOperation(llvm::StringRef base, bool gfx950);

inline const VectorDetails &vectorDetails(const Instruction &instruction) {
  return *static_cast<const VectorDetails *>(instruction.details);
}

/// The lanes of a source without modifiers; scalars are spread into temporary `slot`.
const uint32_t *readLanes(Wave &wave, const Operand &operand, int slot, int dwords);

/// destination = values where the mask has a bit.
void writeLanes(Wave &wave, int destination, const uint32_t *values, uint64_t mask, int dwords);

/// Lane that a DPP control word reads for `lane`, -1 if outside.
int dppSourceLane(uint16_t control, int lane);

void executeVector(Wave &wave, const Instruction &instruction);

/// Host rounding and subnormal handling for f32 (wide = false) or f64 (wide = true) of this mode.
void setFloatEnvironment(const FloatMode &mode, bool wide);
/// Subnormal f16 values become zero in the low half of each lane, or in both. Returns `result`.
const uint32_t *flushHalves(const uint32_t *values, uint32_t *result, bool bothHalves);
/// Keeps subnormals and rounds to nearest: for MFMA and for the host's own code.
void resetFloatEnvironment();

} // namespace codesign::simulate
