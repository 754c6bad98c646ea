#include "WindowTree.h"

#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cassert>
#include <numeric>

namespace codesign {

static constexpr size_t leafSize = 8;

/// Where a range of more than one leaf is split: at a multiple of the leaf size.
static size_t middleOf(size_t first, size_t last) {
  size_t leaves = (last - first + leafSize - 1) / leafSize;
  return first + (leaves + 1) / 2 * leafSize;
}

static bool isLeaf(size_t first, size_t last) {
  return last - first <= leafSize;
}

namespace {

/// Orders `points` by recursive median splits along the coordinate that spreads most.
void splitByMedian(llvm::ArrayRef<std::vector<double>> coordinates, llvm::ArrayRef<double> scales,
                   llvm::MutableArrayRef<uint32_t> points) {
  if (isLeaf(0, points.size()))
    return;
  size_t widest = 0;
  double widestSpread = -1;
  for (size_t c = 0; c < coordinates.size(); ++c) {
    auto [min, max] = std::minmax_element(points.begin(), points.end(), [&](uint32_t a, uint32_t b) {
      return coordinates[c][a] < coordinates[c][b];
    });
    double spread = (coordinates[c][*max] - coordinates[c][*min]) * scales[c];
    if (spread > widestSpread) {
      widest = c;
      widestSpread = spread;
    }
  }
  size_t middle = middleOf(0, points.size());
  // The index decides between equal values, so that the order does not depend on the library's algorithm.
  std::nth_element(points.begin(), points.begin() + middle, points.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(coordinates[widest][a], a) < std::pair(coordinates[widest][b], b);
  });
  splitByMedian(coordinates, scales, points.take_front(middle));
  splitByMedian(coordinates, scales, points.drop_front(middle));
}

} // namespace

std::vector<uint32_t> WindowTree::spatialOrder(llvm::ArrayRef<std::vector<double>> coordinates) {
  if (coordinates.empty() || coordinates.front().empty())
    return {};
  std::vector<double> scales;
  for (const std::vector<double> &values : coordinates) {
    auto [min, max] = std::minmax_element(values.begin(), values.end());
    scales.push_back(*max > *min ? 1 / (*max - *min) : 0);
  }
  std::vector<uint32_t> order(coordinates.front().size());
  std::iota(order.begin(), order.end(), 0);
  splitByMedian(coordinates, scales, order);
  return order;
}

void WindowTree::build(std::vector<std::vector<double>> newCoordinates, std::vector<uint32_t> newIds) {
  coordinates = std::move(newCoordinates);
  ids = std::move(newIds);
  ++builds;
  assert(!coordinates.empty() && coordinates.back().size() == ids.size() && "one cost per point");
  size_t leaves = std::max<size_t>((size() + leafSize - 1) / leafSize, 1);
  extents.assign(2 * llvm::bit_ceil(leaves) * coordinates.size(), Extent{});
  if (size() > 0)
    buildNode(1, 0, size());
}

void WindowTree::buildNode(size_t node, size_t first, size_t last) {
  Extent *own = &extents[node * coordinates.size()];
  if (isLeaf(first, last)) {
    for (size_t c = 0; c < coordinates.size(); ++c) {
      auto [min, max] = std::minmax_element(coordinates[c].begin() + first, coordinates[c].begin() + last);
      own[c] = {*min, *max};
    }
    return;
  }
  size_t middle = middleOf(first, last);
  buildNode(2 * node, first, middle);
  buildNode(2 * node + 1, middle, last);
  const Extent *left = &extents[2 * node * coordinates.size()];
  const Extent *right = left + coordinates.size();
  for (size_t c = 0; c < coordinates.size(); ++c)
    own[c] = {std::min(left[c].min, right[c].min), std::max(left[c].max, right[c].max)};
}

/// One query over the tree. Masks hold the windows that a subtree is not yet known to lie inside.
struct WindowTree::Query {
  const WindowTree &tree;
  llvm::ArrayRef<Window> windows;

  static bool outside(Extent extent, const Window &window) {
    return extent.max < window.min || extent.min > window.max;
  }
  static bool within(Extent extent, const Window &window) {
    return extent.min >= window.min && extent.max <= window.max;
  }
  uint64_t allWindows() const { return (uint64_t(1) << windows.size()) - 1; }

  static void mark(int64_t *marks, size_t first, size_t last) {
    if (!marks)
      return;
    ++marks[first];
    --marks[last];
  }

  /// The first window in `mask` that the point lies outside of, or null.
  const Window *firstMissed(size_t point, uint64_t mask) const {
    for (; mask != 0; mask &= mask - 1) {
      const Window &window = windows[llvm::countr_zero(mask)];
      double value = tree.coordinates[window.coordinate][point];
      if (!(value >= window.min && value <= window.max))
        return &window;
    }
    return nullptr;
  }

  int64_t count(size_t node, size_t first, size_t last, uint64_t mask, int64_t *removed,
                int64_t *marks) const {
    uint64_t open = 0;
    for (uint64_t rest = mask; rest != 0; rest &= rest - 1) {
      uint64_t bit = rest & -rest;
      const Window &window = windows[llvm::countr_zero(rest)];
      Extent extent = tree.extent(node, window.coordinate);
      if (outside(extent, window)) {
        if (open == 0) {
          removed[window.constraint] += int64_t(last - first);
          return 0;
        }
        // Nothing passes; only which window is charged is still open, and none after this one can be.
        open |= bit;
        break;
      }
      if (!within(extent, window))
        open |= bit;
    }
    if (open == 0) {
      mark(marks, first, last);
      return int64_t(last - first);
    }
    if (!isLeaf(first, last)) {
      size_t middle = middleOf(first, last);
      return count(2 * node, first, middle, open, removed, marks) +
             count(2 * node + 1, middle, last, open, removed, marks);
    }
    int64_t passed = 0;
    for (size_t point = first; point < last; ++point) {
      if (const Window *missed = firstMissed(point, open)) {
        ++removed[missed->constraint];
      } else {
        ++passed;
        mark(marks, point, point + 1);
      }
    }
    return passed;
  }

  /// Drops from `mask` the windows that contain the subtree; false if the subtree lies outside one.
  bool narrow(size_t node, uint64_t &mask) const {
    for (uint64_t rest = mask; rest != 0; rest &= rest - 1) {
      const Window &window = windows[llvm::countr_zero(rest)];
      Extent extent = tree.extent(node, window.coordinate);
      if (outside(extent, window))
        return false;
      if (within(extent, window))
        mask &= ~(rest & -rest);
    }
    return true;
  }

  void visitUpTo(size_t node, size_t first, size_t last, uint64_t mask, double &maxCost,
                 llvm::function_ref<double(uint32_t, double)> visit) const {
    if (tree.extent(node, tree.costCoordinate()).min > maxCost || !narrow(node, mask))
      return;
    if (!isLeaf(first, last)) {
      size_t middle = middleOf(first, last);
      visitUpTo(2 * node, first, middle, mask, maxCost, visit);
      visitUpTo(2 * node + 1, middle, last, mask, maxCost, visit);
      return;
    }
    const std::vector<double> &costs = tree.coordinates.back();
    for (size_t point = first; point < last; ++point)
      if (costs[point] <= maxCost && !firstMissed(point, mask))
        maxCost = visit(tree.ids[point], costs[point]);
  }

  void nearest(size_t node, size_t first, size_t last, uint64_t mask, int coordinate, Nearest &best) const {
    Extent extent = tree.extent(node, coordinate);
    bool mayBeBelow = extent.min < best.min && extent.max > best.below;
    bool mayBeAbove = extent.max > best.max && extent.min < best.above;
    if ((!mayBeBelow && !mayBeAbove) || !narrow(node, mask))
      return;
    if (!isLeaf(first, last)) {
      size_t middle = middleOf(first, last);
      nearest(2 * node, first, middle, mask, coordinate, best);
      nearest(2 * node + 1, middle, last, mask, coordinate, best);
      return;
    }
    for (size_t point = first; point < last; ++point) {
      double value = tree.coordinates[coordinate][point];
      if (firstMissed(point, mask))
        continue;
      if (value < best.min)
        best.below = std::max(best.below, value);
      if (value > best.max)
        best.above = std::min(best.above, value);
    }
  }
};

int64_t WindowTree::count(llvm::ArrayRef<Window> windows, llvm::MutableArrayRef<int64_t> removed,
                          int64_t *marks) const {
  assert(windows.size() <= maxWindows && "too many windows");
  if (size() == 0)
    return 0;
  Query query{*this, windows};
  return query.count(1, 0, size(), query.allWindows(), removed.data(), marks);
}

void WindowTree::visitUpTo(llvm::ArrayRef<Window> windows, double maxCost,
                           llvm::function_ref<double(uint32_t, double)> visit) const {
  if (size() == 0)
    return;
  Query query{*this, windows};
  query.visitUpTo(1, 0, size(), query.allWindows(), maxCost, visit);
}

void WindowTree::findNearest(llvm::ArrayRef<Window> windows, int coordinate, Nearest &best) const {
  if (size() == 0)
    return;
  Query query{*this, windows};
  query.nearest(1, 0, size(), query.allWindows(), coordinate, best);
}

} // namespace codesign
