// Which numbers of a kernel have names: what they are of, and how they follow from one another.
#include "SourceConstants.h"
#include "Target.h"
#include "codesign/Emit/Emit.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace codesign::emit {

using namespace kernel;

int64_t depthOf(FragmentType type, Architecture architecture) {
  const Operand operand(type, architecture);
  // CDNA's preludes count reads along k, the others instructions.
  return operand.countSecond() * (vendorOf(architecture) == Vendor::Nvidia
                                      ? type.getPack()
                                      : std::max<int64_t>(1, operand.runsPerLane()));
}

namespace {

constexpr int64_t lanesOfWarpgroup = 128;

class NamedSizes {
public:
  explicit NamedSizes(FuncOp function) : function(function), architecture(architectureOf(function)) {
    function.walk([&](PlacementOpInterface op) { order = op; });
    function.walk([&](WaveTileOp op) { wave = op; });
    function.walk([&](ConstantOp op) { given.push_back(op); });
  }

  SourceConstants collect() {
    if (order) {
      ofHeader();
      ofLayer();
      ofTile();
      ofSteps();
      ofCluster();
      ofWaves();
      ofInstructions();
      ofRings();
      ofPanels();
      ofOrder();
      ofRotation();
    }
    for (ConstantOp op : given)
      if (!sizes.has(op.getName()))
        sizes.add("", op.getName(), static_cast<int64_t>(op.getValue()));
    return std::move(sizes);
  }

private:
  bool hasRoles() { return function.getRoles() != nullptr; }

  /// Adds what the IR gives that name, if it does.
  void addGiven(StringRef group, StringRef name, ArrayRef<StringRef> formulas = {}) {
    for (ConstantOp op : given)
      if (op.getName() == name && !sizes.has(name))
        sizes.add(group, name, static_cast<int64_t>(op.getValue()), formulas);
  }

  void ofHeader() {
    sizes.know("waveSize", waveSize(architecture));
    if (hasRoles())
      sizes.know("warpgroupSize", lanesOfWarpgroup);
  }

  /// Its columns, k of A, and how far apart rows of W start that have gaps between them.
  void ofLayer() {
    sizes.add("the layer", "layerN", static_cast<int64_t>(order.getColumns()));
    for (auto [name, type] : llvm::zip_equal(function.getArgumentNames().getAsValueRange<StringAttr>(),
                                             function.getArgumentTypes())) {
      auto tile = dyn_cast<TileType>(type);
      if (auto map = dyn_cast<TensorMapType>(type); map && name == "a")
        sizes.add("the layer", "layerK", map.getShape()[1]);
      else if (tile && name == "a")
        sizes.add("the layer", "layerK", tile.getColumns());
    }
    for (auto [name, type] : llvm::zip_equal(function.getArgumentNames().getAsValueRange<StringAttr>(),
                                             function.getArgumentTypes()))
      if (auto tile = dyn_cast<TileType>(type); tile && name == "w" && tile.isPadded())
        sizes.add("from the start of a row of W to the next", "pitchW", tile.getPitch());
  }

  void ofTile() {
    const char *const group = "the tile of a workgroup";
    // Of a cluster there is one for all.
    sizes.add(group, "tileM", wave ? wave.getShape()[0] * function.getWaves()[0] : order.getTile()[0]);
    sizes.add(group, "tileN", wave ? wave.getShape()[1] * function.getWaves()[1] : order.getTile()[1]);
    addGiven(group, "tileK");
  }

  /// Steps of k, of a tile or of a workgroup's part of one.
  void ofSteps() {
    if (const int64_t parts = launchFacts(function).splitK; parts > 1)
      sizes.add("workgroups that share the k of a tile", "splitK", parts);
    const StringRef formulas[] = {"layerK / tileK", "layerK / tileK / splitK",
                                  "(layerK + tileK - 1) / tileK"};
    auto work = dyn_cast<StreamKOp>(order.getOperation());
    if (!work)
      return addGiven("", "kTiles", formulas);
    sizes.add("", "kTiles", static_cast<int64_t>(work.getSteps()), formulas);
    sizes.add("steps of a tile that are never parted", "leastSteps", static_cast<int64_t>(work.getLeast()));
    sizes.add("", "workgroups", static_cast<int64_t>(work.getWorkgroups()));
  }

  void ofCluster() {
    const int64_t workgroups = function.getClusterSize();
    if (workgroups == 1)
      return;
    sizes.add("", "clusterSize", workgroups);
    const char *const group = "the tile of a cluster";
    sizes.add(group, "clusterM", order.getTile()[0], {"tileM", "tileM * clusterSize"});
    sizes.add(group, "clusterN", order.getTile()[1], {"tileN", "tileN * clusterSize"});
    const char *const shares = "rows that each workgroup of a cluster copies for all";
    addGiven(shares, "shareM", {"tileM / clusterSize"});
    addGiven(shares, "shareN", {"tileN / clusterSize"});
  }

  /// Waves, or the warpgroups that multiply.
  void ofWaves() {
    const int64_t down = function.getWaves()[0], across = function.getWaves()[1];
    if (wave && hasRoles()) {
      sizes.add("warpgroups along m and n", "groupsM", down);
      sizes.add("warpgroups along m and n", "groupsN", across);
      sizes.add("the part of a warpgroup", "groupM", wave.getShape()[0], {"tileM / groupsM"});
      sizes.add("the part of a warpgroup", "groupN", wave.getShape()[1], {"tileN / groupsN"});
    } else if (wave) {
      sizes.add("waves along m and n", "wavesM", down);
      sizes.add("waves along m and n", "wavesN", across);
      sizes.add("the part of a wave", "waveM", wave.getShape()[0], {"tileM / wavesM"});
      sizes.add("the part of a wave", "waveN", wave.getShape()[1], {"tileN / wavesN"});
      const char *const halves = "a half of it, which a phase of the loop reads";
      addGiven(halves, "halfM", {"waveM / 2"});
      addGiven(halves, "halfN", {"waveN / 2"});
    }
    if (hasRoles()) {
      sizes.add("one warpgroup copies, the others multiply", "threads", function.getThreadCount(),
                {"(1 + groupsM * groupsN) * warpgroupSize"});
      sizes.add("of the warpgroups that multiply", "consumerWarps",
                down * across * lanesOfWarpgroup / waveSize(architecture),
                {"groupsM * groupsN * warpgroupSize / waveSize"});
      return;
    }
    sizes.add("of a workgroup", "waves", function.getWaveCount(), {"wavesM * wavesN"});
    sizes.add("of a workgroup", "threads", function.getThreadCount(), {"waves * waveSize"});
    addGiven("of k, that a wave multiplies in a step", "waveDepth", {"tileK / waves"});
  }

  void ofInstructions() {
    // Which of the two operands of an instruction has rows of D decides what its rows are.
    function.walk([&](StoreOp op) {
      if (op.getTransposed())
        sizes.setSumsAreTransposed();
    });
    ZeroOp sums;
    function.walk([&](ZeroOp op) { sums = op; });
    if (sums) {
      const Operand operand(sums.getType(), architecture);
      const bool transposed = sizes.sumsAreTransposed();
      const StringRef extent = "rows and columns of D that an instruction computes";
      sizes.add(extent, "mmaM", transposed ? operand.stepSecond() : operand.stepFirst());
      sizes.add(extent, "mmaN", transposed ? operand.stepFirst() : operand.stepSecond());
      const StringRef group =
          hasRoles() ? "matrix instructions along both" : "matrix instructions along both, of a wave";
      sizes.add(group, "mmasM", transposed ? operand.countSecond() : operand.countFirst(),
                {"groupM / mmaM", "waveM / mmaM", "tileM / mmaM"});
      sizes.add(group, "mmasN", transposed ? operand.countFirst() : operand.countSecond(),
                {"groupN / mmaN", "waveN / mmaN", "tileN / mmaN"});
    }
    const bool isNvidia = vendorOf(architecture) == Vendor::Nvidia;
    const StringRef along = isNvidia ? "mmasK" : "readsK";
    function.walk([&](Operation *op) {
      if (!isa<LoadFragmentOp, FetchFragmentOp>(op) || sizes.has(along))
        return;
      if (const int64_t deep = depthOf(cast<FragmentType>(op->getResult(0).getType()), architecture);
          deep > 1)
        sizes.add(isNvidia ? "and along k" : "and reads of 16 bytes along k", along, deep);
    });
    addGiven("of k, which one read of a lane feeds", "stepK");
  }

  void ofRings() {
    const StringRef group = "slots of the rings";
    function.walk([&](MbarriersOp op) {
      if (!sizes.has("stages"))
        sizes.add(group, "stages", op.getType().getCount());
    });
    function.walk([&](AllocOp op) {
      const int64_t slots = op.getType().getSlots();
      if (!sizes.has("stages") && slots > 1 && op.getName().ends_with("Tile"))
        sizes.add(group, "stages", slots);
    });
    addGiven("tiles of k that are under way while one is multiplied", "ahead", {"stages - 1"});
    addGiven("steps after which rows that threads copy are handed over", "lag", {"stages - 2"});
  }

  /// Of the output, which passes through shared memory in panels.
  void ofPanels() {
    AllocOp panels;
    function.walk([&](AllocOp op) {
      if (op.getName() == "dPanels")
        panels = op;
    });
    if (!panels)
      return;
    const char *const group = "D is stored in panels of so many columns";
    const int64_t columns = panels.getType().getColumns();
    sizes.add(group, "panelColumns", columns);
    if (wave)
      sizes.add(group, "panelsPerGroup", wave.getShape()[1] / columns, {"groupN / panelColumns"});
  }

  /// In which order tiles are dealt.
  void ofOrder() {
    sizes.add("tile rows that are walked together", "band", static_cast<int64_t>(order.getBand()));
    if (order.getChiplets() > 1) {
      const char *const group = "each chiplet is dealt so many tiles in a row";
      sizes.add(group, "chiplets", static_cast<int64_t>(order.getChiplets()));
      sizes.add(group, "chipletRun", static_cast<int64_t>(order.getRun()));
    }
    auto ofExperts = [&](auto op) { sizes.add("", "layerExperts", static_cast<int64_t>(op.getExperts())); };
    if (auto tile = dyn_cast<ExpertTileOp>(order.getOperation()))
      ofExperts(tile);
    else if (auto count = dyn_cast<CountExpertTilesOp>(order.getOperation()))
      ofExperts(count);
  }

  void ofRotation() {
    RotateOp rotation;
    function.walk([&](RotateOp op) { rotation = op; });
    if (!rotation)
      return;
    const TileType table = rotation.getTable().getType();
    const char *const group = "of a head, of all heads that turn, and positions of the table";
    sizes.add(group, "headColumns", table.getColumns());
    sizes.add(group, "rotaryColumns", static_cast<int64_t>(rotation.getColumns()));
    sizes.add(group, "rotaryPositions", table.getRows());
  }

  FuncOp function;
  Architecture architecture;
  PlacementOpInterface order;
  WaveTileOp wave;
  SmallVector<ConstantOp> given;
  SourceConstants sizes;
};

} // namespace

SourceConstants SourceConstants::of(FuncOp function) {
  return NamedSizes(function).collect();
}

} // namespace codesign::emit
