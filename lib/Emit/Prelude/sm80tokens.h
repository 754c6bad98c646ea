
// Sums of rows that lists name, for sm_80 and later: what a token gets from its experts.

namespace {

/// Four consecutive elements of a row.
struct Quad {
  float values[4];
};
/// From global memory where `there`, else zeros: no branch between the loads.
DEVICE Quad loadQuadIf(const float *address, bool there) {
  Quad quad;
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0; "
               "mov.b32 %3, 0; @p ld.global.nc.L1::no_allocate.v4.f32 {%0, %1, %2, %3}, [%4]; }"
               : "=&f"(quad.values[0]), "=&f"(quad.values[1]), "=&f"(quad.values[2]), "=&f"(quad.values[3])
               : "l"(address), "r"(static_cast<unsigned>(there)));
  return quad;
}

/// Row i of `to` becomes the sum of the rows of the matrix that list i names, in fp32 and in the order of the
/// list, rounded once. An entry that names none of the `count` rows adds nothing. A warp has one row, Across
/// of them stand side by side, and each lane has four columns.
template <int Across, class Element, int Pitch, int Entries>
DEVICE void sumListedRows(const float *matrix, int count, const GlobalRows<int, Entries> &lists,
                          const GlobalRows<Element, Pitch> &to, int column) {
  static_assert(Entries <= waveSize, "a lane loads an entry");
  const int row = waveId() / Across, first = column + (waveId() % Across * waveSize + laneId()) * 4;
  const bool hasEntry = row < lists.count && laneId() < Entries;
  const int entry = hasEntry ? lists.first[row * Entries + laneId()] : -1;
  Quad rows[Entries];
#pragma unroll
  for (int i = 0; i < Entries; ++i) {
    const int listed = laneValue(entry, i);
    const bool there = static_cast<unsigned>(listed) < static_cast<unsigned>(count);
    const float *const source = matrix + static_cast<long long>(there ? listed : 0) * Pitch + first;
    if constexpr (Pitch % 4 == 0) {
      rows[i] = loadQuadIf(source, there && first < Pitch);
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j)
        rows[i].values[j] = there && first + j < Pitch ? source[j] : 0.0f;
    }
  }
  Quad sum = rows[0];
#pragma unroll
  for (int i = 1; i < Entries; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      sum.values[j] += rows[i].values[j];
  if (row >= to.count)
    return;
#pragma unroll
  for (int j = 0; j < 4; j += 2)
    if (first + j < Pitch)
      storePair<Pitch>(to.first + row * Pitch + first + j, sum.values[j], sum.values[j + 1], first + j);
}

} // namespace
