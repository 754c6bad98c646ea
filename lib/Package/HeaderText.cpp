// The C header of a package.
#include "Texts.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace codesign::package {

/// "bf16", "fp8_fnuz (E4M3, at most 240, NaN 0x80)".
static std::string elementText(DataType type) {
  const char *encoding = type == DataType::F8E4M3FNUZ ? " (E4M3, at most 240, NaN 0x80)"
                         : type == DataType::F8E4M3   ? " (OCP E4M3, at most 448)"
                                                      : "";
  return toString(type).str() + encoding;
}

/// The same of A and W with their scales: "…, per-token scales".
static std::string typeText(const PackagedGemm &gemm) {
  std::string text = elementText(gemm.type);
  if (gemm.scaling != Scaling::None)
    text += ", " + toString(gemm.scaling).str() + " scales";
  return text;
}

/// "8 experts by offsets, each "; empty for one matrix of weights.
static std::string expertsText(const PackagedGemm &gemm) {
  if (gemm.experts == 0)
    return "";
  return std::to_string(gemm.experts) + " experts by " + (gemm.masked ? "counts" : "offsets") + ", each ";
}

/// ", rows of w start 4224 elements apart (255744 bytes more)"; empty where rows have no gaps.
static std::string leadingText(const PackagedGemm &gemm) {
  std::string text;
  for (auto [name, leading] : {std::pair("a", gemm.leadingA), {"w", gemm.leadingW}})
    if (leading > 0)
      text += formatv(", rows of {0} start {1} elements apart", name, leading);
  if (gemm.leadingW > 0)
    text += formatv(" ({0} bytes more)", gemm.paddingBytes());
  return text;
}

/// ", layout nn", ", rotary: 40 heads of 128 columns, 8192 positions", ", row squares"; empty for others.
static std::string rowsText(const PackagedGemm &gemm) {
  std::string text;
  if (gemm.layout != "nt")
    text += ", layout " + gemm.layout;
  if (gemm.rotary.columns > 0)
    text += formatv(", rotary: {0} heads of {1} columns, {2} positions",
                    gemm.rotary.columns / gemm.rotary.headColumns, gemm.rotary.headColumns,
                    gemm.rotary.positions);
  if (gemm.rowSquares)
    text += ", row squares";
  return text;
}

std::string headerText(const PackageSpec &spec) {
  const std::string hash = packageHash(spec), upper = StringRef(spec.name).upper();
  std::string text;
  raw_string_ostream out(text);
  out << formatv("// Kernels for {0}: D = activation(scales * (A * W^T) + bias) + residual, row-major, sums "
                 "in fp32. "
                 "Written by "
                 "{1}.\n",
                 spec.architecture, spec.generator)
      << "// Every function may be called from any thread. Nothing is allocated on the device and nothing "
         "waits, so launches\n"
         "// can be captured in a graph; call the load function before capturing.\n"
      << "#pragma once\n\n#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" "
         "{\n#endif\n\n";
  out << formatv(
      "enum {{\n  {0}_OK = 0,\n  {0}_INVALID_ARGUMENT = 1, // null or misaligned pointer, negative m\n"
      "  {0}_UNSUPPORTED = 2,      // no kernel for this m\n  {0}_NO_DRIVER = 3,        // no GPU runtime on "
      "this machine\n"
      "  {0}_DRIVER_ERROR = 4,\n  {0}_NO_IMAGE = 5,         // built without a device compiler\n};\n\n",
      upper);
  out << formatv(
      "/// a: m x k, w: n x k, bias: n or null, residual: like d or null, d: m x n; 16-byte aligned device "
      "pointers.\n"
      "/// 8-bit operators have a_scale and w_scale, fp32 on the device: of one element each (per-tensor), "
      "or m and "
      "n of them\n"
      "/// (per-token), or ceil(k / 128) x m, those of a block of k for all rows of a side by side, and "
      "ceil(n / 128) x\n"
      "/// ceil(k / 128) (block-128; of gated operators 2 ceil(n / 256) rows: row 2b has the scales of the "
      "gates 128 b and\n"
      "/// following, row 2b + 1 those of their up); bias, residual and d are bf16 then. Others leave them "
      "null.\n"
      "/// Gated operators: rows 2j and 2j + 1 of w (elements of the bias) are the gate and the up of column "
      "j of "
      "d, which is\n"
      "/// m x n / 2 and holds activation(gate) * up. The residual is added last and may be d itself.\n"
      "/// Operators of experts: w is experts x n x k (bias, w_scale alike), and the rows of a and d belong "
      "to "
      "experts. expert_rows,\n"
      "/// on the device, says which: offsets[experts + 1], from offsets[e] to offsets[e + 1] those of "
      "expert e; or, "
      "masked,\n"
      "/// counts[experts], of the m / experts rows of each the first counts[e]. Others leave it null.\n"
      "/// Operators of shuffled weights: w is in blocks of 16 rows by 64 bytes along k, groups of 16 rows "
      "one "
      "after the other (n and rows\n"
      "/// of w are multiples of those); in a block, the 16-byte chunk c of row r stands at place 16 * c + "
      "r. "
      "Rows of gate and up take turns\n"
      "/// before they are shuffled; scales and bias are not. shuffle_weights does it on the host, once.\n"
      "/// Operators whose rows start further apart than they are long: rows of a or w have k elements; what "
      "lies between them\n"
      "/// may hold anything and is never read. hipMemcpy2D copies rows without gaps into such ones, once.\n"
      "/// Gathered operators: row i of a, with its scales, is row a_rows[i] of the a_row_count that a has "
      "then, tokens before they\n"
      "/// are routed, or row i where a_rows is null. Weighted operators: row i of d is multiplied by "
      "row_weights[i], fp32 on the "
      "device.\n"
      "/// Operators with a top-k: d has a row for each of token_count tokens, the sum of the weighted rows "
      "that "
      "belong to it, in fp32\n"
      "/// and rounded once. token_rows, int32 on the device, says which of the m rows they are: token_count "
      "x "
      "top-k numbers, added\n"
      "/// in this order; -1 (or any number that is no row) stands for none, and a token without any gets "
      "zeros, also where m is 0.\n"
      "/// Quantised operators: d has 8 bits, and element times d_scale[0] is what it stands for. What lies "
      "past the\n"
      "/// largest number of the type, infinity included, becomes that number; NaN stays NaN.\n"
      "/// Operators quantised in blocks write the scales instead: d_block_scale, fp32, of d's columns / "
      "128, "
      "rounded up, by m: element\n"
      "/// (i, j) of d times d_block_scale[(j / 128) * m + i] is what it stands for, the order of the "
      "a_scale "
      "of the next product.\n"
      "/// A scale is the largest magnitude of its block, 1e-4 at least, over the largest number of the "
      "type; "
      "NaN does not count.\n"
      "/// Layout nn: w is k x n and d = a * w (a gradient of the input). Layout tn: a is m x k, w is m x n, "
      "and "
      "d is k x n,\n"
      "/// the sum over the m rows of both of a^T * w (a gradient of weights); m may be 0 then.\n"
      "/// Rotary operators: columns (2i, 2i + 1) of each head become (x cos - y sin, x sin + y cos), where "
      "row p "
      "of rotations, fp32,\n"
      "/// has cosine and sine of each pair of a head in turn for position p; positions, int32 on the "
      "device, "
      "says which p row i of\n"
      "/// d has. Weights whose pairs are the halves of a head must have their rows interleaved, queries and "
      "keys "
      "alike; columns past\n"
      "/// the heads stay as they are; a position that the table lacks makes zeros.\n"
      "/// Operators with row squares: row i of row_squares, fp32, receives the sums of squares of parts of "
      "row i "
      "of d, before they\n"
      "/// are rounded: as many as the operator says for these parameters. The mean square is their sum over "
      "n.\n"
      "typedef struct {0}_gemm_parameters_{1} {{\n  const void *a;\n  const void *w;\n  const float "
      "*a_scale;\n  const float *w_scale;\n  const void *bias;\n  "
      "const void *residual;\n  const int32_t *expert_rows;\n  const int32_t *a_rows;\n  int64_t "
      "a_row_count;\n  const float *row_weights;\n  const int32_t *token_rows;\n  int64_t token_count;\n  "
      "const float *d_scale;\n  float *d_block_scale;\n  const int32_t *positions;\n  "
      "const float *rotations;\n  float "
      "*row_squares;\n  void "
      "*d;\n"
      "  int64_t m;\n} {0}_gemm_parameters_{1};\n#define {0}_gemm_parameters {0}_gemm_parameters_{1}\n\n",
      spec.name, hash);
  auto declare = [&](const Twine &result, const Twine &name, const Twine &arguments) {
    out << result << exported(spec, name) << '(' << arguments << ");\n"
        << "#define " << spec.name << '_' << name << ' ' << exported(spec, name) << '\n';
  };
  out << "/// What went wrong in this thread's last call that did not return 0.\n";
  declare("const char *", "last_error", "void");
  out << "/// Loads all kernels on the current device.\n";
  declare("int ", "load", "void");
  out << "/// Some launches need a workspace on the device, 16-byte aligned, of at least so many bytes as "
         "the operator "
         "says for\n"
         "/// these parameters. Zero all of it once; afterwards any launch of this library may use it, but "
         "no two "
         "at a time:\n"
         "/// each leaves the first "
      << arrivalBytes(spec)
      << " bytes, counts of workgroups that share a tile, at zero again. The others may pass null.\n";
  const std::string pointer = "const " + spec.name + "_gemm_parameters *parameters";
  for (const PackagedGemm &gemm : spec.gemms) {
    out << formatv(
        "\n/// {7}n = {0}, k = {1}, {2}{3}{4}{5}{6}{8}{9}{13}{10}{11}{12}\n", gemm.n, gemm.k, typeText(gemm),
        gemm.bias ? ", bias" : "", gemm.activation.empty() ? "" : ", " + gemm.activation,
        gemm.gated ? formatv(", gated: d has {0} columns", gemm.outputColumns()).str() : "",
        gemm.residual ? ", residual" : "", expertsText(gemm), gemm.gathered ? ", gathered" : "",
        gemm.weighted ? ", weighted" : "",
        gemm.quantised() ? (gemm.quantisedBlocks ? ", quantised in blocks: d is " : ", quantised: d is ") +
                               elementText(gemm.outputType)
                         : "",
        rowsText(gemm) + leadingText(gemm), gemm.shuffledWeights ? ", shuffled weights" : "",
        gemm.topK > 0 ? ", top-k: " + std::to_string(gemm.topK) : "");
    if (gemm.rowSquares)
      declare("int64_t ", gemm.name + "_squares_columns", pointer);
    declare("int ", gemm.name + "_is_supported", pointer);
    declare("size_t ", gemm.name + "_workspace_size", pointer);
    declare("int ", gemm.name + "_launch",
            pointer + ", void *workspace, size_t workspaceBytes, void *stream");
    if (gemm.shuffledWeights)
      declare("int ", gemm.name + "_shuffle_weights", "const void *w, void *shuffled");
  }
  out << "\n#ifdef __cplusplus\n}\n#endif\n";
  return text;
}

} // namespace codesign::package
