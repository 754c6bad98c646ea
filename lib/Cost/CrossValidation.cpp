#include "codesign/Cost/CrossValidation.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <set>

namespace codesign {

int groupsAmong(llvm::ArrayRef<FitRow> rows, llvm::ArrayRef<int> indices) {
  std::set<uint64_t> groups;
  for (int i : indices)
    groups.insert(rows[i].group);
  return static_cast<int>(groups.size());
}

int foldOf(uint64_t group, int folds) {
  // MurmurHash3's finaliser: neighbouring group numbers land in unrelated folds.
  group ^= group >> 33;
  group *= 0xff51afd7ed558ccdULL;
  group ^= group >> 33;
  group *= 0xc4ceb9fe1a85ec53ULL;
  group ^= group >> 33;
  return static_cast<int>(group % static_cast<uint64_t>(folds));
}

std::vector<int> thinned(llvm::ArrayRef<int> indices, int count) {
  if (static_cast<int>(indices.size()) <= count)
    return indices.vec();
  // Steps of the golden ratio: even, and not in phase with the order of a table's columns.
  std::vector<int> result;
  double place = 0.5;
  std::vector<bool> taken(indices.size());
  while (static_cast<int>(result.size()) < count) {
    place = std::fmod(place + 0.6180339887498949, 1.0);
    size_t i = static_cast<size_t>(place * indices.size());
    while (taken[i])
      i = (i + 1) % indices.size();
    taken[i] = true;
    result.push_back(indices[i]);
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// Linear between order statistics.
static double quantile(std::vector<double> &values, double share) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  double place = share * (values.size() - 1);
  size_t below = static_cast<size_t>(place);
  double above = values[std::min(below + 1, values.size() - 1)];
  return values[below] + (place - below) * (above - values[below]);
}

Errors errorsOf(llvm::ArrayRef<double> predicted, llvm::ArrayRef<double> measured) {
  assert(predicted.size() == measured.size());
  Errors result;
  std::vector<double> absolute;
  for (size_t i = 0; i < predicted.size(); ++i) {
    double error = predicted[i] / measured[i] - 1;
    result.bias += error;
    result.mean += std::abs(error);
    absolute.push_back(std::abs(error));
  }
  result.rows = static_cast<int>(absolute.size());
  if (absolute.empty())
    return result;
  result.bias /= result.rows;
  result.mean /= result.rows;
  result.median = quantile(absolute, 0.5);
  result.percentile90 = quantile(absolute, 0.9);
  return result;
}

static std::vector<ErrorBand> bandsOf(std::map<std::string, std::vector<double>> &ratios) {
  std::vector<ErrorBand> bands;
  for (auto &[regime, values] : ratios)
    bands.push_back(
        {regime, quantile(values, 0.1), quantile(values, 0.9), 0.8, static_cast<int>(values.size())});
  return bands;
}

std::vector<ErrorBand> absoluteBands(llvm::ArrayRef<FitRow> rows, llvm::ArrayRef<double> predicted) {
  std::map<std::string, std::vector<double>> ratios;
  for (auto [row, time] : llvm::zip_equal(rows, predicted)) {
    if (row.excluded)
      continue;
    ratios["all"].push_back(row.measuredSeconds / time);
    if (!row.regime.empty() && row.regime != "all")
      ratios[row.regime].push_back(row.measuredSeconds / time);
  }
  return bandsOf(ratios);
}

std::vector<ErrorBand> ratioBands(llvm::ArrayRef<FitRow> rows, llvm::ArrayRef<NeighbourPair> pairs,
                                  llvm::ArrayRef<double> predicted) {
  std::map<std::string, std::vector<double>> ratios;
  for (const NeighbourPair &pair : pairs) {
    if (rows[pair.first].excluded || rows[pair.second].excluded)
      continue;
    double measured = rows[pair.second].measuredSeconds / rows[pair.first].measuredSeconds;
    double ratio = measured / (predicted[pair.second] / predicted[pair.first]);
    ratios["all"].push_back(ratio);
    ratios[pair.change].push_back(ratio);
    if (pair.kind != pair.change)
      ratios[pair.kind].push_back(ratio);
  }
  return bandsOf(ratios);
}

} // namespace codesign
