// Operand and accumulator registers, and the products between them.
#include "KernelWriter.h"
#include "dialects/Kernel/Operand.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

Error KernelWriter::emit(LoadFragmentOp op) {
  declareOrReload(op, op.getResult(), op.getName(), operandsClass(op.getType()),
                  text(op.getTile()) + ", " + text(op.getRow()) + ", " + text(op.getColumn()) +
                      (op.getAcross() ? ", Across{}" : ""));
  return Error::success();
}

Error KernelWriter::emit(WaveIndexOp op) {
  const std::string name = fresh("wave");
  expressions[op.getResult()] = {name};
  line() << "const int " << name << " = waveId();\n";
  return Error::success();
}

Error KernelWriter::emit(FetchFragmentOp op) {
  declareOrReload(op, op.getResult(), op.getName(), operandsClass(op.getType()),
                  text(op.getRows()) + ", " + text(op.getRow()) + ", " + text(op.getColumn()) +
                      (op.getInside() ? "" : ", Clipped{}"));
  return Error::success();
}

Error KernelWriter::emit(CollectSumsOp op) {
  const std::string name = fresh(op.getName()), share = fresh("share");
  variables[name] = {op.getResult(), depth};
  expressions[op.getResult()] = {name};
  expressions[op.getFirst()] = {share + ".row"};
  expressions[op.getSecond()] = {share + ".column"};
  line() << formatv("Accumulators<{0}> {1};\n", accumulatorsShape(op.getResult().getType()), name);
  line() << formatv("const Origin {0} = {1}.collect<{3}>({2});\n", share, name, text(op.getSlots()), waves());
  return Error::success();
}

Error KernelWriter::emit(ZeroOp op) {
  const std::string name = fresh(op.getName());
  variables[name] = {op.getResult(), depth};
  expressions[op.getResult()] = {name};
  line() << formatv("{2}<{0}> {1};\n", accumulatorsShape(op.getType()), name,
                    function.getRoles() ? "GroupAccumulators" : "Accumulators");
  return Error::success();
}

Error KernelWriter::emit(MmaOp op) {
  if (Error error = updateInPlace(op, op.getAccumulator(), op.getResult()))
    return error;
  line() << text(op.getResult()) << ".multiply(" << text(op.getA()) << ", " << text(op.getB()) << ");\n";
  return Error::success();
}

Error KernelWriter::emit(MmaPartOp op) {
  if (Error error = updateInPlace(op, op.getAccumulator(), op.getResult()))
    return error;
  const Operand sums(op.getResult().getType(), architectureOf(function));
  line() << formatv("{0}.multiplyAt<{1}, {2}>({3}, {4});\n", text(op.getResult()),
                    instructions(op.getAt()[0] / sums.stepFirst(), true),
                    instructions(op.getAt()[1] / sums.stepSecond(), false), text(op.getA()), text(op.getB()));
  return Error::success();
}

Error KernelWriter::emit(LocateScalesOp op) {
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("const {0} {1}({2}, {3}, {4}{5}, {6});\n", scalePlacesClass(op), name,
                    text(op.getMatrix()), text(op.getCount()), op.getList() ? text(op.getList()) + ", " : "",
                    text(op.getFirst()), text(op.getExtent()));
  return Error::success();
}

Error KernelWriter::emit(FetchScalesOp op) {
  declareOrReload(op, op.getResult(), op.getName(), scalesClass(op.getType()),
                  text(op.getPlaces()) + ", " + text(op.getBlocks()) + ", " + text(op.getBlock()) + ", " +
                      text(op.getStep()));
  return Error::success();
}

Error KernelWriter::emit(CombineScalesOp op) {
  const std::string product = text(op.getScales()) + ".product()";
  // What the next op takes, and no other, needs no name.
  if (op->hasOneUse() && *op->user_begin() == op->getNextNode()) {
    expressions[op.getResult()] = {product};
    return Error::success();
  }
  auto known = variables.find(op.getName());
  if (known != variables.end() && isLastUse(known->second.current, op)) {
    known->second.current = op.getResult();
    expressions[op.getResult()] = {op.getName().str()};
    line() << op.getName() << " = " << product << ";\n";
    return Error::success();
  }
  const std::string name = fresh(op.getName());
  variables[name] = {op.getResult(), depth};
  expressions[op.getResult()] = {name};
  line() << "auto " << name << " = " << product << ";\n";
  return Error::success();
}

Error KernelWriter::emit(MmaScaledOp op) {
  if (Error error = updateInPlace(op, op.getAccumulator(), op.getResult()))
    return error;
  line() << text(op.getResult()) << (op.getMixed() ? ".multiplyMixed(" : ".multiply(") << text(op.getA())
         << ", " << text(op.getB()) << ", " << text(op.getScales()) << ");\n";
  return Error::success();
}

} // namespace codesign::emit
