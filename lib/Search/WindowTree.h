// Points with a cost and several coordinates; counts and finds those inside a window of each coordinate.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <limits>
#include <vector>

namespace codesign {

/// min ≤ coordinate ≤ max, in the order in which constraints are charged.
struct Window {
  int coordinate = 0;
  int constraint = 0;
  double min = 0, max = 0;
};
inline constexpr int maxWindows = 63;

/// A balanced binary tree over points in a fixed order, with the bounding box and the least cost of each
/// subtree. The order decides only how fast queries are: a subtree is counted whole when its box lies inside
/// every window, dropped when it lies outside one, and opened otherwise, so every answer is exact.
class WindowTree {
public:
  /// coordinates[c][point], the last of which is the cost; all arrays have one length. `ids` name the points.
  void build(std::vector<std::vector<double>> coordinates, std::vector<uint32_t> ids);

  /// An order that keeps near points together in the given coordinates (k-d median splits).
  static std::vector<uint32_t> spatialOrder(llvm::ArrayRef<std::vector<double>> coordinates);

  size_t size() const { return ids.size(); }
  int costCoordinate() const { return int(coordinates.size()) - 1; }
  /// Of all points; requires at least one.
  double minCost() const { return extent(1, costCoordinate()).min; }

  /// The number of points inside all windows. Each other point is charged to the first window, in the given
  /// order, that it lies outside of: removed[constraint] grows by one. Where `marks` is given (size() + 1
  /// numbers, zero at first), it gains +1 where a run of counted points begins and −1 where it ends.
  int64_t count(llvm::ArrayRef<Window> windows, llvm::MutableArrayRef<int64_t> removed,
                int64_t *marks = nullptr) const;

  llvm::ArrayRef<uint32_t> pointIds() const { return ids; }
  /// Changes with every build.
  uint64_t generation() const { return builds; }

  /// Calls visit(id, cost) for points inside all windows with cost ≤ maxCost; visit returns the new, never
  /// larger maxCost.
  void visitUpTo(llvm::ArrayRef<Window> windows, double maxCost,
                 llvm::function_ref<double(uint32_t, double)> visit) const;

  /// The values of `coordinate` nearest to [best.min, best.max] from below and above among points inside all
  /// windows; replaces best.below and best.above where they are nearer.
  struct Nearest {
    double min = 0, max = 0; // the interval that is missed
    double below = -std::numeric_limits<double>::infinity();
    double above = std::numeric_limits<double>::infinity();
  };
  void findNearest(llvm::ArrayRef<Window> windows, int coordinate, Nearest &best) const;

private:
  struct Query;

  void buildNode(size_t node, size_t first, size_t last);

  /// Extent of a coordinate in a subtree.
  struct Extent {
    double min, max;
  };
  const Extent &extent(size_t node, int coordinate) const {
    return extents[node * coordinates.size() + coordinate];
  }

  std::vector<std::vector<double>> coordinates;
  std::vector<uint32_t> ids;
  uint64_t builds = 0;
  std::vector<Extent> extents; // node by node in heap order from 1
};

} // namespace codesign
