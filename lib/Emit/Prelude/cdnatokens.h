
// Sums of rows that lists name, for CDNA: what a token gets from its experts.

namespace {

/// Row i of `to` becomes the sum of the rows of the matrix that list i names, in fp32 and in the order of the
/// list, rounded once. An entry that names none of the `count` rows adds nothing. A wave has one row, Across
/// of them stand side by side, and each lane has four columns.
template <int Across, class Element, int Pitch, int Entries>
DEVICE void sumListedRows(const float *matrix, int count, const GlobalRows<int, Entries> &lists,
                          const GlobalRows<Element, Pitch> &to, int column) {
  static_assert(Entries <= waveSize, "a lane loads an entry");
  const int row = waveId() / Across, first = column + (waveId() % Across * waveSize + laneId()) * 4;
  const int place = laneId() < Entries ? (row * Entries + laneId()) * bytesOf<int> : outside;
  const int entry = __builtin_amdgcn_raw_buffer_load_b32(lists.buffer, place, 0, 0);
  Vector<float, 4> rows[Entries];
#pragma unroll
  for (int i = 0; i < Entries; ++i) {
    const int listed = laneValue(entry, i);
    const bool there = static_cast<unsigned>(listed) < static_cast<unsigned>(count);
    // A buffer of no rows, from which zeros come, where there is none: no branch between the loads.
    rows[i] =
        loadRun<4>(GlobalRows<float, Pitch>(matrix, there ? listed : 0, 1, there ? listed + 1 : 0), 0, first);
  }
  Vector<float, 4> sum = rows[0];
#pragma unroll
  for (int i = 1; i < Entries; ++i)
    sum += rows[i];
  storeRun(to, row, first, rounded<Element>(sum));
}

} // namespace
