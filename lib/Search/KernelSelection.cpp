#include "EstimateText.h"

#include "codesign/Search/PlanBuilder.h"
#include "codesign/Search/ScheduleFields.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
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
  Scaling scaling;
  bool operator<(const Product &other) const {
    return std::tie(n, k, input, output, scaling) <
           std::tie(other.n, other.k, other.input, other.output, other.scaling);
  }
};

PlanKernelRange rangeFor(const Product &product, const RowRange &rows, const Providers &providers) {
  GemmShape shape{.m = rows.representative,
                  .n = product.n,
                  .k = product.k,
                  .input = product.input,
                  .output = product.output,
                  .scaling = product.scaling};
  const Estimate estimate = *providers.ownKernel(shape);
  PlanKernelRange range;
  range.minM = rows.min;
  range.maxM = rows.max;
  range.schedule = toFields(*estimate.schedule);
  range.scheduleText = estimate.schedule->describe();
  range.why =
      scheduleText(estimate, providers.profile()) + "; limited by " + estimate.breakdown.limiter().str();
  range.expectedSeconds = estimate.time().value;
  range.expectedSource = toString(estimate.source).str();
  range.expectedBand = estimate.band;
  range.expectedM = rows.representative;
  range.librarySeconds = providers.library().estimate(shape).time().value;
  return range;
}

/// All ranges, neighbours of one schedule joined. A kernel takes no longer for fewer rows, so where that of
/// the larger range is expected to be as fast as what was found for the smaller one, it serves both.
std::vector<PlanKernelRange> rangesFor(const Product &product, const Providers &providers) {
  std::vector<PlanKernelRange> ranges; // from the largest rows down
  for (const RowRange &rows : llvm::reverse(rowRanges)) {
    PlanKernelRange range = rangeFor(product, rows, providers);
    if (!ranges.empty() &&
        (ranges.back().schedule == range.schedule || ranges.back().expectedSeconds <= range.expectedSeconds))
      ranges.back().minM = range.minM;
    else
      ranges.push_back(std::move(range));
  }
  std::reverse(ranges.begin(), ranges.end());
  return ranges;
}

} // namespace

/// Gate and up of a SwiGLU MLP may become silu(gate) · up in the product's own kernel: on AMD devices, whose
/// schedules end so, unless a workload is training, whose backward pass needs both.
static bool mayGate(const Space &space, const Profile &profile) {
  return profile.vendor == Vendor::Amd && llvm::none_of(space.workloads, [](const WorkloadChoice &choice) {
           return choice.workload.phase == Phase::Train;
         });
}

std::vector<PlanKernel> selectKernels(const Space &space, const Variant &variant,
                                      const Providers &providers) {
  const ModelSpec model = modelOf(space, variant);
  const bool gate = mayGate(space, providers.profile());
  std::map<Product, PlanKernel> kernels;
  for (const Workload &workload : workloadsOf(space, variant))
    for (const PlacedOperator &placed : operatorsOf(model, workload)) {
      const auto *gemm = std::get_if<GemmShape>(&placed.op.shape);
      if (!gemm || !providers.ownKernel(*gemm))
        continue;
      PlanKernel &kernel = kernels[{gemm->n, gemm->k, gemm->input, gemm->output, gemm->scaling}];
      const std::string place = placed.block + "/" + placed.op.name;
      // Rows of gate and up take turns, which scales of 128 rows cannot tell apart.
      const bool gated = gate && placed.op.name == "gate_up_proj" && gemm->scaling != Scaling::Block128;
      if (kernel.operators.empty()) {
        kernel.name = placed.op.name;
        kernel.family = "gemm";
        kernel.n = gemm->n;
        kernel.k = gemm->k;
        kernel.input = toString(gemm->input).str();
        kernel.output = toString(gemm->output).str();
        kernel.scaling = toString(gemm->scaling).str();
        kernel.layout = "NT";
        kernel.pass = toString(gemm->pass).str();
        kernel.epilogue = gated ? "swiglu" : "";
      }
      if (!gated)
        kernel.epilogue.clear(); // another layer of the same sizes
      if (!llvm::is_contained(kernel.operators, place))
        kernel.operators.push_back(place);
    }
  std::vector<PlanKernel> result;
  std::map<std::string, int> names;
  for (auto &[product, kernel] : kernels) {
    kernel.ranges = rangesFor(product, providers);
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
      const auto *grouped = std::get_if<GroupedGemmShape>(&placed.op.shape);
      if (grouped ? grouped->pass != Pass::Forward
                  : !gemm || gemm->pass != Pass::Forward || providers.ownKernel(*gemm))
        continue;
      std::string layer = placed.block + "/" + placed.op.name;
      layer += grouped ? std::string(" (grouped)")
                       : " (k " + std::to_string(gemm->k) + " " + toString(gemm->input).str() + ")";
      if (!llvm::is_contained(layers, layer))
        layers.push_back(layer);
    }
  return layers;
}

} // namespace codesign
