// How kernels of AMD's AITER package are launched: code object, grid and arguments as text, in the forms of
// `codesign simulate --arg` and of the list that `codesign calibrate --code-objects` reads. Facts from the
// host code of amd-aiter 0.1.7 (csrc/py_itfs_cu, csrc/include, hsa/*/codegen.py). Every argument takes 16
// bytes.
#pragma once

#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <vector>

namespace codesign::foreign {

/// A launch in words. Buffers bear the names that the functions below state.
struct LaunchText {
  std::string codeObject; // below the package's hsa folder: "gfx942/bf16gemm/….co"
  std::string grid, block;
  std::vector<std::string> arguments;
  uint32_t dynamicLdsBytes = 0;
};

/// One entry for the list of `codesign calibrate --code-objects`; `folder` stands before the object's path.
void printYaml(const LaunchText &launch, const std::string &folder, double microseconds,
               llvm::raw_ostream &out);

/// d[m,n] f32 = a[m,k] · b[n,k]ᵀ in bf16; m rounded up to tiles of tileM, n a multiple of 64, k of 64 ·
/// split. Objects of gfx942 and gfx950, tiles of 32, 48, 64 or 96 rows. With split > 1 d must be zero.
struct Bf16Gemm {
  std::string architecture = "gfx942";
  int tileM = 64;
  int64_t m = 0, n = 0, k = 0;
  int split = 1;
};
LaunchText launchOf(const Bf16Gemm &gemm);

/// d[m,n] bf16 = scale_a[m] scale_b[n] a[m,k] · b[n,k]ᵀ in i8, + bias[n] f32; b shuffled: see
/// shuffleWeights(32). gfx942, tiles of 128 or 192 rows and 128 columns.
struct Int8Gemm {
  int tileM = 128;
  int64_t m = 0, n = 0, k = 0;
  int split = 1;
};
LaunchText launchOf(const Int8Gemm &gemm);

/// d[m,n] bf16 = a[m,k] · b[n,k]ᵀ in fp4 with a scale of e8m0 for 32 elements of a row. gfx950. Scales are
/// shuffled (shuffleScales), b where the object says BpreShuffle (shuffleWeights(16) of bytes).
struct Fp4Gemm {
  int tileM = 256, tileN = 256;
  bool shuffled = true;
  int64_t m = 0, n = 0, k = 0;
  int logSplit = 0;
};
LaunchText launchOf(const Fp4Gemm &gemm);

/// o[b,s,h,dv] and lse[b,h,s] of softmax(scale q kᵀ) v in bf16. q[b,s,h,d], k[b,t,g,d], v[b,t,g,dv]. Causal
/// means aligned at the bottom right. gfx942: d = dv = 128, `rounding` "_rtne", "_rtna" or "_rtz" and
/// `device` "MI300/" or "MI308/"; gfx950: also d = 192 with dv = 128, neither of the two. Packed ("group")
/// kernels take q[Σs,h,d] … and cumulative lengths qseq[b+1], kseq[b+1]; `queries` and `keys` are then the
/// longest.
struct AttentionForward {
  std::string architecture = "gfx942", device = "MI300/", rounding = "_rtne";
  bool causal = false;
  int64_t batch = 1, heads = 1, keyHeads = 1, queries = 0, keys = 0, depth = 128, valueDepth = 128;
  float scale = 0.088388347648f; // 1/√128
  bool packed = false;
  int64_t totalQueries = 0, totalKeys = 0; // of packed sequences
};
LaunchText launchOf(const AttentionForward &attention);

/// weights[t,top] f32 and indices[t,top] i32 of the largest gate probabilities, largest first: softmax over
/// gates[t,experts] f32, renormalised over the chosen if asked. gfx942, experts 128 or 256, top 6 or 8;
/// `tileM` 4 or 12 tokens for a workgroup.
struct TopkSoftmax {
  int tileM = 4;
  int64_t tokens = 0, experts = 128, top = 8;
  bool renormalize = false;
};
LaunchText launchOf(const TopkSoftmax &routing);

/// residual_out = in + residual_in and out = layer norm of it, weight and bias, all bf16 with rows of 8192;
/// an even number of rows. Quantised: out is i8 of the result times scale_in[8192], with scale_out[rows] f32.
struct LayerNorm {
  int64_t rows = 0;
  bool quantized = false;
  float epsilon = 1e-5f;
};
LaunchText launchOf(const LayerNorm &norm);

/// d[m,n] f16 = a[m,k] · b[n,k]ᵀ in fp8 (FNUZ) with scales of 128 elements of a row of a (scale_a[k/128, m])
/// and of 128 × 128 of b (scale_b[k/128, n/128]); b shuffled. gfx942; n a multiple of 256.
struct BlockScaledGemm {
  int64_t m = 0, n = 0, k = 0;
};
LaunchText launchOf(const BlockScaledGemm &gemm);

/// The same to bf16 on gfx950 (OCP fp8), with scale_b[n/128, k/128] and tiles of 32 or 128 rows; k at least
/// 512.
struct BlockScaledGemm950 {
  int tileM = 128;
  int64_t m = 0, n = 0, k = 0;
};
LaunchText launchOf(const BlockScaledGemm950 &gemm);

/// How a layer of experts computes; rows of tokens are sorted by expert in blocks of `blockRows`.
struct ExpertLayer {
  int64_t tokens = 0, width = 0, inner = 0, experts = 0, top = 0;
  bool gated = true;        // w1 holds a gate and an up projection
  int64_t blockRows = 32;   // of the sorted list
  int64_t sortedBlocks = 0; // blocks in the sorted list
};

/// out[t,width] (16-bit) += weight · (act(x w1ᵀ) [· up]) w2ᵀ over the experts of each token: one fused
/// kernel. Buffers x, w1[e, inner or 2 inner, width], w2[e,width,inner] (both shuffled), sorted_ids (token |
/// place << 24), sorted_weights, sorted_experts, count (rows of the sorted list), and scale_x[t], scale_w1,
/// scale_w2 where elements have 8 bits. out starts as zero.
struct FusedExperts {
  std::string codeObject;
  ExpertLayer layer;
  std::string type = "bf16"; // of x, w1 and w2: bf16, f16, fp8 or i8
  std::string outputType = "bf16";
  int64_t tileInner = 512; // columns of `inner` for a workgroup
  bool smoothed = false;   // x holds a row for each place of a token, place after place; smooth[e,inner] too
  bool scalesOfBlocks = false;  // scale_x[width/128, t], scale_w1[e, rows/128, width/128], scale_w2 likewise
  int64_t persistentGroups = 0; // workgroups of a persistent kernel, 0: one for each block and tile
};
LaunchText launchOf(const FusedExperts &moe);

/// out[t,top,inner] bf16 = act(gate) · up of each token's experts: the first of two kernels. Buffers as
/// above; with `weighted` objects the routing weight multiplies both projections' scale.
struct ExpertsFirstStage {
  std::string codeObject;
  ExpertLayer layer;
  std::string type = "fp8"; // or i8
  int64_t tileInner = 128;
  int activation = 0; // 0 SiLU, 1 GELU
  bool weighted = false;
};
LaunchText launchOf(const ExpertsFirstStage &moe);

/// Gradients of attention: dq[b,h,s,d] f32 (added to, starts as zero), dk and dv[b,t,h,d] bf16 from q, k, v,
/// do[b,s,h,d], lse[b,h,s] and delta[b,h,s] f32 (sum of do · o over a row). Kernels with `_psskddv` take any
/// lengths; d = 128, one key head for each head.
struct AttentionBackward {
  std::string codeObject;
  bool causal = false;
  int64_t batch = 1, heads = 1, queries = 0, keys = 0, depth = 128;
  float scale = 0.088388347648f;
  int64_t tileKeys = 192;
};
LaunchText launchOf(const AttentionBackward &attention);

/// o[n,h,128] of one query for each of n sequences and head over cached keys in blocks of 16:
/// k[blocks, g, 128/x, 16, x] and v[blocks, g, 16/x, 128, x] with x elements of 16 bytes; `tables`
/// [n, tableWidth] names the blocks, `lengths`[n] the keys. 8-bit caches have scale_k and scale_v[blocks, g,
/// 16].
struct PagedAttention {
  std::string codeObject;
  std::string type = "bf16", cacheType = "bf16"; // of q and o; of k and v
  int64_t sequences = 1, heads = 8, keyHeads = 1, blocks = 0, tableWidth = 0;
};
LaunchText launchOf(const PagedAttention &attention);

/// Latent attention, decoding: parts[n, split, h, 512] f32 and lse[n, split, h] of q[n,h,576] over
/// kv[pages,576] (the values are the first 512), pages of one row. `starts`[b+1] delimits each sequence's
/// entries of `pages`[...], `query_starts`[b+1] its rows of q; each split of the keys is a workgroup of its
/// own.
struct LatentAttention {
  std::string codeObject;
  std::string type = "bf16"; // of q and kv; fp8 has scale_q[1] and scale_kv[1]
  std::string partType = "f32";
  int64_t batch = 1, queries = 1, heads = 16, rows = 0, usedPages = 0,
          split = 1;           // rows of q in all: batch · queries
  int64_t tileQueries = 16;    // rows times heads of a workgroup
  float scale = 0.0416666667f; // 1/√576
};
LaunchText launchOf(const LatentAttention &attention);

} // namespace codesign::foreign
