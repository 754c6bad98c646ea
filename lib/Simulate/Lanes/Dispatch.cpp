#include "LaneTable.h"

namespace codesign::simulate {

const LaneTable &laneTable() {
#if defined(CODESIGN_LANES_X86)
  // AVX-512 needs the five subsets of x86-64-v4.
  static const bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                                __builtin_cpu_supports("avx512cd");
  static const bool hasAvx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (hasAvx512)
    return avx512LaneTable();
  if (hasAvx2)
    return avx2LaneTable();
#endif
  return baselineLaneTable();
}

} // namespace codesign::simulate
