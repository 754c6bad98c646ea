// Flash attention of AMD's package, forward, against float64.
#include "ForeignRun.h"
#include "Numbers.h"
#include <algorithm>

namespace codesign::foreign {
namespace {

using Attention = ForeignTest;

/// Rows of queries and keys of one sequence inside the packed tensors.
struct Sequence {
  int64_t firstQuery = 0, queries = 0, firstKey = 0, keys = 0;
};

/// One row's exact result.
struct RowResult {
  std::vector<double> output;
  double logSum = 0, largestValue = 0;
  int64_t visible = 0; // keys
};

class Forward {
public:
  explicit Forward(const AttentionForward &a) : a(a), run(launchOf(a)) {}
  void check(const std::vector<Sequence> &sequences);
  RowResult row(const Sequence &sequence, int64_t query, int64_t head);

  const AttentionForward a;
  ForeignRun run;
};

RowResult Forward::row(const Sequence &sequence, int64_t query, int64_t head) {
  const auto q = run.values<uint16_t>("q"), k = run.values<uint16_t>("k"), v = run.values<uint16_t>("v");
  const int64_t keyHead = head / (a.heads / a.keyHeads);
  const uint16_t *queryRow = &q[((sequence.firstQuery + query) * a.heads + head) * a.depth];
  int64_t visible = sequence.keys;
  if (a.causal) // aligned at the bottom right
    visible = std::clamp<int64_t>(query + 1 + sequence.keys - sequence.queries, 0, sequence.keys);
  std::vector<double> scores(visible);
  double largest = -INFINITY;
  for (int64_t j = 0; j < visible; ++j) {
    const uint16_t *keyRow = &k[((sequence.firstKey + j) * a.keyHeads + keyHead) * a.depth];
    for (int64_t i = 0; i < a.depth; ++i)
      scores[j] += bfloatValue(queryRow[i]) * bfloatValue(keyRow[i]);
    scores[j] *= a.scale;
    largest = std::max(largest, scores[j]);
  }
  RowResult result;
  result.visible = visible;
  result.output.resize(a.valueDepth);
  double sum = 0;
  for (int64_t j = 0; j < visible; ++j) {
    const double weight = std::exp(scores[j] - largest);
    sum += weight;
    const uint16_t *valueRow = &v[((sequence.firstKey + j) * a.keyHeads + keyHead) * a.valueDepth];
    for (int64_t i = 0; i < a.valueDepth; ++i) {
      result.output[i] += weight * bfloatValue(valueRow[i]);
      result.largestValue = std::max(result.largestValue, std::abs(bfloatValue(valueRow[i])));
    }
  }
  for (double &value : result.output)
    value /= sum;
  result.logSum = largest + std::log(sum);
  return result;
}

void Forward::check(const std::vector<Sequence> &sequences) {
  // A workgroup of the causal kernel of gfx950 goes on to its second tile without a barrier: its first loads
  // into LDS could overtake the last reads of a wave that lags by the whole epilogue.
  if (a.causal && a.architecture == "gfx950")
    run.accept(simulate::FindingKind::LdsRace);
  // The kernels with wider keys refill the LDS of a tile as soon as a wave has read it itself: the latency of
  // memory is all that keeps the new tile from those that have not.
  if (a.depth != a.valueDepth) {
    run.accept(simulate::FindingKind::LdsRace);
    run.accept(simulate::FindingKind::MissingWait);
  }
  run.run();
  const auto o = run.values<uint16_t>("o");
  const auto lse = run.values<float>("lse");
  for (size_t s = 0; s < sequences.size(); ++s)
    for (int64_t head = 0; head < a.heads; ++head)
      for (int64_t query = 0; query < sequences[s].queries; ++query) {
        const RowResult expected = row(sequences[s], query, head);
        const int64_t at = ((sequences[s].firstQuery + query) * a.heads + head) * a.valueDepth;
        const std::string where = "sequence " + std::to_string(s) + ", head " + std::to_string(head) +
                                  ", row " + std::to_string(query);
        // The weights are rounded to bf16 (or cut off) before the second product.
        if (!expectClose(where, a.valueDepth,
                         {[&](int64_t i) { return bfloatValue(o[at + i]); },
                          [&](int64_t i) { return expected.output[i]; },
                          [&](int64_t i) {
                            return 4.1 * halfUlp(expected.output[i], bfloatMantissa) +
                                   0x1p-7 * expected.largestValue / std::sqrt(double(expected.visible));
                          }}))
          return;
        const int64_t lseAt = a.packed ? head * a.totalQueries + sequences[s].firstQuery + query
                                       : (int64_t(s) * a.heads + head) * a.queries + query;
        EXPECT_NEAR(lse[lseAt], expected.logSum, 1e-4 * std::max(1.0, std::abs(expected.logSum))) << where;
      }
}

std::vector<Sequence> equalSequences(const AttentionForward &a) {
  std::vector<Sequence> sequences;
  for (int64_t b = 0; b < a.batch; ++b)
    sequences.push_back({b * a.queries, a.queries, b * a.keys, a.keys});
  return sequences;
}

AttentionForward shape(const char *architecture, bool causal, int64_t queries, int64_t keys) {
  AttentionForward a;
  a.architecture = architecture;
  a.causal = causal;
  a.batch = 2;
  a.heads = 2;
  a.keyHeads = 1;
  a.queries = queries;
  a.keys = keys;
  return a;
}

TEST_F(Attention, Forward) {
  for (const char *architecture : {"gfx942", "gfx950"})
    for (bool causal : {false, true}) {
      AttentionForward a = shape(architecture, causal, 300, 300);
      Forward(a).check(equalSequences(a));
    }
}

TEST_F(Attention, ForwardWithEveryRoundingOfWeights) {
  for (const char *device : {"MI300/", "MI308/"})
    for (const char *rounding : {"_rtna", "_rtz", ""}) {
      AttentionForward a = shape("gfx942", true, 256, 256);
      a.batch = 1;
      a.device = device;
      a.rounding = rounding;
      Forward(a).check(equalSequences(a));
    }
}

TEST_F(Attention, ForwardWithWiderKeysThanValues) {
  for (bool causal : {false, true}) {
    AttentionForward a = shape("gfx950", causal, 200, 200);
    a.depth = 192;
    a.scale = 0.0721687836f; // 1/√192
    Forward(a).check(equalSequences(a));
  }
}

TEST_F(Attention, ForwardOverPackedSequences) {
  for (const char *architecture : {"gfx942", "gfx950"})
    for (bool causal : {false, true}) {
      AttentionForward a = shape(architecture, causal, 170, 190);
      a.packed = true;
      a.totalQueries = 100 + 170;
      a.totalKeys = 190 + 180;
      Forward forward(a);
      const uint32_t queryStarts[] = {0, 100, 270}, keyStarts[] = {0, 190, 370};
      for (const char *name : {"qseq", "qseq_padded"})
        std::copy_n(queryStarts, 3, forward.run.values<uint32_t>(name).begin());
      for (const char *name : {"kseq", "kseq_padded"})
        std::copy_n(keyStarts, 3, forward.run.values<uint32_t>(name).begin());
      forward.check({{0, 100, 0, 190}, {100, 170, 190, 180}});
    }
}

} // namespace
} // namespace codesign::foreign
