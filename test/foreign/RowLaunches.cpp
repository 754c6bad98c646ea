// Launches of kernels over rows (routing, norms) and of the products with scales of blocks.
#include "ArgumentText.h"
#include "Launches.h"

namespace codesign::foreign {

LaunchText launchOf(const TopkSoftmax &r) {
  // Results of the last workgroup's missing tokens land in padding.
  const int64_t padded = divideUp(r.tokens, r.tileM) * r.tileM;
  ArgumentText arguments;
  arguments.buffer("indices", "i32", padded * r.top)
      .buffer("weights", "f32", padded * r.top)
      .buffer("gates", "f32", r.tokens * r.experts, "random")
      .integer(r.tokens)
      .integer(r.experts)
      .integer(r.top)
      .integer(r.renormalize)
      .integer(r.top * 4);
  LaunchText launch;
  launch.codeObject = "gfx942/topksoftmax/topksoftmax_" + std::to_string(r.tileM) + "x" +
                      std::to_string(r.experts) + "x" + std::to_string(r.top) + ".co";
  launch.grid = gridText(divideUp(r.tokens, r.tileM));
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const LayerNorm &norm) {
  constexpr int64_t width = 8192;
  ArgumentText arguments;
  arguments.buffer("out", norm.quantized ? "i8" : "bf16", norm.rows * width)
      .buffer("in", "bf16", norm.rows * width, "random")
      .buffer("weight", "bf16", width, "random")
      .buffer("bias", "bf16", width, "random")
      .real(norm.epsilon)
      .integer(norm.rows)
      .integer(width)
      .buffer("residual_out", "bf16", norm.rows * width)
      .buffer("residual_in", "bf16", norm.rows * width, "random");
  if (norm.quantized)
    arguments.buffer("scale_out", "f32", norm.rows).buffer("scale_in", "f32", width, "one");
  else
    arguments.null().null();
  LaunchText launch;
  launch.codeObject = norm.quantized ? "gfx942/layer_norm_qnt.co" : "gfx942/layer_norm.co";
  launch.grid = gridText(divideUp(norm.rows, 2));
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const BlockScaledGemm &gemm) {
  // Unlike the others this kernel packs its arguments.
  ArgumentText arguments;
  auto buffer = [&](const char *name, const char *type, int64_t count, const char *content) {
    arguments.list.push_back(std::string(name) + "=" + type + "[" + std::to_string(count) + "]:" + content);
  };
  buffer("a", "fp8", gemm.m * gemm.k, "random");
  buffer("b", "fp8", gemm.n * gemm.k, "random");
  arguments.list.push_back("u64:0");
  buffer("scale_a", "f32", gemm.k / 128 * gemm.m, "one");
  buffer("scale_b", "f32", gemm.k / 128 * (gemm.n / 128), "one");
  arguments.list.push_back("u64:0");
  buffer("d", "f16", gemm.m * gemm.n, "zero");
  for (int i = 0; i < 4; ++i)
    arguments.list.push_back("u64:0");
  for (int64_t value : {gemm.k, gemm.n, gemm.m, int64_t(0), int64_t(0), int64_t(0)})
    arguments.list.push_back("u32:" + std::to_string(value));
  LaunchText launch;
  launch.codeObject = "gfx942/flatmm_uk_gfx9_f16f8_128x256x128_1x4x1_16x16x32.co";
  launch.grid = gridText(divideUp(gemm.n, 256), divideUp(gemm.m, 128));
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const BlockScaledGemm950 &gemm) {
  ArgumentText arguments;
  arguments.buffer("d", "bf16", gemm.m * gemm.n)
      .buffer("a", "u8", gemm.m * gemm.k, "random")
      .buffer("b", "u8", gemm.n * gemm.k, "random")
      .null()
      .buffer("scale_a", "f32", gemm.k / 128 * gemm.m, "one")
      .buffer("scale_b", "f32", gemm.k / 128 * (gemm.n / 128), "one")
      .null()
      .null()
      .null();
  arguments.integer(gemm.k).integer(gemm.n).integer(gemm.m).integer(1);
  arguments.integer(gemm.k).integer(gemm.k).integer(gemm.n * 2);
  arguments.integer(0).integer(0).integer(0).integer(0).integer(0).integer(0).null();
  LaunchText launch;
  launch.codeObject = "gfx950/f8_block_scale_mi350_x" + std::to_string(gemm.tileM) + ".co";
  launch.grid = gridText(divideUp(gemm.n, 256), divideUp(gemm.m, gemm.tileM));
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

} // namespace codesign::foreign
