#include "codesign/Isa/MatrixInstruction.h"

#include "Tables.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ErrorHandling.h"
#include <array>

namespace codesign {
namespace {

struct Table {
  std::vector<MatrixInstruction> rows;
  llvm::StringMap<const MatrixInstruction *> byName;

  explicit Table(Architecture architecture)
      : rows(vendorOf(architecture) == Vendor::Amd ? isa::cdnaMatrixInstructions(architecture)
                                                   : isa::nvidiaMatrixInstructions(architecture)) {
    for (const MatrixInstruction &row : rows)
      byName.try_emplace(row.name, &row);
  }
};

const Table &tableOf(Architecture architecture) {
  static const std::array<Table, 5> tables = {Table(Architecture::Gfx942), Table(Architecture::Gfx950),
                                              Table(Architecture::Sm80), Table(Architecture::Sm90a),
                                              Table(Architecture::Sm100a)};
  return tables[static_cast<size_t>(architecture)];
}

bool isPlain(const MatrixInstruction &row) {
  return !row.sparse && !row.scaled && row.blocks == 1;
}

} // namespace

llvm::ArrayRef<MatrixInstruction> matrixInstructions(Architecture architecture) {
  return tableOf(architecture).rows;
}

const MatrixInstruction *findMatrixInstruction(Architecture architecture, llvm::StringRef name) {
  return tableOf(architecture).byName.lookup(name);
}

const MatrixInstruction *findMatrixInstruction(Architecture architecture, DataType a, DataType b,
                                               DataType accumulator, int m, int n, int k) {
  for (const MatrixInstruction &row : matrixInstructions(architecture))
    if (isPlain(row) && row.a.type == a && row.b.type == b && row.c.type == accumulator && row.m == m &&
        row.n == n && row.k == k)
      return &row;
  return nullptr;
}

std::vector<const MatrixInstruction *> denseMatrixInstructions(Architecture architecture, DataType a,
                                                               DataType b) {
  std::vector<const MatrixInstruction *> found;
  for (const MatrixInstruction &row : matrixInstructions(architecture))
    if (isPlain(row) && row.a.type == a && row.b.type == b)
      found.push_back(&row);
  return found;
}

int64_t operandConversions(const MatrixInstruction &record, int64_t down, int64_t across, bool blockScaled) {
  const bool rowByRow = blockScaled && down * across > mostScaledProductsAtOnce;
  return record.conversionsPerRegister *
         (down * record.a.registersPerLane + (rowByRow ? down : 1) * across * record.b.registersPerLane);
}

llvm::StringRef toString(MatrixInstructionKind kind) {
  switch (kind) {
  case MatrixInstructionKind::Mfma:
    return "mfma";
  case MatrixInstructionKind::Smfmac:
    return "smfmac";
  case MatrixInstructionKind::MmaSync:
    return "mma.sync";
  case MatrixInstructionKind::Wgmma:
    return "wgmma";
  case MatrixInstructionKind::Tcgen05:
    return "tcgen05";
  }
  llvm_unreachable("unknown kind");
}

llvm::StringRef toString(OperandSpace space) {
  switch (space) {
  case OperandSpace::Registers:
    return "registers";
  case OperandSpace::SharedMemory:
    return "shared";
  case OperandSpace::TensorMemory:
    return "tensor";
  }
  llvm_unreachable("unknown space");
}

} // namespace codesign
