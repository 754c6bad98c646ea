// Attention over caches of AMD's package against float64.
#include "ForeignRun.h"
#include "Numbers.h"
#include <algorithm>
#include <numeric>

namespace codesign::foreign {
namespace {

using Decode = ForeignTest;

/// Weighted mean of values by the softmax of scores, and the logarithm of the sum.
struct SoftmaxMean {
  std::vector<double> mean;
  double logSum = 0;
};

template <class Value>
SoftmaxMean softmaxMean(const std::vector<double> &scores, int64_t depth, Value &&value) {
  SoftmaxMean result;
  result.mean.resize(depth);
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (int64_t key = 0; key < int64_t(scores.size()); ++key) {
    const double weight = std::exp(scores[key] - largest);
    sum += weight;
    for (int64_t i = 0; i < depth; ++i)
      result.mean[i] += weight * value(key, i);
  }
  for (double &mean : result.mean)
    mean /= sum;
  result.logSum = largest + std::log(sum);
  return result;
}

double decodeValue(const std::string &type, bool isGfx950, const uint8_t *at) {
  uint16_t wide = 0;
  std::memcpy(&wide, at, type == "bf16" || type == "f16" ? 2 : 1);
  if (type == "bf16")
    return bfloatValue(wide);
  if (type == "f16")
    return halfValue(wide);
  if (type == "i8")
    return int8_t(wide);
  return isGfx950 ? fp8Value(uint8_t(wide)) : fp8FnuzValue(uint8_t(wide));
}

void checkPaged(PagedAttention a, const std::vector<int> &lengths) {
  SCOPED_TRACE(a.codeObject);
  constexpr int64_t depth = 128, blockKeys = 16;
  const bool isGfx950 = a.codeObject.find("gfx950") == 0;
  a.sequences = static_cast<int64_t>(lengths.size());
  a.tableWidth = (*std::max_element(lengths.begin(), lengths.end()) + blockKeys - 1) / blockKeys;
  a.blocks = a.sequences * a.tableWidth + 3;
  ForeignRun run(launchOf(a));
  // Every sequence's blocks lie in another order.
  std::vector<int32_t> blocks(a.blocks);
  std::iota(blocks.begin(), blocks.end(), 0);
  Random random(41);
  for (int64_t i = 0; i < a.blocks; ++i)
    std::swap(blocks[i], blocks[i + random.below(a.blocks - i)]);
  std::copy_n(blocks.begin(), a.sequences * a.tableWidth, run.values<int32_t>("tables").begin());
  std::copy(lengths.begin(), lengths.end(), run.values<int32_t>("lengths").begin());
  const int64_t bytes = a.cacheType == "bf16" || a.cacheType == "f16" ? 2 : 1, group = 16 / bytes;
  if (bytes == 1) {
    const double size = a.cacheType == "i8" ? 127 : 2;
    for (const char *name : {"k", "v"})
      for (uint8_t &code : run.values<uint8_t>(name))
        code = static_cast<uint8_t>(a.cacheType == "i8"
                                        ? random.below(255) - 127
                                        : (random.bits() & 0x87) | uint32_t(5 + random.below(3)) << 3);
    for (const char *name : {"scale_k", "scale_v"})
      for (float &scale : run.values<float>(name))
        scale = static_cast<float>(random.uniform(0.5, 1.5) / size);
  }
  // The kernels for wide caches count one load too many as done before they use the next blocks' numbers;
  // those for i8 with 16 heads use the weights of the last step without waiting for LDS.
  run.accept(simulate::FindingKind::MissingWait);
  // And maxima across lanes there come one wait state early.
  if (a.cacheType == "i8")
    run.accept(simulate::FindingKind::Hazard);
  run.run();
  const auto k = run.values<uint8_t>("k"), v = run.values<uint8_t>("v");
  const auto q = run.values<uint8_t>("q"), o = run.values<uint8_t>("o");
  for (int64_t sequence = 0; sequence < a.sequences; ++sequence)
    for (int64_t head = 0; head < a.heads; ++head) {
      const int64_t keyHead = head / (a.heads / a.keyHeads), row = (sequence * a.heads + head) * depth;
      auto place = [&](int64_t key) {
        return int64_t(blocks[sequence * a.tableWidth + key / blockKeys]) * a.keyHeads + keyHead;
      };
      auto scaleOf = [&](const char *name, int64_t key) {
        return bytes == 1 ? double(run.values<float>(name)[place(key) * blockKeys + key % blockKeys]) : 1.0;
      };
      std::vector<double> scores(lengths[sequence]);
      for (int64_t key = 0; key < lengths[sequence]; ++key) {
        for (int64_t i = 0; i < depth; ++i) {
          const int64_t index =
              ((place(key) * (depth / group) + i / group) * blockKeys + key % blockKeys) * group;
          scores[key] += decodeValue(a.type, isGfx950, &q[(row + i) * 2]) *
                         decodeValue(a.cacheType, isGfx950, &k[(index + i % group) * bytes]);
        }
        scores[key] *= scaleOf("scale_k", key) / std::sqrt(double(depth));
      }
      const SoftmaxMean expected = softmaxMean(scores, depth, [&](int64_t key, int64_t i) {
        const int64_t inBlock = key % blockKeys,
                      index = ((place(key) * (blockKeys / group) + inBlock / group) * depth + i) * group;
        return decodeValue(a.cacheType, isGfx950, &v[(index + inBlock % group) * bytes]) *
               scaleOf("scale_v", key);
      });
      // Weights, and with 8-bit caches queries too, are rounded to the cache's type.
      const double step = bytes == 2 ? 0x1p-8 : 0x1p-4;
      if (!expectClose("sequence " + std::to_string(sequence) + ", head " + std::to_string(head), depth,
                       {[&](int64_t i) { return decodeValue(a.type, isGfx950, &o[(row + i) * 2]); },
                        [&](int64_t i) { return expected.mean[i]; },
                        [&](int64_t i) {
                          return 2.1 * halfUlp(expected.mean[i], bfloatMantissa) +
                                 3 * step / std::sqrt(double(lengths[sequence]));
                        }}))
        return;
    }
}

PagedAttention paged(const std::string &object, const std::string &type, const std::string &cacheType,
                     int64_t heads) {
  PagedAttention a;
  a.codeObject = object;
  a.type = type;
  a.cacheType = cacheType;
  a.heads = heads;
  return a;
}

TEST_F(Decode, PagedAttention) {
  for (const char *architecture : {"gfx942", "gfx950"}) {
    const std::string folder = std::string(architecture) + "/pa/pa_";
    checkPaged(paged(folder + "bf16_noquant_gqa8_1tg_4w.co", "bf16", "bf16", 8), {37, 300});
    checkPaged(paged(folder + "fp16_noquant_gqa16_1tg_4w.co", "f16", "f16", 16), {37, 300});
  }
}

TEST_F(Decode, PagedAttentionOverQuantizedCaches) {
  for (const char *architecture : {"gfx942", "gfx950"}) {
    const std::string folder = std::string(architecture) + "/pa/pa_";
    checkPaged(paged(folder + "bf16_pertokenFp8_gqa8_2tg_4w.co", "bf16", "fp8", 8), {37, 300});
    checkPaged(paged(folder + "fp16_pertokenInt8_gqa16_2tg_4w.co", "f16", "i8", 16), {37, 300});
  }
}

void checkLatent(LatentAttention a, const std::vector<int> &lengths) {
  SCOPED_TRACE(a.codeObject);
  constexpr int64_t depth = 576, valueDepth = 512;
  const bool isGfx950 = a.codeObject.find("gfx950") == 0;
  a.batch = static_cast<int64_t>(lengths.size());
  a.usedPages = std::accumulate(lengths.begin(), lengths.end(), int64_t(0));
  a.rows = a.usedPages + 5;
  ForeignRun run(launchOf(a));
  Random random(42);
  std::vector<int32_t> pages(a.rows);
  std::iota(pages.begin(), pages.end(), 0);
  for (int64_t i = 0; i < a.rows; ++i)
    std::swap(pages[i], pages[i + random.below(a.rows - i)]);
  std::copy_n(pages.begin(), a.usedPages, run.values<int32_t>("pages").begin());
  for (int64_t b = 0; b < a.batch; ++b) {
    run.values<int32_t>("starts")[b + 1] = run.values<int32_t>("starts")[b] + lengths[b];
    run.values<int32_t>("query_starts")[b + 1] = static_cast<int32_t>((b + 1) * a.queries);
    run.values<int32_t>("split_starts")[b + 1] = static_cast<int32_t>((b + 1) * a.split);
  }
  const int64_t bytes = a.type == "bf16" ? 2 : 1;
  if (bytes == 1) {
    for (const char *name : {"q", "kv"})
      for (uint8_t &code : run.values<uint8_t>(name))
        code = static_cast<uint8_t>((random.bits() & 0x87) | uint32_t(5 + random.below(3)) << 3);
    run.values<float>("scale_q")[0] = 0.5;
    run.values<float>("scale_kv")[0] = 0.75;
  }
  // The kernels for bf16 do not wait for half of the values' stores to LDS before the barrier; they are done
  // in time because one LDS serves all waves in order. Those for fp8 overwrite the weights some thirty
  // instructions after they have read them, whether or not the other waves have: so the waves take turns.
  run.accept(simulate::FindingKind::LdsRace);
  run.run(/*seed=*/bytes == 1 ? 0 : 1);
  const double scaleQ = bytes == 1 ? 0.5 : 1, scaleKv = bytes == 1 ? 0.75 : 1;
  const auto q = run.values<uint8_t>("q"), kv = run.values<uint8_t>("kv");
  auto key = [&](int64_t b, int64_t position, int64_t i) {
    const int64_t row = pages[run.values<int32_t>("starts")[b] + position];
    return decodeValue(a.type, isGfx950, &kv[(row * depth + i) * bytes]) * scaleKv;
  };
  for (int64_t row = 0; row < a.batch * a.queries; ++row)
    for (int64_t head = 0; head < a.heads; ++head) {
      const int64_t b = row / a.queries, visible = lengths[b] - (a.queries - 1 - row % a.queries);
      std::vector<double> scores(visible);
      for (int64_t position = 0; position < visible; ++position) {
        for (int64_t i = 0; i < depth; ++i)
          scores[position] +=
              decodeValue(a.type, isGfx950, &q[((row * a.heads + head) * depth + i) * bytes]) * scaleQ *
              key(b, position, i);
        scores[position] *= a.scale;
      }
      const SoftmaxMean expected =
          softmaxMean(scores, valueDepth, [&](int64_t position, int64_t i) { return key(b, position, i); });
      // The parts of all splits together, each with its share of the sum.
      std::vector<double> mean(valueDepth);
      double sum = 0;
      for (int64_t part = 0; part < a.split; ++part) {
        const int64_t index = (row * a.split + part) * a.heads + head;
        const double share = a.split == 1 ? 1 : std::exp(run.values<float>("lse")[index] - expected.logSum);
        sum += share;
        for (int64_t i = 0; i < valueDepth; ++i)
          mean[i] += share * (a.partType == "f32"
                                  ? double(run.values<float>("parts")[index * valueDepth + i])
                                  : bfloatValue(run.values<uint16_t>("parts")[index * valueDepth + i]));
      }
      EXPECT_NEAR(sum, 1, 1e-3) << "row " << row << ", head " << head;
      const double step = bytes == 2 ? 0x1p-8 : 0x1p-4;
      if (!expectClose("row " + std::to_string(row) + ", head " + std::to_string(head), valueDepth,
                       {[&](int64_t i) { return mean[i]; }, [&](int64_t i) { return expected.mean[i]; },
                        [&](int64_t i) {
                          return 2.1 * halfUlp(expected.mean[i], bfloatMantissa) +
                                 3 * step / std::sqrt(double(visible));
                        }}))
        return;
    }
}

TEST_F(Decode, LatentAttention) {
  for (const char *architecture : {"gfx942", "gfx950"}) {
    LatentAttention a;
    a.codeObject = std::string(architecture) + "/mla/mla_dec_stage1_bf16_a16w16_subQ16_mqa16.co";
    checkLatent(a, {50, 200});
    a.split = 2;
    checkLatent(a, {150, 200});
  }
}

TEST_F(Decode, LatentAttentionInFp8) {
  for (const char *architecture : {"gfx942", "gfx950"}) {
    LatentAttention a;
    a.codeObject = std::string(architecture) + "/mla/mla_a8w8_qh16_qseqlen1_gqaratio16.co";
    a.type = "fp8";
    a.partType = "bf16";
    a.tileQueries = 128;
    checkLatent(a, {50, 200});
  }
}

} // namespace
} // namespace codesign::foreign
