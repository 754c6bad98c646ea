#include "Launches.h"
#include "ArgumentText.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using llvm::Twine;

namespace codesign::foreign {

ArgumentText &ArgumentText::real(float value) {
  list.push_back(llvm::formatv("f32:{0:e9}", double(value)).str());
  return pad(slotBytes - 4);
}

std::string gridText(int64_t x, int64_t y, int64_t z) {
  return (Twine(x) + "," + Twine(y) + "," + Twine(z)).str();
}

void printYaml(const LaunchText &launch, const std::string &folder, double microseconds,
               llvm::raw_ostream &out) {
  out << "  - code_object: " << folder << "/" << launch.codeObject << "\n    grid: \"" << launch.grid
      << "\"\n    block: \"" << launch.block << "\"\n    arguments: [";
  for (size_t i = 0; i < launch.arguments.size(); ++i)
    out << (i ? ", " : "") << '"' << launch.arguments[i] << '"';
  if (launch.dynamicLdsBytes)
    out << "]\n    dynamic_lds_bytes: " << launch.dynamicLdsBytes << "\n    microseconds: ";
  else
    out << "]\n    microseconds: ";
  out << llvm::format("%.3f", microseconds) << "\n";
}

LaunchText launchOf(const Bf16Gemm &gemm) {
  ArgumentText arguments;
  arguments.buffer("d", "f32", gemm.m * gemm.n)
      .null() // C
      .buffer("a", "bf16", gemm.m * gemm.k, "random")
      .buffer("b", "bf16", gemm.n * gemm.k, "random")
      .real(1)  // alpha
      .real(0); // beta
  // Strides in bytes: D's two are not read, the inner ones are those of one element.
  arguments.integer(0).integer(0).integer(gemm.n * 4).integer(0);
  arguments.integer(gemm.k * 2).integer(0).integer(gemm.k * 2).integer(0);
  arguments.integer(gemm.m).integer(gemm.n).integer(gemm.k).integer(gemm.split);
  LaunchText launch;
  launch.codeObject =
      gemm.architecture + "/bf16gemm/bf16gemm_outf32_tn_" + std::to_string(gemm.tileM) + "x64_pf3.co";
  launch.grid = gridText(divideUp(gemm.n, 64), divideUp(gemm.m, gemm.tileM), gemm.split);
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const Int8Gemm &gemm) {
  ArgumentText arguments;
  arguments.buffer("d", "bf16", gemm.m * gemm.n)
      .buffer("a", "i8", gemm.m * gemm.k, "random")
      .buffer("b", "i8", gemm.n * gemm.k, "random")
      .buffer("scale_a", "f32", gemm.m, "one")
      .buffer("scale_b", "f32", gemm.n, "one")
      .buffer("bias", "f32", gemm.n)
      .integer(gemm.m)
      .integer(gemm.n)
      .integer(gemm.k)
      .integer(gemm.k)
      .integer(gemm.k)
      .integer(gemm.n * 2) // bytes of a row
      .integer(gemm.split);
  LaunchText launch;
  launch.codeObject =
      "gfx942/i8gemm/I8gemm_bf16_perTokenI8_BpreShuffle_" + std::to_string(gemm.tileM) + "x128.co";
  launch.grid = gridText(gemm.n / 128 * gemm.split, divideUp(gemm.m, gemm.tileM));
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const Fp4Gemm &gemm) {
  // The shuffled table of scales covers whole tiles of 256 rows and 8 scales.
  const int64_t scalesOfRow = divideUp(gemm.k / 32, 8) * 8;
  ArgumentText arguments;
  arguments.buffer("d", "bf16", gemm.m * gemm.n)
      .null() // C
      .buffer("a", "u8", gemm.m * gemm.k / 2, "random")
      .buffer("b", "u8", gemm.n * gemm.k / 2, "random")
      .real(1)
      .real(0);
  // Strides in elements.
  arguments.integer(0).integer(0).integer(gemm.n).integer(0);
  arguments.integer(gemm.k).integer(0).integer(gemm.k).integer(0);
  arguments.integer(gemm.m)
      .integer(gemm.n)
      .integer(gemm.k)
      .buffer("scale_a", "u8", divideUp(gemm.m, 256) * 256 * scalesOfRow, "one")
      .buffer("scale_b", "u8", divideUp(gemm.n, 256) * 256 * scalesOfRow, "one");
  arguments.integer(scalesOfRow).integer(0).integer(scalesOfRow).integer(0).integer(gemm.logSplit);
  const int64_t split = 1ll << gemm.logSplit, depth = divideUp(gemm.k / split, 256) * 256;
  LaunchText launch;
  launch.codeObject = "gfx950/f4gemm/f4gemm_bf16_per1x32Fp4_" +
                      std::string(gemm.shuffled ? "BpreShuffle_" : "noBpreShuffle_") +
                      std::to_string(gemm.tileM) + "x" + std::to_string(gemm.tileN) + ".co";
  launch.grid = gridText(divideUp(gemm.n, gemm.tileN), divideUp(gemm.m, gemm.tileM), divideUp(gemm.k, depth));
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const AttentionForward &a) {
  const int64_t rows = a.packed ? a.totalQueries : a.batch * a.queries,
                keyRows = a.packed ? a.totalKeys : a.batch * a.keys;
  const int64_t tileRows = a.depth == 192 ? 128 : 256;
  ArgumentText arguments;
  arguments.buffer("o", "bf16", rows * a.heads * a.valueDepth)
      .buffer("q", "bf16", rows * a.heads * a.depth, "random")
      .buffer("k", "bf16", keyRows * a.keyHeads * a.depth, "random")
      .buffer("v", "bf16", keyRows * a.keyHeads * a.valueDepth, "random")
      .buffer("lse", "f32", rows * a.heads)
      .real(a.scale)
      .integer(a.queries);
  // Strides in bytes: of a row, of a tile of rows, of a head, of a sequence.
  const int64_t queryRow = a.heads * a.depth * 2, keyRow = a.keyHeads * a.depth * 2,
                valueRow = a.keyHeads * a.valueDepth * 2, outputRow = a.heads * a.valueDepth * 2;
  arguments.integer(queryRow).integer(tileRows * queryRow).integer(a.depth * 2);
  arguments.integer(a.packed ? 0 : a.queries * queryRow).integer(a.heads / a.keyHeads);
  arguments.integer(keyRow).integer(a.depth * 2).integer(a.packed ? 0 : a.keys * keyRow);
  arguments.integer(a.causal && a.heads % 8 != 0 ? 3 : 5); // which tuning
  arguments.integer(1);                                    // stores lse
  arguments.integer(a.keys).integer(a.depth).integer(a.valueDepth).integer(a.heads);
  arguments.integer(valueRow).integer(a.valueDepth * 2).integer(a.packed ? 0 : a.keys * valueRow);
  arguments.integer(outputRow).integer(a.valueDepth * 2).integer(a.packed ? 0 : a.queries * outputRow);
  if (a.packed)
    arguments.buffer("qseq", "u32", a.batch + 1).buffer("kseq", "u32", a.batch + 1);
  else
    arguments.null().null();
  arguments.integer(a.packed ? a.totalQueries * 4 : a.queries * 4);
  if (a.packed)
    arguments.buffer("qseq_padded", "u32", a.batch + 1).buffer("kseq_padded", "u32", a.batch + 1);
  else
    arguments.null().null();

  LaunchText launch;
  const bool isGfx942 = a.architecture == "gfx942";
  launch.codeObject = a.architecture + "/fmha_v3_fwd/" + (isGfx942 ? a.device : "") + "fwd_hd" +
                      std::to_string(a.depth) + (a.depth != a.valueDepth ? "_hd128" : "") + "_bf16" +
                      (a.causal ? "_causal" : "") + (isGfx942 ? a.rounding : "") +
                      (a.packed ? "_group" : "") + ".co";
  // A workgroup of a causal kernel takes two tiles, a long and a short one.
  const int64_t tiles = divideUp(divideUp(a.queries, tileRows), a.causal ? 2 : 1);
  launch.grid = a.packed ? gridText(a.heads, a.batch, tiles) : gridText(tiles, a.heads, a.batch);
  launch.block = a.depth == 192 ? "256" : "512";
  launch.arguments = std::move(arguments.list);
  return launch;
}

} // namespace codesign::foreign
