#include "EstimateText.h"

#include "codesign/Search/PlanBuilder.h"
#include "codesign/Search/ScheduleFields.h"
#include "llvm/ADT/STLExtras.h"
#include <array>
#include <map>

namespace codesign {

namespace {

/// Rows at which schedules are compared; each stands for the rows from half-way below it to half-way above.
struct RowRange {
  int64_t min, max, representative; // max 0: no upper limit
};
constexpr std::array<RowRange, 6> rowRanges = {{
    {1, 16, 16},
    {17, 64, 64},
    {65, 256, 256},
    {257, 1024, 1024},
    {1025, 4096, 4096},
    {4097, 0, 16384},
}};

struct Product {
  int64_t n, k;
  DataType input, output;
  bool operator<(const Product &other) const {
    return std::tie(n, k, input, output) < std::tie(other.n, other.k, other.input, other.output);
  }
};

PlanKernelRange rangeFor(const Product &product, const RowRange &rows, const Providers &providers) {
  GemmShape shape{.m = rows.representative,
                  .n = product.n,
                  .k = product.k,
                  .input = product.input,
                  .output = product.output};
  const Estimate estimate = *providers.ownKernel(shape);
  PlanKernelRange range;
  range.minM = rows.min;
  range.maxM = rows.max;
  range.schedule = toFields(*estimate.schedule);
  range.scheduleText = estimate.schedule->describe();
  range.why =
      scheduleText(estimate, providers.profile()) + "; limited by " + estimate.breakdown.limiter().str();
  range.expectedSeconds = estimate.time().value;
  range.expectedM = rows.representative;
  return range;
}

} // namespace

std::vector<PlanKernel> selectKernels(const Space &space, const Variant &variant,
                                      const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  std::map<Product, PlanKernel> kernels;
  for (const Workload &workload : workloadsOf(space, variant))
    for (const PlacedOperator &placed : operatorsOf(model, workload)) {
      const auto *gemm = std::get_if<GemmShape>(&placed.op.shape);
      if (!gemm || !providers.ownKernel(*gemm))
        continue;
      PlanKernel &kernel = kernels[{gemm->n, gemm->k, gemm->input, gemm->output}];
      const std::string place = placed.block + "/" + placed.op.name;
      if (kernel.operators.empty()) {
        kernel.name = placed.op.name;
        kernel.family = "gemm";
        kernel.n = gemm->n;
        kernel.k = gemm->k;
        kernel.input = toString(gemm->input).str();
        kernel.output = toString(gemm->output).str();
        kernel.layout = "NT";
        kernel.pass = toString(gemm->pass).str();
      }
      if (!llvm::is_contained(kernel.operators, place))
        kernel.operators.push_back(place);
    }
  std::vector<PlanKernel> result;
  std::map<std::string, int> names;
  for (auto &[product, kernel] : kernels) {
    for (const RowRange &rows : rowRanges) {
      PlanKernelRange range = rangeFor(product, rows, providers);
      if (!kernel.ranges.empty() && kernel.ranges.back().schedule == range.schedule) {
        kernel.ranges.back().maxM = range.maxM;
        kernel.ranges.back().expectedM = range.expectedM;
        kernel.ranges.back().expectedSeconds = range.expectedSeconds;
        kernel.ranges.back().why = range.why;
        continue;
      }
      kernel.ranges.push_back(std::move(range));
    }
    // The same layer may run at several sizes (tensor ranks differ between workloads).
    if (const int count = names[kernel.name]++; count > 0)
      kernel.name += "_" + std::to_string(count + 1);
    result.push_back(std::move(kernel));
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
      if (!gemm || gemm->pass != Pass::Forward || providers.ownKernel(*gemm))
        continue;
      const std::string layer = placed.block + "/" + placed.op.name + " (k " + std::to_string(gemm->k) + " " +
                                toString(gemm->input).str() + ")";
      if (!llvm::is_contained(layers, layer))
        layers.push_back(layer);
    }
  return layers;
}

} // namespace codesign
