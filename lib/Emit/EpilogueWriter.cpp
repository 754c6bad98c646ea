// The steps between the sums and the output, as calls of the prelude.
#include "KernelWriter.h"
#include "Target.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

static StringRef activationClass(Activation activation) {
  switch (activation) {
  case Activation::Relu:
    return "Relu";
  case Activation::Silu:
    return "Silu";
  case Activation::Gelu:
    return "Gelu";
  case Activation::GeluTanh:
    return "GeluTanh";
  }
  return "";
}

/// Whether columns have an even place in the bias: those of experts may begin at an odd one.
static bool biasHasPairs(kernel::FuncOp function, TileType bias) {
  const bool hasExperts =
      function
          .walk([](Operation *op) {
            return isa<ExpertTileOp, ExpertTileAtOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
          })
          .wasInterrupted();
  return bias.getColumns() % 2 == 0 && !hasExperts;
}

Error KernelWriter::emit(AddBiasOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  const TileType bias = op.getBias().getType();
  line() << formatv("{0}.{1}<{2}>({3}, {4});\n", text(op.getResult()),
                    op.getTransposed()             ? "addBiasDown"
                    : biasHasPairs(function, bias) ? "addBiasPairs"
                                                   : "addBiasAcross",
                    number(bias.getColumns(), {"layerN"}), text(op.getBias()), text(op.getColumn()));
  return Error::success();
}

/// Where scales of four columns may be those of two experts, or lie across the end of the last one's: how
/// many an expert has, as a further template argument of CDNA's.
static std::string scalesOfExpert(kernel::FuncOp function, int64_t columns) {
  std::string argument;
  if (vendorOf(architectureOf(function)) == Vendor::Amd)
    function.walk([&](ExpertTileOp tile) {
      if (columns % 4 == 0 && static_cast<int64_t>(tile.getColumns()) % 4 != 0)
        argument = ", layerN";
    });
  return argument;
}

Error KernelWriter::emit(ScaleColumnsOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  const int64_t columns = op.getScales().getType().getColumns();
  if (columns == 1)
    line() << formatv("{0}.map(Times{{*{1}});\n", text(op.getResult()), text(op.getScales()));
  else
    line() << formatv("{0}.{1}<{2}{3}>({4}, {5});\n", text(op.getResult()),
                      op.getTransposed() ? "scaleDown" : "scaleAcross", number(columns, {"layerN"}),
                      scalesOfExpert(function, columns), text(op.getScales()), text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(ScaleRowsOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << formatv("{0}.{3}({1}, {2});\n", text(op.getResult()), text(op.getScales()), text(op.getRow()),
                    op.getTransposed() ? "scaleColumns" : "scaleRows");
  return Error::success();
}

Error KernelWriter::emit(ActivationOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << text(op.getResult()) << ".map(" << activationClass(op.getFunction()) << "{});\n";
  return Error::success();
}

Error KernelWriter::emit(GateOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << text(op.getResult()) << (op.getTransposed() ? ".gateDown(" : ".gateAcross(")
         << activationClass(op.getFunction()) << "{});\n";
  return Error::success();
}

Error KernelWriter::emit(AddMatrixOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << text(op.getResult())
         << (op.getHalved()       ? op.getTransposed() ? ".addHalvedTransposed(" : ".addHalved("
             : op.getTransposed() ? ".addTransposed("
                                  : ".addMatrix(")
         << text(op.getRows()) << ", " << text(op.getRow()) << ", " << text(op.getColumn()) << ");\n";
  return Error::success();
}

/// The largest number of an 8-bit type.
static int64_t largestOf(Type element) {
  const llvm::APFloat largest = llvm::APFloat::getLargest(cast<FloatType>(element).getFloatSemantics());
  return static_cast<int64_t>(largest.convertToFloat());
}

Error KernelWriter::emit(QuantiseOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << formatv("{0}.map(Quantise<{1}>{{1 / *{2}});\n", text(op.getResult()), largestOf(op.getElement()),
                    text(op.getScale()));
  return Error::success();
}

Error KernelWriter::emit(ReuseOp op) {
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("auto &{0} = reuse<{1}>({2});\n", name, tileClass(op.getResult().getType(), op.getName()),
                    text(op.getRing()));
  return Error::success();
}

Error KernelWriter::emit(DepositMaximaOp op) {
  line() << formatv("depositMaxima<{0}, {1}>({2}, {3}, {4}, {5}, {6});\n", op.getHalved() ? 2 : 1,
                    number(static_cast<int64_t>(op.getColumns()), {"layerN"}), text(op.getFragment()),
                    text(op.getMaxima()), text(op.getPart()), text(op.getRow()), text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(QuantiseBlocksOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  const std::string maxima =
      op.getMaxima()
          ? formatv("{0}, {1}, {2}, ", text(op.getMaxima()), text(op.getPart()), text(op.getRow())).str()
          : "";
  std::string smallest;
  llvm::raw_string_ostream(smallest) << llvm::format("%g", double(op.getSmallest().convertToFloat()));
  explain("the scale of each row and 128 columns follows from their largest magnitude, which counts as " +
          smallest + " at least");
  line() << formatv("quantiseBlocks<{0}, {1}, {2}>({3}, {4}, {5}{6}, {7}f);\n", largestOf(op.getElement()),
                    op.getHalved() ? 2 : 1, number(static_cast<int64_t>(op.getColumns()), {"layerN"}),
                    text(op.getResult()), text(op.getScales()), maxima, text(op.getColumn()), smallest);
  return Error::success();
}

Error KernelWriter::emit(RotateOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << formatv("{0}.{8}<{1}, {2}, {3}>({4}, {5}, {6}, {7});\n", text(op.getResult()),
                    number(op.getTable().getType().getColumns(), {"headColumns"}),
                    number(static_cast<int64_t>(op.getColumns()), {"rotaryColumns"}),
                    number(op.getTable().getType().getRows(), {"rotaryPositions"}), text(op.getPositions()),
                    text(op.getRow()), text(op.getTable()), text(op.getColumn()),
                    op.getTransposed() ? "rotateDown" : "rotateAcross");
  return Error::success();
}

Error KernelWriter::emit(RowSquaresOp op) {
  line() << formatv("{0}.{5}<{1}>({2}, {3}, {4});\n", text(op.getFragment()),
                    number(static_cast<int64_t>(op.getColumns()), {"layerN"}), text(op.getPartials()),
                    text(op.getRow()), text(op.getColumn()),
                    op.getTransposed() ? "storeSquaresDown" : "storeSquaresAcross");
  return Error::success();
}

Error KernelWriter::emit(StoreOp op) {
  line() << text(op.getFragment())
         << (op.getHalved()       ? op.getTransposed() ? ".storeHalvedTransposed(" : ".storeHalved("
             : op.getTransposed() ? ".storeTransposed("
                                  : ".store(")
         << text(op.getRows()) << ", " << text(op.getRow()) << ", " << text(op.getColumn()) << ");\n";
  return Error::success();
}

Error KernelWriter::emit(SumListedRowsOp op) {
  line() << formatv("sumListedRows<{0}>({1}, {2}, {3}, {4}, {5});\n", function.getWaves()[1],
                    text(op.getMatrix()), text(op.getCount()), text(op.getLists()), text(op.getTo()),
                    text(op.getColumn()));
  return Error::success();
}

} // namespace codesign::emit
