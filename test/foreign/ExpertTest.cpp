// Layers of experts of AMD's package against float64.
#include "ForeignRun.h"
#include "Numbers.h"
#include <algorithm>
#include <numeric>

namespace codesign::foreign {
namespace {

using Experts = ForeignTest;

/// Which experts each token goes to, and the list of rows sorted by expert.
struct Routing {
  std::vector<std::vector<int>> experts; // of each token, one for each place
  std::vector<std::vector<float>> weights;
  std::vector<uint32_t> sortedIds;
  std::vector<float> sortedWeights;
  std::vector<int32_t> sortedExperts;
};

/// Every token goes to `top` different experts; unused rows of a block bear the number behind the last token.
Routing route(const ExpertLayer &layer) {
  Random random(31);
  Routing routing;
  std::vector<std::vector<std::pair<int, int>>> rows(layer.experts); // token and place
  for (int token = 0; token < layer.tokens; ++token) {
    std::vector<int> order(layer.experts);
    std::iota(order.begin(), order.end(), 0);
    for (int64_t i = 0; i < layer.top; ++i)
      std::swap(order[i], order[i + random.below(layer.experts - i)]);
    routing.experts.emplace_back(order.begin(), order.begin() + layer.top);
    routing.weights.emplace_back();
    for (int64_t i = 0; i < layer.top; ++i) {
      routing.weights.back().push_back(static_cast<float>(random.uniform(0.1, 1)));
      rows[order[i]].emplace_back(token, int(i));
    }
  }
  for (int expert = 0; expert < layer.experts; ++expert) {
    if (rows[expert].empty())
      continue;
    for (auto [token, place] : rows[expert]) {
      routing.sortedIds.push_back(uint32_t(token) | uint32_t(place) << 24);
      routing.sortedWeights.push_back(routing.weights[token][place]);
    }
    while (routing.sortedIds.size() % layer.blockRows) {
      routing.sortedIds.push_back(uint32_t(layer.tokens) | uint32_t(layer.top) << 24);
      routing.sortedWeights.push_back(0);
    }
    routing.sortedExperts.resize(routing.sortedIds.size() / layer.blockRows, expert);
  }
  return routing;
}

/// Values of elements of one type, and random codes of moderate size.
struct ElementType {
  int64_t bytes;
  double (*value)(uint32_t code);
  uint32_t (*draw)(Random &random);
};

ElementType elementTypeOf(const std::string &type, bool isGfx950) {
  if (type == "bf16")
    return {2, [](uint32_t code) { return bfloatValue(uint16_t(code)); },
            [](Random &random) { return uint32_t(bfloatOf(random.uniform(-1, 1))); }};
  if (type == "i8")
    return {1, [](uint32_t code) { return double(int8_t(code)); },
            [](Random &random) { return uint32_t(random.below(255) - 127) & 255; }};
  // Exponents around one, no NaN.
  auto draw = [](Random &random) {
    return uint32_t(random.bits() & 0x87) | uint32_t(5 + random.below(3)) << 3;
  };
  if (isGfx950)
    return {1, [](uint32_t code) { return fp8Value(uint8_t(code)); }, draw};
  return {1, [](uint32_t code) { return fp8FnuzValue(uint8_t(code)); }, draw};
}

/// Random matrices in the kernel's order, with their values in rows.
std::vector<double> fillMatrix(ForeignRun &run, const std::string &name, const ElementType &type,
                               int64_t rows, int64_t columns, bool shuffled, Random &random) {
  std::vector<double> values(rows * columns);
  auto bytes = run.values<uint8_t>(name);
  const int64_t rowBytes = columns * type.bytes;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      const uint32_t code = type.draw(random);
      values[row * columns + column] = type.value(code);
      const int64_t byte = column * type.bytes;
      uint8_t *at = &bytes[shuffled ? shuffledWeight(row, byte, rowBytes, 16) : row * rowBytes + byte];
      std::memcpy(at, &code, type.bytes);
    }
  return values;
}

std::vector<double> fillScales(ForeignRun &run, const std::string &name, double low, double high,
                               Random &random) {
  std::vector<double> values;
  for (float &scale : run.values<float>(name)) {
    scale = static_cast<float>(random.uniform(low, high));
    values.push_back(scale);
  }
  return values;
}

double activate(double value, bool gelu) {
  return gelu ? value * 0.5 * (1 + std::erf(value / std::sqrt(2.0))) : value / (1 + std::exp(-value));
}

/// Inputs of a layer as float64, scales multiplied in.
struct LayerValues {
  std::vector<double> x, w1, w2, smooth; // smooth is empty without
};

LayerValues fillLayer(ForeignRun &run, const ExpertLayer &layer, const ElementType &type, bool scaled,
                      bool scalesOfBlocks, bool withSecond, int64_t inputRows) {
  Random random(32);
  const int64_t firstRows = layer.gated ? 2 * layer.inner : layer.inner;
  LayerValues values;
  values.x = fillMatrix(run, "x", type, inputRows, layer.width, false, random);
  values.w1 = fillMatrix(run, "w1", type, layer.experts * firstRows, layer.width, true, random);
  if (withSecond)
    values.w2 = fillMatrix(run, "w2", type, layer.experts * layer.width, layer.inner, true, random);
  if (!scaled)
    return values;
  // Scales bring the first product to about one.
  const double size = type.value(type.draw(random)) == 0           ? 1
                      : type.bytes == 1 && type.value(0x7e) == 126 ? 70
                                                                   : 1.5;
  const double low = 0.5 / size, high = 1.5 / size, fan = 1 / std::sqrt(double(layer.width));
  const std::vector<double> sx = fillScales(run, "scale_x", low, high, random),
                            s1 = fillScales(run, "scale_w1", low * fan, high * fan, random);
  std::vector<double> s2;
  if (withSecond)
    s2 = fillScales(run, "scale_w2", low, high, random);
  for (int64_t i = 0; i < int64_t(values.x.size()); ++i) {
    const int64_t token = i / layer.width, column = i % layer.width;
    values.x[i] *= scalesOfBlocks ? sx[column / 128 * layer.tokens + token] : sx[token];
  }
  for (int64_t i = 0; i < int64_t(values.w1.size()); ++i) {
    const int64_t row = i / layer.width, column = i % layer.width;
    values.w1[i] *= scalesOfBlocks ? s1[row / 128 * (layer.width / 128) + column / 128] : s1[row];
  }
  for (int64_t i = 0; i < int64_t(values.w2.size()); ++i) {
    const int64_t row = i / layer.inner, column = i % layer.inner;
    values.w2[i] *= scalesOfBlocks ? s2[row / 128 * (layer.inner / 128) + column / 128] : s2[row];
  }
  return values;
}

/// act(gate) · up of a row of x at an expert, smoothed; `weight` multiplies both projections.
std::vector<double> innerValues(const ExpertLayer &layer, const LayerValues &values, int64_t row,
                                int64_t expert, bool gelu, double weight = 1) {
  std::vector<double> inner(layer.inner);
  const int64_t firstRows = layer.gated ? 2 * layer.inner : layer.inner;
  const double *x = &values.x[row * layer.width];
  auto project = [&](int64_t row) {
    const double *w = &values.w1[(expert * firstRows + row) * layer.width];
    return weight * std::inner_product(x, x + layer.width, w, 0.0);
  };
  for (int64_t i = 0; i < layer.inner; ++i)
    inner[i] = activate(project(i), gelu) * (layer.gated ? project(layer.inner + i) : 1) *
               (values.smooth.empty() ? 1 : values.smooth[expert * layer.inner + i]);
  return inner;
}

void placeRouting(ForeignRun &run, const Routing &routing, bool withWeights) {
  std::copy(routing.sortedIds.begin(), routing.sortedIds.end(), run.values<uint32_t>("sorted_ids").begin());
  std::copy(routing.sortedExperts.begin(), routing.sortedExperts.end(),
            run.values<int32_t>("sorted_experts").begin());
  if (withWeights)
    std::copy(routing.sortedWeights.begin(), routing.sortedWeights.end(),
              run.values<float>("sorted_weights").begin());
  run.values<int32_t>("count")[0] = static_cast<int32_t>(routing.sortedIds.size());
}

void checkFused(FusedExperts moe, bool gelu = false) {
  SCOPED_TRACE(moe.codeObject);
  const Routing routing = route(moe.layer);
  moe.layer.sortedBlocks = static_cast<int64_t>(routing.sortedExperts.size());
  const ExpertLayer &layer = moe.layer;
  ForeignRun run(launchOf(moe));
  const ElementType type = elementTypeOf(moe.type, moe.codeObject.find("gfx950") == 0);
  const int64_t inputRows = layer.tokens * (moe.smoothed ? layer.top : 1);
  LayerValues values = fillLayer(run, layer, type, type.bytes == 1, moe.scalesOfBlocks, true, inputRows);
  if (moe.smoothed) {
    Random random(33);
    values.smooth = fillScales(run, "smooth", 0.5, 2, random);
  }
  placeRouting(run, routing, true);
  run.values<int32_t>("count")[1] = static_cast<int32_t>(layer.tokens);
  // The kernels for bf16 and those with scales of blocks overwrite LDS that other waves may still read: the
  // waves take turns. In the first round those for bf16 count one load of weights too many as done.
  const bool inTurn = type.bytes == 2 || moe.scalesOfBlocks;
  if (inTurn)
    run.accept(simulate::FindingKind::LdsRace);
  if (type.bytes == 2)
    run.accept(simulate::FindingKind::MissingWait);
  if (moe.smoothed) // rows that only fill up a block are read behind the end of x
    run.accept(simulate::FindingKind::OutOfBounds);
  run.run(inTurn ? 0 : 1);
  const auto out = run.values<uint16_t>("out");
  // Relative size of the rounding of the second product's input.
  const double step = moe.type == "bf16" ? 0x1p-8 : moe.type == "i8" ? 0x1p-6 : 0x1p-4;
  for (int64_t token = 0; token < layer.tokens; ++token) {
    std::vector<double> expected(layer.width), spread(layer.width), size(layer.width);
    for (int64_t place = 0; place < layer.top; ++place) {
      const int64_t expert = routing.experts[token][place];
      const double weight = routing.weights[token][place];
      const std::vector<double> inner =
          innerValues(layer, values, (moe.smoothed ? place * layer.tokens : 0) + token, expert, gelu);
      const double largest = std::abs(*std::max_element(
          inner.begin(), inner.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
      for (int64_t column = 0; column < layer.width; ++column) {
        const double *w2 = &values.w2[(expert * layer.width + column) * layer.inner];
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < layer.inner; ++i) {
          sum += inner[i] * w2[i];
          const double rounded = moe.type == "i8" ? largest : std::abs(inner[i]);
          squares += rounded * w2[i] * rounded * w2[i];
        }
        expected[column] += weight * sum;
        spread[column] += weight * std::sqrt(squares);
        size[column] = std::max(size[column], std::abs(expected[column]) + spread[column]);
      }
    }
    const int64_t tiles = (layer.inner + moe.tileInner - 1) / moe.tileInner;
    if (!expectClose("token " + std::to_string(token), layer.width,
                     {[&](int64_t i) { return bfloatValue(out[token * layer.width + i]); },
                      [&](int64_t i) { return expected[i]; },
                      // 5 deviations of the rounding, and one rounding for each addition to the result
                      [&](int64_t i) {
                        return 2.5 * step * spread[i] +
                               2 * double(tiles * layer.top) * halfUlp(size[i], bfloatMantissa);
                      }}))
      return;
  }
}

const ExpertLayer smallLayer{9, 512, 512, 4, 2, true, 32, 0};

ExpertLayer ungated(ExpertLayer layer) {
  layer.gated = false;
  return layer;
}

TEST_F(Experts, FusedInBf16) {
  checkFused({"gfx942/fmoe_b16.co", ungated(smallLayer)}, /*gelu=*/true);
  for (const char *architecture : {"gfx942", "gfx950"})
    for (const char *variant : {"", "_vs"})
      checkFused({std::string(architecture) + "/fmoe/silu/fmoe_bf16_noquantBf16_g1u0" + variant +
                      "_atm_inlv_silu_1tg_32x512.co",
                  ungated(smallLayer)});
}

TEST_F(Experts, FusedInFp8) {
  for (const char *architecture : {"gfx942", "gfx950"})
    for (const char *variant : {"", "_vs"})
      checkFused({std::string(architecture) + "/fmoe/silu/fmoe_bf16_pertokenFp8_g1u1" + variant +
                      "_silu_1tg_32x256.co",
                  smallLayer, "fp8", "bf16", 256});
}

TEST_F(Experts, FusedInInt8) {
  checkFused({"gfx942/fmoe/silu/fmoe_bf16_pertokenInt8_g1u1_vs_silu_1tg_32x512.co", smallLayer, "i8"});
  FusedExperts moe{"gfx942/fmoe/silu/fmoe_bf16_pertokenInt8_g1u0_vs_silu_1tg_32x256.co", ungated(smallLayer),
                   "i8", "bf16", 256};
  moe.smoothed = true;
  checkFused(moe);
  for (const char *type : {"Fp8", "Int8"}) {
    FusedExperts gated{std::string("gfx942/fmoe/silu/fmoe_bf16_pertoken") + type +
                           "_g1u1_vs_multix_silu_1tg_32x256.co",
                       smallLayer, type[0] == 'F' ? "fp8" : "i8", "bf16", 256};
    gated.smoothed = true;
    checkFused(gated);
  }
  checkFused({"gfx942/fmoe/gelu/fmoe_bf16_pertokenInt8_g1u1_gelu_1tg_32x512.co", smallLayer, "i8"},
             /*gelu=*/true);
}

TEST_F(Experts, FusedInFp8WithScalesOfBlocks) {
  for (const char *architecture : {"gfx942", "gfx950"})
    for (const char *variant : {"novs", "vs"})
      checkFused({std::string(architecture) + "/fmoe/silu/fmoe_bf16_blockscaleFp8_g1u1_" + variant +
                      "_silu_1tg_32x256.co",
                  smallLayer, "fp8", "bf16", 256, false, true});
}

TEST_F(Experts, FusedInAPersistentKernel) {
  checkFused({"gfx942/fmoe/silu/fmoe_bf16_pertokenFp8_g1u1_vs_silu_1tg_ps_32x256.co", smallLayer, "fp8",
              "bf16", 256, false, false, 4});
}

void checkFirstStage(ExpertsFirstStage moe) {
  SCOPED_TRACE(moe.codeObject);
  const Routing routing = route(moe.layer);
  moe.layer.sortedBlocks = static_cast<int64_t>(routing.sortedExperts.size());
  const ExpertLayer &layer = moe.layer;
  ForeignRun run(launchOf(moe));
  const ElementType type = elementTypeOf(moe.type, moe.codeObject.find("gfx950") == 0);
  const LayerValues values = fillLayer(run, layer, type, true, false, false, layer.tokens);
  placeRouting(run, routing, moe.weighted);
  // The result goes through the LDS from which other waves still read a tile that the loop loaded in vain.
  run.accept(simulate::FindingKind::LdsRace);
  run.run();
  const auto out = run.values<uint16_t>("out");
  for (int64_t token = 0; token < layer.tokens; ++token)
    for (int64_t place = 0; place < layer.top; ++place) {
      const double weight = moe.weighted ? routing.weights[token][place] : 1;
      const std::vector<double> expected =
          innerValues(layer, values, token, routing.experts[token][place], moe.activation == 1, weight);
      const int64_t at = (token * layer.top + place) * layer.inner;
      // v_exp and v_rcp in the activation, f32 sums.
      if (!expectClose("token " + std::to_string(token) + ", place " + std::to_string(place), layer.inner,
                       {[&](int64_t i) { return bfloatValue(out[at + i]); },
                        [&](int64_t i) { return expected[i]; },
                        [&](int64_t i) { return 2.1 * halfUlp(expected[i], bfloatMantissa) + 1e-4; }}))
        return;
    }
}

TEST_F(Experts, FirstStage) {
  ExpertLayer layer = smallLayer;
  layer.blockRows = 64;
  for (const char *architecture : {"gfx942", "gfx950"}) {
    const std::string folder = std::string(architecture) + "/fmoe_2stages/fmoe_stage1_bf16_pertoken";
    checkFirstStage({folder + "Fp8_g1u1_64x128_2tg_pf3.co", layer});
    checkFirstStage({folder + "Int8_g1u1_64x128_2tg_pf3.co", layer, "i8"});
    checkFirstStage({folder + "Fp8_doweight_g1u1_64x128_2tg_pf3.co", layer, "fp8", 128, 0, true});
  }
}

} // namespace
} // namespace codesign::foreign
