// A verdict on a fixed shape: what each dimension costs, and the nearest value that would serve better.
#pragma once

#include "codesign/Search/Providers.h"
#include "codesign/Search/Space.h"
#include <optional>
#include <string>
#include <vector>

namespace codesign {

/// One dimension moved, all others kept (head_dim moves the number of heads with it, so that their product
/// stays).
struct CheckedValue {
  int64_t value = 0;
  double objective = 1;       // relative to the shape as it is
  double parameterChange = 0; // relative
  /// How much less of the objective one parameter costs: (1 + parameterChange) ÷ objective − 1. Widths trade
  /// parameters for time; a well-chosen one gets more of the first for the second. Rows that pad a vocabulary
  /// are no model: there it is 1 ÷ objective − 1.
  double gain = 0;
  double band = 0; // error band of the objective's ratio
  std::string why; // the operator that changes most, in numbers
};

struct DimensionCheck {
  Dimension dimension = Dimension::HiddenSize;
  int64_t value = 0;
  int compared = 0; // neighbouring values that were priced; 0: none is usual, fits the other sizes and keeps
                    // the guard-rails
  std::optional<CheckedValue> nearest; // the nearest value whose gain lies beyond its band
  std::optional<CheckedValue> best;    // the value with the largest gain, whatever its band
};

/// Checks every dimension of the base against values within an eighth of it (in steps of 8 near it, of 64
/// further out), head dimensions and key-value heads against the usual ones, and the vocabulary against
/// paddings only; values that a guard-rail on that dimension refuses are left out. Layers, heads, experts and
/// experts per token have no neighbours: they are a matter of size and quality, which a search weighs.
std::vector<DimensionCheck> checkDimensions(const Space &space, const Providers &providers);

/// Where the base lies outside a guard-rail (Constraints.h), one sentence each. A search widens guard-rails
/// to the base's own value, so these are hints and never errors.
std::vector<std::string> guardRailWarnings(const Space &space);

} // namespace codesign
