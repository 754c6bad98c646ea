// Gradients of attention of AMD's package against float64.
#include "ForeignRun.h"
#include "Numbers.h"
#include <algorithm>

namespace codesign::foreign {
namespace {

using Attention = ForeignTest;

/// One head's tensors as float64 and their gradients.
struct HeadGradients {
  std::vector<double> dq, dk, dv;
  double largestScore = 0; // of |dS|, which the kernel rounds to bf16, and of the probabilities
};

class Backward {
public:
  explicit Backward(const AttentionBackward &a) : a(a), run(launchOf(a)) {}
  void check();

private:
  /// Element of a [b,s,h,d] tensor.
  double at(const std::vector<double> &tensor, int64_t batch, int64_t row, int64_t head, int64_t i,
            int64_t rows) const {
    return tensor[((batch * rows + row) * a.heads + head) * a.depth + i];
  }
  std::vector<double> valuesOf(const std::string &name) {
    std::vector<double> values;
    for (uint16_t code : run.values<uint16_t>(name))
      values.push_back(bfloatValue(code));
    return values;
  }
  void fillStatistics();
  HeadGradients head(int64_t batch, int64_t head);
  std::vector<double> probabilities(int64_t batch, int64_t head, int64_t query, double *logSum);

  const AttentionBackward a;
  ForeignRun run;
  const std::vector<double> q = valuesOf("q"), k = valuesOf("k"), v = valuesOf("v"), dO = valuesOf("do");
};

std::vector<double> Backward::probabilities(int64_t batch, int64_t head, int64_t query, double *logSum) {
  std::vector<double> p(a.keys);
  double sum = 0;
  for (int64_t key = 0; key < a.keys; ++key) {
    if (a.causal && key > query)
      break;
    double score = 0;
    for (int64_t i = 0; i < a.depth; ++i)
      score += at(q, batch, query, head, i, a.queries) * at(k, batch, key, head, i, a.keys);
    p[key] = std::exp(score * a.scale);
    sum += p[key];
  }
  for (double &value : p)
    value /= sum;
  *logSum = std::log(sum);
  return p;
}

/// What the forward kernel and the one that prepares the gradients leave: lse and delta.
void Backward::fillStatistics() {
  for (int64_t batch = 0; batch < a.batch; ++batch)
    for (int64_t head = 0; head < a.heads; ++head)
      for (int64_t query = 0; query < a.queries; ++query) {
        double logSum = 0, delta = 0;
        const std::vector<double> p = probabilities(batch, head, query, &logSum);
        for (int64_t key = 0; key < a.keys; ++key)
          for (int64_t i = 0; p[key] != 0 && i < a.depth; ++i)
            delta += p[key] * at(v, batch, key, head, i, a.keys) * at(dO, batch, query, head, i, a.queries);
        const int64_t index = (batch * a.heads + head) * a.queries + query;
        run.values<float>("lse")[index] = static_cast<float>(logSum);
        run.values<float>("delta")[index] = static_cast<float>(delta);
      }
}

HeadGradients Backward::head(int64_t batch, int64_t head) {
  HeadGradients result;
  result.dq.resize(a.queries * a.depth);
  result.dk.resize(a.keys * a.depth);
  result.dv.resize(a.keys * a.depth);
  for (int64_t query = 0; query < a.queries; ++query) {
    double logSum = 0;
    const std::vector<double> p = probabilities(batch, head, query, &logSum);
    const double delta = run.values<float>("delta")[(batch * a.heads + head) * a.queries + query];
    for (int64_t key = 0; key < a.keys; ++key) {
      if (p[key] == 0)
        continue;
      double dp = 0;
      for (int64_t i = 0; i < a.depth; ++i)
        dp += at(dO, batch, query, head, i, a.queries) * at(v, batch, key, head, i, a.keys);
      const double ds = p[key] * (dp - delta);
      result.largestScore = std::max({result.largestScore, std::abs(ds), p[key]});
      for (int64_t i = 0; i < a.depth; ++i) {
        result.dq[query * a.depth + i] += ds * a.scale * at(k, batch, key, head, i, a.keys);
        result.dk[key * a.depth + i] += ds * a.scale * at(q, batch, query, head, i, a.queries);
        result.dv[key * a.depth + i] += p[key] * at(dO, batch, query, head, i, a.queries);
      }
    }
  }
  return result;
}

void Backward::check() {
  SCOPED_TRACE(a.codeObject);
  fillStatistics();
  // The kernel without `_pssk` stores a tile of score gradients to LDS while other waves may still read the
  // last.
  if (a.codeObject.find("_pssk") == std::string::npos)
    run.accept(simulate::FindingKind::LdsRace);
  run.run();
  for (int64_t batch = 0; batch < a.batch; ++batch)
    for (int64_t h = 0; h < a.heads; ++h) {
      const HeadGradients expected = head(batch, h);
      // Probabilities and their gradients are rounded to bf16: 2^-9 of each, over as many terms.
      const double rounding =
          0x1p-8 * expected.largestScore * std::sqrt(double(std::max(a.queries, a.keys))) + 1e-5;
      const auto dq = run.values<float>("dq");
      const std::string where = "sequence " + std::to_string(batch) + ", head " + std::to_string(h);
      expectClose("dq, " + where, a.queries * a.depth,
                  {[&](int64_t i) { return dq[(batch * a.heads + h) * a.queries * a.depth + i]; },
                   [&](int64_t i) { return expected.dq[i]; }, [&](int64_t) { return rounding; }});
      for (const char *name : {"dk", "dv"}) {
        const std::vector<double> got = valuesOf(name);
        const std::vector<double> &want = name[1] == 'k' ? expected.dk : expected.dv;
        expectClose(std::string(name) + ", " + where, a.keys * a.depth,
                    {[&](int64_t i) { return at(got, batch, i / a.depth, h, i % a.depth, a.keys); },
                     [&](int64_t i) { return want[i]; },
                     [&](int64_t i) { return 2.1 * halfUlp(want[i], bfloatMantissa) + rounding; }});
      }
    }
}

AttentionBackward backward(const char *architecture, const std::string &kernel, bool causal, int64_t length) {
  AttentionBackward a;
  a.codeObject = std::string(architecture) + "/fmha_v3_bwd/bwd_" + kernel + ".co";
  a.causal = causal;
  a.heads = 2;
  a.queries = a.keys = length;
  return a;
}

TEST_F(Attention, Backward) {
  Backward(backward("gfx942", "hd128_bf16_a32_rtne_psskddv", false, 100)).check();
  Backward(backward("gfx942", "hd128_bf16_causal_a32_rtne_psskddv", true, 200)).check();
  for (const char *architecture : {"gfx942", "gfx950"}) {
    AttentionBackward a = backward(architecture, "hd64_bf16_causal_a32_rtne_pssk", true, 100);
    a.depth = 64;
    a.scale = 0.125f;
    Backward(a).check();
  }
  Backward(backward("gfx942", "hd128_bf16_a32_rtna", false, 192)).check();
}

} // namespace
} // namespace codesign::foreign
