
// Operands of mma.sync whose k runs along the rows of a tile, for sm_80 and later.

namespace {

/// Asks a load to transpose.
struct Across {};

/// What a lane points ldmatrix at: row of k, and row of the operand, in the first instruction's.
struct TurnedPlace {
  int depth, row;
};
/// Of a first operand, 16 rows: matrices are rows 0 and 8 of k 0, then of k 8.
DEVICE constexpr TurnedPlace leftPlace(int lane) {
  return {lane / 16 * 8 + lane % 8, lane / 8 % 2 * 8};
}
/// Of two second operands, 8 rows each: k 0 and 8 of one, then of the other.
DEVICE constexpr TurnedPlace rightPlace(int lane) {
  return {lane / 8 % 2 * 8 + lane % 8, lane / 16 * 8};
}

} // namespace
