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

/// What single guard-rails hold back: for each that removed variants, the best of the space with that one
/// switched off, where it is better than `result`'s best by half a per cent and more; largest gain first, the
/// guard-rail's name as condition. Each is the result of an exact search; none where all of them together
/// would look at more than some 10^8 variants.
llvm::Expected<std::vector<Alternative>>
searchWithoutGuardRails(const Space &space, const SearchResult &result, const OperatorPricer &pricer);

} // namespace codesign
