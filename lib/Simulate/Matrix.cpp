// MFMA and SMFMAC. Shapes and lane layouts come from the instruction table (Isa).
#include "Definedness.h"
#include "MatrixDetails.h"
#include "Vector.h"
#include <bit>
#include <cmath>
#include <cstring>

namespace codesign::simulate {
namespace {

/// Lane of B (or A) that lane `lane` really reads: the broadcasts of blgp.
int groupSource(int blgp, int lane) {
  switch (blgp) {
  case 1:
    return lane & 31;
  case 2:
    return lane | 32;
  case 3:
    return (lane + 16) & 63;
  case 4:
  case 5:
  case 6:
  case 7:
    return 16 * (blgp - 4) + (lane & 15);
  default:
    return lane;
  }
}

/// Which block's A operand block `block` reads: cbsz groups of 2^cbsz blocks take the one numbered abid.
int broadcastBlock(int cbsz, int abid, int block) {
  return cbsz ? ((block >> cbsz) << cbsz) + (abid & ((1 << cbsz) - 1)) : block;
}

/// Multiplies with 2^(e - 127); `byte` picks the exponent out of the scale register.
void applyScales(const std::vector<uint8_t> &sourceLanes, const uint32_t *scales, int byte, float *values) {
  alignas(64) float factors[laneCount];
  for (int lane = 0; lane < laneCount; ++lane) {
    const uint32_t exponent = (scales[lane] >> (8 * byte)) & 255;
    // 2^-127 is subnormal, and 255 stands for NaN.
    factors[lane] = std::bit_cast<float>(exponent == 0     ? 0x00400000u
                                         : exponent == 255 ? 0x7fc00000u
                                                           : exponent << 23);
  }
  for (size_t i = 0; i < sourceLanes.size(); ++i)
    values[i] *= factors[sourceLanes[i]];
}

const uint32_t *permuteGroups(const uint32_t *registers, int count, int blgp, uint32_t *copy) {
  if (!blgp)
    return registers;
  for (int reg = 0; reg < count; ++reg)
    for (int lane = 0; lane < laneCount; ++lane)
      copy[reg * laneCount + lane] = registers[reg * laneCount + groupSource(blgp, lane)];
  return copy;
}

void loadAccumulator(Wave &wave, const Instruction &instruction, int dwords) {
  const Operand &c = instruction.sources[2];
  uint32_t *d = wave.lanes(instruction.destination.index);
  if (c.isVector()) {
    if (c.index != instruction.destination.index)
      std::memmove(d, wave.lanes(c.index), sizeof(uint32_t) * laneCount * dwords);
    return;
  }
  bool isDouble = static_cast<const MatrixDetails *>(instruction.details)->isDouble;
  for (int reg = 0; reg < dwords; ++reg)
    std::fill_n(d + reg * laneCount, laneCount,
                static_cast<uint32_t>(isDouble && reg % 2 ? c.value >> 32 : c.value));
}

/// Undefined rows of A and columns of B make rows and columns of the result undefined.
void propagateMatrix(Wave &wave, const Instruction &instruction, const MatrixDetails &details) {
  const MatrixInstruction &record = *details.record;
  auto anyOf = [&](const Operand &operand, int count) {
    uint64_t lanes = 0;
    for (int reg = 0; operand.isVector() && reg < count; ++reg)
      lanes |= wave.checks.vectorUndefined[operand.index + reg].any();
    return lanes;
  };
  uint64_t a = anyOf(instruction.sources[0], record.a.registersPerLane);
  uint64_t b = anyOf(instruction.sources[1], record.b.registersPerLane);
  if (details.isSparse && anyOf(instruction.sources[3], 1))
    a = ~0ull;
  // What C brings along.
  UndefinedBytes *result = wave.checks.vectorUndefined.data() + instruction.destination.index;
  if (const Operand &c = instruction.sources[2]; !c.isVector())
    std::fill_n(result, details.resultDwords, UndefinedBytes());
  else if (c.index != instruction.destination.index)
    std::memmove(result, wave.checks.vectorUndefined.data() + c.index,
                 sizeof(UndefinedBytes) * details.resultDwords);
  if (!(a | b))
    return;
  std::vector<bool> rows(record.blocks * record.m), columns(record.blocks * record.n);
  for (int lane = 0; lane < laneCount; ++lane) {
    if ((a >> lane) & 1)
      for (int e = 0; e < details.elementsA; ++e) {
        MatrixPosition at = record.a.layout(lane, e);
        rows[at.block * record.m + at.row] = true;
      }
    if ((b >> lane) & 1)
      for (int e = 0; e < details.elementsB; ++e) {
        MatrixPosition at = record.b.layout(lane, e);
        columns[at.block * record.n + at.column] = true;
      }
  }
  int perElement = details.isDouble ? 2 : 1;
  for (int reg = 0; reg < details.resultDwords; ++reg)
    for (int lane = 0; lane < laneCount; ++lane) {
      MatrixPosition at = record.c.layout(lane, reg / perElement);
      if (rows[at.block * record.m + at.row] || columns[at.block * record.n + at.column])
        for (uint64_t &plane : result[reg].plane)
          plane |= 1ull << lane;
    }
}

void multiplyDoubles(Wave &wave, const Instruction &instruction, const MatrixDetails &details) {
  const MatrixInstruction &record = *details.record;
  auto value = [](const uint32_t *registers, FragmentSlot slot) {
    const uint32_t *at = registers + 2 * slot.element * laneCount + slot.lane;
    return std::bit_cast<double>(at[0] | uint64_t(at[laneCount]) << 32);
  };
  // blgp negates for f64: bit 0 A, bit 1 B, bit 2 C.
  int negate = instruction.extra[2];
  std::vector<uint32_t> a(laneCount * 2 * details.elementsA), b(laneCount * 2 * details.elementsB);
  std::memcpy(a.data(), wave.lanes(instruction.sources[0].index), a.size() * 4);
  std::memcpy(b.data(), wave.lanes(instruction.sources[1].index), b.size() * 4);
  loadAccumulator(wave, instruction, details.resultDwords);
  uint32_t *d = wave.lanes(instruction.destination.index);
  for (int block = 0; block < record.blocks; ++block)
    for (int row = 0; row < record.m; ++row)
      for (int column = 0; column < record.n; ++column) {
        FragmentSlot slot = record.c.layout.slotOf({block, row, column});
        double sum = value(d, slot) * (negate & 4 ? -1 : 1);
        for (int k = 0; k < record.k; ++k)
          sum = std::fma(value(a.data(), record.a.layout.slotOf({block, row, k})) * (negate & 1 ? -1 : 1),
                         value(b.data(), record.b.layout.slotOf({block, k, column})) * (negate & 2 ? -1 : 1),
                         sum);
        uint64_t bits = std::bit_cast<uint64_t>(sum);
        uint32_t *to = d + 2 * slot.element * laneCount + slot.lane;
        to[0] = static_cast<uint32_t>(bits);
        to[laneCount] = static_cast<uint32_t>(bits >> 32);
      }
}

/// SMFMAC: of every four depth steps A stores two; the index register says which.
template <class T>
void multiplySparse(Wave &wave, const Instruction &instruction, const MatrixDetails &details, const T *a,
                    const T *b) {
  const MatrixInstruction &record = *details.record;
  const uint32_t *index = wave.lanes(instruction.sources[3].index);
  int bits = 2 * details.elementsA; // of index per lane
  int set = instruction.extra[0] == 0 && bits < 32 ? instruction.extra[1] % (32 / bits) : 0;
  std::vector<T> dense(record.m * record.k);
  for (int lane = 0; lane < laneCount; ++lane)
    for (int e = 0; e < details.elementsA; ++e) {
      MatrixPosition stored = record.a.layout(lane, e);
      int choice = (index[lane] >> (set * bits % 32 + 2 * e)) & 3;
      dense[stored.row * record.k + 4 * (stored.column / 2) + choice] = a[e * laneCount + lane];
    }
  uint32_t *d = wave.lanes(instruction.destination.index);
  for (int row = 0; row < record.m; ++row)
    for (int column = 0; column < record.n; ++column) {
      uint32_t &to = d[offsetOf(record.c.layout, {0, row, column})];
      T sum = std::bit_cast<T>(to);
      for (int k = 0; k < record.k; ++k) {
        T x = dense[row * record.k + k], y = b[offsetOf(record.b.layout, {0, k, column})];
        if constexpr (std::is_same_v<T, float>)
          sum = std::fma(x, y, sum);
        else
          sum = static_cast<T>(static_cast<uint32_t>(sum) +
                               static_cast<uint32_t>(x) * static_cast<uint32_t>(y));
      }
      to = std::bit_cast<uint32_t>(sum);
    }
}

template <class T>
void multiplyBlocks(Wave &wave, const Instruction &instruction, const MatrixDetails &details, const T *a,
                    const T *b) {
  T *d = reinterpret_cast<T *>(wave.lanes(instruction.destination.index));
  for (size_t block = 0; block < details.blocks.size(); ++block) {
    const MatrixBlock &offsets = details.blocks[block];
    const MatrixBlock &source =
        details.blocks[broadcastBlock(instruction.extra[0], instruction.extra[1], static_cast<int>(block)) %
                       details.blocks.size()];
    MatrixStep step{details.record->m, details.record->k, source.a.data(), offsets.b.data(),
                    offsets.rows.data()};
    if constexpr (std::is_same_v<T, float>)
      wave.group->laneTable->multiplyFloat(step, a, b, d);
    else
      wave.group->laneTable->multiplyInteger(step, a, b, d);
  }
}

void executeMatrix(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const MatrixDetails &details = *static_cast<const MatrixDetails *>(instruction.details);
  const MatrixInstruction &record = *details.record;
  wave.group->matrixMultiplyAccumulates += details.multiplyAccumulates;
  if (wave.group->checking)
    propagateMatrix(wave, instruction, details);
  bool isOther = !wave.mode.isHostDefault32();
  if (isOther)
    resetFloatEnvironment(); // MFMA keeps subnormals and rounds to nearest whatever MODE says
  if (details.isDouble) {
    multiplyDoubles(wave, instruction, details);
  } else {
    alignas(64) float a[32 * laneCount], b[64 * laneCount];
    alignas(64) uint32_t permuted[16 * laneCount];
    const LaneTable &table = *wave.group->laneTable;
    const uint32_t *registersA = wave.lanes(instruction.sources[0].index);
    const uint32_t *registersB =
        permuteGroups(wave.lanes(instruction.sources[1].index), record.b.registersPerLane,
                      record.formatB || record.blocks == 1 ? 0 : instruction.extra[2], permuted);
    if (details.isInteger) {
      table.unpackInteger(details.typeA, registersA, details.elementsA, reinterpret_cast<int32_t *>(a));
      table.unpackInteger(details.typeB, registersB, details.elementsB, reinterpret_cast<int32_t *>(b));
    } else {
      table.unpackFloat(details.typeA, registersA, details.elementsA, a);
      table.unpackFloat(details.typeB, registersB, details.elementsB, b);
    }
    if (record.scaled) {
      alignas(64) uint32_t scales[laneCount];
      for (int side = 0; side < 2; ++side) {
        const Operand &operand = side ? instruction.scaleB : instruction.scaleA;
        std::memcpy(scales, readLanes(wave, operand, sourceTemporary, 1), sizeof(scales));
        applyScales(side ? details.scaleLanesB : details.scaleLanesA, scales,
                    side ? instruction.extra[3] >> 2 : instruction.extra[3] & 3, side ? b : a);
      }
    }
    loadAccumulator(wave, instruction, details.resultDwords);
    if (details.isSparse && details.isInteger)
      multiplySparse(wave, instruction, details, reinterpret_cast<int32_t *>(a),
                     reinterpret_cast<int32_t *>(b));
    else if (details.isSparse)
      multiplySparse(wave, instruction, details, a, b);
    else if (details.isInteger)
      multiplyBlocks(wave, instruction, details, reinterpret_cast<int32_t *>(a),
                     reinterpret_cast<int32_t *>(b));
    else
      multiplyBlocks(wave, instruction, details, a, b);
  }
  if (isOther)
    setFloatEnvironment(wave.mode, false);
}

} // namespace

bool translateMatrix(const RawInstruction &raw, Instruction &result) {
  bool isSparse = raw.name.starts_with("V_SMFMAC"), isScaled = raw.base.starts_with("V_MFMA_SCALE");
  int cbsz = static_cast<int>(raw.control(0)), abid = static_cast<int>(raw.control(1)),
      blgp = static_cast<int>(raw.control(2));
  bool hasFormats = raw.base.contains("F8F6F4");
  if (hasFormats)
    blgp = static_cast<int>(raw.control(1));
  const MatrixInstruction *record = findRecord(raw, cbsz, blgp);
  if (!record || raw.definitions.empty() || raw.uses.size() < (isScaled ? 5u : 3u))
    return false;
  const MatrixDetails *details = detailsOf(*record);
  if (!details)
    return false;
  result.details = details;
  result.execute = executeMatrix;
  result.kind = InstructionClass::Matrix;
  result.matrixPasses = static_cast<uint8_t>(record->cycles / 4);
  result.usesXdl = record->a.type != DataType::F32 && record->a.type != DataType::F64;
  result.isDoubleMatrix = record->a.type == DataType::F64;
  result.destination = raw.definitions[0];
  result.sources[0] = raw.uses[0];
  result.sources[1] = raw.uses[1];
  result.sources[2] = isSparse ? result.destination : raw.uses[2];
  if (isSparse)
    result.sources[3] = raw.uses[2];
  result.sourceCount = isSparse ? 4 : 3;
  if (isScaled) {
    result.scaleA = raw.uses[3];
    result.scaleB = raw.uses[4];
    // The modifiers of each scale hold op_sel and op_sel_hi: the two bits of its byte number.
    result.extra[3] = static_cast<uint8_t>(((raw.control(2) >> 2) & 3) | ((raw.control(3) >> 2) & 3) << 2);
  }
  if (!hasFormats) {
    result.extra[0] = static_cast<uint8_t>(cbsz);
    result.extra[1] = static_cast<uint8_t>(abid);
    result.extra[2] = static_cast<uint8_t>(isSparse ? 0 : blgp);
  }
  return true;
}

} // namespace codesign::simulate
