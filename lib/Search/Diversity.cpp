#include "Diversity.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace codesign {

static double distance(const DimensionValues &a, const DimensionValues &b) {
  double sum = 0;
  for (Dimension dimension : allDimensions())
    if (a[dimension] != b[dimension])
      sum += std::abs(std::log((double(a[dimension]) + 1) / (double(b[dimension]) + 1)));
  return sum;
}

std::vector<size_t> mostDiverse(llvm::ArrayRef<DimensionValues> shapes, size_t count) {
  std::vector<size_t> chosen;
  std::vector<double> nearest(shapes.size(), std::numeric_limits<double>::infinity());
  size_t next = 0;
  while (chosen.size() < std::min(count, shapes.size()) && nearest[next] > 0) {
    chosen.push_back(next);
    for (size_t i = 0; i < shapes.size(); ++i)
      nearest[i] = std::min(nearest[i], distance(shapes[i], shapes[next]));
    next = size_t(std::max_element(nearest.begin(), nearest.end()) - nearest.begin());
  }
  return chosen;
}

} // namespace codesign
