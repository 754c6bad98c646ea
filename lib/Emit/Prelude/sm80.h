// Device primitives of the kernels in this folder, for sm_80 and later: cp.async, ldmatrix, mma.sync.
// Freestanding: nvcc compiles it, and so does clang without the CUDA headers.
#pragma once

#ifndef __CUDACC__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(threads, residency) __attribute__((launch_bounds(threads, residency)))
#endif
#define DEVICE __device__ static inline __attribute__((always_inline))
#define INLINED __device__ inline __attribute__((always_inline)) // of members that clang calls else

namespace {

struct bf16 {
  unsigned short bits;
};
struct f16 {
  unsigned short bits;
};
struct fp8 {
  unsigned char bits;
};
struct alignas(16) Chunk {
  unsigned words[4]; // 16 bytes: the widest unit that global and shared memory exchange
};

constexpr int waveSize = 32;
constexpr int chunkLength = 8; // 16-bit elements in a chunk
template <class T>
constexpr int bytesOf = static_cast<int>(sizeof(T));
template <class T>
constexpr int lengthOf = 16 / bytesOf<T>; // elements in a chunk

DEVICE int threadId() {
#ifdef __NVCC__
  return threadIdx.x;
#else
  return __nvvm_read_ptx_sreg_tid_x();
#endif
}
DEVICE int workgroupId() {
#ifdef __NVCC__
  return blockIdx.x;
#else
  return __nvvm_read_ptx_sreg_ctaid_x();
#endif
}
DEVICE int laneId() {
  return threadId() % waveSize;
}
DEVICE int waveId() {
  return threadId() / waveSize;
}
/// Eight rows of an operand or of sums take a wave, four lanes each: the row of a lane, and its place in it.
DEVICE int rowOfLane() {
  return laneId() / 4;
}
DEVICE int laneInRow() {
  return laneId() % 4;
}
DEVICE int minimum(int a, int b) {
  return a < b ? a : b;
}
DEVICE int maximum(int a, int b) {
  return a > b ? a : b;
}

DEVICE void barrier() {
  asm volatile("bar.sync 0;" ::: "memory");
}

/// Shared memory as the 32-bit address that ldmatrix and cp.async take. The compiler sees through this
/// conversion, so addresses are not made generic first.
DEVICE unsigned sharedAddress(const void *pointer) {
#ifdef __NVCC__
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
#else
  return static_cast<unsigned>((unsigned long long)(__attribute__((address_space(3))) const void *)pointer);
#endif
}

DEVICE float widen(bf16 value) {
  float wide;
  asm("mov.b32 %0, {%2, %1};" : "=f"(wide) : "h"(value.bits), "h"(static_cast<unsigned short>(0)));
  return wide;
}
DEVICE float widen(f16 value) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value.bits));
  return wide;
}

/// e to the power x, by the instruction for powers of two.
DEVICE float exponential(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x * 1.4426950408889634f));
  return result;
}

/// The number, which neither compiler knows, though all lanes must agree on it: they take asm statements for
/// nothing, and would write out a loop of a hundred steps of them. ptxas sees through an empty one.
DEVICE int unknown(int number) {
  asm("shfl.sync.idx.b32 %0, %0, 0, 31, 0xffffffff;" : "+r"(number));
  return number;
}

/// The compiler moves no memory access across.
DEVICE void schedulingFence() {
  asm volatile("" ::: "memory");
}

/// The sum of this lane's value and those of the lanes before it.
DEVICE int prefixSum(int value) {
#pragma unroll
  for (int step = 1; step < waveSize; step *= 2) {
    int before;
    asm volatile("shfl.sync.up.b32 %0, %1, %2, 0, 0xffffffff;" : "=r"(before) : "r"(value), "r"(step));
    value += laneId() >= step ? before : 0;
  }
  return value;
}
DEVICE int laneValue(int value, int lane) {
  int result;
  asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(result) : "r"(value), "r"(lane));
  return result;
}
DEVICE int countLanes(bool condition) {
  int count;
  asm volatile("{ .reg .pred p; .reg .b32 b; setp.ne.u32 p, %1, 0; vote.sync.ballot.b32 b, p, 0xffffffff; "
               "popc.b32 %0, b; }"
               : "=r"(count)
               : "r"(static_cast<unsigned>(condition)));
  return count;
}

} // namespace
