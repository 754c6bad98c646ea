// Which workgroups of a Stream-K launch to run, so that whole tiles come out.
#pragma once

#include "codesign/Package/Package.h"
#include <cstdint>
#include <random>
#include <set>

namespace codesign {

struct StreamKChoice {
  std::set<uint64_t> workgroups;
  uint64_t tiles = 0;           // that they compute without others
  std::set<int64_t> unfinished; // first workgroups, by position, of tiles that they leave to others
};

/// The workgroups of the first and the last cut tile and of random ones, until they compute `work` tiles or
/// more; without a cut one, of the first, the last and random whole ones.
StreamKChoice chooseStreamK(const PackagedStreamK &streamK, int64_t tiles, double work,
                            std::mt19937_64 &engine);

} // namespace codesign
