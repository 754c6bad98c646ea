// What is left of the best plan's gain when it may not come from a smaller model or a smaller key-value
// cache.
#pragma once

#include "codesign/Search/Search.h"

namespace codesign {

/// The best variant under a condition beyond those of the space.
struct Alternative {
  std::string condition; // "no fewer parameters"
  RankedVariant ranked;
};

/// Where the best plan has fewer parameters than the base (total or active): the best one that has not. Where
/// that one has a smaller key-value cache in each layer: the best with the base's key-value heads and
/// head_dim as well. Each is the result of an exact search. A condition that leaves no legal variant, and a
/// space without a base, give none.
llvm::Expected<std::vector<Alternative>> searchAlternatives(const Space &space, const SearchResult &result,
                                                            const OperatorPricer &pricer);

} // namespace codesign
