// Routing and norms of AMD's package against float64.
#include "ForeignRun.h"
#include "Numbers.h"
#include <algorithm>
#include <numeric>

namespace codesign::foreign {
namespace {

using Rows = ForeignTest;

void checkRouting(const TopkSoftmax &routing) {
  ForeignRun run(launchOf(routing));
  Random random(21);
  for (float &gate : run.values<float>("gates"))
    gate = static_cast<float>(random.uniform(-6, 6));
  run.run();
  const auto gates = run.values<float>("gates"), weights = run.values<float>("weights");
  const auto indices = run.values<int32_t>("indices");
  for (int64_t token = 0; token < routing.tokens; ++token) {
    const float *row = &gates[token * routing.experts];
    std::vector<int64_t> order(routing.experts);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return row[a] > row[b]; });
    double sum = 0, chosen = 0;
    for (int64_t expert = 0; expert < routing.experts; ++expert)
      sum += std::exp(double(row[expert]));
    for (int64_t i = 0; i < routing.top; ++i)
      chosen += std::exp(double(row[order[i]]));
    for (int64_t i = 0; i < routing.top; ++i) {
      const double expected = std::exp(double(row[order[i]])) / (routing.renormalize ? chosen : sum);
      EXPECT_EQ(indices[token * routing.top + i], order[i]) << "token " << token << ", place " << i;
      EXPECT_NEAR(weights[token * routing.top + i], expected, 1e-5 * expected)
          << "token " << token << ", place " << i;
    }
    if (::testing::Test::HasFailure())
      return;
  }
}

TEST_F(Rows, TopkSoftmax) {
  for (int64_t experts : {128, 256})
    for (int64_t top : {6, 8}) {
      checkRouting({4, 6, experts, top, experts == 256});
      checkRouting({12, 13, experts, top, top == 8});
    }
}

void checkNorm(const LayerNorm &norm) {
  constexpr int64_t width = 8192;
  ForeignRun run(launchOf(norm));
  // The second sum over a row's waves goes through the same LDS as the first, with no barrier after the reads
  // of the first: a wave that is ahead by a whole pass over its row would overwrite them.
  run.accept(simulate::FindingKind::LdsRace);
  Random random(22);
  if (norm.quantized)
    for (float &scale : run.values<float>("scale_in"))
      scale = static_cast<float>(random.uniform(0.5, 2));
  run.run();
  const auto in = run.values<uint16_t>("in"), residual = run.values<uint16_t>("residual_in"),
             weight = run.values<uint16_t>("weight"), bias = run.values<uint16_t>("bias"),
             sums = run.values<uint16_t>("residual_out");
  for (int64_t row = 0; row < norm.rows; ++row) {
    std::vector<double> values(width);
    double mean = 0, variance = 0, largest = 0;
    for (int64_t i = 0; i < width; ++i) {
      values[i] = bfloatValue(in[row * width + i]) + bfloatValue(residual[row * width + i]);
      mean += values[i] / width;
    }
    const std::string where = "row " + std::to_string(row);
    expectClose("residual, " + where, width,
                {[&](int64_t i) { return bfloatValue(sums[row * width + i]); },
                 [&](int64_t i) { return values[i]; },
                 [&](int64_t i) { return 2.1 * halfUlp(values[i], bfloatMantissa); }});
    for (int64_t i = 0; i < width; ++i)
      variance += (values[i] - mean) * (values[i] - mean) / width;
    for (int64_t i = 0; i < width; ++i) {
      values[i] = (values[i] - mean) / std::sqrt(variance + norm.epsilon) * bfloatValue(weight[i]) +
                  bfloatValue(bias[i]);
      if (norm.quantized)
        values[i] *= run.values<float>("scale_in")[i];
      largest = std::max(largest, std::abs(values[i]));
    }
    if (!norm.quantized) {
      // The norm may take the rounded sum: a few units of bf16.
      expectClose("norm, " + where, width,
                  {[&](int64_t i) { return bfloatValue(run.values<uint16_t>("out")[row * width + i]); },
                   [&](int64_t i) { return values[i]; },
                   [&](int64_t i) { return 2.1 * halfUlp(values[i], bfloatMantissa) + 0.02; }});
      continue;
    }
    const double scale = run.values<float>("scale_out")[row];
    EXPECT_NEAR(scale, largest / 127, 0.02 * largest / 127) << where;
    expectClose("quantised norm, " + where, width,
                {[&](int64_t i) { return run.values<int8_t>("out")[row * width + i] * scale; },
                 [&](int64_t i) { return values[i]; }, [&](int64_t) { return 1.1 * scale + 0.05; }});
  }
}

TEST_F(Rows, LayerNorm) {
  checkNorm({4, false, 1e-5f});
}
TEST_F(Rows, QuantizedLayerNorm) {
  checkNorm({4, true, 1e-5f});
}

} // namespace
} // namespace codesign::foreign
