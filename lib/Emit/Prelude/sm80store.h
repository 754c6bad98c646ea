
// Rounding and writing of sums, for sm_80 and later.

namespace {

/// Two neighbours of a row as memory holds them, the left one in the low bits.
DEVICE unsigned roundPair(float left, float right, bf16) {
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %2, %1;" : "=r"(pair) : "f"(left), "f"(right));
  return pair;
}
DEVICE unsigned roundPair(float left, float right, f16) {
  unsigned pair;
  asm("cvt.rn.f16x2.f32 %0, %2, %1;" : "=r"(pair) : "f"(left), "f"(right));
  return pair;
}

template <class Element>
using BitsOf = decltype(Element::bits);
/// What two elements fill.
template <int Bytes>
struct PairOf;
template <>
struct PairOf<1> {
  using Type = unsigned short;
};
template <>
struct PairOf<2> {
  using Type = unsigned;
};

/// Rounds and writes columns `column`, which is even, and column + 1 of a row of Pitch; at once where rows
/// start at multiples of two elements.
template <int Pitch, class Element>
DEVICE void storePair(Element *to, float left, float right, int column) {
  const unsigned pair = roundPair(left, right, Element{});
  if constexpr (Pitch % 2 == 0) {
    using Pair = typename PairOf<sizeof(Element)>::Type;
    *reinterpret_cast<Pair *>(to) = static_cast<Pair>(pair);
  } else {
    to[0].bits = static_cast<BitsOf<Element>>(pair);
    if (column + 1 < Pitch)
      to[1].bits = static_cast<BitsOf<Element>>(pair >> 8 * sizeof(Element));
  }
}

/// The same of fp32, which is stored as it is.
struct alignas(8) FloatPair {
  float left, right;
};
template <int Pitch>
DEVICE void storePair(float *to, float left, float right, int column) {
  if constexpr (Pitch % 2 == 0) {
    *reinterpret_cast<FloatPair *>(to) = {left, right};
  } else {
    to[0] = left;
    if (column + 1 < Pitch)
      to[1] = right;
  }
}

template <int... Shape>
struct StoreSteps : RowSteps<Shape...> {
  /// Rounds and writes the first of each pair of columns to half its column. Every other lane takes the value
  /// of its neighbour as well, and writes two.
  template <class Element, int Pitch>
  __device__ void storeHalved(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachPair([&](float &left, float &, int i, int j) {
      const float next = fromLane<1>(left);
      const int toColumn = (column + j) / 2;
      if (laneId() % 2 != 0 || row + i >= matrix.count || toColumn >= Pitch)
        return;
      Element *to = matrix.first + static_cast<long long>(row + i) * Pitch + toColumn;
      storePair<Pitch>(to, left, next, toColumn);
    });
  }
  /// Element (i, j) of even i to (row + j, (column + i) / 2).
  template <class Element, int Pitch>
  __device__ void storeHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachPair([&](float &left, float &right, int i, int j) {
      const int toColumn = (column + i) / 2;
      if (rowOfLane() % 2 != 0 || toColumn >= Pitch)
        return;
      Element *to = matrix.first + static_cast<long long>(row + j) * Pitch + toColumn;
      const unsigned pair = roundPair(left, right, Element{});
      if (row + j < matrix.count)
        to[0].bits = static_cast<BitsOf<Element>>(pair);
      if (row + j + 1 < matrix.count)
        to[Pitch].bits = static_cast<BitsOf<Element>>(pair >> 8 * sizeof(Element));
    });
  }

  /// Rounds and writes to rows [row, ...) and columns [column, ...); outside the matrix nothing is written.
  template <class Element, int Pitch>
  __device__ void store(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachPair([&](float &left, float &right, int i, int j) {
      if (row + i >= matrix.count || column + j >= Pitch)
        return;
      storePair<Pitch>(matrix.first + (row + i) * Pitch + column + j, left, right, column + j);
    });
  }

  /// Rounds and writes element (i, j) of the sums to (row + j, column + i). Lanes of neighbouring rows
  /// exchange one value, so that each writes two neighbouring columns.
  template <class Element, int Pitch>
  __device__ void storeTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    const int odd = rowOfLane() % 2;
    this->forEachPair([&](float &left, float &right, int i, int j) {
      const float other = fromNeighbourRow(odd ? left : right);
      const int toRow = row + j + odd, toColumn = column + i - odd;
      if (toRow >= matrix.count || toColumn >= Pitch)
        return;
      storePair<Pitch>(matrix.first + static_cast<long long>(toRow) * Pitch + toColumn, odd ? other : left,
                       odd ? right : other, toColumn);
    });
  }
};

} // namespace
