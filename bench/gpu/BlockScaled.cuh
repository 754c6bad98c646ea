// Products of fp8 with scales of 1 x 128 of A and 128 x 128 of W: held to float64 on the device, then timed
// beside cuBLASLt's, which has had these scales for Hopper since CUDA 12.9.
#pragma once

#include "Library.cuh"
#include <cuda_fp8.h>

namespace {

// From where a product of the library has rows enough: its m is a multiple of 4.
constexpr int scaledRowCounts[] = {16, 64, 512, 4096, 16384};
constexpr int scaledBlock = 128;

__global__ void fillFloat8(__nv_fp8_e4m3 *to, size_t count, unsigned long long seed) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < count;
       i += size_t(gridDim.x) * blockDim.x)
    to[i] = __nv_fp8_e4m3(16 * nearNormal(seed, i));
}

/// Powers of two times a random mantissa, 2^-6 to 2^-2.
__global__ void fillScales(float *to, size_t count, unsigned long long seed) {
  const size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x;
  if (i >= count)
    return;
  const unsigned long long bits = mix(seed ^ i * 0x2545f4914f6cdd1dull);
  to[i] = exp2f(-6 + float(bits & 3)) * (1 + float(bits >> 32 & 0xffff) / 65536);
}

/// The order that the library reads (cuBLAS 13, "128-element 1D and 128x128 2D block scaling"): scales of W
/// in rows of a multiple of four. Those of A lie as our kernels read them, where their rows are such a
/// multiple.
__global__ void repitch(const float *from, float *to, int rows, int columns, int pitch) {
  const size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x;
  if (i < size_t(rows) * columns)
    to[i / columns * pitch + i % columns] = from[i];
}

struct ScaledOperands {
  const __nv_fp8_e4m3 *a, *w;
  const float *aScale, *wScale; // [blocks of k, m], [blocks of n, blocks of k]
  const __nv_bfloat16 *d;
  long long m, n, k;
};

/// One warp per element. Within a block the tensor cores of Hopper keep about 14 bits of a sum of 8-bit
/// products (DeepSeek-V3 report, arXiv 2412.19437, section 3.3.2), so each of a block's four instructions may
/// lose 2^-13 of what it has; between blocks sums are fp32.
__global__ void countWrongScaled(ScaledOperands o, unsigned long long seed, int *wrong) {
  const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
  const unsigned long long random = mix(seed + warp);
  const long long row = warp < 4 ? (warp / 2) * (o.m - 1) : random % o.m;
  const long long column = warp < 4 ? (warp % 2) * (o.n - 1) : (random >> 32) % o.n;
  const long long blocks = (o.k + scaledBlock - 1) / scaledBlock;
  double sum = 0, magnitude = 0;
  for (long long i = lane; i < o.k; i += 32) {
    const long long block = i / scaledBlock;
    const double scale =
        double(o.aScale[block * o.m + row]) * double(o.wScale[column / scaledBlock * blocks + block]);
    const double product = scale * double(float(o.a[row * o.k + i])) * double(float(o.w[column * o.k + i]));
    sum += product;
    magnitude += fabs(product);
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    sum += __shfl_xor_sync(0xffffffff, sum, offset);
    magnitude += __shfl_xor_sync(0xffffffff, magnitude, offset);
  }
  // Errors of instructions are as random as the products: they add up like them.
  const double truncated = 4 * 0x1p-13 * magnitude / sqrt(double(o.k));
  const double bound = fabs(sum) / 256 + 4 * sqrt(double(o.k)) * 0x1p-24 * magnitude + 4 * truncated;
  const double got = __bfloat162float(o.d[row * o.n + column]);
  if (lane == 0 && !(fabs(got - sum) <= bound))
    atomicAdd(wrong, 1);
}

/// cuBLASLt's first operand is W, whose scales are of 128 x 128; A's are of 128.
class ScaledLibrary : public Library {
public:
  explicit ScaledLibrary(cudaStream_t stream) : Library(stream) {
    set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F);
  }

  void choose(long long m, long long n, long long k, const float *aScale, const float *wScale) {
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, wScale);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, aScale);
    Library::choose(m, n, k, CUDA_R_8F_E4M3);
  }
};

class BlockScaledBenchmark {
public:
  BlockScaledBenchmark(cudaStream_t stream, size_t cacheBytes, unsigned long long seed)
      : stream(stream), cacheBytes(cacheBytes), library(stream), seed(seed), launcher(stream) {}

  /// Returns whether every result was right, by the library too, whose order of scales that shows.
  bool run(const Layer &layer) {
    const size_t weightBytes = layer.n * layer.k;
    const int copies = static_cast<int>(4 * cacheBytes / weightBytes) + 2;
    Buffer weights(copies * weightBytes);
    fillFloat8<<<2048, 256, 0, stream>>>(weights.as<__nv_fp8_e4m3>(), copies * weightBytes, ++seed);
    const int blocks = blocksOf(layer.k), groups = blocksOf(layer.n), pitch = (blocks + 3) / 4 * 4;
    Buffer scales(4 * groups * blocks), libraryScales(4 * groups * pitch);
    fillScales<<<gridOf(groups * blocks), 256, 0, stream>>>(scales.as<float>(), groups * blocks, ++seed);
    check(cudaMemsetAsync(libraryScales.data, 0, 4 * groups * pitch, stream), "cudaMemsetAsync");
    repitch<<<gridOf(groups * blocks), 256, 0, stream>>>(scales.as<float>(), libraryScales.as<float>(),
                                                         groups, blocks, pitch);
    bool right = true;
    for (int m : scaledRowCounts)
      right = measure(layer, m, weights, copies, scales, libraryScales) && right;
    return right;
  }

private:
  static int blocksOf(long long extent) { return static_cast<int>((extent + scaledBlock - 1) / scaledBlock); }
  static int gridOf(size_t count) { return static_cast<int>((count + 255) / 256); }

  template <class Multiply>
  Checks verify(const Layer &layer, const ScaledOperands &o, const Buffer &d, Multiply multiply) {
    check(cudaMemsetAsync(d.data, 0xff, 2 * (o.m + guardRows) * o.n, stream), "cudaMemsetAsync");
    multiply();
    return countMistakes(stream, d, o.m, o.n, layer.name, [&](int *wrong) {
      countWrongScaled<<<checkedElements / 8, 256, 0, stream>>>(o, ++seed, wrong);
    });
  }

  bool measure(const Layer &layer, int m, const Buffer &weights, int copies, const Buffer &wScale,
               const Buffer &libraryWScale) {
    const int blocks = blocksOf(layer.k);
    const size_t count = size_t(m) * blocks;
    Buffer a(m * layer.k), aScale(4 * count), d(2 * (m + guardRows) * layer.n);
    fillFloat8<<<2048, 256, 0, stream>>>(a.as<__nv_fp8_e4m3>(), m * layer.k, ++seed);
    fillScales<<<gridOf(count), 256, 0, stream>>>(aScale.as<float>(), count, ++seed);
    const ScaledOperands operands = {a.as<__nv_fp8_e4m3>(),
                                     weights.as<__nv_fp8_e4m3>(),
                                     aScale.as<float>(),
                                     wScale.as<float>(),
                                     d.as<__nv_bfloat16>(),
                                     m,
                                     layer.n,
                                     layer.k};
    const int rotated = m <= coldRows ? copies : 1;
    auto weight = [&](int call) { return weights.as<char>() + call % rotated * (layer.n * layer.k); };
    auto launch = [&](int call) {
      Parameters parameters = {};
      parameters.a = a.data;
      parameters.w = weight(call);
      parameters.a_scale = aScale.as<float>();
      parameters.w_scale = wScale.as<float>();
      parameters.d = d.data;
      parameters.m = m;
      launcher(layer, parameters);
    };
    library.choose(m, layer.n, layer.k, aScale.as<float>(), libraryWScale.as<float>());
    auto multiply = [&](int call) { library.multiply(a.data, weight(call), d.data); };
    const Checks theirs = verify(layer, operands, d, [&] { multiply(0); });
    require(theirs.wrong == 0, layer.name, "cuBLASLt's result is wrong: its scales lie in another order");
    const Checks ours = verify(layer, operands, d, [&] { launch(0); });
    const bool right = ours.wrong == 0 && ours.unwritten == 0 && ours.outside == 0;
    double seconds = 0, librarySeconds = 0;
    if (right) {
      seconds = secondsOf(stream, launch);
      librarySeconds = secondsOf(stream, multiply);
    }
    library.release();
    std::printf("fp8,%s,%d,%lld,%lld,%d,%llu,%llu,%.4f,%.4f\n", layer.name, m, layer.n, layer.k, ours.wrong,
                ours.unwritten, ours.outside, seconds * 1e6, librarySeconds * 1e6);
    std::fflush(stdout);
    return right;
  }

  cudaStream_t stream;
  size_t cacheBytes;
  ScaledLibrary library;
  unsigned long long seed;
  Launcher launcher;
};

} // namespace
