// Persistent workgroups that walk the tiles of experts, as calls of the prelude.
#include "KernelWriter.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

Error KernelWriter::emit(CountExpertTilesOp op) {
  const bool masked = op.getLayout() == ExpertLayout::Masked;
  line() << formatv("countExpertTiles<{0}<{1}>, {2}>({3}, {4}, {5});\n",
                    masked ? "MaskedRows" : "ContiguousRows",
                    number(static_cast<int64_t>(op.getExperts()), {"layerExperts"}),
                    placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())), text(op.getCounts()),
                    text(op.getTable()), text(op.getRows()));
  return Error::success();
}

Error KernelWriter::emit(ExpertTileCountOp op) {
  const std::string name = fresh("tiles");
  expressions[op.getResult()] = {name};
  line() << formatv("const int {0} = expertTileCount<{1}>({2});\n", name,
                    number(static_cast<int64_t>(op.getExperts()), {"layerExperts"}), text(op.getCounts()));
  return Error::success();
}

Error KernelWriter::emit(ExpertTileAtOp op) {
  const std::string name = fresh("tile");
  expressions[op.getExpert()] = {name + ".expert"};
  expressions[op.getRow()] = {name + ".row"};
  expressions[op.getEnd()] = {name + ".end"};
  expressions[op.getColumn()] = {name + ".column"};
  line() << formatv("const ExpertTile {0} = expertTileAt<{1}, {2}, {3}>({4}, {5});\n", name,
                    number(static_cast<int64_t>(op.getExperts()), {"layerExperts"}),
                    placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())),
                    number(static_cast<int64_t>(op.getBand()), {"band"}), text(op.getCounts()),
                    text(op.getIndex()));
  return Error::success();
}

Error KernelWriter::emit(StorePanelsOp op) {
  line() << formatv("storePanels<{0}>(&{1}[{2}], {3}, {4}, {5});\n",
                    number(static_cast<int64_t>(op.getCount()), {"panelsPerGroup"}), text(op.getRing()),
                    text(op.getPanel()), text(op.getRows()), text(op.getRow()), text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(SumGroupPartsOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << formatv("if (!sumGroupParts<{0}, {1}>({2}, {3}, {4}, {5}, {6}))\n",
                    number(static_cast<int64_t>(op.getParts()), {"splitK"}), waves(), text(op.getResult()),
                    text(op.getPartials()), text(op.getArrivals()), text(op.getTile()), text(op.getPart()));
  line() << "  continue; // another workgroup has the last part\n";
  return Error::success();
}

} // namespace codesign::emit
