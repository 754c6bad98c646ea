// Kernels compiled by Triton (triton_kernels.py) against float64 or exact integers.
#include "ForeignRun.h"
#include "Numbers.h"
#include "llvm/Support/Format.h"
#include <algorithm>
#include <fstream>

namespace codesign::foreign {
namespace {

class Triton : public ::testing::Test {
protected:
  void SetUp() override {
    if (tritonFolder().empty())
      GTEST_SKIP() << "SKIPPED kernels of Triton: CODESIGN_TRITON_KERNELS is not set; "
                      "scripts/foreign-kernels.sh compiles them";
  }
  /// Runs `body` with the launch of this kernel for each architecture in the manifest; grid and the arguments
  /// before the compiler's own two are the body's.
  void forEach(const std::string &kernel, const std::function<void(LaunchText)> &body);
};

void Triton::forEach(const std::string &kernel, const std::function<void(LaunchText)> &body) {
  std::ifstream manifest(tritonFolder() + "/manifest.txt");
  std::string name, architecture;
  int waves = 0, found = 0;
  uint32_t ldsBytes = 0;
  while (manifest >> name >> architecture >> waves >> ldsBytes) {
    if (name != kernel)
      continue;
    ++found;
    LaunchText launch;
    launch.codeObject = name + "_" + architecture + ".co";
    launch.block = std::to_string(64 * waves);
    launch.dynamicLdsBytes = ldsBytes;
    body(launch);
  }
  EXPECT_GT(found, 0) << "no " << kernel << " in the manifest";
}

std::string buffer(const std::string &name, const std::string &type, int64_t count,
                   const std::string &content) {
  return name + "=" + type + "[" + std::to_string(count) + "]:" + content;
}

/// The two pointers to scratch memory that every kernel takes last.
void addScratch(LaunchText &launch) {
  launch.arguments.insert(launch.arguments.end(), {"u64:0", "u64:0"});
}

double elementValue(const std::string &type, ForeignRun &run, const std::string &name, int64_t i) {
  if (type == "f32")
    return run.values<float>(name)[i];
  return type == "bf16" ? bfloatValue(run.values<uint16_t>(name)[i])
                        : halfValue(run.values<uint16_t>(name)[i]);
}

TEST_F(Triton, MatrixProducts) {
  constexpr int64_t m = 150, n = 100, k = 128;
  for (const std::string type : {"bf16", "f16", "f32"})
    forEach("matmul_" + type, [&](LaunchText launch) {
      const int64_t tileM = type == "bf16" ? 64 : type == "f16" ? 128 : 32, tileN = type == "bf16" ? 64 : 32;
      launch.grid = std::to_string((m + tileM - 1) / tileM) + "," + std::to_string((n + tileN - 1) / tileN);
      launch.arguments = {buffer("a", type, m * k, "random"), buffer("b", type, k * n, "random"),
                          buffer("c", "f32", m * n, "zero"),  "i32:" + std::to_string(m),
                          "i32:" + std::to_string(n),         "i32:" + std::to_string(k)};
      addScratch(launch);
      ForeignRun run(launch, tritonFolder());
      run.run();
      std::vector<double> sums(m * n), sizes(m * n);
      // Triton takes f32 through xf32 where the processor has it: ten bits of mantissa.
      const bool isXf32 = type == "f32" && launch.codeObject.find("gfx942") != std::string::npos;
      const double bound = 4 * std::sqrt(double(k)) * 0x1p-24 + (isXf32 ? 0x1p-10 : 0);
      for (int64_t row = 0; row < m; ++row)
        for (int64_t i = 0; i < k; ++i)
          for (int64_t column = 0; column < n; ++column) {
            const double product =
                elementValue(type, run, "a", row * k + i) * elementValue(type, run, "b", i * n + column);
            sums[row * n + column] += product;
            sizes[row * n + column] += std::abs(product);
          }
      expectClose(launch.codeObject, m * n,
                  {[&](int64_t i) { return double(run.values<float>("c")[i]); },
                   [&](int64_t i) { return sums[i]; }, [&](int64_t i) { return bound * sizes[i]; }});
    });
}

TEST_F(Triton, Softmax) {
  constexpr int64_t rows = 5, width = 700;
  forEach("softmax_f32", [&](LaunchText launch) {
    launch.grid = std::to_string(rows);
    launch.arguments = {buffer("out", "f32", rows * width, "zero"),
                        buffer("x", "f32", rows * width, "random"), "i32:" + std::to_string(width)};
    addScratch(launch);
    ForeignRun run(launch, tritonFolder());
    run.run();
    const auto x = run.values<float>("x"), out = run.values<float>("out");
    for (int64_t row = 0; row < rows; ++row) {
      double sum = 0;
      for (int64_t i = 0; i < width; ++i)
        sum += std::exp(double(x[row * width + i]));
      expectClose(launch.codeObject, width,
                  {[&](int64_t i) { return double(out[row * width + i]); },
                   [&](int64_t i) { return std::exp(double(x[row * width + i])) / sum; },
                   [&](int64_t i) { return 2e-6 * std::exp(double(x[row * width + i])) / sum; }});
    }
  });
}

TEST_F(Triton, LayerNorm) {
  constexpr int64_t rows = 3, width = 900;
  forEach("layer_norm_bf16", [&](LaunchText launch) {
    launch.grid = std::to_string(rows);
    launch.arguments = {buffer("out", "bf16", rows * width, "zero"),
                        buffer("x", "bf16", rows * width, "random"),
                        buffer("weight", "bf16", width, "random"),
                        buffer("bias", "bf16", width, "random"),
                        "i32:" + std::to_string(width),
                        "f32:1e-5"};
    addScratch(launch);
    ForeignRun run(launch, tritonFolder());
    run.run();
    for (int64_t row = 0; row < rows; ++row) {
      double mean = 0, variance = 0;
      auto x = [&](int64_t i) { return elementValue("bf16", run, "x", row * width + i); };
      for (int64_t i = 0; i < width; ++i)
        mean += x(i) / width;
      for (int64_t i = 0; i < width; ++i)
        variance += (x(i) - mean) * (x(i) - mean) / width;
      auto expected = [&](int64_t i) {
        return (x(i) - mean) / std::sqrt(variance + 1e-5) * elementValue("bf16", run, "weight", i) +
               elementValue("bf16", run, "bias", i);
      };
      expectClose(launch.codeObject, width,
                  {[&](int64_t i) { return elementValue("bf16", run, "out", row * width + i); }, expected,
                   [&](int64_t i) { return 1.01 * halfUlp(expected(i), bfloatMantissa) + 1e-5; }});
    }
  });
}

TEST_F(Triton, CausalAttention) {
  constexpr int64_t length = 150, depth = 64;
  forEach("attention_bf16", [&](LaunchText launch) {
    launch.grid = std::to_string((length + 63) / 64);
    launch.arguments = {buffer("out", "f32", length * depth, "zero"),
                        buffer("q", "bf16", length * depth, "random"),
                        buffer("k", "bf16", length * depth, "random"),
                        buffer("v", "bf16", length * depth, "random"),
                        "i32:" + std::to_string(length),
                        "f32:0.125"};
    addScratch(launch);
    ForeignRun run(launch, tritonFolder());
    run.run();
    for (int64_t row = 0; row < length; ++row) {
      std::vector<double> mean(depth);
      double sum = 0;
      for (int64_t key = 0; key <= row; ++key) {
        double score = 0;
        for (int64_t i = 0; i < depth; ++i)
          score += elementValue("bf16", run, "q", row * depth + i) *
                   elementValue("bf16", run, "k", key * depth + i);
        const double weight = std::exp(score * 0.125);
        sum += weight;
        for (int64_t i = 0; i < depth; ++i)
          mean[i] += weight * elementValue("bf16", run, "v", key * depth + i);
      }
      if (!expectClose(launch.codeObject + ", row " + std::to_string(row), depth,
                       {[&](int64_t i) { return double(run.values<float>("out")[row * depth + i]); },
                        [&](int64_t i) { return mean[i] / sum; }, [&](int64_t) { return 0x1p-8; }}))
        return;
    }
  });
}

TEST_F(Triton, ScanAndSort) {
  constexpr int64_t rows = 3, width = 256;
  forEach("scan_and_sort_i32", [&](LaunchText launch) {
    launch.grid = std::to_string(rows);
    launch.arguments = {buffer("sums", "i32", rows * width, "zero"),
                        buffer("sorted", "i32", rows * width, "zero"),
                        buffer("x", "i32", rows * width, "zero")};
    addScratch(launch);
    ForeignRun run(launch, tritonFolder());
    Random random(51);
    for (int32_t &value : run.values<int32_t>("x"))
      value = static_cast<int32_t>(random.below(2000) - 1000);
    run.run();
    for (int64_t row = 0; row < rows; ++row) {
      const auto x = run.values<int32_t>("x").slice(row * width, width);
      std::vector<int32_t> sorted(x.begin(), x.end());
      std::sort(sorted.begin(), sorted.end());
      int32_t sum = 0;
      for (int64_t i = 0; i < width; ++i) {
        sum += x[i];
        ASSERT_EQ(run.values<int32_t>("sums")[row * width + i], sum) << launch.codeObject << ", " << i;
        ASSERT_EQ(run.values<int32_t>("sorted")[row * width + i], sorted[i])
            << launch.codeObject << ", " << i;
      }
    }
  });
}

TEST_F(Triton, Histogram) {
  constexpr int64_t count = 1000, bins = 37;
  forEach("histogram_i32", [&](LaunchText launch) {
    launch.grid = std::to_string((count + 255) / 256);
    launch.arguments = {buffer("counts", "i32", bins, "zero"), buffer("x", "i32", count, "zero"),
                        "i32:" + std::to_string(count)};
    addScratch(launch);
    ForeignRun run(launch, tritonFolder());
    Random random(52);
    std::vector<int32_t> expected(bins);
    for (int32_t &value : run.values<int32_t>("x"))
      ++expected[value = static_cast<int32_t>(random.below(bins))];
    run.run();
    for (int64_t bin = 0; bin < bins; ++bin)
      EXPECT_EQ(run.values<int32_t>("counts")[bin], expected[bin]) << launch.codeObject << ", " << bin;
  });
}

} // namespace
} // namespace codesign::foreign
