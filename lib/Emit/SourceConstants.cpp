#include "SourceConstants.h"
#include "Target.h"
#include "codesign/Emit/Emit.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace codesign::emit {

using namespace kernel;

namespace {

/// Whether the text has the name as a word of its own.
bool mentions(StringRef text, StringRef name) {
  for (size_t at = text.find(name); at != StringRef::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !llvm::isAlnum(text[at - 1])) && (end == text.size() || !llvm::isAlnum(text[end])))
      return true;
  }
  return false;
}

/// "tileM / 4" where that is the value.
std::string quotientText(StringRef dividend, int64_t of, int64_t divisor, int64_t value) {
  return divisor > 0 && of % divisor == 0 && of / divisor == value
             ? llvm::formatv("{0} / {1}", dividend, divisor).str()
             : std::to_string(value);
}

} // namespace

int64_t depthOf(FragmentType type, Architecture architecture) {
  const Operand operand(type, architecture);
  // CDNA's preludes count reads along k, the others instructions.
  return operand.countSecond() * (vendorOf(architecture) == Vendor::Nvidia
                                      ? type.getPack()
                                      : std::max<int64_t>(1, operand.runsPerLane()));
}

void SourceConstants::add(StringRef group, StringRef name, int64_t value, std::string definition) {
  constants.push_back(
      {group.str(), name.str(), definition.empty() ? std::to_string(value) : std::move(definition), value});
}

int64_t SourceConstants::valueOf(StringRef name) const {
  for (const Constant &constant : constants)
    if (constant.name == name)
      return constant.value;
  return 0;
}

std::vector<std::string> SourceConstants::names() const {
  std::vector<std::string> all;
  for (const Constant &constant : constants)
    all.push_back(constant.name);
  return all;
}

std::string SourceConstants::text(int64_t value, llvm::ArrayRef<StringRef> names) const {
  for (StringRef name : names) {
    StringRef whole = name;
    const int64_t parts = whole.consume_back(" / 2") ? 2 : 1;
    if (const int64_t known = valueOf(whole); known != 0 && known == parts * value)
      return name.str();
  }
  return std::to_string(value);
}

void SourceConstants::write(StringRef source, llvm::raw_ostream &out) const {
  std::vector<bool> used(constants.size());
  for (size_t i = constants.size(); i-- > 0;) { // definitions use what was added before
    used[i] = mentions(source, constants[i].name);
    for (size_t later = i + 1; later < constants.size(); ++later)
      used[i] = used[i] || (used[later] && mentions(constants[later].definition, constants[i].name));
  }
  StringRef group;
  bool open = false;
  auto close = [&] {
    if (open)
      out << ';' << (group.empty() ? "" : " // ") << group << '\n';
    open = false;
  };
  for (size_t i = 0; i < constants.size(); ++i) {
    if (!used[i])
      continue;
    if (!open || group != constants[i].group || group.empty()) {
      close();
      out << "constexpr int ";
      group = constants[i].group;
    } else {
      out << ", ";
    }
    open = true;
    out << constants[i].name << " = " << constants[i].definition;
  }
  close();
}

SourceConstants SourceConstants::of(FuncOp function) {
  SourceConstants result;
  PlacementOpInterface order;
  function.walk([&](PlacementOpInterface op) { order = op; });
  WaveTileOp wave;
  function.walk([&](WaveTileOp op) { wave = op; });
  const bool groups = function.getRoles() != nullptr;
  const int64_t wavesM = function.getWaves()[0], wavesN = function.getWaves()[1];
  int64_t k = 0;
  for (auto [name, type] : llvm::zip_equal(function.getArgumentNames().getAsValueRange<StringAttr>(),
                                           function.getArgumentTypes()))
    if (auto tile = dyn_cast<TileType>(type); tile && name == "a")
      k = tile.getColumns();
  int64_t tileM = order ? order.getTile()[0] : 0, tileN = order ? order.getTile()[1] : 0;
  const int64_t orderM = tileM, orderN = tileN;
  if (wave && order) { // of a cluster there is one for all
    tileM = wave.getShape()[0] * wavesM;
    tileN = wave.getShape()[1] * wavesN;
  }
  if (order) {
    result.add("the layer", "layerN", static_cast<int64_t>(order.getColumns()));
    if (k > 0)
      result.add("the layer", "layerK", k);
    result.add("the tile of a workgroup", "tileM", tileM);
    result.add("the tile of a workgroup", "tileN", tileN);
  }
  function.walk([&](ConstantOp op) {
    const auto value = static_cast<int64_t>(op.getValue());
    const int64_t tileK = result.valueOf("tileK");
    if (op.getName() == "tileK")
      result.add("the tile of a workgroup", "tileK", value);
    else if (op.getName() == "kTiles" && tileK > 0 && k > 0 && (k + tileK - 1) / tileK == value)
      result.add("", "kTiles", value, k % tileK == 0 ? "layerK / tileK" : "(layerK + tileK - 1) / tileK");
    else
      result.add("", op.getName(), value);
  });
  if (!order)
    return result;
  if (auto work = dyn_cast<StreamKOp>(order.getOperation())) {
    const auto steps = static_cast<int64_t>(work.getSteps()), tileK = result.valueOf("tileK");
    result.add("", "kTiles", steps, tileK > 0 && k == steps * tileK ? "layerK / tileK" : "");
    result.add("steps of a tile that are never parted", "leastSteps", static_cast<int64_t>(work.getLeast()));
    result.add("", "workgroups", static_cast<int64_t>(work.getWorkgroups()));
  }
  if (const int64_t cluster = function.getClusterSize(); cluster > 1) {
    result.add("", "clusterSize", cluster);
    result.add("the tile of a cluster", "clusterM", orderM,
               orderM == tileM ? "tileM" : "tileM * clusterSize");
    result.add("the tile of a cluster", "clusterN", orderN,
               orderN == tileN ? "tileN" : "tileN * clusterSize");
  }
  const Architecture architecture = architectureOf(function);
  if (wave) {
    const char *const part = groups ? "the part of a warpgroup" : "the part of a wave";
    result.add(groups ? "warpgroups along m and n" : "waves along m and n", groups ? "groupsM" : "wavesM",
               wavesM);
    result.add(groups ? "warpgroups along m and n" : "waves along m and n", groups ? "groupsN" : "wavesN",
               wavesN);
    result.add(part, groups ? "groupM" : "waveM", wave.getShape()[0],
               groups ? "tileM / groupsM" : "tileM / wavesM");
    result.add(part, groups ? "groupN" : "waveN", wave.getShape()[1],
               groups ? "tileN / groupsN" : "tileN / wavesN");
  }
  if (!groups) {
    const int64_t waves = function.getWaveCount(), lanes = function.getThreadCount() / waves;
    result.add("of a workgroup", "waves", waves, wave ? "wavesM * wavesN" : "");
    result.add("of a workgroup", "threads", function.getThreadCount(),
               llvm::formatv("waves * {0}", lanes).str());
  }
  // Which of the two operands of an instruction has rows of D decides what its rows are.
  ZeroOp sums;
  function.walk([&](ZeroOp op) { sums = op; });
  function.walk([&](StoreOp op) { result.transposed |= op.getTransposed(); });
  if (sums) {
    const Operand operand(sums.getType(), architecture);
    const int64_t ofM = result.transposed ? operand.countSecond() : operand.countFirst();
    const int64_t ofN = result.transposed ? operand.countFirst() : operand.countSecond();
    const char *const group =
        groups ? "matrix instructions along both" : "matrix instructions along both, of a wave";
    const std::string whole = wave ? groups ? "group" : "wave" : "tile";
    result.add(
        group, "mmasM", ofM,
        quotientText(whole + "M", result.valueOf(whole + "M"), result.valueOf(whole + "M") / ofM, ofM));
    result.add(
        group, "mmasN", ofN,
        quotientText(whole + "N", result.valueOf(whole + "N"), result.valueOf(whole + "N") / ofN, ofN));
  }
  const char *const along = vendorOf(architecture) == Vendor::Nvidia ? "mmasK" : "readsK";
  function.walk([&](Operation *op) {
    if (isa<LoadFragmentOp, FetchFragmentOp>(op) && result.valueOf(along) == 0)
      if (const int64_t deep = depthOf(cast<FragmentType>(op->getResult(0).getType()), architecture);
          deep > 1)
        result.add(along[0] == 'm' ? "and along k" : "and reads of 16 bytes along k", along, deep);
  });
  function.walk([&](scf::ForOp loop) {
    auto name = loop->getAttrOfType<StringAttr>("kernel.name");
    auto step = loop.getStep().getDefiningOp<arith::ConstantIndexOp>();
    if (name && name.getValue() == "k" && step && result.valueOf("stepK") == 0)
      result.add("of k, which one read of a lane feeds", "stepK", step.value());
  });
  function.walk([&](MbarriersOp op) {
    if (result.valueOf("stages") == 0)
      result.add("slots of the rings", "stages", op.getType().getCount());
  });
  function.walk([&](AllocOp op) {
    const int64_t slots = op.getType().getSlots();
    if (result.valueOf("stages") == 0 && slots > 1 && op.getName().ends_with("Tile"))
      result.add("slots of the rings", "stages", slots);
  });
  result.add("tile rows that are walked together", "band", static_cast<int64_t>(order.getBand()));
  if (order.getChiplets() > 1) {
    result.add("each chiplet is dealt so many tiles in a row", "chiplets",
               static_cast<int64_t>(order.getChiplets()));
    result.add("each chiplet is dealt so many tiles in a row", "chipletRun",
               static_cast<int64_t>(order.getRun()));
  }
  auto experts = [&](auto op) { result.add("", "layerExperts", static_cast<int64_t>(op.getExperts())); };
  if (auto tile = dyn_cast<ExpertTileOp>(order.getOperation()))
    experts(tile);
  else if (auto count = dyn_cast<CountExpertTilesOp>(order.getOperation()))
    experts(count);
  if (const int64_t parts = launchFacts(function).splitK; parts > 1)
    result.add("workgroups that share the k of a tile", "splitK", parts);
  return result;
}

} // namespace codesign::emit
