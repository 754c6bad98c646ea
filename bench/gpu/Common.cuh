// What both benchmarks use: checks of calls, buffers, random operands, times between events.
#pragma once

#include "layers.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace {

constexpr int coldRows = 64;          // up to here weights come from HBM, as in decode
constexpr int checkedElements = 8192; // of each product
constexpr int guardRows = 3;          // behind the output, that must stay as they were

void require(bool ok, const char *what, const char *why) {
  if (ok)
    return;
  std::fprintf(stderr, "error: %s: %s\n", what, why);
  std::exit(1);
}
void check(cudaError_t status, const char *what) {
  require(status == cudaSuccess, what, cudaGetErrorString(status));
}
void check(cublasStatus_t status, const char *what) {
  require(status == CUBLAS_STATUS_SUCCESS, what, cublasLtGetStatusString(status));
}

struct Buffer {
  void *data = nullptr;
  explicit Buffer(size_t bytes) { check(cudaMalloc(&data, bytes), "cudaMalloc"); }
  ~Buffer() { cudaFree(data); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  template <class T>
  T *as() const {
    return static_cast<T *>(data);
  }
};

__device__ unsigned long long mix(unsigned long long x) { // splitmix64
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return x ^ x >> 31;
}

/// A near-normal deviate: the sum of four uniform ones.
__device__ float nearNormal(unsigned long long seed, size_t i) {
  const unsigned long long bits = mix(seed ^ i * 0x2545f4914f6cdd1dull);
  float sum = -2;
  for (int part = 0; part < 4; ++part)
    sum += float(bits >> 16 * part & 0xffff) / 65536;
  return sum;
}

__global__ void fillRandom(__nv_bfloat16 *to, size_t count, unsigned long long seed) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < count;
       i += size_t(gridDim.x) * blockDim.x)
    to[i] = __float2bfloat16(nearNormal(seed, i));
}

void fill(cudaStream_t stream, const Buffer &buffer, size_t count, unsigned long long seed) {
  fillRandom<<<2048, 256, 0, stream>>>(buffer.as<__nv_bfloat16>(), count, seed * 0x1000003ull);
  check(cudaGetLastError(), "fillRandom");
}

/// Elements that still hold the poison, which no kernel writes for finite operands.
__global__ void countPoison(const unsigned short *d, size_t count, unsigned long long *found) {
  unsigned long long here = 0;
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < count;
       i += size_t(gridDim.x) * blockDim.x)
    here += d[i] == 0xffff;
  if (here)
    atomicAdd(found, here);
}

/// Seconds of one call: median of several batches between two events.
template <class Call>
double secondsOf(cudaStream_t stream, Call call) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  auto batch = [&](int calls) {
    check(cudaEventRecord(begin, stream), "cudaEventRecord");
    for (int i = 0; i < calls; ++i)
      call(i);
    check(cudaEventRecord(end, stream), "cudaEventRecord");
    check(cudaEventSynchronize(end), "the timed work");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    return milliseconds * 1e-3 / calls;
  };
  batch(3);
  const int calls = std::clamp(static_cast<int>(0.02 / batch(3)), 3, 400);
  std::vector<double> seconds;
  for (int i = 0; i < 7; ++i)
    seconds.push_back(batch(calls));
  std::sort(seconds.begin(), seconds.end());
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return seconds[seconds.size() / 2];
}

struct Checks {
  int wrong = 0;
  unsigned long long unwritten = 0, outside = 0; // elements
};

/// Launches kernels of the package, with a workspace that grows as they need it.
class Launcher {
public:
  explicit Launcher(cudaStream_t stream) : stream(stream) {}

  void operator()(const Layer &layer, const Parameters &parameters) {
    const size_t needed = layer.workspaceSize(&parameters);
    if (needed > bytes) {
      workspace.emplace(needed);
      bytes = needed;
      check(cudaMemsetAsync(workspace->data, 0, needed, stream), "cudaMemsetAsync");
    }
    const int status = layer.launch(&parameters, workspace ? workspace->data : nullptr, bytes, stream);
    require(status == 0, layer.name, lastError());
  }

private:
  cudaStream_t stream;
  std::optional<Buffer> workspace; // zero before the first launch
  size_t bytes = 0;
};

/// Counts what a check kernel finds wrong, elements of D that are not written, and those behind it that are.
/// `countWrong` takes a counter.
template <class CountWrong>
Checks countMistakes(cudaStream_t stream, const Buffer &d, long long rows, long long columns,
                     const char *name, CountWrong countWrong) {
  Buffer counts(3 * sizeof(unsigned long long));
  check(cudaMemsetAsync(counts.data, 0, 3 * sizeof(unsigned long long), stream), "cudaMemsetAsync");
  auto *counters = counts.as<unsigned long long>();
  countWrong(reinterpret_cast<int *>(counters));
  countPoison<<<1024, 256, 0, stream>>>(d.as<unsigned short>(), rows * columns, counters + 1);
  countPoison<<<64, 256, 0, stream>>>(d.as<unsigned short>() + rows * columns, guardRows * columns,
                                      counters + 2);
  check(cudaGetLastError(), "the checks");
  unsigned long long read[3];
  check(cudaMemcpyAsync(read, counters, sizeof read, cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream), name);
  return {static_cast<int>(read[0]), read[1], guardRows * columns - read[2]};
}

} // namespace
