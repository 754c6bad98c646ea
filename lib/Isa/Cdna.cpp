// Builds the CDNA records: the .def rows give shapes, types
// and passes, this file the lane layouts in closed form.
#include "Tables.h"

namespace codesign::isa {
namespace {

constexpr MatrixAxis block = MatrixAxis::Block;
constexpr MatrixAxis row = MatrixAxis::Row;
constexpr MatrixAxis column = MatrixAxis::Column;
constexpr int wave = 64;
constexpr int clocksPerPass = 4;

enum class VectorUnit { Blocks, CoIssues };

/// A (rows × depth): lane = row + rows · (block + blocks ·
/// kGroup); each lane holds depth / kGroups consecutive k.
FragmentLayout inputLayout(int rows, int depth, int blocks) {
  int kGroups = wave / (rows * blocks);
  int perLane = depth / kGroups;
  return FragmentLayout({{rows, row, 1}, {blocks, block, 1}, {kGroups, column, perLane}},
                        {{perLane, column, 1}});
}

/// k in chunks that go round the lane groups: 8-bit operands of the f8f6f4 forms, B of the deep sparse forms.
FragmentLayout chunkedInputLayout(int rows, int depth, int chunk) {
  int kGroups = wave / rows;
  return FragmentLayout({{rows, row, 1}, {kGroups, column, chunk}},
                        {{chunk, column, 1}, {depth / (kGroups * chunk), column, kGroups * chunk}});
}

/// C and D with 32-bit elements: four consecutive rows per lane and group of registers.
FragmentLayout accumulatorLayout(int m, int n, int blocks) {
  constexpr int rowsPerGroup = 4;
  if (m == rowsPerGroup)
    return FragmentLayout({{n, column, 1}, {blocks, block, 1}}, {{rowsPerGroup, row, 1}});
  int laneGroups = wave / n;
  int span = rowsPerGroup * laneGroups;
  return FragmentLayout({{n, column, 1}, {laneGroups, row, rowsPerGroup}},
                        {{rowsPerGroup, row, 1}, {m / span, row, span}, {blocks, block, 1}});
}

/// C and D of the f64 forms: neighbouring rows lie in neighbouring lane groups.
FragmentLayout doubleAccumulatorLayout(int m, int n, int blocks) {
  int laneGroups = wave / (n * blocks);
  return FragmentLayout({{n, column, 1}, {blocks, block, 1}, {laneGroups, row, 1}},
                        {{m / laneGroups, row, laneGroups}});
}

MatrixOperand operand(DataType type, FragmentLayout layout) {
  int registers = registersFor(layout.elementsPerLane(), type);
  return {type, OperandSpace::Registers, registers, std::move(layout)};
}

MatrixInstruction common(Architecture architecture, const char *mnemonic, const char *builtin, int m, int n,
                         int k, int passes, VectorUnit vectorUnit, const char *feature) {
  MatrixInstruction instruction;
  instruction.architecture = architecture;
  instruction.name = mnemonic;
  instruction.mnemonic = mnemonic;
  instruction.m = m;
  instruction.n = n;
  instruction.k = k;
  instruction.lanes = wave;
  instruction.cycles = passes * clocksPerPass;
  instruction.coIssueCycles = vectorUnit == VectorUnit::CoIssues ? instruction.cycles - clocksPerPass : 0;
  instruction.feature = feature;
  instruction.text = std::string("__builtin_amdgcn_") + builtin;
  return instruction;
}

MatrixInstruction mfma(Architecture architecture, const char *mnemonic, const char *builtin, int m, int n,
                       int k, int blocks, DataType a, DataType b, DataType c, int passes,
                       VectorUnit vectorUnit, const char *feature) {
  MatrixInstruction instruction =
      common(architecture, mnemonic, builtin, m, n, k, passes, vectorUnit, feature);
  instruction.kind = MatrixInstructionKind::Mfma;
  instruction.blocks = blocks;
  instruction.a = operand(a, inputLayout(m, k, blocks));
  instruction.b = operand(b, inputLayout(n, k, blocks).transposed());
  instruction.c = operand(c, c == DataType::F64 ? doubleAccumulatorLayout(m, n, blocks)
                                                : accumulatorLayout(m, n, blocks));
  return instruction;
}

MatrixInstruction smfmac(Architecture architecture, const char *mnemonic, const char *builtin, int m, int n,
                         int k, DataType a, DataType b, DataType c, int passes, const char *feature) {
  MatrixInstruction instruction =
      common(architecture, mnemonic, builtin, m, n, k, passes, VectorUnit::CoIssues, feature);
  instruction.kind = MatrixInstructionKind::Smfmac;
  instruction.sparse = true;
  instruction.a = operand(a, inputLayout(m, k / 2, 1));
  instruction.b = operand(b, inputLayout(n, k, 1).transposed());
  instruction.c = operand(c, accumulatorLayout(m, n, 1));
  return instruction;
}

/// A of CDNA4's deep 8-bit sparse forms: the bits of a stored column go to lane group and byte in an order of
/// their own.
FragmentLayout deepSparseLayout8(int rows) {
  return rows == 16 ? FragmentLayout({{16, row, 1}, {2, column, 8}, {2, column, 32}},
                                     {{4, column, 1}, {2, column, 16}, {2, column, 4}})
                    : FragmentLayout({{32, row, 1}, {2, column, 16}},
                                     {{4, column, 1}, {2, column, 8}, {2, column, 4}});
}

MatrixInstruction deepSmfmac(Architecture architecture, const char *mnemonic, const char *builtin, int m,
                             int n, int k, DataType a, DataType b, DataType c, int passes,
                             const char *feature) {
  MatrixInstruction instruction = smfmac(architecture, mnemonic, builtin, m, n, k, a, b, c, passes, feature);
  if (bitWidth(a) == 8)
    instruction.a = operand(a, deepSparseLayout8(m));
  instruction.b = operand(b, chunkedInputLayout(n, k, 8).transposed());
  return instruction;
}

struct MatrixFormat {
  const char *name;
  int selector; // value of cbsz (A) or blgp (B)
  DataType type;
};
constexpr MatrixFormat formats[] = {{"fp8", 0, DataType::F8E4M3},
                                    {"bf8", 1, DataType::F8E5M2},
                                    {"fp6", 2, DataType::F6E2M3},
                                    {"bf6", 3, DataType::F6E3M2},
                                    {"fp4", 4, DataType::F4E2M1}};

void addF8F6F4(std::vector<MatrixInstruction> &rows, Architecture architecture, const char *mnemonic,
               const char *builtin, int m, int n, int k, int passesWide, int passesNarrow, bool scaled,
               const char *feature) {
  for (const MatrixFormat &a : formats)
    for (const MatrixFormat &b : formats) {
      bool wide = isFloat8(a.type) || isFloat8(b.type);
      MatrixInstruction instruction = common(architecture, mnemonic, builtin, m, n, k,
                                             wide ? passesWide : passesNarrow, VectorUnit::CoIssues, feature);
      instruction.kind = MatrixInstructionKind::Mfma;
      instruction.name += std::string(".") + a.name + "." + b.name;
      instruction.scaled = scaled;
      instruction.formatA = a.selector;
      instruction.formatB = b.selector;
      instruction.a = operand(a.type, isFloat8(a.type) ? chunkedInputLayout(m, k, 16) : inputLayout(m, k, 1));
      instruction.b = operand(
          b.type, (isFloat8(b.type) ? chunkedInputLayout(n, k, 16) : inputLayout(n, k, 1)).transposed());
      instruction.c = operand(DataType::F32, accumulatorLayout(m, n, 1));
      rows.push_back(std::move(instruction));
    }
}

} // namespace

std::vector<MatrixInstruction> cdnaMatrixInstructions(Architecture architecture) {
  std::vector<MatrixInstruction> rows;
  if (architecture == Architecture::Gfx942) {
#include "CdnaRows.inc"

#include "Cdna3.def"
  } else {
#include "CdnaRows.inc"

#include "Cdna4.def"
  }
  return rows;
}

} // namespace codesign::isa
