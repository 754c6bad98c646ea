#include "Epilogues.h"
#include "EstimateText.h"
#include "codesign/Search/RowRanges.h"

#include "codesign/Cost/OwnKernels.h"
#include "codesign/Model/Blocks.h"
#include "codesign/Search/PlanBuilder.h"
#include "codesign/Search/ScheduleFields.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace codesign {

namespace {

using OwnForm = Providers::OwnForm;

/// The most rows of one expert for which a place is kept free: those of decoding.
constexpr int64_t maskedRows = 256;

/// What a kernel is written for: a product without its rows.
struct Product {
  int64_t n, k;
  DataType input, output;
  Scaling scaling;
  Pass pass = Pass::Forward;
  int64_t experts = 0; // of one rank; 0: one matrix of weights
  bool masked = false; // each expert's rows in a place of its own
  bool operator<(const Product &other) const {
    return std::tie(n, k, input, output, scaling, pass, experts, masked) <
           std::tie(other.n, other.k, other.input, other.output, other.scaling, other.pass, other.experts,
                    other.masked);
  }
};

template <class Shape>
Product productOf(const Shape &shape) {
  Product product{.n = shape.n,
                  .k = shape.k,
                  .input = shape.input,
                  .output = shape.output,
                  .scaling = shape.scaling,
                  .pass = shape.pass};
  // A weight's gradient is the sum over the rows, which a launch says: its own rows are fixed.
  if constexpr (std::is_same_v<Shape, GemmShape>)
    if (shape.pass == Pass::WeightGradient)
      product.k = shape.m;
  return product;
}

/// A kernel that is chosen, and how rows come to its experts.
struct Selected {
  PlanKernel kernel;
  Epilogue epilogue;
  int64_t allExperts = 0, topK = 0;
};

/// How the weights of a product are stored.
enum class WeightOrder { Rows, PaddedRows, Shuffled };

/// What the operators of a product take in each workload, by the order of the weights.
class OrdersOfWeights {
public:
  /// Counts one operator; infinitely long where its weights cannot be shuffled, or need no padding.
  void add(const Workload &workload, const PlacedOperator &placed, const Providers &providers) {
    Times &times = seconds[&workload];
    const auto count = [&](double &sum, const std::optional<Estimate> &estimate) {
      sum +=
          estimate ? double(placed.count) * estimate->time().value : std::numeric_limits<double>::infinity();
    };
    count(times.rows, providers.ownKernel(placed.op.shape));
    count(times.padded, providers.ownKernel(placed.op.shape, OwnForm::PaddedWeights));
    count(times.shuffled, providers.ownKernel(placed.op.shape, OwnForm::ShuffledWeights));
  }
  /// The order with which the workloads, each counted alike, take the least time; it serves all ranges of
  /// rows. Rows are padded also where that is as fast, since no measurement tells rows of 16 bits apart.
  WeightOrder best() const {
    const double padded = ratio(&Times::padded), shuffled = ratio(&Times::shuffled);
    if (shuffled < std::min(1.0, padded))
      return WeightOrder::Shuffled;
    return padded <= 1 ? WeightOrder::PaddedRows : WeightOrder::Rows;
  }

private:
  struct Times {
    double rows = 0, padded = 0, shuffled = 0;
  };
  /// Of the time with plain rows, the mean over the workloads.
  double ratio(double Times::*order) const {
    double ratios = 0;
    for (const auto &[workload, times] : seconds)
      ratios += times.*order / times.rows;
    return ratios / double(seconds.size());
  }

  std::map<const Workload *, Times> seconds;
};

/// What the products of experts take in each workload: with rows that a pass before them has brought in
/// order, and by a list.
class OrdersOfRows {
public:
  void add(const Workload &workload, const PlacedOperator &placed, const Providers &providers) {
    const auto &shape = std::get<GroupedGemmShape>(placed.op.shape);
    const double bytes = double(bitWidth(shape.input)) / 8;
    const ElementwiseShape pass = {
        .elements = shape.rows * shape.k, .readBytesPerElement = bytes, .writeBytesPerElement = bytes};
    const std::optional<Estimate> byList = providers.ownKernel(shape, OwnForm::ListedRows);
    auto &[inOrder, listed] = seconds[&workload];
    inOrder += double(placed.count) *
               (providers.ownKernel(shape)->time().value + providers.library().time(pass).value);
    listed += byList ? double(placed.count) * byList->time().value : std::numeric_limits<double>::infinity();
  }
  /// Whether the workloads, each counted alike, take no longer by a list.
  bool listIsFaster() const {
    double ratios = 0;
    for (const auto &[workload, times] : seconds)
      ratios += times.second / times.first;
    return ratios <= double(seconds.size());
  }

private:
  std::map<const Workload *, std::pair<double, double>> seconds;
};

/// The product over so many rows, of each expert on average where there are any.
OperatorShape shapeOf(const Product &product, const Selected &selected, int64_t rows) {
  const bool sumsRows = product.pass == Pass::WeightGradient;
  if (product.experts == 0)
    return GemmShape{.m = sumsRows ? product.k : rows,
                     .n = product.n,
                     .k = sumsRows ? rows : product.k,
                     .input = product.input,
                     .output = product.output,
                     .scaling = product.scaling,
                     .pass = product.pass};
  return GroupedGemmShape{.tokens = std::max<int64_t>(1, rows * selected.allExperts / selected.topK),
                          .rows = rows * product.experts,
                          .experts = selected.allExperts,
                          .topK = selected.topK,
                          .localExperts = product.experts,
                          .n = product.n,
                          .k = product.k,
                          .input = product.input,
                          .output = product.output,
                          .scaling = product.scaling};
}

/// Fewer rows of gradients than these are served by the kernel of these: steps of training have many.
constexpr int64_t leastGradientRows = 1024;

OwnForm formOf(const PlanKernel &kernel) {
  return kernel.shuffled()   ? OwnForm::ShuffledWeights
         : kernel.gathered() ? OwnForm::ListedRows
         : kernel.padded()   ? OwnForm::PaddedWeights
                             : OwnForm::Rows;
}

/// The product as its own kernel computes it.
OperatorShape ownShapeOf(const Product &product, const Selected &selected, int64_t rows) {
  OperatorShape shape = shapeOf(product, selected, rows);
  if (selected.kernel.sumsTokens()) // which takes rows that are not rounded
    std::get<GroupedGemmShape>(shape).output = DataType::F32;
  return shape;
}

std::vector<PlanKernelRange> rangesFor(const Product &product, const Selected &selected,
                                       const Providers &providers) {
  const OwnForm form = formOf(selected.kernel);
  const RowPrices prices = {
      .best = [&](int64_t rows) { return *providers.ownKernel(ownShapeOf(product, selected, rows), form); },
      .timeOf =
          [&](const GemmSchedule &schedule, int64_t rows) {
            return providers.timeOf(schedule, form, ownShapeOf(product, selected, rows));
          },
      .least = product.pass == Pass::Forward ? 1 : leastGradientRows,
      .most = product.masked ? maskedRows : 0};
  const int64_t sharers = std::max<int64_t>(1, product.experts); // of all rows
  std::vector<PlanKernelRange> ranges;
  for (const RowRange &rows : rowRanges(prices)) {
    const Estimate &estimate = rows.estimate;
    const OperatorShape ofLibrary = shapeOf(product, selected, rows.representative);
    PlanKernelRange &range = ranges.emplace_back();
    range.minM = (rows.min - 1) * sharers + 1;
    range.maxM = rows.max * sharers;
    range.schedule = toFields(*estimate.schedule);
    range.scheduleText = estimate.schedule->describe();
    range.why = kernelReason(estimate, providers.profile());
    range.expectedSeconds = estimate.time().value;
    range.expectedSource = toString(estimate.source).str();
    range.expectedBand = estimate.band;
    range.expectedM = rows.representative * sharers;
    range.librarySeconds = providers.library().estimate(ofLibrary).time().value;
    if (const auto second =
            providers.runnerUp(estimate, form, ownShapeOf(product, selected, rows.representative)))
      range.runnerUp = {.schedule = toFields(second->schedule),
                        .scheduleText = second->schedule.describe(),
                        .seconds = second->time.value,
                        .ratioBand = second->ratioBand};
  }
  return ranges;
}

} // namespace

/// Whether other operators read the same weights row by row: those of a head that is the embedding's table.
static bool isSharedByLookup(const ModelSpec &model, llvm::StringRef name) {
  return name == "lm_head" && llvm::any_of(model.epilogue, [](const auto &block) {
           const auto *head = dynamic_cast<const HeadBlock *>(block.get());
           return head && head->tied;
         });
}

/// Puts an operator with the others that its kernel serves.
static void addOperator(std::map<Product, Selected> &selected, const Product &product,
                        const PlacedOperator &placed, const Epilogue &epilogue) {
  Selected &found = selected[product];
  PlanKernel &kernel = found.kernel;
  if (const auto *grouped = std::get_if<GroupedGemmShape>(&placed.op.shape)) {
    found.allExperts = grouped->experts;
    found.topK = grouped->topK;
  }
  if (kernel.operators.empty()) {
    kernel.name = placed.op.name + (product.masked ? "_masked" : "");
    kernel.family = product.experts > 0 ? "grouped_gemm" : "gemm";
    kernel.n = product.n;
    kernel.k = product.k;
    kernel.input = toString(product.input).str();
    kernel.output = toString(product.output).str();
    kernel.scaling = toString(product.scaling).str();
    kernel.layout = toString(layoutOf(product.pass)).str();
    kernel.pass = toString(product.pass).str();
    kernel.experts = product.experts;
    if (product.experts > 0)
      kernel.expertLayout = product.masked ? "masked" : "contiguous";
    // The first product takes the rows of tokens.
    if (product.experts > 0 && !product.masked && placed.op.name != "experts_down")
      kernel.rowOrder = "gathered";
    found.epilogue = epilogue;
  }
  found.epilogue = commonTo(found.epilogue, epilogue);
  const std::string place = placed.block + "/" + placed.op.name;
  if (!llvm::is_contained(kernel.operators, place))
    kernel.operators.push_back(place);
}

static void storeWeights(PlanKernel &kernel, WeightOrder order, DataType type) {
  if (order == WeightOrder::Shuffled)
    kernel.weightOrder = "shuffled";
  else if (order == WeightOrder::PaddedRows)
    kernel.weightLeadingDimension = spreadLeadingDimension(kernel.k, type);
}

/// Writes down what all operators of a kernel want of it.
static void endKernel(PlanKernel &kernel, const Epilogue &epilogue) {
  kernel.epilogue = epilogue.name;
  kernel.topK = epilogue.topK;
  kernel.bias = epilogue.bias;
  kernel.rotary = epilogue.rotary;
  kernel.residual = epilogue.residual;
  if (epilogue.quantised)
    kernel.output = kernel.input;
}

std::vector<PlanKernel> selectKernels(const Space &space, const Variant &variant,
                                      const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  std::map<Product, Selected> selected;
  std::set<Product> rowMajor;                // whose weights must stay so
  std::map<Product, OrdersOfWeights> orders; // of one matrix, however rows come to its experts
  std::map<Product, OrdersOfRows> rowOrders;
  const std::vector<Workload> workloads = workloadsOf(space, variant);
  const Epilogues epilogues(model, workloads);
  // Weights may be stored as matrix instructions take them: not while they are trained, when every step would
  // have to bring them into that order.
  const bool mayShuffle = !epilogues.trains();
  for (const Workload &workload : workloads)
    for (const PlacedOperator &placed : operatorsOf(model, workload)) {
      if (!providers.ownKernel(placed.op.shape))
        continue;
      if (const auto *gemm = std::get_if<GemmShape>(&placed.op.shape)) {
        addOperator(selected, productOf(*gemm), placed, epilogues.of(placed, workload));
        if (mayShuffle)
          orders[productOf(*gemm)].add(workload, placed, providers);
        if (isSharedByLookup(model, placed.op.name))
          rowMajor.insert(productOf(*gemm));
      } else if (const auto *grouped = std::get_if<GroupedGemmShape>(&placed.op.shape)) {
        Product product = productOf(*grouped);
        product.experts = grouped->localExperts;
        addOperator(selected, product, placed, epilogues.of(placed, workload));
        rowOrders[product].add(workload, placed, providers);
        if (mayShuffle)
          orders[product].add(workload, placed, providers);
        // Where few tokens decode, launches of one graph keep a place for the rows of each expert.
        product.masked = true;
        if (workload.phase == Phase::Decode)
          addOperator(selected, product, placed, epilogues.of(placed, workload));
      }
    }
  std::vector<PlanKernel> result;
  std::map<std::string, int> names;
  for (auto &[product, found] : selected) {
    Product matrix = product;
    matrix.masked = false;
    if (mayShuffle && !rowMajor.contains(matrix))
      storeWeights(found.kernel, orders[matrix].best(), product.input);
    if (found.kernel.gathered() && !rowOrders[product].listIsFaster())
      found.kernel.rowOrder.clear();
    endKernel(found.kernel, found.epilogue);
    found.kernel.ranges = rangesFor(product, found, providers);
    // The same layer may run at several sizes (tensor ranks differ between workloads).
    if (const int count = names[found.kernel.name]++; count > 0)
      found.kernel.name += "_" + std::to_string(count + 1);
    result.push_back(std::move(found.kernel));
  }
  return result;
}

std::vector<std::string> layersWithoutKernel(const Space &space, const Variant &variant,
                                             const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  std::vector<std::string> layers;
  for (const Workload &workload : workloadsOf(space, variant))
    for (const PlacedOperator &placed : operatorsOf(model, workload)) {
      const auto *gemm = std::get_if<GemmShape>(&placed.op.shape);
      const auto *grouped = std::get_if<GroupedGemmShape>(&placed.op.shape);
      const bool forward = gemm      ? gemm->pass == Pass::Forward
                           : grouped ? grouped->pass == Pass::Forward
                                     : false;
      if (!forward || providers.ownKernel(placed.op.shape))
        continue;
      const auto text = [](const auto &shape) {
        return "k " + std::to_string(shape.k) + " " + toString(shape.input).str() + ")";
      };
      std::string layer = placed.block + "/" + placed.op.name;
      layer += grouped ? " (grouped, " + text(*grouped) : " (" + text(*gemm);
      if (!llvm::is_contained(layers, layer))
        layers.push_back(layer);
    }
  return layers;
}

} // namespace codesign
