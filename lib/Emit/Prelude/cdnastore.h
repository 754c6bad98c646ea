
// Rounding and writing of sums, for CDNA3 and CDNA4.

namespace {

template <class Mma, int Down, int Across>
struct StoreSteps : RowSteps<Mma, Down, Across> {
  /// Rounds and writes element (i, j) of the sums to (row + j, column + i); outside the matrix nothing is
  /// written.
  template <class Element, int Pitch>
  __device__ void storeTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    this->forEachQuad([&](auto &part, int first, int i, int j) {
      const Vector<float, 4> quad = {part[first], part[first + 1], part[first + 2], part[first + 3]};
      storeRun(matrix, row + j, column + i, rounded<Element>(quad));
    });
  }
  /// Rounds and writes the even rows i of the sums to (row + j, (column + i) / 2).
  template <class Element, int Pitch>
  __device__ void storeHalvedTransposed(const GlobalRows<Element, Pitch> &matrix, int row, int column) {
    if constexpr (sizeof(Element) == 1)
      // Uniform. Behind a residual of 16 bits its addresses would be kept for these, beside the sums.
      asm volatile("" : "+s"(row));
    this->forEachQuad([&](auto &part, int first, int i, int j) {
      const Vector<float, 2> pair = {part[first], part[first + 2]};
      storeRun(matrix, row + j, (column + i) / 2, rounded<Element>(pair));
    });
  }
};

} // namespace
