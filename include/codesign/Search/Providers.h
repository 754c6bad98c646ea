// Who runs an operator: the vendor's library or codesign's own kernels, priced side by side.
#pragma once

#include "codesign/Cost/CostModel.h"
#include "codesign/Search/Pricing.h"
#include <optional>

namespace codesign {

/// The price that the search sees is the library's: it rests on measurements, own kernels do not yet. A plan
/// names the own kernel's expected time beside it, and chooses it where it is faster beyond both error bands.
class Providers final : public OperatorPricer {
public:
  /// The profile must outlive this object. `canEmit` tells which own schedules can be written.
  Providers(const Profile &profile, const CostOptions &library,
            std::function<bool(const GemmSchedule &)> canEmit);

  Seconds time(const OperatorShape &shape) const override { return libraryModel.time(shape); }
  Joules energy(const OperatorShape &shape) const override { return libraryModel.estimate(shape).energy; }

  struct Choice {
    Estimate estimate;
    std::string provider;
    std::optional<Estimate> alternative;
    std::string alternativeProvider;
  };
  Choice choose(const OperatorShape &shape) const;

  /// Own kernel for a product, of one matrix or of experts, whose weights are row-major; empty where there is
  /// none: no family for the device and type, or rows of k that are no multiple of 16 bytes.
  std::optional<Estimate> ownKernel(const OperatorShape &shape) const;
  /// The same for weights in the order of the matrix instructions; empty besides where n is no multiple of 16
  /// or rows of k are none of 64 bytes.
  std::optional<Estimate> ownKernelOfShuffledWeights(const OperatorShape &shape) const;
  /// The same for row-major weights whose rows start 256 bytes further apart than they are long; empty where
  /// that changes nothing: rows of k that are no multiples of 512 bytes, gradients, and devices where
  /// measured rows did not meet in channels of L2 (`row_conflict_cycles` of block-scaled products, their own
  /// or borrowed, is zero).
  std::optional<Estimate> ownKernelOfPaddedWeights(const OperatorShape &shape) const;
  /// Own kernel of experts, for row-major weights, that takes its rows by a list; empty for other products
  /// and where there is none.
  std::optional<Estimate> ownKernelOfListedRows(const OperatorShape &shape) const;

  /// What a kernel of this order of weights and rows takes for a product, where it is the only one; empty
  /// where it does not serve so many rows.
  enum class OwnForm : uint8_t { Rows, PaddedWeights, ShuffledWeights, ListedRows };
  std::optional<Estimate> estimateOf(const GemmSchedule &schedule, OwnForm form,
                                     const OperatorShape &shape) const {
    return ownModelOf(form).estimateOf(schedule, shape);
  }

  const CostModel &library() const { return libraryModel; }
  const Profile &profile() const { return libraryModel.profile(); }

private:
  bool hasOwn(const OperatorShape &shape) const;
  const CostModel &ownModelOf(OwnForm form) const;

  CostModel libraryModel, ownModel, shuffledModel, paddedModel, listedModel;
};

} // namespace codesign
