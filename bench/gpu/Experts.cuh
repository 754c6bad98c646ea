// Products of experts whose rows come by a list of tokens: held to float64 on the device, then timed beside
// cuBLAS's grouped products, which know all row counts on the host and get their rows in order.
#pragma once

#include "Common.cuh"
#include <cublas_v2.h>
#include <numeric>

namespace {

constexpr int tokenCounts[] = {1, 16, 64, 512, 4096, 16384};

/// Tokens that are routed to topK different experts each, at random; rows stand by expert.
struct Routing {
  std::vector<int> offsets, tokenOfRow, rowsOfTokens; // experts + 1; rows; tokens x topK
  std::vector<float> weights;                         // of rows

  Routing(int tokens, int experts, int topK, unsigned long long seed) {
    std::mt19937_64 engine(seed);
    std::vector<int> chosen(size_t(tokens) * topK), order(experts);
    offsets.assign(experts + 1, 0);
    std::iota(order.begin(), order.end(), 0);
    for (int token = 0; token < tokens; ++token)
      for (int i = 0; i < topK; ++i) {
        std::swap(order[i], order[i + engine() % (experts - i)]);
        chosen[size_t(token) * topK + i] = order[i];
        ++offsets[order[i] + 1];
      }
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    std::vector<int> next(offsets.begin(), offsets.end() - 1);
    tokenOfRow.resize(chosen.size());
    rowsOfTokens.resize(chosen.size());
    for (size_t i = 0; i < chosen.size(); ++i) {
      rowsOfTokens[i] = next[chosen[i]]++;
      tokenOfRow[rowsOfTokens[i]] = static_cast<int>(i / topK);
    }
    std::uniform_real_distribution<float> uniform(0.05f, 1);
    for (size_t i = 0; i < chosen.size(); ++i)
      weights.push_back(uniform(engine));
  }
  int rows() const { return static_cast<int>(tokenOfRow.size()); }
  /// Experts that have rows.
  int touched() const {
    int count = 0;
    for (size_t expert = 0; expert + 1 < offsets.size(); ++expert)
      count += offsets[expert + 1] > offsets[expert];
    return count;
  }
};

template <class T>
std::unique_ptr<Buffer> copyOf(const std::vector<T> &values) {
  auto buffer = std::make_unique<Buffer>(values.size() * sizeof(T));
  check(cudaMemcpy(buffer->data, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
        "cudaMemcpy");
  return buffer;
}

/// Of one row of A and one of W, for all lanes of a warp: the product in float64, and its magnitudes.
__device__ double2 productOf(const __nv_bfloat16 *a, const __nv_bfloat16 *w, long long k) {
  double sum = 0, magnitude = 0;
  for (long long i = threadIdx.x % 32; i < k; i += 32) {
    const double product = double(__bfloat162float(a[i])) * double(__bfloat162float(w[i]));
    sum += product;
    magnitude += fabs(product);
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    sum += __shfl_xor_sync(0xffffffff, sum, offset);
    magnitude += __shfl_xor_sync(0xffffffff, magnitude, offset);
  }
  return {sum, magnitude};
}

__device__ int expertOf(const int *offsets, long long row) {
  int expert = 0;
  while (offsets[expert + 1] <= row)
    ++expert;
  return expert;
}

/// What both checks are given.
struct Operands {
  const __nv_bfloat16 *a, *w, *d;
  const int *offsets, *list; // the token of each row, or the rows of each token
  const float *weights;
  long long rows, columns, k; // of d, and of the products
  int topK;
  unsigned long long seed;
};

/// A row and a column for each warp: the corners first, then anywhere.
__device__ longlong2 placeOf(const Operands &o, int warp) {
  const unsigned long long random = mix(o.seed + warp);
  return {warp < 4 ? (warp / 2) * (o.rows - 1) : static_cast<long long>(random % o.rows),
          warp < 4 ? (warp % 2) * (o.columns - 1) : static_cast<long long>((random >> 32) % o.columns)};
}

__device__ void countUnlessClose(const Operands &o, longlong2 place, double value, double magnitude,
                                 double depth, int *wrong) {
  const double bound = fabs(value) / 256 + 4 * sqrt(depth) * 0x1p-24 * magnitude;
  const double got = __bfloat162float(o.d[place.x * o.columns + place.y]);
  if (threadIdx.x % 32 == 0 && !(fabs(got - value) <= bound))
    atomicAdd(wrong, 1);
}

/// silu(gate) * up of a row's token, where gate and up are the rows 2j and 2j + 1 of the expert's weights;
/// what rounding the factors makes of their product, to first order.
__global__ void countWrongGates(Operands o, int *wrong) {
  const longlong2 place = placeOf(o, (blockIdx.x * blockDim.x + threadIdx.x) / 32);
  const __nv_bfloat16 *a = o.a + o.list[place.x] * o.k;
  const __nv_bfloat16 *w = o.w + (expertOf(o.offsets, place.x) * o.columns + place.y) * 2 * o.k;
  const double2 gate = productOf(a, w, o.k), up = productOf(a, w + o.k, o.k);
  const double silu = gate.x / (1 + exp(-gate.x));
  countUnlessClose(o, place, silu * up.x, 1.2 * gate.y * fabs(up.x) + fabs(silu) * up.y, double(o.k), wrong);
}

/// The sum over a token's rows of weighted products.
__global__ void countWrongSums(Operands o, int *wrong) {
  const longlong2 place = placeOf(o, (blockIdx.x * blockDim.x + threadIdx.x) / 32);
  double sum = 0, magnitude = 0;
  for (int i = 0; i < o.topK; ++i) {
    const int row = o.list[place.x * o.topK + i];
    const double2 product =
        productOf(o.a + row * o.k, o.w + (expertOf(o.offsets, row) * o.columns + place.y) * o.k, o.k);
    sum += o.weights[row] * product.x;
    magnitude += fabs(o.weights[row]) * product.y;
  }
  countUnlessClose(o, place, sum, magnitude, double(o.k + o.topK), wrong);
}

/// D_e = A_e W_e^T for all experts with rows, in one call of cuBLAS.
class GroupedLibrary {
public:
  explicit GroupedLibrary(cudaStream_t stream) {
    check(cublasCreate(&handle), "cublasCreate");
    check(cublasSetStream(handle, stream), "cublasSetStream");
  }
  ~GroupedLibrary() { cublasDestroy(handle); }
  GroupedLibrary(const GroupedLibrary &) = delete;
  GroupedLibrary &operator=(const GroupedLibrary &) = delete;

  /// Column-major, so that the operands trade places. With a list of pointers for each of `weights`.
  void choose(const Routing &routing, const Buffer &a, const std::vector<char *> &weights, const Buffer &d,
              long long n, long long k) {
    m.clear();
    std::vector<void *> inputs, outputs;
    pointersOfWeights.clear();
    for (size_t expert = 0; expert + 1 < routing.offsets.size(); ++expert)
      if (const int rows = routing.offsets[expert + 1] - routing.offsets[expert]; rows > 0) {
        m.push_back(rows);
        inputs.push_back(a.as<char>() + 2 * k * routing.offsets[expert]);
        outputs.push_back(d.as<char>() + 2 * n * routing.offsets[expert]);
      }
    for (char *first : weights) {
      std::vector<void *> pointers;
      for (size_t expert = 0; expert + 1 < routing.offsets.size(); ++expert)
        if (routing.offsets[expert + 1] > routing.offsets[expert])
          pointers.push_back(first + 2 * n * k * static_cast<long long>(expert));
      pointersOfWeights.push_back(copyOf(pointers));
    }
    pointersOfInputs = copyOf(inputs);
    pointersOfOutputs = copyOf(outputs);
    const size_t groups = m.size();
    columns.assign(groups, static_cast<int>(n));
    depths.assign(groups, static_cast<int>(k));
    ones.assign(groups, 1);
    alphas.assign(groups, 1.0f);
    betas.assign(groups, 0.0f);
    transposed.assign(groups, CUBLAS_OP_T);
    plain.assign(groups, CUBLAS_OP_N);
  }
  void multiply(int call) {
    const Buffer &w = *pointersOfWeights[call % pointersOfWeights.size()];
    check(cublasGemmGroupedBatchedEx(
              handle, transposed.data(), plain.data(), columns.data(), m.data(), depths.data(), alphas.data(),
              w.as<const void *>(), CUDA_R_16BF, depths.data(), pointersOfInputs->as<const void *>(),
              CUDA_R_16BF, depths.data(), betas.data(), pointersOfOutputs->as<void *>(), CUDA_R_16BF,
              columns.data(), static_cast<int>(m.size()), ones.data(), CUBLAS_COMPUTE_32F),
          "cublasGemmGroupedBatchedEx");
  }

private:
  cublasHandle_t handle;
  std::vector<int> m, columns, depths, ones;
  std::vector<float> alphas, betas;
  std::vector<cublasOperation_t> transposed, plain;
  std::vector<std::unique_ptr<Buffer>> pointersOfWeights;
  std::unique_ptr<Buffer> pointersOfInputs, pointersOfOutputs;
};

class ExpertBenchmark {
public:
  ExpertBenchmark(cudaStream_t stream, size_t cacheBytes, unsigned long long seed)
      : stream(stream), cacheBytes(cacheBytes), seed(seed), library(stream), launcher(stream) {}

  /// Returns whether every result was right; only right kernels are timed.
  bool run(const Layer &layer) {
    bool right = true;
    for (int tokens : tokenCounts)
      right = measure(layer, tokens) && right;
    return right;
  }

private:
  bool measure(const Layer &layer, int tokens) {
    const int topK = layer.topK;
    const Routing routing(tokens, layer.experts, topK, ++seed);
    const int m = routing.rows();
    const auto offsets = copyOf(routing.offsets), tokenOfRow = copyOf(routing.tokenOfRow),
               rowsOfTokens = copyOf(routing.rowsOfTokens), rowWeights = copyOf(routing.weights);
    // Copies of the weights of which four times the L2 cannot hold what a launch reads.
    const size_t expertBytes = 2 * layer.n * layer.k, weightBytes = expertBytes * layer.experts;
    const int copies =
        tokens > coldRows ? 1 : static_cast<int>(4 * cacheBytes / (routing.touched() * expertBytes)) + 2;
    Buffer weights(copies * weightBytes);
    fill(stream, weights, copies * weightBytes / 2, ++seed);
    // A gated layer takes rows by the list of their tokens; a sum of tokens has a row for each of them.
    const bool sums = layer.sumsTokens;
    const long long inputs = sums ? m : tokens, outputs = sums ? tokens : m;
    const long long columns = sums ? layer.n : layer.n / 2;
    Buffer a(2 * inputs * layer.k), d(2 * (outputs + guardRows) * columns);
    fill(stream, a, inputs * layer.k, ++seed);
    Parameters parameters = {};
    parameters.a = a.data;
    parameters.d = d.data;
    parameters.m = m;
    parameters.expert_rows = offsets->as<int>();
    if (sums) {
      parameters.row_weights = rowWeights->as<float>();
      parameters.token_rows = rowsOfTokens->as<int>();
      parameters.token_count = tokens;
    } else {
      parameters.a_rows = tokenOfRow->as<int>();
      parameters.a_row_count = tokens;
    }
    auto launch = [&](int call) {
      parameters.w = weights.as<char>() + call % copies * weightBytes;
      launcher(layer, parameters);
    };
    check(cudaMemsetAsync(d.data, 0xff, 2 * (outputs + guardRows) * columns, stream), "cudaMemsetAsync");
    launch(0);
    const Operands operands = {a.as<__nv_bfloat16>(),
                               weights.as<__nv_bfloat16>(),
                               d.as<__nv_bfloat16>(),
                               offsets->as<int>(),
                               (sums ? rowsOfTokens : tokenOfRow)->as<int>(),
                               rowWeights->as<float>(),
                               outputs,
                               columns,
                               layer.k,
                               topK,
                               ++seed};
    const Checks checks = countMistakes(stream, d, outputs, columns, layer.name, [&](int *wrong) {
      if (sums)
        countWrongSums<<<checkedElements / 8, 256, 0, stream>>>(operands, wrong);
      else
        countWrongGates<<<checkedElements / 8, 256, 0, stream>>>(operands, wrong);
    });
    const bool right = checks.wrong == 0 && checks.unwritten == 0 && checks.outside == 0;
    double ours = 0, theirs = 0;
    if (right) {
      ours = secondsOf(stream, launch);
      Buffer inOrder(2 * static_cast<long long>(m) * layer.k),
          result(2 * static_cast<long long>(m) * layer.n);
      fill(stream, inOrder, static_cast<size_t>(m) * layer.k, ++seed);
      std::vector<char *> each;
      for (int copy = 0; copy < copies; ++copy)
        each.push_back(weights.as<char>() + copy * weightBytes);
      library.choose(routing, inOrder, each, result, layer.n, layer.k);
      theirs = secondsOf(stream, [&](int call) { library.multiply(call); });
    }
    std::printf("experts,%s,%d,%d,%d,%lld,%lld,%d,%llu,%llu,%.4f,%.4f\n", layer.name, tokens, m,
                routing.touched(), layer.n, layer.k, checks.wrong, checks.unwritten, checks.outside,
                ours * 1e6, theirs * 1e6);
    std::fflush(stdout);
    return right;
  }

  cudaStream_t stream;
  size_t cacheBytes;
  unsigned long long seed;
  GroupedLibrary library;
  Launcher launcher;
};

} // namespace
