// Device primitives of the kernels in this folder, for gfx942 (CDNA3) and gfx950 (CDNA4): raw buffers, LDS,
// MFMA. Freestanding: compiler builtins only, so that hipcc compiles it and so does plain clang with
// -nogpulib -nogpuinc.
#pragma once

#ifndef __global__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#endif
#define DEVICE __device__ static inline __attribute__((always_inline))
#define WORKGROUP(threads, wavesPerSimd)                                                                     \
  __attribute__((amdgpu_flat_work_group_size(threads, threads), amdgpu_waves_per_eu(wavesPerSimd)))

namespace {

using bf16 = __bf16;
using f16 = _Float16;
using fp8 = unsigned char; // the bits of an 8-bit float, which only matrix instructions read
template <class T, int Count>
using Vector = T __attribute__((ext_vector_type(Count)));
template <class T>
constexpr int bytesOf = static_cast<int>(sizeof(T));
template <class T>
constexpr int chunkLength = 16 / bytesOf<T>;
template <class T>
using Chunk =
    Vector<T, chunkLength<T>>; // 16 bytes: the widest unit that global memory, LDS and registers exchange

constexpr int waveSize = 64;
constexpr int outside = -1; // as an unsigned buffer offset it lies past every buffer's end

DEVICE int threadId() {
  return __builtin_amdgcn_workitem_id_x();
}
DEVICE int laneId() {
  return threadId() % waveSize;
}
DEVICE int waveId() {
  return __builtin_amdgcn_readfirstlane(threadId() / waveSize);
}
DEVICE int workgroupId() {
  return __builtin_amdgcn_workgroup_id_x();
}
DEVICE int minimum(int a, int b) {
  return a < b ? a : b;
}

/// The bf16 and fp8 instructions take their operands as integers.
DEVICE Vector<short, 4> bits(Vector<bf16, 4> value) {
  return __builtin_bit_cast(Vector<short, 4>, value);
}
DEVICE long bits(Vector<fp8, 8> value) {
  return __builtin_bit_cast(long, value);
}

/// All waves meet. LDS traffic before is ordered before what follows; global loads stay in flight.
DEVICE void barrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup", "local");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup", "local");
}

/// The compiler moves nothing across.
DEVICE void schedulingFence() {
  __builtin_amdgcn_sched_barrier(0);
}

} // namespace
