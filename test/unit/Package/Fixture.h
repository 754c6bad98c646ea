#pragma once

#include "codesign/Package/Package.h"

namespace codesign::test {

/// Three kernels, one of which splits k; three operators, one of them with a bias; two of experts; one with a
/// gate and a residual, one with lists and weights of rows, one whose rows are summed up by token; on AMD
/// devices one of 8-bit operands with shuffled weights, one of 8-bit results beside (on sm_90a of a kernel of
/// its own, all of tensor maps); one of a gradient of weights (on sm_90a another, of tensor maps), one of
/// rotated heads, and one that adds up squares, which has a kernel of its own. On AMD devices the rows of A
/// of one and of W of another have gaps. Except on sm_90a the last but one is served by Stream-K.
inline PackageSpec samplePackage(const char *architecture = "gfx942") {
  PackageSpec spec;
  spec.name = "sample";
  spec.generator = "codesign 0.1.0";
  spec.model = "models/\"quoted\"\n.yaml";
  spec.hardware = "mi300x";
  spec.architecture = architecture;
  spec.preludeFile = "prelude.h";
  spec.preludeText = "#pragma once\n";
  for (int64_t tile : {16, 128}) {
    PackagedKernel kernel;
    kernel.symbol = "linear_" + std::to_string(tile);
    kernel.source =
        "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void " + kernel.symbol + "() {}\n";
    kernel.threads = 256;
    kernel.tileM = tile;
    kernel.tileN = 128;
    kernel.ldsBytes = 1024;
    kernel.dynamicLdsBytes = tile == 128 ? 98304 : 0;
    kernel.schedule = "tile of " + std::to_string(tile);
    kernel.reason = "because";
    kernel.predictedSeconds = 1.25e-5;
    kernel.predictedM = tile;
    kernel.predictionSource = "calibrated";
    if (tile == 128 && spec.architecture == "sm_90a") {
      kernel.persistentCluster = 2;
      kernel.aBox = {64, 64};
      kernel.wBox = {128, 64};
    }
    spec.kernels.push_back(kernel);
  }
  PackagedKernel split = spec.kernels.front();
  split.symbol = "linear_split";
  split.source = "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void linear_split() {}\n";
  split.splitK = 4;
  split.partialBytes = 16 * 128 * 4;
  if (spec.architecture == "sm_90a") {
    split.persistentCluster = 1;
    split.aBox = {16, 64};
    split.wBox = {128, 64};
  }
  spec.kernels.push_back(split);
  PackagedGemm gemm;
  gemm.name = "qkv_proj";
  gemm.n = 6144;
  gemm.k = 4096;
  gemm.ranges = {{1, 64, "linear_16"}, {65, 0, "linear_128"}};
  spec.gemms.push_back(gemm);
  gemm.name = "fc";
  gemm.n = 1000;
  gemm.bias = true;
  gemm.activation = "gelu";
  gemm.ranges = {{1, 4096, "linear_128"}};
  spec.gemms.push_back(gemm);
  for (const bool masked : {false, true}) {
    PackagedGemm experts;
    experts.name = masked ? "experts_masked" : "experts";
    experts.n = 1000;
    experts.k = 4096;
    experts.experts = 8;
    experts.masked = masked;
    experts.ranges = {{1, 0, masked || spec.architecture != "sm_90a" ? "linear_16" : "linear_128"}};
    spec.gemms.push_back(experts);
  }
  gemm.name = "gate_up_proj";
  gemm.activation = "silu";
  gemm.gated = gemm.residual = true;
  spec.gemms.push_back(gemm);
  PackagedGemm routed = spec.gemms[2];
  routed.name = "routed";
  routed.ranges = {{1, 0, "linear_16"}};
  routed.gathered = routed.weighted = true;
  spec.gemms.push_back(routed);
  if (spec.isAmd()) {
    PackagedGemm narrow;
    narrow.name = "down_proj";
    narrow.type = DataType::F8E4M3FNUZ;
    narrow.scaling = Scaling::PerToken;
    narrow.n = 1024;
    narrow.k = 4096;
    narrow.shuffledWeights = true;
    narrow.ranges = {{1, 0, "linear_128"}};
    spec.gemms.push_back(narrow);
    narrow.name = "up_proj";
    narrow.outputType = DataType::F8E4M3FNUZ;
    narrow.leadingA = 4352;
    spec.gemms.push_back(narrow);
  }
  PackagedGemm gradient = spec.gemms[0];
  gradient.name = "qkv_gradient";
  gradient.layout = "tn";
  spec.gemms.push_back(gradient);
  PackagedGemm rotated = spec.gemms[0];
  rotated.name = "rotated_qkv";
  rotated.rotary = {128, 5120, 8192};
  spec.gemms.push_back(rotated);
  PackagedKernel squares = spec.kernels.front();
  squares.symbol = "linear_squares";
  squares.source = "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void linear_squares() {}\n";
  squares.squaresWidth = 32;
  spec.kernels.push_back(squares);
  PackagedGemm stream;
  stream.name = "stream";
  stream.n = 1000;
  stream.k = 4096;
  stream.rowSquares = true;
  stream.ranges = {{1, 0, "linear_squares"}};
  spec.gemms.push_back(stream);
  if (spec.architecture == "sm_90a") {
    PackagedKernel bytes = spec.kernels[1];
    bytes.symbol = "linear_bytes";
    bytes.source = "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void linear_bytes() {}\n";
    bytes.aBox = bytes.dBox = {64, 64};
    spec.kernels.push_back(bytes);
    PackagedGemm narrow;
    narrow.name = "up_proj";
    narrow.outputType = DataType::F8E4M3;
    narrow.n = 1024;
    narrow.k = 4096;
    narrow.ranges = {{1, 0, "linear_bytes"}};
    spec.gemms.push_back(narrow);
    PackagedKernel turned = bytes;
    turned.symbol = "linear_turned";
    turned.source = "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void linear_turned() {}\n";
    turned.wBox = {64, 64};
    spec.kernels.push_back(turned);
    gradient.name = "turned_gradient";
    gradient.ranges = {{1, 0, "linear_turned"}};
    spec.gemms.push_back(gradient);
  }
  PackagedGemm few;
  few.name = "o_proj";
  few.n = 1000;
  few.k = 4096;
  few.ranges = {{1, 64, "linear_split"}, {65, 0, "linear_16"}};
  few.leadingW = spec.isAmd() ? 4224 : 0;
  spec.gemms.push_back(few);
  few.leadingW = 0;
  if (spec.architecture != "sm_90a") {
    PackagedKernel streamed = spec.kernels.front();
    streamed.symbol = "linear_streamed";
    streamed.source =
        "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void linear_streamed() {}\n";
    streamed.streamK = {.workgroups = 6, .steps = 64, .least = 2, .chiplets = 8, .run = 1};
    streamed.partialBytes = 16 * 128 * 4;
    spec.kernels.push_back(streamed);
    few.name = "streamed_o_proj";
    few.ranges = {{1, 0, "linear_streamed"}};
    spec.gemms.push_back(few);
  }
  PackagedKernel sum = spec.kernels.front();
  sum.symbol = "token_sum";
  sum.source = "#include \"prelude.h\"\nextern \"C\" __attribute__((global)) void token_sum() {}\n";
  sum.tileM = 2;
  sum.tileN = 512;
  spec.kernels.push_back(sum);
  PackagedGemm summed = routed;
  summed.name = "summed";
  summed.gathered = false;
  summed.topK = 2;
  summed.sumSymbol = "token_sum";
  spec.gemms.push_back(summed);
  if (spec.isAmd()) { // results of 8 bits, with scales that the launch writes
    PackagedGemm blocks;
    blocks.name = "blocks";
    blocks.outputType = DataType::F8E4M3FNUZ;
    blocks.quantisedBlocks = true;
    blocks.n = 1000;
    blocks.k = 4096;
    blocks.ranges = {{1, 0, "linear_16"}};
    spec.gemms.push_back(blocks);
  }
  return spec;
}

} // namespace codesign::test
