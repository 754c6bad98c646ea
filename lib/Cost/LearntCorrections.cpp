// Corrections from the rows of a table, and what they gain on weight shapes that neither they nor the fit
// saw.
#include "MeasurementKinds.h"
#include "codesign/Cost/Corrections.h"

namespace codesign {

/// The least relative fall of the held-out error that a table is worth.
static constexpr double worthwhile = 0.05;

static bool canTeach(const MeasuredRow &row) {
  const auto *gemm = std::get_if<GemmShape>(&row.parts.front());
  return !row.untuned && (!gemm || gemm->batch == 1);
}

static double meanError(llvm::ArrayRef<MeasuredRow> rows, llvm::ArrayRef<double> predicted) {
  std::vector<double> kept, measured;
  for (auto [row, time] : llvm::zip_equal(rows, predicted))
    if (!row.untuned) {
      kept.push_back(time);
      measured.push_back(row.seconds);
    }
  return errorsOf(kept, measured).mean;
}

void learnCorrections(CalibrationSet &set, llvm::ArrayRef<MeasuredRow> rows,
                      llvm::ArrayRef<llvm::StringRef> names, llvm::ArrayRef<double> fitted,
                      llvm::ArrayRef<std::vector<double>> byFold, std::vector<double> &heldOut) {
  const int folds = static_cast<int>(byFold.size());
  auto missed = [&](size_t i, llvm::ArrayRef<double> predicted) {
    return MissedRow{llvm::ArrayRef<double>(rows[i].coordinates).take_front(names.size()),
                     std::log(rows[i].seconds / predicted[i])};
  };
  std::vector<double> corrected = heldOut;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<MissedRow> train;
    if (byFold[fold].front() == 0) // no fit: no row falls into this fold, or all do
      continue;
    for (size_t i = 0; i < rows.size(); ++i)
      if (canTeach(rows[i]) && foldOf(rows[i].group, folds) != fold)
        train.push_back(missed(i, byFold[fold]));
    if (train.empty())
      continue;
    const Corrections table(fitCorrections(train, names));
    for (size_t i = 0; i < rows.size(); ++i)
      if (canTeach(rows[i]) && foldOf(rows[i].group, folds) == fold)
        corrected[i] *= table.factor(missed(i, heldOut).sizes);
  }
  const double error = meanError(rows, corrected);
  if (!(error < (1 - worthwhile) * meanError(rows, heldOut)))
    return;
  std::vector<MissedRow> all;
  for (size_t i = 0; i < rows.size(); ++i)
    if (canTeach(rows[i]))
      all.push_back(missed(i, fitted));
  set.corrections = fitCorrections(all, names);
  set.corrections->meanAbsolutePercentageError = rounded(100 * error);
  heldOut = std::move(corrected);
}

} // namespace codesign
