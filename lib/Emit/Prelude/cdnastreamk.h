
// The sums of tiles that were cut, for CDNA3 and CDNA4.

namespace {

/// Where this wave leaves its sums among those of its workgroup's place.
template <int Waves, class Sums>
DEVICE RowsOfSums<Sums> rowOfSums(float *partials, int place) {
  const int row = place * Waves + waveId();
  return RowsOfSums<Sums>(partials, row, 1, row + 1);
}

/// Adds up what the waves hold that have the same place in the workgroups of a cut tile. Each leaves its sums
/// in memory and counts itself; the last one goes on with all of them, added in the order of k, so that the
/// result does not depend on which it is. True in that wave, and where the tile is whole; the others have
/// nothing left to do for it. The counts are zero again afterwards.
template <int Waves, class Sums>
DEVICE bool sumPieces(Sums &sums, float *partials, int *arrivals, const Piece &piece) {
  if (piece.parts == 1)
    return true;
  leaveSums(sums, rowOfSums<Waves, Sums>(partials, placeOf(piece, piece.part)), 0);
  if (!isLastToArrive(arrivals + piece.opener * Waves + waveId(), piece.parts))
    return false;
  addPieces(sums, piece,
            [&](int part) { addSums<1>(sums, rowOfSums<Waves, Sums>(partials, placeOf(piece, part)), 0); });
  return true;
}

} // namespace
