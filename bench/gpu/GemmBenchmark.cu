// Checks codesign's kernels against float64 on the device, then times them and cuBLASLt in the same run.
// Prints one CSV line per layer and row count behind lines that name the device and its measured ceilings;
// summarise.py reads them.
#include "BlockScaled.cuh"
#include "Experts.cuh"

namespace {

constexpr int rowCounts[] = {1, 16, 64, 512, 4096, 16384};

__global__ void emptyKernel() {}

/// One warp per element: float64 sum, and whether the output lies within half a unit of the last place plus
/// the rounding of fp32 sums, 4 * sqrt(k) * 2^-24 * sum |a||w|. NaN never does.
__global__ void countWrong(const __nv_bfloat16 *a, const __nv_bfloat16 *w, const __nv_bfloat16 *d,
                           long long m, long long n, long long k, unsigned long long seed, int *wrong) {
  const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
  // The corners first, then anywhere.
  const unsigned long long random = mix(seed + warp);
  const long long row = warp < 4 ? (warp / 2) * (m - 1) : random % m;
  const long long column = warp < 4 ? (warp % 2) * (n - 1) : (random >> 32) % n;
  double sum = 0, magnitude = 0;
  for (long long i = lane; i < k; i += 32) {
    const double product =
        double(__bfloat162float(a[row * k + i])) * double(__bfloat162float(w[column * k + i]));
    sum += product;
    magnitude += fabs(product);
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    sum += __shfl_xor_sync(0xffffffff, sum, offset);
    magnitude += __shfl_xor_sync(0xffffffff, magnitude, offset);
  }
  const double bound = fabs(sum) / 256 + 4 * sqrt(double(k)) * 0x1p-24 * magnitude;
  const double got = __bfloat162float(d[row * n + column]);
  if (lane == 0 && !(fabs(got - sum) <= bound))
    atomicAdd(wrong, 1);
}

class Benchmark {
public:
  Benchmark(cudaStream_t stream, size_t cacheBytes, unsigned long long seed)
      : stream(stream), cacheBytes(cacheBytes), library(stream), seed(seed), launcher(stream) {}

  /// Returns whether every result was right; only right kernels are timed.
  bool run(const Layer &layer) {
    const size_t weightBytes = 2 * layer.n * layer.k;
    // Copies of the weights that four times the L2 cannot hold.
    const int copies = static_cast<int>(4 * cacheBytes / weightBytes) + 2;
    Buffer weights(copies * weightBytes);
    fill(weights, copies * layer.n * layer.k);
    bool right = true;
    for (int m : rowCounts)
      right = measure(layer, m, weights, weightBytes, copies) && right;
    return right;
  }

private:
  void fill(const Buffer &buffer, size_t count) { ::fill(stream, buffer, count, ++seed); }

  void launch(const Layer &layer, const void *a, const void *w, void *d, long long m) {
    Parameters parameters = {};
    parameters.a = a;
    parameters.w = w;
    parameters.d = d;
    parameters.m = m;
    launcher(layer, parameters);
  }

  Checks verify(const Layer &layer, long long m, const Buffer &a, const void *w, const Buffer &d) {
    check(cudaMemsetAsync(d.data, 0xff, 2 * (m + guardRows) * layer.n, stream), "cudaMemsetAsync");
    launch(layer, a.data, w, d.data, m);
    return countMistakes(stream, d, m, layer.n, layer.name, [&](int *wrong) {
      countWrong<<<checkedElements / 8, 256, 0, stream>>>(
          a.as<__nv_bfloat16>(), static_cast<const __nv_bfloat16 *>(w), d.as<__nv_bfloat16>(), m, layer.n,
          layer.k, ++seed, wrong);
    });
  }

  bool measure(const Layer &layer, long long m, const Buffer &weights, size_t weightBytes, int copies) {
    Buffer a(2 * m * layer.k), d(2 * (m + guardRows) * layer.n);
    fill(a, m * layer.k);
    const Checks checks = verify(layer, m, a, weights.data, d);
    const bool right = checks.wrong == 0 && checks.unwritten == 0 && checks.outside == 0;
    double ours = 0, theirs = 0;
    if (right) {
      const int rotated = m <= coldRows ? copies : 1;
      auto weight = [&](int call) { return weights.as<char>() + call % rotated * weightBytes; };
      library.choose(m, layer.n, layer.k, CUDA_R_16BF);
      ours = secondsOf(stream, [&](int call) { launch(layer, a.data, weight(call), d.data, m); });
      theirs = secondsOf(stream, [&](int call) { library.multiply(a.data, weight(call), d.data); });
      library.release();
    }
    std::printf("gemm,%s,%lld,%lld,%lld,%d,%llu,%llu,%.4f,%.4f\n", layer.name, m, layer.n, layer.k,
                checks.wrong, checks.unwritten, checks.outside, ours * 1e6, theirs * 1e6);
    std::fflush(stdout);
    return right;
  }

  cudaStream_t stream;
  size_t cacheBytes;
  Library library;
  unsigned long long seed;
  Launcher launcher;
};

/// Bytes read and written in a second by a copy far larger than the caches.
double copyBandwidth(cudaStream_t stream) {
  const size_t bytes = size_t(2) << 30;
  Buffer from(bytes), to(bytes);
  check(cudaMemsetAsync(from.data, 1, bytes, stream), "cudaMemsetAsync");
  return 2 * bytes / secondsOf(stream, [&](int) {
           check(cudaMemcpyAsync(to.data, from.data, bytes, cudaMemcpyDeviceToDevice, stream),
                 "cudaMemcpyAsync");
         });
}

} // namespace

int main() {
  check(cudaSetDevice(0), "cudaSetDevice");
  check(cudaFree(nullptr), "cudaFree"); // makes the context that kernels are loaded into
  cudaDeviceProp device;
  check(cudaGetDeviceProperties(&device, 0), "cudaGetDeviceProperties");
  int driver = 0, runtime = 0;
  check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  require(loadKernels() == 0, "kernels", lastError());
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  const double empty = secondsOf(stream, [&](int) { emptyKernel<<<1, 32, 0, stream>>>(); });
  std::printf("device,%s\nversions,driver %d runtime %d cublasLt %zu\n", device.name, driver, runtime,
              cublasLtGetVersion());
  std::printf("empty_us,%.4f\ncopy_bytes_per_second,%.6g\n", empty * 1e6, copyBandwidth(stream));
  std::printf("columns,layer,m,n,k,wrong,unwritten,outside,ours_us,library_us\n");
  const unsigned long long seed = std::random_device{}();
  std::printf("seed,%llu\n", seed);
  Benchmark benchmark(stream, device.l2CacheSize, seed);
  ExpertBenchmark ofExperts(stream, device.l2CacheSize, seed);
  std::optional<BlockScaledBenchmark> scaled; // other devices' libraries have no such products
  bool right = true;
  for (const Layer &layer : layers) {
    if (layer.blockScaled && !scaled)
      scaled.emplace(stream, device.l2CacheSize, seed);
    right = (layer.blockScaled   ? scaled->run(layer)
             : layer.experts > 0 ? ofExperts.run(layer)
                                 : benchmark.run(layer)) &&
            right;
  }
  return right ? 0 : 4;
}
