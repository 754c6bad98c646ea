#include "codesign/Cost/Validate.h"
#include "MeasurementKinds.h"

#include "codesign/Cost/CollectiveModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace codesign {

double kendallTau(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b) {
  assert(a.size() == b.size());
  std::vector<int> all(a.size());
  for (size_t i = 0; i < a.size(); ++i)
    all[i] = static_cast<int>(i);
  const std::vector<int> sample = thinned(all, 2000);
  double agree = 0, tiedA = 0, tiedB = 0, pairs = 0;
  auto sign = [](double x) { return (x > 0) - (x < 0); };
  for (size_t i = 0; i < sample.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      int signA = sign(a[sample[i]] - a[sample[j]]), signB = sign(b[sample[i]] - b[sample[j]]);
      agree += signA * signB;
      tiedA += signA == 0;
      tiedB += signB == 0;
      ++pairs;
    }
  double scale = std::sqrt((pairs - tiedA) * (pairs - tiedB));
  return scale > 0 ? agree / scale : 0;
}

namespace {

/// What a roofline needs of a row.
struct Bounds {
  double compute = 0, memory = 0; // seconds at datasheet rates
};

double peakFor(const OperatorShape &shape, const Profile &profile) {
  DataType type = DataType::BF16;
  if (const auto *gemm = std::get_if<GemmShape>(&shape))
    type = gemm->input;
  else if (const auto *grouped = std::get_if<GroupedGemmShape>(&shape))
    type = grouped->input;
  else if (const auto *attention = std::get_if<AttentionShape>(&shape))
    type = attention->type;
  auto found = profile.peakMatrix.find(profile.matrixTypeFor(type));
  return found == profile.peakMatrix.end() ? 1e12 : found->second.value;
}

Bounds boundsOf(const MeasuredRow &row, const Profile &profile) {
  Bounds sum;
  for (const OperatorShape &part : row.parts) {
    if (const auto *collective = std::get_if<CollectiveShape>(&part)) {
      sum.memory += CollectiveModel::bytesOnWire(*collective) /
                    profile.links.groupBandwidth(static_cast<int>(collective->ranks)).value;
      continue;
    }
    sum.compute += flops(part).value / peakFor(part, profile);
    sum.memory += (compulsoryBytes(part) / profile.memory.datasheetBandwidth).value;
  }
  return sum;
}

std::vector<double> threeConstantPredictions(llvm::ArrayRef<Bounds> bounds, llvm::ArrayRef<double> measured) {
  std::vector<int> all;
  for (size_t i = 0; i < bounds.size(); ++i)
    all.push_back(static_cast<int>(i));
  const std::vector<int> sample = thinned(all, 1500);
  auto predict = [&](llvm::ArrayRef<double> v, int i) {
    return v[0] + std::max(bounds[i].compute / v[1], bounds[i].memory / v[2]);
  };
  std::vector<FitVariable> variables = {{5e-6, 0, 100e-6}, {0.6, 0.02, 1.5}, {0.7, 0.02, 2}};
  minimise(
      variables,
      [&](llvm::ArrayRef<double> v) {
        double sum = 0;
        for (int i : sample)
          sum += std::abs(predict(v, i) / measured[i] - 1);
        return sum / sample.size();
      },
      1500, 1);
  std::vector<double> result;
  const double values[] = {variables[0].value, variables[1].value, variables[2].value};
  for (int i : all)
    result.push_back(predict(values, i));
  return result;
}

struct Series {
  std::vector<double> measured, model, roofline, threeConstants;
};

SliceErrors errorsOfSlice(std::string name, const Series &all, llvm::ArrayRef<int> indices) {
  Series part;
  for (int i : indices) {
    part.measured.push_back(all.measured[i]);
    part.model.push_back(all.model[i]);
    part.roofline.push_back(all.roofline[i]);
    part.threeConstants.push_back(all.threeConstants[i]);
  }
  return {std::move(name), errorsOf(part.model, part.measured), kendallTau(part.model, part.measured),
          errorsOf(part.roofline, part.measured), errorsOf(part.threeConstants, part.measured)};
}

std::vector<CliffScore> scoreCliffs(llvm::ArrayRef<MeasuredRow> rows, llvm::ArrayRef<llvm::StringRef> names,
                                    llvm::ArrayRef<double> predicted) {
  std::vector<CliffScore> scores;
  for (llvm::StringRef name : names)
    scores.push_back({name.str(), 0, 0});
  for (const NeighbourPair &pair : neighbours(rows, names)) {
    const size_t axis = llvm::find(names, llvm::StringRef(pair.change)) - names.begin();
    const MeasuredRow &a = rows[pair.first], &b = rows[pair.second];
    const double from = a.coordinates[axis], to = b.coordinates[axis];
    if (from <= 0 || to <= 0 || a.untuned || b.untuned)
      continue; // 0 stands for "none", not for a size
    const double proportional = std::log(to / from);
    const double excess = std::log(b.seconds / a.seconds) - proportional;
    const double expected = std::log(predicted[pair.second] / predicted[pair.first]) - proportional;
    if (excess < std::log(1.1))
      continue;
    ++scores[axis].cliffs;
    scores[axis].hits += expected >= excess / 2;
  }
  llvm::erase_if(scores, [](const CliffScore &score) { return score.cliffs == 0; });
  return scores;
}

PairRanking rankPairs(llvm::ArrayRef<MeasuredRow> rows, llvm::ArrayRef<Bounds> bounds,
                      llvm::ArrayRef<double> predicted, double band) {
  std::map<double, std::vector<int>> equalWork;
  for (size_t i = 0; i < rows.size(); ++i)
    if (bounds[i].compute > 0 && !rows[i].untuned)
      equalWork[bounds[i].compute].push_back(static_cast<int>(i));
  PairRanking result;
  for (auto &[work, members] : equalWork) {
    const std::vector<int> sample = thinned(members, 12);
    for (size_t i = 0; i < sample.size(); ++i)
      for (size_t j = 0; j < i; ++j) {
        const double measured = std::log(rows[sample[i]].seconds / rows[sample[j]].seconds);
        const double ratio = std::log(predicted[sample[i]] / predicted[sample[j]]);
        const bool right = measured * ratio > 0, claimed = std::abs(ratio) > band;
        ++result.pairs;
        result.right += right;
        result.claimed += claimed;
        result.claimedRight += claimed && right;
      }
  }
  return result;
}

KeyValidation validateKey(const Profile &profile, const MeasurementKind &kind, const CalibrationSet *set,
                          llvm::ArrayRef<MeasuredRow> rows, llvm::ArrayRef<double> predicted) {
  KeyValidation result;
  result.key = rows.front().key;
  result.calibrated = set != nullptr;
  result.borrowedFrom = set ? set->borrowedFrom : "";
  result.storedHeldOutPercent = set ? set->meanAbsolutePercentageError : 0;
  if (set && set->corrections)
    result.storedCorrectedPercent = set->corrections->meanAbsolutePercentageError;
  std::vector<Bounds> bounds;
  Series series;
  std::map<std::string, std::vector<int>> slices;
  std::vector<int> all, counted;
  for (size_t i = 0; i < rows.size(); ++i) {
    bounds.push_back(boundsOf(rows[i], profile));
    series.measured.push_back(rows[i].seconds);
    series.roofline.push_back(std::max({bounds[i].compute, bounds[i].memory, 1e-9}));
    all.push_back(static_cast<int>(i));
    const std::string routing = routingOf(rows[i]).str();
    if (!routing.empty())
      slices[routing + ", untuned too"].push_back(static_cast<int>(i));
    if (rows[i].untuned) {
      ++result.untuned;
      continue;
    }
    counted.push_back(static_cast<int>(i));
    if (!routing.empty())
      slices[routing].push_back(static_cast<int>(i));
    if (rows[i].regime != "all" && rows[i].regime != routing)
      slices["regime " + rows[i].regime].push_back(static_cast<int>(i));
    if (bounds[i].compute > 0)
      slices[bounds[i].compute > bounds[i].memory ? "compute bound" : "memory bound"].push_back(
          static_cast<int>(i));
  }
  series.model = predicted.vec();
  series.threeConstants = threeConstantPredictions(bounds, series.measured);
  result.slices.push_back(errorsOfSlice("all", series, counted));
  if (result.untuned > 0)
    result.slices.push_back(errorsOfSlice("all, untuned included", series, all));
  for (auto &[name, indices] : slices)
    if (result.untuned > 0 || !llvm::StringRef(name).ends_with(", untuned too"))
      result.slices.push_back(errorsOfSlice(name, series, indices));
  result.cliffs = scoreCliffs(rows, kind.coordinateNames(), predicted);
  const ErrorBand *band = set ? set->ratioBand("all") : nullptr;
  result.ranking = rankPairs(rows, bounds, predicted,
                             band ? std::max(std::log(band->high), -std::log(band->low)) : std::log(1.1));
  return result;
}

} // namespace

llvm::Expected<Validation> validate(const Profile &profile, const MeasurementTable &table,
                                    const ValidationOptions &options) {
  auto kind = kindOf(table);
  if (!kind)
    return kind.takeError();
  const std::vector<MeasuredRow> rows = (*kind)->read(table, profile);
  if (rows.empty()) {
    std::set<std::string> devices;
    for (size_t i = 0; i < table.rows.size(); ++i)
      devices.insert(table.text(i, table.column("hw") >= 0 ? "hw" : "gpu").str());
    return usageError("'" + table.path + "' has no usable rows of " + profile.name + "; its devices are " +
                      llvm::join(devices, ", "));
  }
  Validation result;
  result.kind = (*kind)->name().str();
  result.unknownTypes = (*kind)->unknownTypes(table, profile);
  for (size_t first = 0; first < rows.size();) {
    size_t last = first;
    while (last < rows.size() && rows[last].key == rows[first].key)
      ++last;
    const llvm::ArrayRef<MeasuredRow> ofKey = llvm::ArrayRef<MeasuredRow>(rows).slice(first, last - first);
    const CalibrationKey &key = ofKey.front().key;
    const CalibrationSet *stored = profile.calibration.find(key.operatorKind, key.provider, key.dataType);
    const CalibrationSet *set = stored;
    CalibrationSet mechanisms;
    if (stored && options.mechanismsOnly) {
      mechanisms = *stored;
      mechanisms.corrections.reset();
      set = &mechanisms;
    }
    const std::vector<double> predicted = (*kind)->predict(profile, set, ofKey);
    result.keys.push_back(validateKey(profile, **kind, stored, ofKey, predicted));
    for (size_t i = 0; i < ofKey.size(); ++i) {
      RowPrediction prediction{ofKey[i].tableRow, predicted[i], 0.5, 2,
                               (*kind)->terms(profile, set, ofKey[i])};
      if (const ErrorBand *band = set ? set->absoluteBand(ofKey[i].regime) : nullptr) {
        prediction.low = band->low;
        prediction.high = band->high;
      }
      result.predictions.push_back(std::move(prediction));
    }
    first = last;
  }
  llvm::sort(result.predictions,
             [](const RowPrediction &a, const RowPrediction &b) { return a.tableRow < b.tableRow; });
  return result;
}

/// "2982 int4_wo, 2982 int8_wo".
static std::string typeCounts(const std::map<std::string, int> &types) {
  std::string text;
  for (const auto &[type, rows] : types)
    text +=
        (text.empty() ? "" : ", ") + std::to_string(rows) + " " + (type.empty() ? "without a type" : type);
  return text;
}

void printValidation(const Validation &validation, const Profile &profile, llvm::raw_ostream &stream) {
  if (!validation.unknownTypes.empty())
    stream << profile.name << ": rows left out, of types that the model does not have: "
           << typeCounts(validation.unknownTypes) << "\n\n";
  for (const KeyValidation &key : validation.keys) {
    stream << profile.name << ' ' << key.key.operatorKind << ", " << key.key.provider << ", "
           << (key.key.dataType ? toString(*key.key.dataType) : llvm::StringRef("any type"));
    if (!key.borrowedFrom.empty())
      stream << " (constants of " << key.borrowedFrom << ')';
    else if (key.storedCorrectedPercent)
      stream << llvm::format(" (calibrated; held out: %.1f %% by mechanisms, %.1f %% with corrections)",
                             key.storedHeldOutPercent, *key.storedCorrectedPercent);
    else if (key.calibrated)
      stream << llvm::format(" (calibrated; held out: %.1f %%)", key.storedHeldOutPercent);
    else
      stream << " (not calibrated: priors scaled by the data sheet)";
    if (key.untuned)
      stream << ", " << key.untuned << " rows of untuned kernels apart";
    stream << "\n                               model, % error            Kendall   roofline   3 constants\n"
           << "                         rows   mean median    p90   bias     tau       mean         mean\n";
    for (const SliceErrors &slice : key.slices)
      stream << llvm::format("  %-21s %6d %6.1f %6.1f %6.1f %6.1f  %6.3f %10.1f %12.1f\n", slice.name.c_str(),
                             slice.model.rows, 100 * slice.model.mean, 100 * slice.model.median,
                             100 * slice.model.percentile90, 100 * slice.model.bias, slice.kendallTau,
                             100 * slice.roofline.mean, 100 * slice.threeConstants.mean);
    for (const CliffScore &score : key.cliffs)
      stream << llvm::format("  cliffs along %-10s %5d of %5d predicted (%.0f %%)\n", score.along.c_str(),
                             score.hits, score.cliffs, 100.0 * score.hits / score.cliffs);
    const PairRanking &ranking = key.ranking;
    if (ranking.pairs > 0)
      stream << llvm::format(
          "  pairs of equal arithmetic: %.1f %% of %d in the right order; beyond the ratio band: "
          "%.0f %%, right %.1f %%\n",
          100.0 * ranking.right / ranking.pairs, ranking.pairs, 100.0 * ranking.claimed / ranking.pairs,
          ranking.claimed ? 100.0 * ranking.claimedRight / ranking.claimed : 0.0);
    stream << '\n';
  }
}

void printMarkdown(const Validation &validation, const Profile &profile, llvm::raw_ostream &stream) {
  if (!validation.unknownTypes.empty())
    stream << "Rows of " << profile.name
           << " left out, of types that the model does not have: " << typeCounts(validation.unknownTypes)
           << ".\n\n";
  for (const KeyValidation &key : validation.keys) {
    stream << "### " << profile.name << ", " << key.key.operatorKind << ", " << key.key.provider << ", "
           << (key.key.dataType ? toString(*key.key.dataType) : llvm::StringRef("any type")) << "\n\n";
    if (!key.borrowedFrom.empty())
      stream << "Constants of " << key.borrowedFrom << '.';
    else if (key.storedCorrectedPercent)
      stream << llvm::format("Held out: %.1f %% by mechanisms alone, %.1f %% with corrections.",
                             key.storedHeldOutPercent, *key.storedCorrectedPercent);
    else if (key.calibrated)
      stream << llvm::format("Held out: %.1f %%.", key.storedHeldOutPercent);
    else
      stream << "Not calibrated: priors scaled by the data sheet.";
    if (key.untuned)
      stream << ' ' << key.untuned << " rows of untuned kernels apart.";
    stream << "\n\n| rows | count | mean | median | p90 | bias | tau | roofline | 3 constants |\n"
           << "|---|---|---|---|---|---|---|---|---|\n";
    for (const SliceErrors &slice : key.slices)
      stream << llvm::format("| %s | %d | %.1f | %.1f | %.1f | %+.1f | %.3f | %.1f | %.1f |\n",
                             slice.name.c_str(), slice.model.rows, 100 * slice.model.mean,
                             100 * slice.model.median, 100 * slice.model.percentile90, 100 * slice.model.bias,
                             slice.kendallTau, 100 * slice.roofline.mean, 100 * slice.threeConstants.mean);
    stream << '\n';
    for (const CliffScore &score : key.cliffs)
      stream << llvm::format("- cliffs along %s: %d of %d predicted (%.0f %%)\n", score.along.c_str(),
                             score.hits, score.cliffs, 100.0 * score.hits / score.cliffs);
    const PairRanking &ranking = key.ranking;
    if (ranking.pairs > 0)
      stream << llvm::format(
          "- pairs of equal arithmetic: %.1f %% of %d in the right order; %.0f %% lie beyond "
          "the ratio band, of which %.1f %% are right\n",
          100.0 * ranking.right / ranking.pairs, ranking.pairs, 100.0 * ranking.claimed / ranking.pairs,
          ranking.claimed ? 100.0 * ranking.claimedRight / ranking.claimed : 0.0);
    stream << '\n';
  }
}

/// A cell in quotes if it needs them.
static std::string cellText(llvm::StringRef text) {
  if (text.find_first_of(",\"\n") == llvm::StringRef::npos)
    return text.str();
  std::string result = "\"";
  for (char c : text) {
    if (c == '"')
      result += '"';
    result += c;
  }
  return result + "\"";
}

void writePredictions(const MeasurementTable &table, const Validation &validation,
                      llvm::raw_ostream &stream) {
  for (const std::string &column : table.columns)
    stream << cellText(column) << ',';
  stream << "predicted_us,terms_us,low_us,high_us\n";
  auto next = validation.predictions.begin();
  for (size_t i = 0; i < table.rows.size(); ++i) {
    for (const std::string &cell : table.rows[i])
      stream << cellText(cell) << ',';
    while (next != validation.predictions.end() && next->tableRow < i)
      ++next;
    if (next == validation.predictions.end() || next->tableRow != i) {
      stream << ",,,\n";
      continue;
    }
    const double microseconds = next->seconds * 1e6;
    stream << llvm::format("%.4f,", microseconds) << cellText(next->terms)
           << llvm::format(",%.4f,%.4f\n", microseconds * next->low, microseconds * next->high);
  }
}

} // namespace codesign
