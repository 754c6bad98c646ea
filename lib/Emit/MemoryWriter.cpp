// Rows of matrices, rings in shared memory, and what moves between them.
#include "KernelWriter.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

static std::string elementOf(Type type) {
  return llvm::cantFail(elementName(type));
}

Error KernelWriter::checkRows(Operation *op, TileType rows) {
  const Architecture architecture = architectureOf(function);
  if (rows.isPadded() && vendorOf(architecture) != Vendor::Amd)
    return fail(op, "cuts padded rows, which kernels of " + toString(architecture) + " do not have");
  return Error::success();
}

/// Whether rows are those of one tile of k among many, which one copy reads: they need no name.
static bool isReadOnce(RowsOp op) {
  return op->hasOneUse() && isa<FetchOp, FetchAcrossOp, CopyAsyncOp>(*op->user_begin()) &&
         llvm::any_of(op.getMatrix().getUsers(), [op, name = op.getName()](Operation *user) {
           auto other = dyn_cast<RowsOp>(user);
           return other && other != op && other.getName() == name;
         });
}

/// Whether a row is that of a tile of the output, perhaps with what is added to it: else it is one of k.
static bool comesFromTile(Value row) {
  Operation *op = row.getDefiningOp();
  if (isa_and_nonnull<PlacementOpInterface, StreamKPieceOp, ExpertTileAtOp>(op))
    return true;
  return op && isa<arith::ArithDialect>(op->getDialect()) && llvm::any_of(op->getOperands(), comesFromTile);
}

Error KernelWriter::emit(RowsOp op) {
  if (Error error = checkRows(op, op.getType()))
    return error;
  const bool ofN = op.getName().starts_with("w"), rowsAreK = ofN && !comesFromTile(op.getFirst());
  const std::string type =
      formatv("{0}<{1}, {2}>", op.getType().isShuffled() ? "ShuffledRows" : "GlobalRows",
              elementOf(op.getType().getElementType()), rowLength(op.getType(), op.getName(), rowsAreK));
  std::string rows = std::to_string(op.getType().getRows()), extent = text(op.getExtent());
  if (!op.getType().getElementType().isF32() || !ofN) { // W's scales are those of blocks
    rows = number(op.getType().getRows(), {rowsAreK ? "tileK" : ofN ? "tileN" : "tileM", "tileK"});
    if (const std::optional<int64_t> end = expression(op.getExtent()).literal)
      extent = number(*end, {ofN && !rowsAreK ? "layerN" : "layerK"});
  }
  const std::string arguments =
      formatv("({0}, {1}, {2}, {3})", text(op.getMatrix()), text(op.getFirst()), rows, extent);
  if (isReadOnce(op)) {
    expressions[op.getResult()] = {type + arguments};
    return Error::success();
  }
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << "const " << type << ' ' << name << arguments << ";\n";
  return Error::success();
}

Error KernelWriter::emit(AllocOp op) {
  if (target.sharesOneBlock(function)) { // a member of it
    expressions[op.getResult()] = {(sharedName + "." + op.getName()).str()};
    return Error::success();
  }
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("__shared__ {0} {1}[{2}];\n", tileClass(op.getType().getSlotType(), op.getName()), name,
                    slotsOf(op));
  return Error::success();
}

/// use % slots; where several rings are at the same use, a variable.
std::string KernelWriter::slotNumber(SlotOp op) {
  const int64_t slots = op.getRing().getType().getSlots();
  const std::string number =
      binary(expression(op.getIndex()), "%", {ringLength(slots)}, Precedence::Multiplicative).text;
  const bool shared = function.getRoles() && slots == constants.valueOf("stages") &&
                      llvm::count_if(op.getIndex().getUsers(), [&](Operation *user) {
                        return isa<SlotOp>(user) && user->getBlock() == op->getBlock();
                      }) > 1;
  if (!shared)
    return number;
  auto [known, isNew] = slotNames.try_emplace(std::pair(op.getIndex(), op->getBlock()));
  if (isNew) {
    auto name = op.getIndex().getDefiningOp()
                    ? op.getIndex().getDefiningOp()->getAttrOfType<StringAttr>("kernel.name")
                    : StringAttr();
    known->second = fresh(name && name.getValue() == "use" ? "slot" : "firstSlot");
    line() << "const int " << known->second << " = " << number << ";\n";
  }
  return known->second;
}

Error KernelWriter::emit(SlotOp op) {
  const int64_t slots = op.getRing().getType().getSlots();
  std::string index;
  if (repeating && isRepeatNumber(op.getIndex().getDefiningOp())) // no more of them than slots
    index = text(op.getIndex());
  else if (std::optional<int64_t> constant = constantValue(op.getIndex()))
    index = std::to_string(*constant % slots);
  else if (slots == 1)
    index = "0";
  else
    index = slotNumber(op);
  expressions[op.getResult()] = {text(op.getRing()) + "[" + index + "]"};
  return Error::success();
}

Error KernelWriter::emit(FetchAcrossOp op) {
  const StagedBlocksType type = op.getType();
  const bool ofN = op.getName().starts_with("w");
  declareOrReload(op, op.getResult(), op.getName(),
                  formatv("StagedBlocks<{0}, {1}, {2}, {3}>", elementOf(type.getElementType()),
                          number(type.getShape()[0], {"tileK"}),
                          number(type.getShape()[1], {ofN ? "tileN" : "tileM"}), threads())
                      .str(),
                  text(op.getRows()) + ", " + text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(DepthTilesOp op) {
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("const int {0} = depthTiles<{1}, {3}>({2});\n", name,
                    number(static_cast<int64_t>(op.getTile()), {"tileK"}), text(op.getLength()),
                    number(static_cast<int64_t>(op.getLeast()), {"ahead"}));
  return Error::success();
}

Error KernelWriter::emit(FetchOp op) {
  declareOrReload(op, op.getResult(), op.getName(), stagedClass(op.getType(), op.getName()),
                  text(op.getRows()) + ", " + text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(DepositOp op) {
  line() << text(op.getStaged()) << ".store(" << text(op.getTile()) << ");\n";
  return Error::success();
}

Error KernelWriter::emit(DepositTransposedOp op) {
  line() << text(op.getStaged()) << ".store(" << text(op.getTile()) << ");\n";
  return Error::success();
}

Error KernelWriter::emit(CopyAsyncOp op) {
  const std::string call = vendorOf(architectureOf(function)) == Vendor::Amd
                               ? copyClass(op) + "::copy"
                               : "copyAsync<" + copyingThreads() + ">";
  line() << call << "(" << text(op.getTile()) << ", " << text(op.getRows()) << ", " << text(op.getColumn())
         << ");\n";
  return Error::success();
}

Error KernelWriter::emit(CopyWaveRowsOp op) {
  line() << formatv("{0}::{1}({2}, {3}, {4}, {5}{6});\n", waveRowsClass(op),
                    op.getWhole() ? "copyWhole" : "copy", text(op.getTile()), text(op.getRow()),
                    text(op.getRows()), text(op.getColumn()),
                    op.getInside() || op.getWhole() ? "" : ", Clipped{}");
  return Error::success();
}

Error KernelWriter::emit(CommitCopiesOp) {
  line() << "commitCopies();\n";
  return Error::success();
}

/// What a wait may leave under way: groups, or loads where the hardware counts those.
std::string KernelWriter::pendingCopies(WaitCopiesOp wait) {
  const int64_t groups = static_cast<int64_t>(wait.getPending());
  if (vendorOf(architectureOf(function)) != Vendor::Amd)
    return number(groups, {"ahead - 1", "lag"});
  // The counter counts loads, as many in each group.
  CommitCopiesOp commit;
  function.walk([&](CommitCopiesOp op) { commit = op; });
  int64_t loads = 0;
  for (Operation *op = commit->getPrevNode(); op && !isa<CommitCopiesOp>(op); op = op->getPrevNode())
    if (auto copy = dyn_cast<CopyAsyncOp>(op))
      loads += copy.getLoadsPerThread();
  return std::to_string(groups * loads);
}

Error KernelWriter::emit(WaitCopiesOp op) {
  line() << "waitCopies<" << pendingCopies(op) << ">();\n";
  return Error::success();
}

} // namespace codesign::emit
