// Statements of warp-specialised kernels: roles, mbarriers, tensor copies, products from shared memory.
#include "KernelWriter.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

Error KernelWriter::emit(ClusterPositionOp op) {
  const std::string name = fresh("cluster");
  expressions[op.getIndex()] = {name + ".index"};
  expressions[op.getCount()] = {name + ".count"};
  expressions[op.getRank()] = {name + ".rank"};
  line() << formatv("const ClusterPosition {0} = clusterPosition<{1}>();\n", name, clusterSize());
  return Error::success();
}

Error KernelWriter::emit(TileCountOp op) {
  const std::string name = fresh("tiles");
  expressions[op.getResult()] = {name};
  line() << formatv("const int {0} = tileCount<{1}>({2});\n", name,
                    placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())), rowsText(op.getRows()));
  return Error::success();
}

Error KernelWriter::writeRegion(Region &region) {
  const llvm::StringMap<int> takenOutside = taken;
  ++depth;
  if (Error error = writeBlock(region.front()))
    return error;
  --depth;
  leaveScope(takenOutside);
  return Error::success();
}

Error KernelWriter::emit(RolesOp op) {
  warpName = fresh("warp");
  if (op.getUniform())
    explain("what follows from this number stays in uniform registers, descriptors among it");
  line() << formatv("const int {0} = {1}();\n", warpName, op.getUniform() ? "uniformWarp" : "waveId");
  line() << formatv("if (isProducer({0})) {{\n", warpName);
  ++depth;
  if (op.getProducerRegisters() != 0) {
    explain("copying takes few registers: those that multiply get the others");
    line() << formatv("releaseRegisters<{0}>();\n", op.getProducerRegisters());
  }
  if (op.getWhole()) {
    --depth;
    if (Error error = writeRegion(op.getProducer()))
      return error;
    ++depth;
  } else {
    line() << "if (isProducerLane()) {\n";
    if (Error error = writeRegion(op.getProducer()))
      return error;
    line() << "}\n";
  }
  --depth;
  line() << "} else {\n";
  ++depth;
  if (op.getConsumerRegisters() != 0)
    line() << formatv("claimRegisters<{0}>();\n", op.getConsumerRegisters());
  --depth;
  if (Error error = writeRegion(op.getConsumers()))
    return error;
  line() << "}\n";
  return Error::success();
}

Error KernelWriter::emit(MbarriersOp op) {
  const bool countsBytes =
      llvm::any_of(op.getResult().getUsers(), [](Operation *user) { return isa<ExpectBytesOp>(user); });
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("const Mbarriers<{0}> {1}({2}.{1});\n", ringLength(op.getType().getCount()), name,
                    sharedName);
  const char *ofCopies = op.getArrivals() == 1
                             ? "who asks for a tile; its phase ends when the bytes are there too"
                             : "who asks for a tile, and each warp that copies rows of it";
  line() << formatv("{0}.initialise({1}); // arrivals: {2}\n", name,
                    number(op.getArrivals(),
                           {"consumerWarps", "clusterSize * consumerWarps", "1 + warpgroupSize / waveSize"}),
                    countsBytes                    ? ofCopies
                    : op.getName() == "maximaLeft" ? "each warp that multiplies, having left its maxima"
                                                   : "each warp that multiplies, having read the slot");
  return Error::success();
}

/// What one lane does of a role that all threads of a warpgroup play.
static bool isForOneLane(Operation *op) {
  return isa_and_nonnull<ExpectBytesOp, CopyTensorOp>(op) && op->getParentOfType<RolesOp>().getWhole();
}

/// Whether such a one stands beside an op, apart from what is written where it is used.
static bool isBesideOneLane(Operation *op, Operation *(Operation::*next)()) {
  for (op = (op->*next)(); op && (isa<SlotOp>(op) || isa<arith::ArithDialect>(op->getDialect()));
       op = (op->*next)()) {
  }
  return isForOneLane(op);
}

void KernelWriter::writeForOneLane(Operation *op, const std::string &statement) {
  const bool alone = isForOneLane(op);
  if (alone && !isBesideOneLane(op, &Operation::getPrevNode)) {
    line() << "if (isProducerLane()) {\n";
    ++depth;
  }
  line() << statement << ";\n";
  if (alone && !isBesideOneLane(op, &Operation::getNextNode)) {
    --depth;
    line() << "}\n";
  }
}

/// The bytes of the tiles whose copies follow, where they are those.
std::string KernelWriter::bytesText(ExpectBytesOp op) {
  int64_t bytes = 0;
  llvm::SmallVector<std::string> tiles;
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    auto copy = dyn_cast<CopyTensorOp>(next);
    if (!copy || copy.getUse() != op.getUse() || copy.getBarriers() != op.getBarriers())
      continue;
    bytes += copy.getTile().getType().getSizeInBytes();
    tiles.push_back("sizeof(" + text(copy.getTile().getDefiningOp<SlotOp>().getRing()) + "[0])");
  }
  return bytes == static_cast<int64_t>(op.getBytes()) ? llvm::join(tiles, " + ")
                                                      : std::to_string(op.getBytes());
}

Error KernelWriter::emit(ExpectBytesOp op) {
  writeForOneLane(
      op, formatv("{0}.expectBytes({1}, {2})", text(op.getBarriers()), text(op.getUse()), bytesText(op)));
  return Error::success();
}

Error KernelWriter::emit(CopyTensorOp op) {
  const std::string call = op.getMulticast() ? "copyTensorToAll<" + clusterSize() + ">" : "copyTensor";
  writeForOneLane(op, call + formatv("({0}, {1}, {2}, {3}, {4}, {5}, {6})", text(op.getTile()),
                                     text(op.getToRow()), text(op.getMap()), text(op.getRow()),
                                     text(op.getColumn()), text(op.getBarriers()), text(op.getUse()))
                                 .str());
  return Error::success();
}

Error KernelWriter::emit(StoreTensorOp op) {
  line() << formatv("storeTensor<{0}>(&{1}[{2}], {3}, {4}, {5});\n",
                    number(static_cast<int64_t>(op.getCount()), {"panelsPerGroup"}), text(op.getRing()),
                    text(op.getPanel()), text(op.getMap()), text(op.getRow()), text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(WgmmaOp op) {
  if (Error error = updateInPlace(op, op.getAccumulator(), op.getResult()))
    return error;
  line() << formatv("{0}.{5}({1}, {2}, {3}, {4});\n", text(op.getResult()), text(op.getA()),
                    text(op.getRow()), text(op.getB()), text(op.getColumn()),
                    op.getFresh() ? "multiplyAnew" : "multiply");
  return Error::success();
}

Error KernelWriter::emit(WaitProductsOp op) {
  if (Error error = updateInPlace(op, op.getAccumulator(), op.getResult()))
    return error;
  line() << formatv("{0}.wait<{1}>();\n", text(op.getResult()), op.getPending());
  return Error::success();
}

Error KernelWriter::emit(AddProductsOp op) {
  if (Error error = updateInPlace(op, op.getSums(), op.getResult()))
    return error;
  line() << text(op.getResult()) << ".add(" << text(op.getProducts());
  if (op.getScales())
    out << ", " << text(op.getScales());
  out << ");\n";
  return Error::success();
}

/// Whether it stands where the threads of the first warpgroup copy rows by themselves.
static bool copiesRows(Operation *op) {
  auto roles = op->getParentOfType<RolesOp>();
  return roles.getWhole() && roles.getProducer().isAncestor(op->getParentRegion());
}

/// One line for ops that only name their operands.
std::string KernelWriter::asyncStatement(Operation *op) {
  auto on = [&](mlir::Value barriers, StringRef method, mlir::Value use) {
    return formatv("{0}.{1}({2})", text(barriers), method, text(use)).str();
  };
  if (auto await = dyn_cast<AwaitOp>(op))
    return on(await.getBarriers(), await.getPrevious() ? "awaitPrevious" : "await", await.getUse());
  if (auto arrive = dyn_cast<ArriveOp>(op); arrive && copiesRows(op))
    return on(arrive.getBarriers(), "arriveTogether", arrive.getUse());
  if (auto arrive = dyn_cast<ArriveOp>(op))
    return on(arrive.getBarriers(), formatv("arrive<{0}>", clusterSize()).str(), arrive.getUse());
  if (auto stage = dyn_cast<StageOp>(op))
    return formatv("{0}.stage(&{1}[{2}])", text(stage.getFragment()), text(stage.getRing()),
                   text(stage.getPanel()));
  if (isa<ClusterBarrierOp>(op))
    return formatv("clusterBarrier<{0}>()", clusterSize());
  if (isa<GroupBarrierOp>(op))
    return "groupBarrier()";
  if (isa<FenceAsyncOp>(op))
    return "fenceAsync()";
  return isa<WaitStoresOp>(op) ? "waitStores()" : "";
}

} // namespace codesign::emit
