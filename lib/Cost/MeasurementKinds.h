// The kinds of measurement tables, one source file each, and what they share.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Measurements.h"
#include "codesign/Cost/Regime.h"
#include <cmath>

namespace codesign {

std::unique_ptr<MeasurementKind> makeGemmKind();
std::unique_ptr<MeasurementKind> makePrefillKind();
std::unique_ptr<MeasurementKind> makeAttentionRateKind();
std::unique_ptr<MeasurementKind> makeDecodeKind();
std::unique_ptr<MeasurementKind> makeMoeKind();
std::unique_ptr<MeasurementKind> makeCollectiveKind();
std::unique_ptr<MeasurementKind> makeStreamKind();

/// Whether a table's word for a device means this one: the profile's name in any case, "_" for "-", with or
/// without "-sxm" (tables of the H200 write either), or what its driver says ("NVIDIA H200").
bool isMeasuredOn(llvm::StringRef word, const Profile &profile);

/// Rows of equal key and coordinates as one row with their median time.
std::vector<MeasuredRow> collapsed(std::vector<MeasuredRow> rows);

/// How a layer's tokens fall to its experts: "balanced", "skewed", or nothing for operators without experts.
llvm::StringRef routingOf(const MeasuredRow &row);

/// Appends "prefix name=microseconds;" for every term.
void appendTerms(std::string &text, llvm::StringRef prefix, const Breakdown &breakdown);

/// The whole number of a count or an extent; 0 where the column is missing or the cell holds none below 1e12.
inline int64_t sizeIn(const MeasurementTable &table, size_t row, llvm::StringRef column) {
  const double value = table.number(row, column);
  return value >= 1 && value < 1e12 ? static_cast<int64_t>(value) : 0; // not for NaN
}

/// A number that stands for several sizes together.
template <class... Sizes>
uint64_t groupOf(Sizes... sizes) {
  uint64_t group = 0;
  ((group = group * 1000003 + static_cast<uint64_t>(sizes)), ...);
  return group;
}

/// To four significant digits: a fit knows no more, and files stay readable.
inline double rounded(double value) {
  if (value == 0)
    return 0;
  double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

/// Learns corrections over the leading coordinates, as `names` calls them, of rows with batch 1 from what the
/// fits missed. `heldOut` takes each row's corrected prediction by table and fit that did not see its group.
/// Nothing changes unless the held-out error falls by a twentieth or more.
void learnCorrections(CalibrationSet &set, llvm::ArrayRef<MeasuredRow> rows,
                      llvm::ArrayRef<llvm::StringRef> names, llvm::ArrayRef<double> fitted,
                      llvm::ArrayRef<std::vector<double>> byFold, std::vector<double> &heldOut);

/// Fits constants to rows of one key. `makeModel(constants)` returns a callable that maps a row's index to
/// seconds; `finish(constants)` fills in constants that the rows cannot tell. The first `corrected`
/// coordinates are sizes over which corrections are learnt. `alternatives` as for crossValidate().
template <class Constants, class MakeModel, class Finish>
CalibrationSet fitRows(llvm::ArrayRef<MeasuredRow> rows, const Constants &start,
                       llvm::ArrayRef<ConstantField<Constants>> fields,
                       llvm::ArrayRef<llvm::StringRef> coordinateNames, MakeModel makeModel, Finish finish,
                       const FitOptions &options, std::vector<double> &heldOut, size_t corrected = 0,
                       llvm::ArrayRef<Constants> alternatives = {}) {
  std::vector<FitRow> fitRows;
  for (const MeasuredRow &row : rows)
    fitRows.push_back({row.seconds, row.group, row.regime, row.untuned});
  // A fold of a small table leaves out a whole class of sizes; more folds leave each fit what the final one
  // has.
  FitOptions folded = options;
  if (rows.size() < 200)
    folded.folds *= 2;
  FitResult<Constants> result =
      crossValidate<Constants>(fitRows, start, fields, makeModel, folded, alternatives);
  heldOut = result.heldOut;

  CalibrationSet set;
  set.key = rows.front().key;
  // All of them, also those that stayed where they started: a set stands by itself.
  set.constants = toCalibration<Constants>(finish(result.constants), Constants::fields());
  for (CalibrationConstant &constant : set.constants)
    constant.value = rounded(constant.value);
  set.evidence = "measured";
  std::vector<double> measured, predicted;
  for (auto [row, time] : llvm::zip_equal(rows, heldOut))
    if (!row.untuned) {
      measured.push_back(row.seconds);
      predicted.push_back(time);
    }
  set.rowsFitted = static_cast<int>(measured.size());
  set.meanAbsolutePercentageError = rounded(100 * errorsOf(predicted, measured).mean);
  if (corrected > 0)
    learnCorrections(set, rows, coordinateNames.take_front(corrected), result.fitted, result.byFold, heldOut);
  set.absoluteBands = absoluteBands(fitRows, heldOut);
  set.ratioBands = ratioBands(fitRows, neighbours(rows, coordinateNames), heldOut);
  for (std::vector<ErrorBand> *bands : {&set.absoluteBands, &set.ratioBands})
    for (ErrorBand &band : *bands) {
      band.low = rounded(band.low);
      band.high = rounded(band.high);
    }
  return set;
}

/// fitRows() for a model that is made of a profile and constants; `seconds(model, row)` predicts a row.
template <class Model, class Constants, class Predict, class Finish>
CalibrationSet fitModel(const Profile &profile, llvm::ArrayRef<MeasuredRow> rows, const Constants &start,
                        llvm::ArrayRef<ConstantField<Constants>> fields,
                        llvm::ArrayRef<llvm::StringRef> coordinateNames, Predict seconds, Finish finish,
                        const FitOptions &options, std::vector<double> &heldOut) {
  auto makeModel = [&](const Constants &constants) {
    return [&, model = Model(profile, constants)](int i) { return seconds(model, rows[i]); };
  };
  return fitRows(rows, start, fields, coordinateNames, makeModel, finish, options, heldOut);
}

template <class Model, class Constants, class Predict>
std::vector<double> predictRows(const Profile &profile, const CalibrationSet *set,
                                llvm::ArrayRef<MeasuredRow> rows,
                                llvm::ArrayRef<ConstantField<Constants>> fields, Predict seconds) {
  Model model(profile, constantsFrom(set, fields));
  std::vector<double> result;
  for (const MeasuredRow &row : rows)
    result.push_back(seconds(model, row));
  return result;
}

/// A kind whose rows one model predicts. A subclass gives Model, Constants, `start` and `seconds`.
template <class Derived, class Model, class Constants>
class ModelledKind : public MeasurementKind {
public:
  std::vector<double> predict(const Profile &profile, const CalibrationSet *set,
                              llvm::ArrayRef<MeasuredRow> rows) const override {
    return predictRows<Model, Constants>(profile, set, rows, Constants::fields(), Derived::seconds);
  }
  CalibrationSet fit(const Profile &profile, llvm::ArrayRef<MeasuredRow> rows, const FitOptions &options,
                     std::vector<double> &heldOut) const override {
    return fitModel<Model, Constants>(profile, rows, Derived::start(rows), Derived::fitted(rows),
                                      coordinateNames(), Derived::seconds, Derived::finish, options, heldOut);
  }
  std::string terms(const Profile &profile, const CalibrationSet *set,
                    const MeasuredRow &row) const override {
    return Derived::termsOf(Model(profile, constantsFrom(set, Constants::fields())), row);
  }
  static Constants start(llvm::ArrayRef<MeasuredRow>) { return {}; }
  static Constants finish(const Constants &constants) { return constants; }
  static llvm::ArrayRef<ConstantField<Constants>> fitted(llvm::ArrayRef<MeasuredRow>) {
    return Constants::fields();
  }
};

/// The row that ran one operator.
template <class Shape>
MeasuredRow rowOf(const Shape &shape, CalibrationKey key, double seconds, uint64_t group,
                  std::vector<double> coordinates, size_t tableRow) {
  return {.key = std::move(key),
          .parts = {shape},
          .seconds = seconds,
          .group = group,
          .regime = regimeOf(shape).str(),
          .coordinates = std::move(coordinates),
          .tableRow = tableRow};
}

/// A kind whose rows ran one operator each, of one kind of shape. A subclass gives addRows(table, i, profile,
/// rows): appends what row i of the table measured on this device, as far as it can be used.
template <class Derived, class Model, class Constants, class Shape>
class OneShapeKind : public ModelledKind<Derived, Model, Constants> {
public:
  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    for (size_t i = 0; i < table.rows.size(); ++i)
      Derived::addRows(table, i, profile, rows);
    return collapsed(std::move(rows));
  }
  static const Shape &shapeOf(const MeasuredRow &row) { return std::get<Shape>(row.parts.front()); }
  static std::string termsOf(const Model &model, const MeasuredRow &row) {
    std::string text;
    appendTerms(text, "", model.breakdown(shapeOf(row)));
    return text;
  }
  static double seconds(const Model &model, const MeasuredRow &row) { return model.time(shapeOf(row)).value; }
};

} // namespace codesign
