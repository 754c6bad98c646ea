// The error of the cost model on a table of measured times, beside what simpler models reach.
#pragma once

#include "codesign/Cost/Measurements.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace codesign {

/// Errors over a part of the rows.
struct SliceErrors {
  std::string name; // "all", a regime, "compute bound", "memory bound"
  Errors model;
  double kendallTau = 0; // agreement of the two orders: 1 the same, 0 none, −1 reversed
  Errors roofline;       // max(FLOP / datasheet peak, compulsory bytes / datasheet bandwidth)
  Errors threeConstants; // t₀ + max(FLOP / (a · peak), bytes / (b · bandwidth)), fitted to these very rows
};

/// Neighbours along one dimension whose time rises or falls by 10 % more than in proportion to it. A hit has
/// the right sign and at least half the size of the excess, both as logarithms.
struct CliffScore {
  std::string along;
  int cliffs = 0, hits = 0;
};

/// Pairs of rows with equal arithmetic. `claimed`: the predictions differ by more than the ratio band.
struct PairRanking {
  int pairs = 0, right = 0, claimed = 0, claimedRight = 0;
};

struct KeyValidation {
  CalibrationKey key;
  bool calibrated = false;         // the profile has constants for this key; otherwise priors predict it
  double storedHeldOutPercent = 0; // held-out error that the set states for its mechanisms
  std::optional<double> storedCorrectedPercent; // with corrections, where it has them
  std::string
      borrowedFrom; // the device that the constants were fitted for, if another: no such error is known
  int untuned = 0;  // rows of failed tunings: part of no slice but "all, untuned included"
  std::vector<SliceErrors> slices;
  std::vector<CliffScore> cliffs;
  PairRanking ranking;
};

/// One predicted row of the table.
struct RowPrediction {
  size_t tableRow = 0;
  double seconds = 0;
  double low = 1, high = 1; // measured / predicted
  std::string terms;        // "launch=2.1;mma=30.5", in microseconds
};

struct Validation {
  std::string kind;
  std::vector<KeyValidation> keys;
  std::map<std::string, int> unknownTypes; // rows left out, by the table's word for their type
  std::vector<RowPrediction> predictions;  // rows of this device only; equal shapes share theirs
};

struct ValidationOptions {
  bool mechanismsOnly = false; // without corrections learnt from measured neighbours
};

/// Predicts every usable row of this device. No such row is an error that names the devices in the table.
llvm::Expected<Validation> validate(const Profile &profile, const MeasurementTable &table,
                                    const ValidationOptions &options = {});

/// Tables in 100 columns.
void printValidation(const Validation &validation, const Profile &profile, llvm::raw_ostream &stream);

/// The same as Markdown: a section for each set of constants.
void printMarkdown(const Validation &validation, const Profile &profile, llvm::raw_ostream &stream);

/// The table with predicted_us, terms_us, low_us and high_us appended to each row; empty cells where nothing
/// predicts it.
void writePredictions(const MeasurementTable &table, const Validation &validation, llvm::raw_ostream &stream);

/// Kendall's tau-b over pairs of equally long lists; of at most 2,000 evenly drawn entries.
double kendallTau(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b);

} // namespace codesign
