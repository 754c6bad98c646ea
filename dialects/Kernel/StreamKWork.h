// How a Stream-K launch deals the steps of its tiles; what emitted kernels compute as well.
#pragma once

#include <cstdint>

namespace codesign::kernel {

/// Steps [first, first + count) of one tile. `part` is its place among the `parts` that the tile is cut in,
/// whose workgroups follow each other from position `opener` on.
struct StreamKPiece {
  int64_t tile = 0, first = 0, count = 0;
  int64_t before = 0; // steps of the workgroup's pieces before
  int64_t opener = 0, part = 0, parts = 1;
};

/// The two-tile form of Stream-K (Osama et al., arXiv 2301.03598, section 3.3): whole tiles as long as they
/// last for two rounds of all workgroups, equal runs of units of the steps of the rest.
class StreamKWork {
public:
  /// A workgroup leaves sums of two pieces at most: of the one that ends a tile and the one that begins one.
  static constexpr int64_t placesPerWorkgroup = 2;

  /// All but `tiles` are positive, and `least` is no more than `steps`.
  StreamKWork(int64_t tiles, int64_t workgroups, int64_t steps, int64_t least);

  /// Tiles that each workgroup computes whole before its run of the others.
  int64_t wholeTiles() const { return whole; }
  /// Pieces of the workgroup at a position: its whole tiles, then those of its run.
  int64_t pieceCount(int64_t position) const;
  StreamKPiece piece(int64_t position, int64_t round) const;
  /// Where the workgroup at `position` leaves the sums of a piece that has the part of a cut tile.
  static int64_t placeOf(int64_t position, int64_t part) {
    return placesPerWorkgroup * position + (part == 0);
  }

private:
  int64_t firstUnit(int64_t position) const;
  int64_t positionOf(int64_t unit) const;

  int64_t workgroups, steps;
  int64_t units; // that a tile may be cut in
  int64_t whole;
  int64_t each, longer; // units of a run; so many runs have one more
};

} // namespace codesign::kernel
