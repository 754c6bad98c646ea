// Prices any operator on one device: the vendor's library, calibrated where there are measurements.
#pragma once

#include "codesign/Cost/Estimate.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"
#include <functional>
#include <memory>
#include <string>

namespace codesign {

/// Whose kernels run. `Own` are codesign's, priced from the schedules that exist for the device: with the
/// library's fitted constants, a main loop as the simulator timed it (`calibrate --own-kernels`), else an
/// assumed share of the library's rate. Nothing measured stands behind either.
enum class Provider : uint8_t { Library, Own };

struct CostOptions {
  Provider provider = Provider::Library;
  /// Prefer calibration sets of this library ("hipblaslt", "aiter", …); empty: the first set of the file that
  /// fits.
  std::string library;
  /// Long runs at the power limit (training, serving under load) instead of short bursts, as benchmarks time
  /// them.
  bool sustained = true;
  /// Correct the library's products by what measured neighbours miss, where the calibration has that and the
  /// device as many compute units as the measured one.
  bool corrected = true;
  /// Own kernels only: those for weights in the order of the matrix instructions, instead of row-major ones.
  bool shuffledWeights = false;
  /// Own kernels only: row-major weights start at odd multiples of 256 bytes, so that no two of them meet in
  /// a channel of L2 more than they must.
  bool paddedWeights = false;
  /// Own kernels only: of experts, those that take their rows by a list.
  bool listedRows = false;
  /// Own kernels only: which legal schedules can be written; all if empty.
  std::function<bool(const GemmSchedule &)> canEmit = nullptr;
};

/// The own kernel that comes second for a product.
struct RunnerUp {
  GemmSchedule schedule;
  Seconds time;
  /// Relative error of the ratio of its time and the first one's: no pairs of own kernels were held out, so
  /// that it is both absolute bands in quadrature.
  double ratioBand = 0;
};

class CostModel {
public:
  /// The profile must outlive the model.
  CostModel(const Profile &profile, const CostOptions &options);
  ~CostModel();
  CostModel(CostModel &&) noexcept;

  /// Everything about one occurrence. All sizes positive. Types that the device lacks are priced as bf16.
  Estimate estimate(const OperatorShape &shape) const;
  /// The time alone; the same number as estimate(shape).time().
  Seconds time(const OperatorShape &shape) const;
  /// The time of one own kernel, whatever others there are: of a product, with the schedule's split or
  /// Stream-K. Empty where the schedule is none of the model's, or not for so many rows.
  std::optional<Seconds> timeOf(const GemmSchedule &schedule, const OperatorShape &shape) const;

  /// The cheapest own kernel for a product that is of another family, or whose workgroups compute another
  /// macro-tile (m × n), than the one that estimate() has `chosen`. Empty where there is no such kernel.
  std::optional<RunnerUp> runnerUp(const Estimate &chosen, const OperatorShape &shape) const;

  /// Relative error of the ratio of two predictions of the library's kernels. Neighbours share most of their
  /// errors: the calibration has it, narrower than the band of each, from pairs of held-out rows that differ
  /// in one dimension, by kind of change (KindOfChange.h). Dimensions that moved together are steps one after
  /// another; their errors add in quadrature. Never more than the absolute bands of both in quadrature, which
  /// operators of two kinds or of two calibration sets have. Equal shapes: the band over all kinds of change.
  /// Without a calibration an assumption of 10 %; with one borrowed from another device at least that.
  double ratioBand(const OperatorShape &from, const OperatorShape &to) const;

  /// True if this provider has kernels for the shape; the library always does.
  bool supports(const OperatorShape &shape) const;

  /// "hipblaslt", "trtllm", …: who the constants for this kind of operator describe, or the vendor's library
  /// by name.
  std::string providerName(const OperatorShape &shape) const;

  const Profile &profile() const;

private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

} // namespace codesign
