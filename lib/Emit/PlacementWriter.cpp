// Where a workgroup and its waves stand in the output.
#include "KernelWriter.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

static std::string bandOf(PlacementOpInterface order, const SourceConstants &constants) {
  return constants.text(static_cast<int64_t>(order.getBand()), {"band"});
}

/// ", chiplets, chipletRun"; those of one die are what the primitives take anyway.
static std::string chipletsOf(PlacementOpInterface order, const SourceConstants &constants) {
  if (order.getChiplets() == 1)
    return "";
  return formatv(", {0}, {1}", constants.text(static_cast<int64_t>(order.getChiplets()), {"chiplets"}),
                 constants.text(static_cast<int64_t>(order.getRun()), {"chipletRun"}));
}

Error KernelWriter::emit(TileOrderOp op) {
  const std::string name = fresh("tile");
  expressions[op.getRow()] = {name + ".row"};
  expressions[op.getColumn()] = {name + ".column"};
  if (op.getIndex()) {
    line() << formatv("const Origin {0} = tileAt<{1}, {2}>({3}, {4});\n", name,
                      placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())), bandOf(op, constants),
                      text(op.getIndex()), rowsText(op.getRows()));
    return Error::success();
  }
  line() << formatv("const Origin {0} = tileOrder<{1}, {2}{3}>({4});\n", name,
                    placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())), bandOf(op, constants),
                    chipletsOf(op, constants), rowsText(op.getRows()));
  return Error::success();
}

Error KernelWriter::emit(WaveTileOp op) {
  const std::string name = fresh("wave");
  expressions[op.getRow()] = {name + ".row"};
  expressions[op.getColumn()] = {name + ".column"};
  const bool ofGroup = static_cast<bool>(function.getRoles());
  if (ofGroup && warpName.empty())
    return fail(op, "is a consumer's, and stands before the roles part");
  line() << formatv(
      "const Origin {0} = {4}<{1}, {2}, {3}>({5});\n", name, number(op.getShape()[0], {"waveM", "groupM"}),
      number(op.getShape()[1], {"waveN", "groupN"}), number(function.getWaves()[1], {"wavesN", "groupsN"}),
      ofGroup ? "groupTile" : "waveTile", warpName);
  return Error::success();
}

Error KernelWriter::emit(GroupOp op) {
  expressions[op.getResult()] = {"group(" + warpName + ")"};
  return Error::success();
}

Error KernelWriter::emit(ExpertTileOp op) {
  const std::string name = fresh("tile");
  expressions[op.getExpert()] = {name + ".expert"};
  expressions[op.getRow()] = {name + ".row"};
  expressions[op.getEnd()] = {name + ".end"};
  expressions[op.getColumn()] = {name + ".column"};
  const bool masked = op.getLayout() == ExpertLayout::Masked;
  line() << formatv("const ExpertTile {0} = expertTile<{1}<{2}>, {3}, {4}{5}>({6}, {7});\n", name,
                    masked ? "MaskedRows" : "ContiguousRows",
                    number(static_cast<int64_t>(op.getExperts()), {"layerExperts"}),
                    placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())), bandOf(op, constants),
                    chipletsOf(op, constants), text(op.getTable()), text(op.getRows()));
  line() << formatv("if ({0}.expert < 0)\n", name);
  line() << "  return; // past the last tile\n";
  return Error::success();
}

Error KernelWriter::emit(PartOp op) {
  const std::string name = fresh("part");
  expressions[op.getResult()] = {name};
  line() << formatv("const int {0} = partId();\n", name);
  return Error::success();
}

Error KernelWriter::emit(SumPartsOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << formatv("if (!sumParts<{0}, {1}>({2}, {3}, {4}, {5}))\n",
                    number(static_cast<int64_t>(op.getParts()), {"splitK"}), waves(), text(op.getResult()),
                    text(op.getPartials()), text(op.getArrivals()), text(op.getPart()));
  line() << "  return; // another workgroup has the last part\n";
  return Error::success();
}

Error KernelWriter::emit(StreamKOp op) {
  const std::string name = fresh("work"), chiplets = chipletsOf(op, constants);
  expressions[op.getPieces()] = {name + ".pieces"};
  line() << formatv("const StreamK<{0}, {1}, {2}, {3}, {4}> {5}({6}, dealtTile{7}({4}));\n",
                    placedShape(op.getTile(), static_cast<int64_t>(op.getColumns())), bandOf(op, constants),
                    number(static_cast<int64_t>(op.getSteps()), {"kTiles"}),
                    number(static_cast<int64_t>(op.getLeast()), {"leastSteps"}),
                    number(static_cast<int64_t>(op.getWorkgroups()), {"workgroups"}), name,
                    text(op.getRows()), chiplets.empty() ? "" : "<" + chiplets.substr(2) + ">");
  return Error::success();
}

Error KernelWriter::emit(StreamKPieceOp op) {
  const std::string name = fresh("piece");
  expressions[op.getPiece()] = {name};
  expressions[op.getRow()] = {name + ".row"};
  expressions[op.getColumn()] = {name + ".column"};
  expressions[op.getFirst()] = {name + ".first"};
  expressions[op.getCount()] = {name + ".count"};
  expressions[op.getBefore()] = {name + ".before"};
  // The lanes of a consumer's warp are all there and can agree; a producer's lane is alone.
  auto roles = op->getParentOfType<RolesOp>();
  const bool agreed = roles && roles.getConsumers().isAncestor(op->getParentRegion());
  const std::string piece =
      formatv("{0}.piece({1})", StringRef(text(op.getPieces())).rsplit('.').first, text(op.getRound()));
  line() << formatv("const Piece {0} = {1};\n", name, agreed ? "uniformPiece(" + piece + ")" : piece);
  return Error::success();
}

Error KernelWriter::emit(SumPiecesOp op) {
  if (Error error = updateInPlace(op, op.getFragment(), op.getResult()))
    return error;
  line() << formatv("if (!{5}<{0}>({1}, {2}, {3}, {4}))\n", waves(), text(op.getResult()),
                    text(op.getPartials()), text(op.getArrivals()), text(op.getPiece()),
                    function.getRoles() ? "sumGroupPieces" : "sumPieces");
  line() << "  continue; // another workgroup has the last piece\n";
  return Error::success();
}

Error KernelWriter::emit(GatherRowsOp op) {
  if (op.getResult().use_empty())
    return Error::success();
  if (Error error = checkRows(op, op.getType()))
    return error;
  Operation *fetch = *op.getResult().user_begin(); // all of them have its shape
  if (isa<ScaleRowsOp>(fetch)) {
    const std::string name = fresh(op.getName());
    expressions[op.getResult()] = {name};
    line() << formatv("const ListedScales {0} = {{{1}, {2}, {3}, {4}, {5}};\n", name, text(op.getMatrix()),
                      text(op.getCount()), text(op.getList()), text(op.getFirst()), text(op.getExtent()));
    return Error::success();
  }
  std::string loaded;
  if (auto staged = dyn_cast<FetchOp>(fetch)) // of the whole tile or a part
    loaded =
        stagedClass(StagedType::get(op.getContext(), {op.getType().getRows(), staged.getType().getShape()[1]},
                                    staged.getType().getElementType()),
                    op.getName());
  else if (auto copy = dyn_cast<CopyAsyncOp>(fetch))
    loaded = vendorOf(architectureOf(function)) == Vendor::Amd
                 ? copyClass(copy)
                 : formatv("CopiedTile<{0}, {1}>", tileClass(copy.getTile()), copyingThreads()).str();
  else if (auto copy = dyn_cast<CopyWaveRowsOp>(fetch))
    loaded = waveRowsClass(copy);
  else
    loaded = operandsClass(cast<FetchFragmentOp>(fetch).getType());
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("const GatheredRows<{0}, {1}> {2}({3}, {4}, {5}, {6}, {7});\n", loaded,
                    rowLength(op.getType(), op.getName()), name, text(op.getMatrix()), text(op.getCount()),
                    text(op.getList()), text(op.getFirst()), text(op.getExtent()));
  return Error::success();
}

} // namespace codesign::emit
