#include "codesign/Model/Question.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cmath>

namespace codesign {

Range budgetRange(double target, std::optional<double> tolerance) {
  if (!tolerance)
    return {-std::numeric_limits<double>::infinity(), target};
  return {target * (1 - *tolerance), target * (1 + *tolerance)};
}

static std::vector<int64_t> stepValues(int64_t min, int64_t max, int64_t step) {
  std::vector<int64_t> values;
  for (int64_t value = min; value <= max; value += step)
    values.push_back(value);
  return values;
}

std::vector<int64_t> valuesOf(const DimensionDomain &domain, int64_t hiddenSize) {
  if (const auto *list = std::get_if<ListDomain>(&domain)) {
    std::vector<int64_t> values = list->values;
    llvm::sort(values);
    values.erase(llvm::unique(values), values.end());
    return values;
  }
  if (const auto *range = std::get_if<StepDomain>(&domain))
    return stepValues(range->min, range->max, range->step);
  const auto &ratio = std::get<RatioDomain>(domain);
  // Ratios are written in decimal: 2.6 · 5120 is 13312.000000000002, which must not lose the bound it means.
  double slack = 1e-9 * static_cast<double>(hiddenSize);
  auto min = static_cast<int64_t>(std::ceil((ratio.minRatio * hiddenSize - slack) / ratio.step)) * ratio.step;
  auto max = static_cast<int64_t>(std::floor(ratio.maxRatio * hiddenSize + slack));
  return stepValues(std::max(min, ratio.step), max, ratio.step);
}

llvm::StringRef toString(Objective objective) {
  switch (objective) {
  case Objective::Time:
    return "time";
  case Objective::Cost:
    return "cost";
  case Objective::Energy:
    return "energy";
  }
  llvm_unreachable("unknown objective");
}

std::optional<Objective> parseObjective(llvm::StringRef name) {
  for (Objective objective : {Objective::Time, Objective::Cost, Objective::Energy})
    if (toString(objective) == name)
      return objective;
  return std::nullopt;
}

} // namespace codesign
