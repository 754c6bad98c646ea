// A launch: its arguments, its size, and one workgroup after the other.
#include "codesign/Interpret/Interpret.h"
#include "Agent.h"
#include "WaveHalves.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <algorithm>
#include <numeric>
#include <random>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

/// One workgroup after the other: those that share a tile in any order.
static Error runWorkgroups(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t tiles,
                           unsigned seed) {
  int64_t parts = 1;
  function.walk([&](PartOp part) { parts = static_cast<int64_t>(part.getParts()); });
  std::vector<int64_t> order(tiles * parts);
  std::iota(order.begin(), order.end(), int64_t(0));
  if (parts > 1 || !function.getBody().front().getOps<StreamKOp>().empty())
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  const bool inHalves = !function.getBody().front().getOps<FallBehindOp>().empty();
  for (int64_t index : order) {
    const int64_t workgroup = index % tiles, part = index / tiles;
    Error error = inHalves ? runHalves(function, arguments, workgroup, part)
                           : Interpreter(function, arguments, workgroup, function.getWaveCount(), part).run();
    if (error)
      return error;
  }
  return Error::success();
}

Error interpret(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, unsigned seed) {
  auto types = function.getArgumentTypes();
  if (types.size() != arguments.size())
    return llvm::createStringError("the kernel takes " + llvm::Twine(types.size()) + " arguments, not " +
                                   llvm::Twine(arguments.size()));
  for (auto [index, type] : llvm::enumerate(types)) {
    const auto *matrix = std::get_if<Matrix *>(&arguments[index]);
    if (type.isIndex() != (matrix == nullptr))
      return llvm::createStringError("argument " + llvm::Twine(index) + " is of the wrong kind");
    if (!matrix)
      continue;
    auto tile = dyn_cast<TileType>(type);
    auto map = dyn_cast<TensorMapType>(type);
    if (tile && isa<ColumnMajorAttr>(tile.getLayout())) {
      if ((*matrix)->type != DataType::F32 || (*matrix)->rows != tile.getColumns())
        return llvm::createStringError("argument " + llvm::Twine(index) + " does not match its type");
      continue;
    }
    const int64_t rows = tile ? tile.getRows() : map.getRows();
    std::optional<DataType> element = dataTypeOf(tile ? tile.getElementType() : map.getElementType());
    if (!element || !isInterpretable(*element) || (*matrix)->type != *element ||
        (*matrix)->columns != (tile ? tile.getColumns() : map.getColumns()) ||
        (*matrix)->pitch != (tile ? tile.getPitch() : map.getColumns()) ||
        (!ShapedType::isDynamic(rows) && (*matrix)->rows != rows))
      return llvm::createStringError("argument " + llvm::Twine(index) + " does not match its type");
  }
  PlacementOpInterface order;
  function.walk([&](PlacementOpInterface op) { order = op; });
  if (!order)
    return llvm::createStringError("nothing places the kernel's workgroups, so its launch has no size");
  auto rows = dyn_cast<BlockArgument>(order.getRows());
  auto constant = order.getRows().getDefiningOp<arith::ConstantIndexOp>();
  if (!constant && (!rows || rows.getOwner() != &function.getBody().front()))
    return llvm::createStringError(order->getName().getStringRef() +
                                   " takes its rows from no argument and no constant");
  const int64_t rowCount = constant ? constant.value() : std::get<int64_t>(arguments[rows.getArgNumber()]);
  const int64_t tiles = order.getWorkgroupCount(rowCount);
  if (function.getRoles()) {
    // Of matrices whose height is known at launch: m, the last argument.
    const int64_t launchedRows =
        std::holds_alternative<int64_t>(arguments.back()) ? std::get<int64_t>(arguments.back()) : rowCount;
    int64_t parts = 1;
    function.walk([&](SumGroupPartsOp sum) { parts = static_cast<int64_t>(sum.getParts()); });
    // Few enough clusters that some of them compute several tiles, but of Stream-K as many as it says.
    const bool streamed = isa<StreamKOp>(order.getOperation());
    const int64_t clusters = streamed ? tiles : std::min<int64_t>(tiles * parts, 2);
    std::vector<int64_t> indices(clusters);
    std::iota(indices.begin(), indices.end(), int64_t(0));
    if (streamed)
      std::shuffle(indices.begin(), indices.end(), std::mt19937(seed));
    for (int64_t index : indices)
      if (Error error = Cluster(function, index, clusters).run(function, arguments, launchedRows))
        return error;
    return Error::success();
  }
  return runWorkgroups(function, arguments, tiles, seed);
}

} // namespace codesign
