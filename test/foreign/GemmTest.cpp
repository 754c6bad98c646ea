// Matrix products of AMD's package against exact integers or float64.
#include "ForeignRun.h"
#include "Numbers.h"

namespace codesign::foreign {
namespace {

using Gemm = ForeignTest;

/// Result and magnitude of a row of a times a row of b.
struct DotProduct {
  double sum = 0, magnitude = 0;
  void add(double a, double b) {
    sum += a * b;
    magnitude += std::abs(a * b);
  }
  /// f32 accumulation, in any order.
  double bound(int64_t k) const { return 4 * std::sqrt(double(k)) * 0x1p-24 * magnitude; }
};

void checkBf16(const Bf16Gemm &gemm) {
  ForeignRun run(launchOf(gemm));
  run.run();
  const auto a = run.values<uint16_t>("a"), b = run.values<uint16_t>("b");
  const auto d = run.values<float>("d");
  std::vector<DotProduct> expected(gemm.m * gemm.n);
  for (int64_t row = 0; row < gemm.m; ++row)
    for (int64_t column = 0; column < gemm.n; ++column)
      for (int64_t i = 0; i < gemm.k; ++i)
        expected[row * gemm.n + column].add(bfloatValue(a[row * gemm.k + i]),
                                            bfloatValue(b[column * gemm.k + i]));
  expectClose("d", gemm.m * gemm.n,
              {[&](int64_t i) { return double(d[i]); }, [&](int64_t i) { return expected[i].sum; },
               [&](int64_t i) { return expected[i].bound(gemm.k); }});
}

TEST_F(Gemm, Bf16WithRaggedRows) {
  for (const char *architecture : {"gfx942", "gfx950"})
    for (int tile : {32, 48, 64, 96})
      checkBf16({architecture, tile, tile + 7, 128, 256, 1});
}

TEST_F(Gemm, Bf16WhoseWorkgroupsAddUp) {
  for (const char *architecture : {"gfx942", "gfx950"})
    checkBf16({architecture, 64, 64, 64, 512, 4});
}

void checkInt8(const Int8Gemm &gemm) {
  ForeignRun run(launchOf(gemm));
  // The loop loads a tile into LDS that nobody needs; its last part is not waited for, and other waves still
  // read it, when the result goes through the same LDS some thousand clocks later.
  run.accept(simulate::FindingKind::MissingWait);
  run.accept(simulate::FindingKind::LdsRace);
  Random random(11);
  std::vector<int8_t> b(gemm.n * gemm.k);
  for (int64_t row = 0; row < gemm.n; ++row)
    for (int64_t i = 0; i < gemm.k; ++i)
      run.values<int8_t>("b")[shuffledWeight(row, i, gemm.k, 32)] = b[row * gemm.k + i] =
          static_cast<int8_t>(random.bits());
  for (int8_t &value : run.values<int8_t>("a"))
    value = static_cast<int8_t>(random.bits());
  for (const char *name : {"scale_a", "scale_b"})
    for (float &value : run.values<float>(name))
      value = static_cast<float>(random.uniform(0.001, 0.01));
  for (float &value : run.values<float>("bias"))
    value = static_cast<float>(random.uniform(-1, 1));
  run.run();
  const auto a = run.values<int8_t>("a");
  const auto scaleA = run.values<float>("scale_a"), scaleB = run.values<float>("scale_b"),
             bias = run.values<float>("bias");
  const auto d = run.values<uint16_t>("d");
  std::vector<double> expected(gemm.m * gemm.n);
  for (int64_t row = 0; row < gemm.m; ++row)
    for (int64_t column = 0; column < gemm.n; ++column) {
      int64_t sum = 0;
      for (int64_t i = 0; i < gemm.k; ++i)
        sum += a[row * gemm.k + i] * b[column * gemm.k + i];
      expected[row * gemm.n + column] = double(sum) * scaleA[row] * scaleB[column] + bias[column];
    }
  // Each of the workgroups that share a tile rounds what it adds.
  expectClose("d", gemm.m * gemm.n,
              {[&](int64_t i) { return bfloatValue(d[i]); }, [&](int64_t i) { return expected[i]; },
               [&](int64_t i) {
                 return gemm.split * 2.2 * halfUlp(expected[i], bfloatMantissa) +
                        (gemm.split > 1 ? gemm.split * 0.02 * std::sqrt(double(gemm.k)) : 0.001);
               }});
}

TEST_F(Gemm, Int8WithShuffledWeights) {
  for (int tile : {128, 192})
    checkInt8({tile, tile + 5, 256, 384, 1});
}

TEST_F(Gemm, Int8WhoseWorkgroupsAddUp) {
  checkInt8({128, 128, 128, 512, 2});
}

void checkFp4(const Fp4Gemm &gemm) {
  ForeignRun run(launchOf(gemm));
  Random random(12);
  const int64_t bytes = gemm.k / 2, groups = (gemm.k / 32 + 7) / 8 * 8;
  for (uint8_t &value : run.values<uint8_t>("a"))
    value = static_cast<uint8_t>(random.bits());
  std::vector<uint8_t> b(gemm.n * bytes);
  for (int64_t row = 0; row < gemm.n; ++row)
    for (int64_t i = 0; i < bytes; ++i) {
      b[row * bytes + i] = static_cast<uint8_t>(random.bits());
      run.values<uint8_t>("b")[gemm.shuffled ? shuffledWeight(row, i, bytes, 16) : row * bytes + i] =
          b[row * bytes + i];
    }
  std::vector<uint8_t> scales[2];
  for (int side : {0, 1}) {
    const int64_t rows = side ? gemm.n : gemm.m;
    scales[side].resize(rows * groups);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t group = 0; group < gemm.k / 32; ++group)
        run.values<uint8_t>(side ? "scale_b" : "scale_a")[shuffledScale(row, group, groups)] =
            scales[side][row * groups + group] = static_cast<uint8_t>(124 + random.below(7));
  }
  run.run();
  const auto a = run.values<uint8_t>("a");
  const auto d = run.values<uint16_t>("d");
  std::vector<DotProduct> expected(gemm.m * gemm.n);
  for (int64_t row = 0; row < gemm.m; ++row)
    for (int64_t column = 0; column < gemm.n; ++column)
      for (int64_t i = 0; i < gemm.k; ++i)
        expected[row * gemm.n + column].add(fp4Value(a[row * bytes + i / 2] >> i % 2 * 4) *
                                                scaleValue(scales[0][row * groups + i / 32]),
                                            fp4Value(b[column * bytes + i / 2] >> i % 2 * 4) *
                                                scaleValue(scales[1][column * groups + i / 32]));
  const int split = 1 << gemm.logSplit;
  expectClose("d", gemm.m * gemm.n,
              {[&](int64_t i) { return bfloatValue(d[i]); }, [&](int64_t i) { return expected[i].sum; },
               [&](int64_t i) {
                 return 1.01 * halfUlp(expected[i].sum, bfloatMantissa) + expected[i].bound(gemm.k) +
                        (split > 1 ? split * 0x1p-8 * expected[i].magnitude / 4 : 0);
               }});
}

TEST_F(Gemm, Fp4WithBlockScales) {
  checkFp4({256, 256, false, 256, 256, 512, 0});
  checkFp4({32, 128, true, 37, 256, 512, 0});
  checkFp4({64, 256, true, 64, 256, 1024, 0});
}

TEST_F(Gemm, Fp4WhoseWorkgroupsAddUp) {
  checkFp4({128, 512, true, 128, 512, 1024, 1});
}

/// Sums with a scale for 128 elements of a's row and of 128 rows of b; the scales of b lie row after row
/// (n/128 times k/128) or the other way round.
template <class Value>
std::vector<DotProduct> blockScaledProducts(ForeignRun &run, llvm::ArrayRef<uint8_t> b, int64_t m, int64_t n,
                                            int64_t k, bool rowsFirst, Value &&value) {
  const auto a = run.values<uint8_t>("a");
  const auto scaleA = run.values<float>("scale_a"), scaleB = run.values<float>("scale_b");
  std::vector<DotProduct> result(m * n);
  for (int64_t row = 0; row < m; ++row)
    for (int64_t column = 0; column < n; ++column)
      for (int64_t i = 0; i < k; ++i)
        result[row * n + column].add(
            value(a[row * k + i]) * scaleA[i / 128 * m + row],
            value(b[column * k + i]) *
                scaleB[rowsFirst ? column / 128 * (k / 128) + i / 128 : i / 128 * (n / 128) + column / 128]);
  return result;
}

/// Random operands and scales; returns b before it was shuffled.
std::vector<uint8_t> fillBlockScaled(ForeignRun &run, int64_t n, int64_t k) {
  Random random(13);
  // Every code but the NaN's: bit 6 of the exponent stays clear.
  for (uint8_t &value : run.values<uint8_t>("a"))
    value = static_cast<uint8_t>(random.bits() & 0xbf), value = value == 0x80 ? 0 : value;
  std::vector<uint8_t> b(n * k);
  for (int64_t row = 0; row < n; ++row)
    for (int64_t i = 0; i < k; ++i) {
      uint8_t &value = b[row * k + i];
      value = static_cast<uint8_t>(random.bits() & 0xbf), value = value == 0x80 ? 0 : value;
      run.values<uint8_t>("b")[shuffledWeight(row, i, k, 16)] = value;
    }
  for (const char *name : {"scale_a", "scale_b"})
    for (float &scale : run.values<float>(name))
      scale = static_cast<float>(random.uniform(0.5, 2));
  return b;
}

TEST_F(Gemm, Fp8WithBlockScalesOnGfx942) {
  const BlockScaledGemm gemm{130, 256, 256};
  ForeignRun run(launchOf(gemm));
  run.accept(simulate::FindingKind::OutOfBounds); // reads the scales of a whole tile of 128 rows
  // Some sums are read two wait states earlier than the instruction set's table asks for.
  run.accept(simulate::FindingKind::Hazard);
  const std::vector<uint8_t> b = fillBlockScaled(run, gemm.n, gemm.k);
  run.run();
  const std::vector<DotProduct> expected = blockScaledProducts(
      run, b, gemm.m, gemm.n, gemm.k, false, [](uint8_t code) { return fp8FnuzValue(code); });
  const auto d = run.values<uint16_t>("d");
  expectClose(
      "d", gemm.m * gemm.n,
      {[&](int64_t i) { return halfValue(d[i]); }, [&](int64_t i) { return expected[i].sum; },
       [&](int64_t i) { return 2.1 * halfUlp(expected[i].sum, halfMantissa) + expected[i].bound(gemm.k); }});
}

TEST_F(Gemm, Fp8WithBlockScalesOnGfx950) {
  for (int tile : {32, 128}) {
    const BlockScaledGemm950 gemm{tile, tile - 3, 256, 512};
    ForeignRun run(launchOf(gemm));
    // The last load of a tile into LDS is not needed and not waited for, nor are the last reads of other
    // waves, when the result goes through the same LDS. So the waves
    // take turns.
    run.accept(simulate::FindingKind::MissingWait);
    run.accept(simulate::FindingKind::LdsRace);
    const std::vector<uint8_t> b = fillBlockScaled(run, gemm.n, gemm.k);
    run.run(/*seed=*/0);
    const std::vector<DotProduct> expected = blockScaledProducts(run, b, gemm.m, gemm.n, gemm.k, true,
                                                                 [](uint8_t code) { return fp8Value(code); });
    const auto d = run.values<uint16_t>("d");
    expectClose("d", gemm.m * gemm.n,
                {[&](int64_t i) { return bfloatValue(d[i]); }, [&](int64_t i) { return expected[i].sum; },
                 [&](int64_t i) {
                   return 2.1 * halfUlp(expected[i].sum, bfloatMantissa) + expected[i].bound(gemm.k);
                 }});
  }
}

} // namespace
} // namespace codesign::foreign
