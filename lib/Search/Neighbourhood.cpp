#include "Axes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace codesign {

namespace {

/// How far from the base the sizes may go. The budget ties them to each other; most of the width is used up
/// by trading depth for width.
constexpr double reach = 0.25;
/// Total and active parameters may differ from the base by this share.
constexpr double budgetTolerance = 0.02;

/// Sizes below two thousand are rarely multiples of 128.
int64_t stepFor(int64_t size) {
  return size >= 2048 ? 128 : 64;
}

/// Four, two or one: as many pipeline stages as divide the base must stay possible, and some ten numbers of
/// layers.
int64_t layerStep(int64_t layers) {
  int64_t step = 4;
  while (step > 1 && (layers % step != 0 || layers < 12 * step))
    step /= 2;
  return step;
}

/// The multiples of `step` in [low, high], and `own`.
std::vector<int64_t> multiples(double low, double high, int64_t step, int64_t own) {
  std::vector<int64_t> values = {own};
  for (int64_t value = std::max<int64_t>(1, int64_t(std::ceil(low / double(step)))) * step;
       double(value) <= high; value += step)
    values.push_back(value);
  return values;
}

class Neighbourhood {
public:
  explicit Neighbourhood(Space &space) : space(space), base(dimensionsOf(space.base)) {}

  void build() {
    int64_t hidden = base[Dimension::HiddenSize];
    hiddens = multiples((1 - reach) * double(hidden), (1 + reach) * double(hidden), stepFor(hidden), hidden);
    set(Dimension::HiddenSize, hiddens);
    int64_t layers = base[Dimension::NumHiddenLayers];
    set(Dimension::NumHiddenLayers,
        multiples((1 - reach) * double(layers), (1 + reach) * double(layers), layerStep(layers), layers));
    if (base[Dimension::NumAttentionHeads] > 0)
      buildAttention();
    buildFeedForward();
    buildVocabulary();
  }

private:
  void set(Dimension dimension, std::vector<int64_t> values) {
    llvm::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    space.domain(dimension) = ListDomain{std::move(values)};
  }

  /// As many heads as fill the hidden size, or the base's multiple of it.
  void buildAttention() {
    std::vector<int64_t> headDims = {64, 128, base[Dimension::HeadDim]};
    set(Dimension::HeadDim, headDims);
    int64_t width = base[Dimension::NumAttentionHeads] * base[Dimension::HeadDim];
    int64_t own = base[Dimension::HiddenSize];
    std::vector<int64_t> heads = {base[Dimension::NumAttentionHeads]};
    for (int64_t hidden : hiddens)
      for (int64_t headDim : headDims)
        for (int64_t target : {hidden, hidden * width / own})
          if (target % headDim == 0)
            heads.push_back(target / headDim);
    std::vector<int64_t> keyValueHeads = {4, 8, 16, base[Dimension::NumKeyValueHeads]};
    if (base[Dimension::NumKeyValueHeads] == base[Dimension::NumAttentionHeads])
      llvm::append_range(keyValueHeads, heads);
    set(Dimension::NumAttentionHeads, std::move(heads));
    set(Dimension::NumKeyValueHeads, std::move(keyValueHeads));
  }

  void buildFeedForward() {
    auto hidden = double(base[Dimension::HiddenSize]);
    auto [narrowest, widest] = std::minmax_element(hiddens.begin(), hiddens.end());
    if (int64_t own = base[Dimension::IntermediateSize]) {
      double ratio = double(own) / hidden;
      set(Dimension::IntermediateSize,
          multiples(std::min(2.5, ratio) * double(*narrowest), std::max(4.0, ratio) * double(*widest),
                    stepFor(base[Dimension::HiddenSize]), own));
    }
    int64_t experts = base[Dimension::NumExperts];
    if (experts == 0)
      return;
    int64_t topK = base[Dimension::NumExpertsPerToken], width = base[Dimension::MoeIntermediateSize];
    auto halfAndDouble = [](int64_t value) {
      std::vector<int64_t> values = {value, 2 * value};
      if (value % 2 == 0)
        values.push_back(value / 2);
      return values;
    };
    set(Dimension::NumExperts, halfAndDouble(experts));
    set(Dimension::NumExpertsPerToken, halfAndDouble(topK));
    // Twice the experts per token at half the width and the reverse, with ten per cent around.
    set(Dimension::MoeIntermediateSize, multiples(0.45 * double(width), 2.2 * double(width), 128, width));
  }

  /// Padding that libraries apply: to 64, to 128, to 128 on each tensor rank.
  void buildVocabulary() {
    int64_t own = base[Dimension::VocabSize];
    if (own == 0)
      return;
    std::vector<int64_t> sizes = {own, int64_t(llvm::alignTo(own, 64)), int64_t(llvm::alignTo(own, 128))};
    for (const WorkloadChoice &choice : space.workloads)
      sizes.push_back(int64_t(llvm::alignTo(own, 128 * choice.workload.parallelism.tensor)));
    set(Dimension::VocabSize, std::move(sizes));
  }

  Space &space;
  DimensionValues base;
  std::vector<int64_t> hiddens;
};

bool namesNoSize(const Budget &budget) {
  return !budget.parameters && !budget.activeParameters && !budget.flopsPerToken;
}

} // namespace

Space defaultNeighbourhood(Space space) {
  if (llvm::none_of(space.domains, [](const auto &domain) { return domain.has_value(); }))
    Neighbourhood(space).build();
  if (space.hasBase && namesNoSize(space.budget)) {
    ParameterCount own = countParameters(space.base);
    space.budget.parameters = budgetRange(double(own.total), budgetTolerance);
    if (own.active != own.total)
      space.budget.activeParameters = budgetRange(double(own.active), budgetTolerance);
  }
  return space;
}

} // namespace codesign
