// Classes of tiles and registers with their shapes, in the names of the source.
#include "KernelWriter.h"
#include "dialects/Kernel/Operand.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

/// What the IR calls W's begins so; it has the sizes of n, all else those of m.
static bool isOfN(StringRef name) {
  return name.starts_with("w");
}

static StringRef sideOf(StringRef name) {
  return isOfN(name) ? "tileN" : "tileM";
}

static StringRef ringOf(Value slot) {
  return slot.getDefiningOp<SlotOp>().getRing().getDefiningOp<AllocOp>().getName();
}

static std::string elementOf(Type type) {
  return llvm::cantFail(elementName(type));
}

std::string KernelWriter::tileClass(TileType type, StringRef ring) {
  const std::string element = elementOf(type.getElementType());
  if (ring == "rowMaxima")
    return formatv("RowMaxima<{0}, {1}>", number(type.getRows(), {"wavesN", "groupsN"}),
                   number(type.getColumns(), {"tileM"}));
  if (auto rowMajor = dyn_cast<RowMajorAttr>(type.getLayout())) // sums of each wave, or numbers of experts
    return formatv("PaddedTile<{0}, {1}, {2}, {3}>", element,
                   number(type.getRows(), {formatv("tileM * tileN / {0}", type.getColumns()).str()}),
                   type.getColumns(), rowMajor.getPadding());
  const StringRef side = sideOf(ring);
  const bool across = isa<TransposableAttr, PanelsAttr>(type.getLayout()); // its rows are k
  std::string rows = number(type.getRows(), {across ? "tileK" : side, across ? side : "tileK"}),
              columns =
                  number(type.getColumns(), {across ? side : "tileK", "waveDepth", across ? "tileK" : side});
  if (ring.starts_with("d")) { // panels of the output
    rows = number(type.getRows(), {"groupM"});
    columns = number(type.getColumns(), {"panelColumns"});
  } else if (type.getRows() == function.getWaveCount() * constants.valueOf(side) &&
             type.getColumns() == constants.valueOf("waveDepth")) { // each wave's beside the others'
    rows = ("waves * " + side).str();
  }
  return formatv("{3}<{0}, {1}, {2}>", element, rows, columns,
                 isa<BlockSwizzledAttr>(type.getLayout())  ? "BlockSwizzledTile"
                 : isa<TransposableAttr>(type.getLayout()) ? "TransposableTile"
                 : isa<PanelsAttr>(type.getLayout())       ? "PanelTile"
                                                           : "SwizzledTile");
}

std::string KernelWriter::tileClass(Value slot) {
  return tileClass(cast<TileType>(slot.getType()), ringOf(slot));
}

/// Rows of W where they are n, of A, and of what has the shape of D, a half of the layer's columns where it
/// is gated.
std::string KernelWriter::rowLength(TileType type, StringRef matrix, bool rowsAreK) {
  const std::string length = isOfN(matrix) ? number(type.getColumns(), {rowsAreK ? "layerN" : "layerK"})
                             : matrix.starts_with("a") ? number(type.getColumns(), {"layerK"})
                                                       : number(type.getColumns(), {"layerN", "layerN / 2"});
  return type.isPadded() ? length + ", " + number(type.getPitch(), {"pitchW"}) : length;
}

std::string KernelWriter::stagedShape(StagedType type, StringRef name) {
  const StringRef side = sideOf(name);
  return formatv("{0}, {1}, {2}, {3}", elementOf(type.getElementType()),
                 number(type.getShape()[0], {side, "tileK"}), number(type.getShape()[1], {"tileK", side}),
                 threads());
}

std::string KernelWriter::stagedClass(StagedType type, StringRef name) {
  return "StagedTile<" + stagedShape(type, name) + ">";
}

std::string KernelWriter::copyClass(CopyAsyncOp copy) {
  const TileType tile = copy.getTile().getType();
  const StringRef side = sideOf(ringOf(copy.getTile()));
  return formatv("DirectCopy<{0}, {1}, {2}, {3}>", elementOf(tile.getElementType()),
                 number(tile.getRows(), {side, "tileK"}), number(tile.getColumns(), {"tileK", side}),
                 threads());
}

std::string KernelWriter::waveRowsClass(CopyWaveRowsOp copy) {
  return formatv("WaveRows<{0}, {1}>", tileClass(copy.getTile()),
                 number(copy.getRows().getType().getRows(), {sideOf(ringOf(copy.getTile()))}));
}

/// Instructions along n are the first of both counts where the sums are Dᵀ.
static llvm::SmallVector<StringRef, 2> instructionNames(bool ofN) {
  return ofN ? llvm::SmallVector<StringRef, 2>{"mmasN", "mmasN / 2"}
             : llvm::SmallVector<StringRef, 2>{"mmasM", "mmasM / 2"};
}

std::string KernelWriter::instructions(int64_t count, bool first) const {
  return number(count, instructionNames(first == constants.sumsAreTransposed()));
}

std::string KernelWriter::operandsClass(FragmentType type) {
  const Architecture architecture = architectureOf(function);
  const Operand operand(type, architecture);
  const int64_t deep = depthOf(type, architecture);
  const bool left = type.getRole() == Role::A;
  return formatv("{0}<Mma, {1}{2}>", left ? "LeftOperands" : "RightOperands",
                 instructions(operand.countFirst(), left),
                 deep == 1 ? "" : ", " + number(deep, {"mmasK", "readsK"}));
}

/// How many instructions the rows of the output are that scales are for.
std::string KernelWriter::scaledInstructions(int64_t rows) {
  ZeroOp sums;
  function.walk([&](ZeroOp op) { sums = op; });
  const Operand operand(sums.getType(), architectureOf(function));
  return number(rows / (constants.sumsAreTransposed() ? operand.stepSecond() : operand.stepFirst()),
                instructionNames(/*ofN=*/false));
}

std::string KernelWriter::scalePlacesClass(LocateScalesOp op) {
  const std::string count = scaledInstructions(op.getType().getRows());
  const std::string lanes = function.getRoles() ? "GroupRows<" + count + ">"
                            : vendorOf(architectureOf(function)) == Vendor::Amd
                                ? "Mma, " + count
                                : "StreamedRows<" + count + ">";
  return (op.getList() ? "ListedScalePlaces<" : "ScalePlaces<") + lanes + ">";
}

std::string KernelWriter::scalesClass(ScalesType type) {
  const std::string turns = type.getTurns() > 1 ? ", " + std::to_string(type.getTurns()) : "";
  return (function.getRoles() ? "GroupScales<" : "BlockScales<Mma, ") + scaledInstructions(type.getRows()) +
         turns + ">";
}

std::string KernelWriter::accumulatorsShape(FragmentType type) {
  const Operand operand(type, architectureOf(function));
  return formatv("Mma, {0}, {1}", instructions(operand.countFirst(), true),
                 instructions(operand.countSecond(), false));
}

std::string KernelWriter::slotsOf(AllocOp ring) const {
  const StringRef slots = ring.getName() == "waveSums"  ? "waves"
                          : ring.getName() == "dPanels" ? "groupsM * groupsN * panelsPerGroup"
                                                        : "stages";
  return number(ring.getType().getSlots(), {slots});
}

std::string KernelWriter::rowsText(Value rows) {
  const std::optional<int64_t> literal = expression(rows).literal;
  return literal ? number(*literal, {"layerK"}) : text(rows);
}

std::string KernelWriter::placedShape(ArrayRef<int64_t> tile, int64_t columns) {
  return formatv("{0}, {1}, {2}", number(tile[0], {"tileM", "clusterM"}),
                 number(tile[1], {"tileN", "clusterN"}), number(columns, {"layerN"}));
}

} // namespace codesign::emit
