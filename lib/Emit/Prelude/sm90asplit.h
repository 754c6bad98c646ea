
// Persistent workgroups that share the k of one tile, for sm_90a.

namespace {

/// True in all threads of the warpgroup if it holds in one of them; they meet here. The compiler sees that
/// the lanes of a warp go on together.
DEVICE bool holdsInGroup(bool condition) {
  unsigned result;
  asm volatile("{ .reg .pred mine, any; setp.ne.u32 mine, %1, 0; bar.red.or.pred any, %2, 128, mine; "
               "selp.u32 %0, 1, 0, any; }"
               : "=r"(result)
               : "r"(static_cast<unsigned>(condition)), "r"(group() + 1)
               : "memory");
  return laneValue(static_cast<int>(result), 0) != 0;
}

/// The piece, whose steps all lanes of a consumer's warp count alike: the compiler sees it so.
DEVICE Piece uniformPiece(Piece piece) {
  piece.count = laneValue(piece.count, 0);
  piece.before = laneValue(piece.before, 0);
  return piece;
}

/// Counts what this warpgroup has left. True in all threads of the one that completes `count`, which sets the
/// number back to zero.
DEVICE bool isLastGroupToArrive(int *arrivals, int count) {
  const bool counts = threadId() % warpgroupSize == 0;
  // What the group has written comes before the count, and after it what others have.
  asm volatile("fence.acq_rel.gpu;" ::: "memory");
  groupBarrier();
  int before = 0;
  if (counts)
    asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], 1;" : "=r"(before) : "l"(arrivals) : "memory");
  if (!holdsInGroup(before == count - 1))
    return false;
  if (counts)
    *arrivals = 0;
  asm volatile("fence.acq_rel.gpu;" ::: "memory");
  return true;
}

/// Adds up what the Parts warpgroups hold that have the same place in a tile. Each leaves its sums in memory
/// and counts itself; the last one takes all of them in the order of the parts, so that the result does not
/// depend on which it is. True in that group; the others have nothing left to do for the tile. The counts are
/// zero again afterwards.
template <int Parts, int Groups, class Sums>
DEVICE bool sumGroupParts(Sums &sums, float *partials, int *arrivals, int tile, int part) {
  constexpr int length = Sums::pairCount * 2 * warpgroupSize;
  const int place = tile * Groups + group(), thread = threadId() % warpgroupSize;
  float *const first = partials + static_cast<long long>(place) * Parts * length + 2 * thread;
  leaveSums<warpgroupSize>(sums, first + part * length);
  if (!isLastGroupToArrive(arrivals + place, Parts))
    return false;
  addParts<Parts, warpgroupSize>(sums, first);
  return true;
}

/// The same of the pieces of a cut tile, in the order of k. True as well where the tile is whole.
template <int Groups, class Sums>
DEVICE bool sumGroupPieces(Sums &sums, float *partials, int *arrivals, const Piece &piece) {
  if (piece.parts == 1)
    return true;
  constexpr int length = Sums::pairCount * 2 * warpgroupSize;
  float *const own = partials + group() * length + 2 * (threadId() % warpgroupSize); // of the first place
  const auto place = [&](int part) {
    return own + static_cast<long long>(placeOf(piece, part)) * (Groups * length);
  };
  leaveSums<warpgroupSize>(sums, place(piece.part));
  if (!isLastGroupToArrive(arrivals + piece.opener * Groups + group(), piece.parts))
    return false;
  addPieces(sums, piece, [&](int part) { addSums<warpgroupSize>(sums, place(part)); });
  return true;
}

} // namespace
