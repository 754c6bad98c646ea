// Builds the NVIDIA records: the .def rows give shapes,
// types and rates, this file the fragments in closed form.
#include "Tables.h"

namespace codesign::isa {
namespace {

constexpr MatrixAxis row = MatrixAxis::Row;
constexpr MatrixAxis column = MatrixAxis::Column;

/// Elements of `type` in one 32-bit register; 1 for types of 32 bits and more.
int packed(DataType type) {
  return bitWidth(type) >= 32 ? 1 : 32 / bitWidth(type);
}

/// A of mma.sync and of wgmma from registers: a quad of lanes covers one 16-byte row piece, rows 8 apart
/// alternate, then k. `warps` stacks groups of 16 rows. 8-row forms (f64) have no second row half.
FragmentLayout inputA(int m, int k, DataType type, int warps) {
  int pack = packed(type);
  int halves = m / warps / 8;
  return FragmentLayout({{4, column, pack}, {8, row, 1}, {warps, row, 16}},
                        {{pack, column, 1}, {halves, row, 8}, {k / (4 * pack), column, 4 * pack}});
}

/// B of mma.sync (k × n, n = 8).
FragmentLayout inputB(int k, DataType type) {
  int pack = packed(type);
  return FragmentLayout({{4, row, pack}, {8, column, 1}}, {{pack, row, 1}, {k / (4 * pack), row, 4 * pack}});
}

/// C and D: two neighbouring columns per lane, rows 8 apart alternate, then blocks of 8 columns.
FragmentLayout accumulator(int m, int n, int warps) {
  int halves = m / warps / 8;
  return FragmentLayout({{4, column, 2}, {8, row, 1}, {warps, row, 16}},
                        {{2, column, 1}, {halves, row, 8}, {n / 8, column, 8}});
}

MatrixOperand inRegisters(DataType type, FragmentLayout layout) {
  int registers = registersFor(layout.elementsPerLane(), type);
  return {type, OperandSpace::Registers, registers, std::move(layout)};
}

MatrixOperand inSharedMemory(DataType type) {
  return {type, OperandSpace::SharedMemory, 0, {}};
}

/// "{%0, %1}" is written by the emitter; here $d, $a, $b and $c stand for the operand lists.
MatrixInstruction mmaSync(Architecture architecture, const char *shape, int m, int n, int k, DataType a,
                          DataType b, DataType c, const char *types, int cycles, const char *modifiers,
                          const char *feature) {
  MatrixInstruction instruction;
  instruction.architecture = architecture;
  instruction.kind = MatrixInstructionKind::MmaSync;
  instruction.mnemonic = std::string("mma.sync.aligned.") + shape + ".row.col" + modifiers + "." + types;
  instruction.name = instruction.mnemonic;
  instruction.m = m;
  instruction.n = n;
  instruction.k = k;
  instruction.lanes = 32;
  instruction.a = inRegisters(a, inputA(m, k, a, 1));
  instruction.b = inRegisters(b, inputB(k, b));
  instruction.c = inRegisters(c, accumulator(m, n, 1));
  instruction.cycles = cycles;
  instruction.coIssueCycles = cycles - 1;
  instruction.feature = feature;
  instruction.text = instruction.mnemonic + " $d, $a, $b, $c;";
  return instruction;
}

enum class ColumnSet { Eighths, Integer };

void addWgmma(std::vector<MatrixInstruction> &rows, int k, DataType a, DataType b, DataType c,
              const char *types, int flopsPerClock, ColumnSet columns, bool transposable,
              const char *feature) {
  constexpr int m = 64;
  constexpr int warps = 4;
  for (int n = 8; n <= 256; n += 8) {
    if (columns == ColumnSet::Integer && n > 24 && n % 16 != 0)
      continue;
    for (OperandSpace aSpace : {OperandSpace::SharedMemory, OperandSpace::Registers}) {
      MatrixInstruction instruction;
      instruction.architecture = Architecture::Sm90a;
      instruction.kind = MatrixInstructionKind::Wgmma;
      instruction.mnemonic =
          "wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) + "k" + std::to_string(k) + "." + types;
      bool fromRegisters = aSpace == OperandSpace::Registers;
      instruction.name = instruction.mnemonic + (fromRegisters ? ".rs" : ".ss");
      instruction.m = m;
      instruction.n = n;
      instruction.k = k;
      instruction.lanes = 128;
      instruction.a = fromRegisters ? inRegisters(a, inputA(m, k, a, warps)) : inSharedMemory(a);
      instruction.b = inSharedMemory(b);
      instruction.c = inRegisters(c, accumulator(m, n, warps));
      instruction.cycles = static_cast<int>(instruction.flops() / flopsPerClock);
      instruction.coIssueCycles = instruction.cycles - 1;
      instruction.matrixCores = 4;
      instruction.feature = feature;
      // Immediates: scale of A and B (1 or -1; integer forms have
      // none), then for 16-bit types which operand is MN-major.
      bool isInteger = c == DataType::I32;
      std::string immediates = isInteger ? "" : ", 1, 1";
      if (transposable)
        immediates += fromRegisters ? ", $transposeB" : ", $transposeA, $transposeB";
      instruction.text = instruction.mnemonic + " $d, $a, $b, $accumulate" + immediates + ";";
      rows.push_back(std::move(instruction));
    }
  }
}

void addTcgen05(std::vector<MatrixInstruction> &rows, const char *kind, int k, DataType a, DataType b,
                int flopsPerClock, bool scaled, const char *feature) {
  struct Shape {
    int group, m, step;
  };
  int pairStep = bitWidth(a) >= 16 ? 16 : 32;
  for (Shape shape : {Shape{1, 64, 8}, Shape{1, 128, 16}, Shape{2, 128, pairStep}, Shape{2, 256, pairStep}}) {
    for (int n = shape.step; n <= 256; n += shape.step) {
      MatrixInstruction instruction;
      instruction.architecture = Architecture::Sm100a;
      instruction.kind = MatrixInstructionKind::Tcgen05;
      instruction.mnemonic = std::string("tcgen05.mma.cta_group::") + std::to_string(shape.group) +
                             ".kind::" + kind + (scaled ? ".block_scale" : "");
      instruction.name = instruction.mnemonic + ".m" + std::to_string(shape.m) + "n" + std::to_string(n) +
                         "k" + std::to_string(k) + "." + toString(a).str() + "." + toString(b).str();
      instruction.m = shape.m;
      instruction.n = n;
      instruction.k = k;
      instruction.lanes = 1;
      instruction.a = inSharedMemory(a);
      instruction.b = inSharedMemory(b);
      DataType accumulatorType = a == DataType::I8 ? DataType::I32 : DataType::F32;
      instruction.c = {accumulatorType, OperandSpace::TensorMemory, 0, {}};
      if (shape.group == 1 && shape.m == 128)
        instruction.c.layout = FragmentLayout({{shape.m, row, 1}}, {{n, column, 1}});
      instruction.matrixCores = 4 * shape.group;
      instruction.scaled = scaled;
      // An m of 64 fills half of the data path of an SM, so it takes as long as 128 rows.
      int busyRows = shape.m == 64 ? 128 : shape.m;
      instruction.cycles = static_cast<int>(2.0 * busyRows * n * k / (flopsPerClock * shape.group));
      instruction.coIssueCycles = instruction.cycles;
      instruction.feature = feature;
      instruction.text = instruction.mnemonic + " [$d], $a, $b, $descriptor, " +
                         (scaled ? "[$scaleA], [$scaleB], " : "") + "$accumulate;";
      rows.push_back(std::move(instruction));
    }
  }
}

} // namespace

std::vector<MatrixInstruction> nvidiaMatrixInstructions(Architecture architecture) {
  std::vector<MatrixInstruction> rows;
  if (architecture == Architecture::Sm80) {
#include "NvidiaRows.inc"

#include "Ampere.def"
  } else if (architecture == Architecture::Sm90a) {
#include "NvidiaRows.inc"

#include "Hopper.def"
  } else {
#include "NvidiaRows.inc"

#include "Blackwell.def"
  }
  return rows;
}

} // namespace codesign::isa
