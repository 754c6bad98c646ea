#include "codesign/Search/Alternatives.h"

#include "codesign/Model/ModelSpec.h"
#include "codesign/Search/Constraints.h"
#include "codesign/Search/Pricing.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

namespace codesign {

namespace {

bool isSmaller(const ParameterCount &count, const ParameterCount &base) {
  return count.total < base.total || count.active < base.active;
}

/// Elements of the cache for each token and layer, up to a factor that no dimension changes.
int64_t cacheWidth(const DimensionValues &d) {
  return d[Dimension::NumKeyValueHeads] * d[Dimension::HeadDim];
}

/// False if the budget ends below the minimum.
bool raiseMinimum(std::optional<Range> &range, int64_t minimum) {
  if (!range)
    range.emplace();
  range->min = std::max(range->min, double(minimum));
  return range->min <= range->max;
}

/// The best variant of a space, or none where it has no legal one.
llvm::Expected<std::optional<RankedVariant>> bestOf(const Space &space, const OperatorPricer &pricer) {
  SearchOptions options;
  options.numBest = 1;
  options.numTiedExamples = 0;
  llvm::Expected<SearchResult> found = search(space, pricer, options);
  if (found)
    return found->best.front();
  llvm::Error other =
      llvm::handleErrors(found.takeError(), [](std::unique_ptr<CodedError> error) -> llvm::Error {
        if (error->exitCode() == ExitCode::Infeasible)
          return llvm::Error::success();
        return llvm::Error(std::move(error));
      });
  if (other)
    return other;
  return std::nullopt;
}

} // namespace

llvm::Expected<std::vector<Alternative>> searchAlternatives(const Space &space, const SearchResult &result,
                                                            const OperatorPricer &pricer) {
  std::vector<Alternative> alternatives;
  if (!space.hasBase || result.best.empty())
    return alternatives;
  const ParameterCount base = countParameters(space.base);
  const DimensionValues dimensions = dimensionsOf(space.base);
  Space narrowed = space;
  std::string condition;
  RankedVariant current = result.best.front();
  // Searches again and takes the result as the point of departure; false if there is none.
  const auto narrow = [&](llvm::StringRef added) -> llvm::Expected<bool> {
    condition += (condition.empty() ? "" : ", ") + added.str();
    llvm::Expected<std::optional<RankedVariant>> best = bestOf(narrowed, pricer);
    if (!best)
      return best.takeError();
    if (!*best)
      return false;
    current = **best;
    alternatives.push_back({condition, current});
    return true;
  };
  if (isSmaller(current.parameters, base)) {
    if (!raiseMinimum(narrowed.budget.parameters, base.total) ||
        (base.active != base.total && !raiseMinimum(narrowed.budget.activeParameters, base.active)))
      return alternatives;
    llvm::Expected<bool> found = narrow("no fewer parameters");
    if (!found)
      return found.takeError();
    if (!*found)
      return alternatives;
  }
  if (cacheWidth(current.variant.dimensions) < cacheWidth(dimensions)) {
    for (Dimension pinned : {Dimension::NumKeyValueHeads, Dimension::HeadDim})
      if (narrowed.domain(pinned))
        narrowed.domain(pinned) = ListDomain{{dimensions[pinned]}};
    if (llvm::Expected<bool> found = narrow("your num_key_value_heads and head_dim"); !found)
      return found.takeError();
  }
  return alternatives;
}

llvm::Expected<std::vector<Alternative>>
searchWithoutGuardRails(const Space &space, const SearchResult &result, const OperatorPricer &pricer) {
  constexpr int64_t maxVariants = 400'000'000;
  constexpr double worthSaying = 0.005;
  std::vector<llvm::StringRef> names;
  for (const PlanConstraint &constraint : result.certificate.constraints)
    if (constraint.removed > 0 && llvm::is_contained(guardRailNames(), constraint.name))
      names.push_back(constraint.name);
  std::vector<Alternative> found;
  if (result.best.empty() || names.empty() ||
      result.certificate.variants > maxVariants / int64_t(names.size()))
    return found;
  for (llvm::StringRef name : names) {
    Space relaxed = space;
    llvm::erase_if(relaxed.guardRails, [&](const GuardRailChange &change) { return change.name == name; });
    GuardRailChange off;
    off.name = name.str();
    off.off = true;
    relaxed.guardRails.push_back(off);
    llvm::Expected<std::optional<RankedVariant>> best = bestOf(relaxed, pricer);
    if (!best)
      return best.takeError();
    if (*best && (*best)->objective < result.best.front().objective * (1 - worthSaying))
      found.push_back({name.str(), **best});
  }
  llvm::stable_sort(found, [](const Alternative &a, const Alternative &b) {
    return a.ranked.objective < b.ranked.objective;
  });
  return found;
}

} // namespace codesign
