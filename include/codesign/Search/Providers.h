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

  /// How the weights of an own kernel are stored, and how rows come to experts.
  enum class OwnForm : uint8_t { Rows, PaddedWeights, ShuffledWeights, ListedRows };

  /// Own kernel for a product, of one matrix or of experts; empty where there is none: no family for the
  /// device and type, or rows of k that are no multiple of 16 bytes. Besides,
  /// PaddedWeights, whose rows start 256 bytes further apart than they are long: where that changes nothing,
  /// with rows of k that are no multiples of 512 bytes, gradients, and devices where measured rows did not
  /// meet in channels of L2 (`row_conflict_cycles` of block-scaled products, their own or borrowed, is zero);
  /// ShuffledWeights, in the order of the matrix instructions: where n is no multiple of 16 or rows of k are
  /// none of 64 bytes;
  /// ListedRows, of experts, by a list: for all other products.
  std::optional<Estimate> ownKernel(const OperatorShape &shape, OwnForm form = OwnForm::Rows) const;
  /// What one kernel of the form takes for a product, where it is the only one; empty where it does not serve
  /// so many rows.
  std::optional<Seconds> timeOf(const GemmSchedule &schedule, OwnForm form,
                                const OperatorShape &shape) const {
    return ownModelOf(form).timeOf(schedule, shape);
  }

  /// The kernel of the form that comes second to the one that ownKernel() has chosen (see
  /// CostModel::runnerUp).
  std::optional<RunnerUp> runnerUp(const Estimate &chosen, OwnForm form, const OperatorShape &shape) const {
    return ownModelOf(form).runnerUp(chosen, shape);
  }

  const CostModel &library() const { return libraryModel; }
  const Profile &profile() const { return libraryModel.profile(); }

private:
  bool hasOwn(const OperatorShape &shape) const;
  bool hasOwn(const OperatorShape &shape, OwnForm form) const;
  const CostModel &ownModelOf(OwnForm form) const;

  CostModel libraryModel, ownModel, shuffledModel, paddedModel, listedModel;
};

} // namespace codesign
