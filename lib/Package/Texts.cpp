#include "Texts.h"
#include "TemplateText.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace codesign {

namespace {

std::string hexDigest(StringRef text) {
  SHA256 hash;
  hash.update(text);
  return toHex(hash.final(), /*LowerCase=*/true);
}

/// Where a kernel stands in the spec's list; the spec has been checked.
size_t kernelIndex(const PackageSpec &spec, StringRef symbol) {
  return find_if(spec.kernels, [&](const PackagedKernel &kernel) { return kernel.symbol == symbol; }) -
         spec.kernels.begin();
}

/// Workgroups of a launch, by the tile of its kernel.
const char *gridText(const PackagedGemm &gemm) {
  return gemm.layout == "tn" ? "ceil(k / tile_m) * ceil(n / tile_n)"
         : gemm.experts == 0 ? "ceil(m / tile_m) * ceil(n / tile_n)"
         : gemm.masked       ? "experts * ceil(m / experts / tile_m) * ceil(n / tile_n)"
                             : "floor((m + min(m, experts) * (tile_m - 1)) / tile_m) * ceil(n / tile_n)";
}

void writeManifest(const PackageSpec &spec, StringRef hash, raw_ostream &out) {
  json::OStream json(out, 2);
  json.object([&] {
    json.attribute("schema_version", packageSchemaVersion);
    json.attribute("generator", spec.generator);
    json.attribute("name", spec.name);
    json.attribute("hash", hash);
    json.attribute("model", spec.model);
    json.attribute("hardware", spec.hardware);
    json.attribute("architecture", spec.architecture);
    json.attribute("prelude", spec.preludeFile);
    json.attribute("arrival_bytes", arrivalBytes(spec));
    json.attributeArray("kernels", [&] {
      for (const PackagedKernel &kernel : spec.kernels)
        json.object([&] {
          json.attribute("symbol", kernel.symbol);
          json.attribute("source", "src/" + package::sourceName(spec, kernel.symbol));
          json.attribute("source_sha256", hexDigest(kernel.source));
          json.attribute("threads", kernel.threads);
          json.attribute("tile_m", kernel.tileM);
          json.attribute("tile_n", kernel.tileN);
          json.attribute("lds_bytes", kernel.ldsBytes);
          json.attribute("dynamic_lds_bytes", kernel.dynamicLdsBytes);
          json.attribute("split_k", kernel.splitK);
          json.attribute("partial_bytes", kernel.partialBytes);
          if (const PackagedStreamK &work = kernel.streamK; work.workgroups > 0)
            json.attributeObject("stream_k", [&] {
              json.attribute("workgroups", work.workgroups);
              json.attribute("steps", work.steps);
              json.attribute("least_steps", work.least);
              json.attribute("chiplets", work.chiplets);
              json.attribute("run", work.run);
            });
          if (kernel.squaresWidth > 0)
            json.attribute("squares_width", kernel.squaresWidth);
          if (kernel.persistentCluster > 0) {
            json.attribute("persistent_cluster", kernel.persistentCluster);
            json.attributeObject("tensor_boxes", [&] {
              for (auto [name, box] : {std::pair("a", kernel.aBox), {"w", kernel.wBox}, {"d", kernel.dBox}})
                json.attributeArray(name, [&] {
                  json.value(box.rows);
                  json.value(box.columns);
                });
            });
          }
          json.attribute("schedule", kernel.schedule);
          json.attribute("reason", kernel.reason);
          json.attributeObject("predicted", [&] {
            json.attribute("seconds", kernel.predictedSeconds);
            json.attribute("m", kernel.predictedM);
            json.attribute("source", kernel.predictionSource);
          });
        });
    });
    json.attributeArray("gemms", [&] {
      for (const PackagedGemm &gemm : spec.gemms)
        json.object([&] {
          json.attribute("name", gemm.name);
          json.attribute("type", toString(gemm.type));
          json.attribute("output_type", toString(gemm.outputType));
          if (gemm.quantised() && !gemm.quantisedBlocks)
            json.attribute("output_scale",
                           "float d_scale[1]: an element of d times it is what it stands for");
          if (gemm.quantisedBlocks) {
            json.attribute("quantised_blocks", true);
            json.attribute("output_scale",
                           "float d_block_scale[ceil(columns of d / 128)][m], written: an element of d times "
                           "that of its block of columns and its row is what it stands for");
          }
          json.attribute("scaling", toString(gemm.scaling));
          json.attribute("accumulator", toString(DataType::F32));
          json.attribute("layout", gemm.layout);
          json.attribute("n", gemm.n);
          json.attribute("k", gemm.k);
          json.attribute("bias", gemm.bias);
          json.attribute("activation", gemm.activation);
          json.attribute("gated", gemm.gated);
          if (gemm.gated)
            json.attribute("weight_rows", "2j: gate of column j; 2j + 1: up of column j");
          json.attribute("residual", gemm.residual);
          json.attribute("experts", gemm.experts);
          json.attribute("masked", gemm.masked);
          json.attribute("gathered", gemm.gathered);
          json.attribute("weighted", gemm.weighted);
          json.attribute("top_k", gemm.topK);
          if (gemm.topK > 0) {
            json.attribute("sum_symbol", gemm.sumSymbol);
            json.attribute("sum_grid", "ceil(tokens / tile_m) * ceil(n / tile_n)");
            json.attribute("token_rows", "int32 token_rows[tokens][top_k]: rows of each token, -1 for none");
          }
          if (gemm.rotary.columns > 0) {
            json.attribute("rotary_head_columns", gemm.rotary.headColumns);
            json.attribute("rotary_columns", gemm.rotary.columns);
            json.attribute("rotary_positions", gemm.rotary.positions);
          }
          json.attribute("row_squares", gemm.rowSquares);
          json.attribute("shuffled_weights", gemm.shuffledWeights);
          if (gemm.shuffledWeights)
            json.attribute(
                "weight_order",
                "blocks of 16 rows by 64 bytes along k, groups of 16 rows one after the other; in a "
                "block, 16-byte chunk c of row r at place 16 * c + r");
          if (gemm.leadingA > 0)
            json.attribute("leading_dimension_a", gemm.leadingA);
          if (gemm.leadingW > 0) {
            json.attribute("leading_dimension_w", gemm.leadingW);
            json.attribute("padding_bytes_w", gemm.paddingBytes());
          }
          if (gemm.experts > 0)
            json.attribute("expert_rows", gemm.masked
                                              ? "int32 counts[experts]: rows of each one's m / experts"
                                              : "int32 offsets[experts + 1]: where the rows of each begin");
          json.attribute("grid", gridText(gemm));
          json.attributeArray("ranges", [&] {
            for (const PackagedRange &range : gemm.ranges)
              json.object([&] {
                json.attribute("min_m", range.minM);
                json.attribute("max_m", range.maxM);
                json.attribute("symbol", range.symbol);
              });
          });
        });
    });
  });
  out << '\n';
}

} // namespace

std::string shortHash(StringRef text) {
  return hexDigest(text).substr(0, 8);
}

std::string packageHash(const PackageSpec &spec) {
  std::string content;
  raw_string_ostream out(content);
  writeManifest(spec, "", out);
  out << spec.preludeText;
  return shortHash(content);
}

namespace package {

std::string exported(const PackageSpec &spec, const Twine &name) {
  return (spec.name + "_" + name + "_" + packageHash(spec)).str();
}

bool isIdentifier(StringRef name) {
  static const StringSet<> keywords = {
      "auto",     "break",  "case",   "char",      "const",    "continue", "default",  "do",
      "double",   "else",   "enum",   "extern",    "float",    "for",      "goto",     "if",
      "inline",   "int",    "long",   "main",      "register", "return",   "short",    "signed",
      "sizeof",   "static", "struct", "switch",    "typedef",  "union",    "unsigned", "void",
      "volatile", "while",  "class",  "namespace", "new",      "delete",   "template", "this"};
  if (name.empty() || name.size() > 128 || !(isAlpha(name.front()) || name.front() == '_'))
    return false;
  return all_of(name, [](char c) { return isAlnum(c) || c == '_'; }) && !keywords.contains(name);
}

std::string sourceName(const PackageSpec &spec, StringRef symbol) {
  return (symbol + (spec.isAmd() ? ".hip" : ".cu")).str();
}

std::string manifestText(const PackageSpec &spec) {
  std::string text;
  raw_string_ostream out(text);
  writeManifest(spec, packageHash(spec), out);
  return text;
}

/// ", cluster, {{rows, columns}, …}" behind the other members of a kernel.
static std::string boxesText(const PackagedKernel &kernel) {
  auto box = [](const PackagedBox &box) { return formatv("{{{0}, {1}}", box.rows, box.columns).str(); };
  return formatv(", {0}, {{{1}, {2}, {3}}", kernel.persistentCluster, box(kernel.aBox), box(kernel.wBox),
                 box(kernel.dBox));
}

std::string dispatchText(const PackageSpec &spec) {
  const std::string hash = packageHash(spec);
  std::string text;
  raw_string_ostream out(text);
  out << "// Chooses the kernel for a number of rows and launches it. Written by " << spec.generator << ".\n"
      << "#include \"" << spec.name << '/' << spec.name << ".h\"\n"
      << "#include <cstdint>\n#include <cstdio>\n#include <cstring>\n#include <dlfcn.h>\n#include "
         "<mutex>\n#include <vector>\n\n";
  out << "// Device code, embedded by images.S; absent where no device compiler was found.\n";
  for (const PackagedKernel &kernel : spec.kernels)
    out << formatv("extern \"C\" const unsigned char {0}_image_{1}[] __attribute__((weak));\n", kernel.symbol,
                   hash);
  out << formatv("\nnamespace {{\n\nusing Parameters = {0}_gemm_parameters;\n", spec.name);
  out << "enum Status { ok, invalidArgument, unsupported, noDriver, driverError, noImage };\n\n";
  if (!spec.isAmd())
    out << "/// What one copy of the tensor engine moves; 0: the kernel takes a pointer.\nstruct Box {\n"
           "  unsigned rows, columns;\n};\n\n";
  out << "struct Kernel {\n  const char *symbol;\n  const unsigned char *image;\n  unsigned threads;\n  "
         "std::int64_t tileM, tileN;\n"
         "  unsigned dynamicLdsBytes;\n"
         "  unsigned splitK;            // workgroups that share the k of a tile\n"
         "  unsigned streamWorkgroups;  // that share all tiles (Stream-K); 0: every tile has its own\n"
         "  std::int64_t partialBytes;  // of sums that each of them leaves in the workspace for a tile\n"
         "  std::int64_t squaresWidth;  // columns of d whose squares it adds up\n";
  if (!spec.isAmd())
    out << "  unsigned persistentCluster; // workgroups of a cluster; 0: every tile has a workgroup\n"
           "  Box boxes[3];               // of a, w and d\n";
  out << "};\n";
  out << "const Kernel kernels[] = {\n";
  for (const PackagedKernel &kernel : spec.kernels)
    out << formatv(
        "    {{\"{0}\", {0}_image_{1}, {2}, {3}, {4}, {5}, {8}, {9}, {10}, {11}{7}}, // {6} bytes of LDS\n",
        kernel.symbol, hash, kernel.threads, kernel.tileM, kernel.tileN, kernel.dynamicLdsBytes,
        kernel.ldsBytes, spec.isAmd() ? "" : boxesText(kernel), kernel.splitK, kernel.streamK.workgroups,
        kernel.partialBytes, kernel.squaresWidth);
  out << "};\n\n/// Of a workspace, its counts: zero before a launch and after it.\n"
      << "constexpr std::int64_t arrivalBytes = " << arrivalBytes(spec) << ";\n";
  out << "\n/// Rows minM to maxM (0: all above) go to a kernel.\nstruct Range {\n  std::int64_t minM, "
         "maxM;\n  int kernel;\n};\n";
  for (const PackagedGemm &gemm : spec.gemms) {
    out << "const Range " << gemm.name << "Ranges[] = {\n";
    for (const PackagedRange &range : gemm.ranges)
      out << formatv("    {{{0}, {1}, {2}}, // {3}\n", range.minM, range.maxM,
                     kernelIndex(spec, range.symbol), range.symbol);
    out << "};\n";
  }
  out << "\nstruct Gemm {\n  const char *name;\n  std::int64_t n, k;\n  std::int64_t experts; // 0: one w\n  "
         "bool masked;          // the rows of each in a place of its own\n"
         "  bool gathered;        // rows of a may be named by a list\n  bool weighted;        // by "
         "row_weights\n"
         "  std::int64_t topK;    // rows that make one of d at most; 0: d has them\n"
         "  int sumKernel;        // that adds them up\n  bool scaled, bias, gated, "
         "residual;\n"
         "  bool quantised; // d has 8 bits and a scale\n"
         "  bool scaledBlocks; // for each row and 128 columns, written\n"
         "  bool overRows;  // d is k x n, a sum over the m rows of a and w\n"
         "  bool across;    // w has n columns\n"
         "  bool rotary;    // columns are turned by the positions of rows\n"
         "  bool squares;   // of d's rows are added up\n"
         "  bool narrow; // a and w have 8 bits\n  bool half;   // the others are fp16, else bf16\n  const "
         "Range *ranges;\n  int rangeCount;\n};\n";
  for (const PackagedGemm &gemm : spec.gemms)
    out << formatv(
        "const Gemm {0}Gemm = {{\"{0}\", {1}, {2}, {10}, {11}, {12}, {13}, {19}, {20}, {8}, {3}, {5}, {6}, "
        "{14}, {21}, {15}, {18}, {16}, {17}, {9}, "
        "{7}, {0}Ranges, {4}};\n",
        gemm.name, gemm.n, gemm.k, gemm.bias ? "true" : "false", gemm.ranges.size(),
        gemm.gated ? "true" : "false", gemm.residual ? "true" : "false",
        gemm.type == DataType::F16 ? "true" : "false", gemm.scaling != Scaling::None ? "true" : "false",
        isFloat8(gemm.type) ? "true" : "false", gemm.experts, gemm.masked ? "true" : "false",
        gemm.gathered ? "true" : "false", gemm.weighted ? "true" : "false",
        gemm.quantised() ? "true" : "false", gemm.layout == "tn" ? "true" : "false",
        gemm.rotary.columns > 0 ? "true" : "false", gemm.rowSquares ? "true" : "false",
        gemm.layout != "nt" ? "true" : "false", gemm.topK,
        gemm.topK > 0 ? kernelIndex(spec, gemm.sumSymbol) : size_t(0),
        gemm.quantisedBlocks ? "true" : "false");
  out << '\n'
      << (spec.isAmd() ? templateDriverHip : templateDriverCuda) << '\n'
      << templateRuntime
      << (any_of(spec.gemms, [](auto &gemm) { return gemm.shuffledWeights; })
              ? (Twine("\n") + templateShuffle).str()
              : "")
      << "\nextern \"C\" {\n\n";
  out << formatv(
      "const char *{0}_last_error(void) {{ return lastError; }\nint {0}_load(void) {{ return loadAll(); }\n",
      spec.name);
  for (const PackagedGemm &gemm : spec.gemms)
    if (gemm.rowSquares)
      out << formatv("\nint64_t {0}_{1}_squares_columns(const Parameters *parameters) {{\n"
                     "  return squaresColumns({1}Gemm, parameters);\n}\n",
                     spec.name, gemm.name);
  for (const PackagedGemm &gemm : spec.gemms)
    out << formatv(
        "\nint {0}_{1}_is_supported(const Parameters *parameters) {{ return check({1}Gemm, parameters); }\n"
        "size_t {0}_{1}_workspace_size(const Parameters *parameters) {{ return workspaceBytes({1}Gemm, "
        "parameters); }\n"
        "int {0}_{1}_launch(const Parameters *parameters, void *workspace, size_t bytes, void *stream) {{\n"
        "  return launch({1}Gemm, parameters, {{workspace, bytes}, stream);\n}\n",
        spec.name, gemm.name);
  for (const PackagedGemm &gemm : spec.gemms)
    if (gemm.shuffledWeights)
      out << formatv("\nint {0}_{1}_shuffle_weights(const void *w, void *shuffled) {{\n"
                     "  return shuffle({1}Gemm, w, shuffled);\n}\n",
                     spec.name, gemm.name);
  out << "\n} // extern \"C\"\n";
  return text;
}

std::string imagesText(const PackageSpec &spec) {
  const std::string hash = packageHash(spec);
  std::string text;
  raw_string_ostream out(text);
  out << "// Device code as read-only data; the build passes the folder of the compiled objects.\n";
  out << "    .section .rodata\n";
  for (const PackagedKernel &kernel : spec.kernels) {
    const std::string label = kernel.symbol + "_image_" + hash;
    out << "    .balign 4096\n    .globl " << label << "\n    .hidden " << label << '\n'
        << label << ":\n    .incbin \"" << kernel.symbol << ".image\"\n    .byte 0\n";
  }
  out << "    .section .note.GNU-stack,\"\",%progbits\n";
  return text;
}

std::string cmakeText(const PackageSpec &spec) {
  std::string text;
  raw_string_ostream out(text);
  out << "# Written by " << spec.generator << ". Builds lib" << spec.name << ".a, target " << spec.name
      << "::kernels.\n"
      << "cmake_minimum_required(VERSION 3.20)\nproject(" << spec.name << " LANGUAGES C CXX ASM)\n\n"
      << "set(kernels\n";
  for (const PackagedKernel &kernel : spec.kernels)
    out << "  " << kernel.symbol << '\n';
  out << ")\n\n";
  if (spec.isAmd())
    out << "find_program(" << spec.name
        << "_DEVICE_COMPILER NAMES clang++-22 hipcc amdclang++ PATHS /opt/rocm/bin)\n"
        << "set(flags -x hip --offload-device-only --no-gpu-bundle-output --offload-arch="
        << spec.architecture << " -nogpulib -nogpuinc\n  -std=c++17 -O3 -c)\n";
  else
    out << "find_program(" << spec.name << "_DEVICE_COMPILER NAMES nvcc PATHS /usr/local/cuda/bin)\n"
        << "set(flags -std=c++17 -O3 -cubin -gencode arch=compute_"
        << StringRef(spec.architecture).drop_front(3) << ",code=" << spec.architecture << ")\n";
  out << "\nadd_library(" << spec.name << " STATIC src/dispatch.cpp)\n"
      << "add_library(" << spec.name << "::kernels ALIAS " << spec.name << ")\n"
      << "target_include_directories(" << spec.name << " PUBLIC include)\n"
      << "target_compile_features(" << spec.name << " PRIVATE cxx_std_17)\n"
      << "set_target_properties(" << spec.name
      << " PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden)\n"
      << "target_link_libraries(" << spec.name << " PUBLIC ${CMAKE_DL_LIBS})\n\n"
      << "if(" << spec.name << "_DEVICE_COMPILER)\n"
      << "  set(objects \"${CMAKE_CURRENT_BINARY_DIR}/objects\")\n"
      << "  file(MAKE_DIRECTORY \"${objects}\")\n"
      << "  foreach(kernel ${kernels})\n"
      << "    set(source \"${CMAKE_CURRENT_SOURCE_DIR}/src/${kernel}" << (spec.isAmd() ? ".hip" : ".cu")
      << "\")\n"
      << "    add_custom_command(OUTPUT \"${objects}/${kernel}.image\"\n"
      << "      COMMAND \"${" << spec.name
      << "_DEVICE_COMPILER}\" ${flags} \"${source}\" -o \"${objects}/${kernel}.image\"\n"
      << "      DEPENDS \"${source}\" \"${CMAKE_CURRENT_SOURCE_DIR}/src/" << spec.preludeFile
      << "\" VERBATIM)\n"
      << "    list(APPEND images \"${objects}/${kernel}.image\")\n"
      << "  endforeach()\n"
      << "  target_sources(" << spec.name << " PRIVATE src/images.S)\n"
      << "  set_source_files_properties(src/images.S PROPERTIES OBJECT_DEPENDS \"${images}\" COMPILE_OPTIONS "
         "\"-Wa,-I${objects}\")\n"
      << "else()\n"
      << "  message(WARNING \"" << spec.name << ": no device compiler found; launches will return "
      << StringRef(spec.name).upper() << "_NO_IMAGE\")\n"
      << "endif()\n";
  return text;
}

} // namespace package

} // namespace codesign
