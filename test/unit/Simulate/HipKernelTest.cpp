// Kernels that clang compiles from ordinary HIP run, agree with plain C++, and give no findings.
#include "TestSupport.h"
#include <cmath>
#include <random>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

const char *const source = R"(
KERNEL vectorAdd(const float *a, const float *b, float *c, int n) {
  int i = bid() * 256 + tid();
  if (i < n) c[i] = a[i] + b[i];
}
KERNEL blockSum(const float *in, float *out, int n) {
  SHARED float part[256];
  int i = bid() * 256 + tid();
  part[tid()] = i < n ? in[i] : 0.0f;
  for (int step = 128; step > 0; step /= 2) {
    barrier();
    if (tid() < step) part[tid()] += part[tid() + step];
  }
  if (tid() == 0) out[bid()] = part[0];
}
KERNEL transpose(const float *in, float *out, int rows, int columns) {
  SHARED float tile[32][33];
  int x = tid() % 32, y = tid() / 32;
  int blocks = (columns + 31) / 32, bx = bid() % blocks, by = bid() / blocks;
  for (int j = y; j < 32; j += 8)
    if (by * 32 + j < rows && bx * 32 + x < columns) tile[j][x] = in[(by * 32 + j) * columns + bx * 32 + x];
  barrier();
  for (int j = y; j < 32; j += 8)
    if (bx * 32 + j < columns && by * 32 + x < rows) out[(bx * 32 + j) * rows + by * 32 + x] = tile[x][j];
}
DEVICE float waveMax(float v) {
  for (int offset = 32; offset; offset /= 2)
    v = __builtin_fmaxf(v, __builtin_bit_cast(float, __builtin_amdgcn_ds_bpermute(((tid() ^ offset) & 63) * 4, __builtin_bit_cast(int, v))));
  return v;
}
DEVICE float waveSum(float v) {
  for (int offset = 32; offset; offset /= 2)
    v += __builtin_bit_cast(float, __builtin_amdgcn_ds_bpermute(((tid() ^ offset) & 63) * 4, __builtin_bit_cast(int, v)));
  return v;
}
KERNEL softmax(const float *in, float *out, int n) {
  const float *row = in + bid() * n;
  float largest = -__builtin_inff(), sum = 0;
  for (int i = tid(); i < n; i += 64) largest = __builtin_fmaxf(largest, row[i]);
  largest = waveMax(largest);
  for (int i = tid(); i < n; i += 64) sum += __builtin_exp2f((row[i] - largest) * 1.44269504f);
  sum = waveSum(sum);
  for (int i = tid(); i < n; i += 64) out[bid() * n + i] = __builtin_exp2f((row[i] - largest) * 1.44269504f) / sum;
}
KERNEL layerNorm(const float *in, float *out, int n) {
  const float *row = in + bid() * n;
  float sum = 0, squares = 0;
  for (int i = tid(); i < n; i += 64) sum += row[i];
  float mean = waveSum(sum) / n;
  for (int i = tid(); i < n; i += 64) squares += (row[i] - mean) * (row[i] - mean);
  float scale = 1.0f / __builtin_sqrtf(waveSum(squares) / n + 1e-5f);
  for (int i = tid(); i < n; i += 64) out[bid() * n + i] = (row[i] - mean) * scale;
}
KERNEL naiveGemm(const float *a, const float *b, float *c, int m, int n, int k) {
  int i = bid() * 64 + tid();
  if (i >= m * n) return;
  float sum = 0;
  for (int p = 0; p < k; ++p) sum = __builtin_fmaf(a[(i / n) * k + p], b[p * n + i % n], sum);
  c[i] = sum;
}
KERNEL tiledGemm(const float *a, const float *b, float *c, int m, int n, int k) {
  SHARED float as[16][16], bs[16][16];
  int tx = tid() % 16, ty = tid() / 16, blocks = (n + 15) / 16;
  int row = bid() / blocks * 16 + ty, column = bid() % blocks * 16 + tx;
  float sum = 0;
  for (int p = 0; p < k; p += 16) {
    as[ty][tx] = row < m && p + tx < k ? a[row * k + p + tx] : 0;
    bs[ty][tx] = column < n && p + ty < k ? b[(p + ty) * n + column] : 0;
    barrier();
    for (int q = 0; q < 16; ++q) sum = __builtin_fmaf(as[ty][q], bs[q][tx], sum);
    barrier();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}
KERNEL scan(const int *in, int *out) {
  SHARED int buffer[2][256];
  int t = tid(), from = 0;
  buffer[0][t] = in[bid() * 256 + t];
  for (int step = 1; step < 256; step *= 2) {
    barrier();
    buffer[1 - from][t] = buffer[from][t] + (t >= step ? buffer[from][t - step] : 0);
    from = 1 - from;
  }
  out[bid() * 256 + t] = buffer[from][t];
}
KERNEL histogram(const unsigned *in, unsigned *bins, int n) {
  for (int i = bid() * 64 + tid(); i < n; i += 128)
    __hip_atomic_fetch_add(&bins[in[i] % 16], 1u, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}
KERNEL divisions(const int *a, const int *b, int *q, long *wide, double *root, const double *x) {
  int i = tid();
  q[i] = a[i] / b[i] + a[i] % b[i];
  wide[i] = (long)a[i] * b[i] / 7;
  root[i] = __builtin_sqrt(x[i]) / 3.0;
}
KERNEL privateArray(const int *in, int *out, int n) {
  int local[32];
  for (int i = 0; i < 32; ++i) local[i] = in[(tid() + i) % 64];
  for (int r = 0; r < n; ++r) local[in[(r + tid()) % 64] & 31] += r;
  int sum = 0;
  for (int i = 0; i < 32; ++i) sum += local[i] * i;
  out[tid()] = sum;
}
typedef short half4 __attribute__((ext_vector_type(4)));
typedef float float16 __attribute__((ext_vector_type(16)));
KERNEL matrixGemm(const short *a, const short *b, float *c, int k) { // one 32x32 tile, A and B with k contiguous
  float16 sum = {};
  int lane = tid();
  for (int p = 0; p < k; p += 8)
    sum = __builtin_amdgcn_mfma_f32_32x32x8bf16_1k(*(const half4 *)(a + (lane % 32) * k + p + lane / 32 * 4),
                                                   *(const half4 *)(b + (lane % 32) * k + p + lane / 32 * 4), sum, 0, 0, 0);
  for (int r = 0; r < 16; ++r) c[(8 * (r / 4) + 4 * (lane / 32) + r % 4) * 32 + lane % 32] = sum[r];
}
)";

class HipKernel : public ::testing::Test {
protected:
  static void SetUpTestSuite() { object = loadHip(source); }
  static void TearDownTestSuite() { object.reset(); }
  void SetUp() override { ASSERT_TRUE(object); }
  std::vector<float> floats(size_t count) {
    std::vector<float> values(count);
    for (float &value : values)
      value = std::uniform_real_distribution<float>(-2, 2)(generator);
    return values;
  }
  RunReport runClean(const Launch &launch) {
    RunReport report = runChecked(*object, launch, memory);
    EXPECT_TRUE(report.findings.empty()) << describe(report);
    return report;
  }
  static CodeObjectPointer object;
  DeviceMemory memory;
  std::mt19937 generator{7};
};
CodeObjectPointer HipKernel::object;

TEST_F(HipKernel, VectorAddWithRaggedEnd) {
  const int n = 1000;
  auto a = floats(n), b = floats(n);
  uint64_t da = memory.allocateValues<float>("a", a), db = memory.allocateValues<float>("b", b),
           dc = memory.allocate("c", 4 * n);
  Launch launch{"vectorAdd", {4}, {256}, KernelArguments().pointer(da).pointer(db).pointer(dc).value(n)};
  runClean(launch);
  for (int i = 0; i < n; ++i)
    ASSERT_EQ(memory.values<float>(dc)[i], a[i] + b[i]) << i;
}

TEST_F(HipKernel, BlockSum) {
  const int n = 900;
  auto in = floats(n);
  uint64_t din = memory.allocateValues<float>("in", in), out = memory.allocate("out", 16);
  RunReport report = runClean({"blockSum", {4}, {256}, KernelArguments().pointer(din).pointer(out).value(n)});
  // Three workgroups read 8 lines of 128 bytes, the last one 5, and all of them write into one line.
  EXPECT_EQ(report.linesOfWorkgroups, 3u * 8 + 5 + 4);
  EXPECT_EQ(report.linesOfRun, 3u * 8 + 5 + 1);
  for (int block = 0; block < 4; ++block) {
    double sum = 0;
    for (int i = 256 * block; i < std::min(n, 256 * (block + 1)); ++i)
      sum += in[i];
    EXPECT_NEAR(memory.values<float>(out)[block], sum, 1e-3);
  }
}

TEST_F(HipKernel, Transpose) {
  const int rows = 50, columns = 70;
  auto in = floats(rows * columns);
  uint64_t din = memory.allocateValues<float>("in", in), out = memory.allocate("out", 4 * rows * columns);
  runClean(
      {"transpose", {2 * 3}, {256}, KernelArguments().pointer(din).pointer(out).value(rows).value(columns)});
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      ASSERT_EQ(memory.values<float>(out)[j * rows + i], in[i * columns + j]);
}

TEST_F(HipKernel, SoftmaxAndLayerNorm) {
  const int rows = 3, n = 200;
  auto in = floats(rows * n);
  uint64_t din = memory.allocateValues<float>("in", in), out = memory.allocate("out", 4 * rows * n);
  for (bool isSoftmax : {true, false}) {
    runClean({isSoftmax ? "softmax" : "layerNorm",
              {rows},
              {64},
              KernelArguments().pointer(din).pointer(out).value(n)});
    for (int r = 0; r < rows; ++r) {
      double sum = 0, mean = 0, variance = 0;
      for (int i = 0; i < n; ++i)
        sum += std::exp(double(in[r * n + i])), mean += in[r * n + i] / double(n);
      for (int i = 0; i < n; ++i)
        variance += (in[r * n + i] - mean) * (in[r * n + i] - mean) / n;
      for (int i = 0; i < n; ++i) {
        double x = in[r * n + i],
               expected = isSoftmax ? std::exp(x) / sum : (x - mean) / std::sqrt(variance + 1e-5);
        ASSERT_NEAR(memory.values<float>(out)[r * n + i], expected, 2e-6 * (isSoftmax ? 1 : 4));
      }
    }
  }
}

TEST_F(HipKernel, NaiveAndTiledGemm) {
  const int m = 33, n = 20, k = 37;
  auto a = floats(m * k), b = floats(k * n);
  uint64_t da = memory.allocateValues<float>("a", a), db = memory.allocateValues<float>("b", b),
           dc = memory.allocate("c", 4 * m * n);
  auto arguments = KernelArguments().pointer(da).pointer(db).pointer(dc).value(m).value(n).value(k);
  for (bool isTiled : {false, true}) {
    if (isTiled)
      runClean({"tiledGemm", {3 * 2}, {256}, arguments});
    else
      runClean({"naiveGemm", {(m * n + 63) / 64}, {64}, arguments});
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        float sum = 0;
        for (int p = 0; p < k; ++p)
          sum = std::fmaf(a[i * k + p], b[p * n + j], sum);
        ASSERT_EQ(memory.values<float>(dc)[i * n + j], sum) << isTiled;
      }
  }
}

TEST_F(HipKernel, ScanAndHistogram) {
  std::vector<int> in(512);
  for (int &value : in)
    value = static_cast<int>(generator() % 100);
  uint64_t din = memory.allocateValues<int>("in", in), out = memory.allocate("out", 2048),
           bins = memory.allocate("bins", 64);
  runClean({"scan", {2}, {256}, KernelArguments().pointer(din).pointer(out)});
  runClean({"histogram", {2}, {64}, KernelArguments().pointer(din).pointer(bins).value(512)});
  std::vector<unsigned> counts(16);
  for (int block = 0; block < 2; ++block)
    for (int i = 0, sum = 0; i < 256; ++i) {
      sum += in[block * 256 + i];
      ++counts[in[block * 256 + i] % 16];
      ASSERT_EQ(memory.values<int>(out)[block * 256 + i], sum);
    }
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(memory.values<unsigned>(bins)[i], counts[i]);
}

TEST_F(HipKernel, IntegerAndDoubleDivision) {
  std::vector<int> a(64), b(64);
  std::vector<double> x(64);
  for (int i = 0; i < 64; ++i) {
    a[i] = static_cast<int>(generator());
    b[i] = static_cast<int>(generator() >> (i % 30)) | 1;
    x[i] = std::ldexp(1.0 + (generator() & 0xffff), i * 20 - 640);
  }
  uint64_t da = memory.allocateValues<int>("a", a), db = memory.allocateValues<int>("b", b),
           q = memory.allocate("q", 256);
  uint64_t wide = memory.allocate("wide", 512), root = memory.allocate("root", 512),
           dx = memory.allocateValues<double>("x", x);
  runClean({"divisions",
            {1},
            {64},
            KernelArguments().pointer(da).pointer(db).pointer(q).pointer(wide).pointer(root).pointer(dx)});
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(memory.values<int>(q)[i], static_cast<int>(int64_t(a[i]) / b[i] + int64_t(a[i]) % b[i]))
        << a[i] << "/" << b[i];
    EXPECT_EQ(memory.values<int64_t>(wide)[i], int64_t(a[i]) * b[i] / 7);
    EXPECT_EQ(memory.values<double>(root)[i], std::sqrt(x[i]) / 3.0) << x[i];
  }
}

TEST_F(HipKernel, PrivateArrayInScratch) {
  std::vector<int> in(64);
  for (int &value : in)
    value = static_cast<int>(generator() % 1000);
  uint64_t din = memory.allocateValues<int>("in", in), out = memory.allocate("out", 256);
  runClean({"privateArray", {1}, {64}, KernelArguments().pointer(din).pointer(out).value(10)});
  for (int t = 0; t < 64; ++t) {
    int local[32], sum = 0;
    for (int i = 0; i < 32; ++i)
      local[i] = in[(t + i) % 64];
    for (int r = 0; r < 10; ++r)
      local[in[(r + t) % 64] & 31] += r;
    for (int i = 0; i < 32; ++i)
      sum += local[i] * i;
    EXPECT_EQ(memory.values<int>(out)[t], sum);
  }
}

TEST_F(HipKernel, MatrixInstructionGemm) {
  const int k = 64;
  std::vector<uint16_t> a(32 * k), b(32 * k);
  auto toFloat = [](uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); };
  for (auto *list : {&a, &b})
    for (uint16_t &value : *list)
      value = static_cast<uint16_t>(
          std::bit_cast<uint32_t>(std::uniform_real_distribution<float>(-1, 1)(generator)) >> 16);
  uint64_t da = memory.allocateValues<uint16_t>("a", a), db = memory.allocateValues<uint16_t>("b", b),
           dc = memory.allocate("c", 4096);
  RunReport report =
      runClean({"matrixGemm", {1}, {64}, KernelArguments().pointer(da).pointer(db).pointer(dc).value(k)});
  EXPECT_EQ(report.matrixMultiplyAccumulates, 32u * 32 * k);
  EXPECT_EQ(report.matrixBusyClocks, k / 8 * 32u); // 8 passes of 4 clocks per instruction
  for (int i = 0; i < 32; ++i)
    for (int j = 0; j < 32; ++j) {
      double sum = 0;
      for (int p = 0; p < k; ++p)
        sum += double(toFloat(a[i * k + p])) * toFloat(b[j * k + p]);
      ASSERT_NEAR(memory.values<float>(dc)[i * 32 + j], sum, 1e-5);
    }
}

} // namespace
