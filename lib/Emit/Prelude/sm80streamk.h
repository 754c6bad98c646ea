
// The sums of tiles that were cut, for sm_80 and later.

namespace {

/// Where this thread leaves its warp's sums among those of its workgroup's place.
template <int Waves, class Sums>
DEVICE float *placeOfSums(float *partials, int place) {
  constexpr int length = Sums::pairCount * 2 * waveSize;
  return partials + static_cast<long long>(place * Waves + waveId()) * length + 2 * laneId();
}

/// Adds up what the warps hold that have the same place in the workgroups of a cut tile. Each leaves its sums
/// in memory and counts itself; the last one goes on with all of them, added in the order of k, so that the
/// result does not depend on which it is. True in that warp, and where the tile is whole; the others have
/// nothing left to do for it. The counts are zero again afterwards.
template <int Waves, class Sums>
DEVICE bool sumPieces(Sums &sums, float *partials, int *arrivals, const Piece &piece) {
  if (piece.parts == 1)
    return true;
  leaveSums<waveSize>(sums, placeOfSums<Waves, Sums>(partials, placeOf(piece, piece.part)));
  if (!isLastToArrive(arrivals + piece.opener * Waves + waveId(), piece.parts))
    return false;
  addPieces(sums, piece, [&](int part) {
    addSums<waveSize>(sums, placeOfSums<Waves, Sums>(partials, placeOf(piece, part)));
  });
  return true;
}

} // namespace
