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

/// "llama_qkv_proj_launch_1a2b3c4d": an exported C symbol.
std::string exported(const PackageSpec &spec, const Twine &name) {
  return (spec.name + "_" + name + "_" + packageHash(spec)).str();
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
    json.attributeArray("kernels", [&] {
      for (const PackagedKernel &kernel : spec.kernels)
        json.object([&] {
          json.attribute("symbol", kernel.symbol);
          json.attribute("source", "src/" + package::sourceName(spec, kernel.symbol));
          json.attribute("source_sha256", hexDigest(kernel.source));
          json.attribute("threads", kernel.threads);
          json.attribute("tile_m", kernel.tileM);
          json.attribute("tile_n", kernel.tileN);
          json.attribute("grid", "ceil(m / tile_m) * ceil(n / tile_n)");
          json.attribute("lds_bytes", kernel.ldsBytes);
          json.attribute("dynamic_lds_bytes", kernel.dynamicLdsBytes);
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
          json.attribute("scaling", toString(gemm.scaling));
          json.attribute("accumulator", toString(DataType::F32));
          json.attribute("layout", "nt");
          json.attribute("n", gemm.n);
          json.attribute("k", gemm.k);
          json.attribute("bias", gemm.bias);
          json.attribute("activation", gemm.activation);
          json.attribute("gated", gemm.gated);
          if (gemm.gated)
            json.attribute("weight_rows", "2j: gate of column j; 2j + 1: up of column j");
          json.attribute("residual", gemm.residual);
          json.attribute("workspace_bytes", 0);
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

/// "bf16", "fp8_fnuz (E4M3, at most 240, NaN 0x80), per-token scales".
static std::string typeText(const PackagedGemm &gemm) {
  std::string text = toString(gemm.type).str();
  if (gemm.type == DataType::F8E4M3FNUZ)
    text += " (E4M3, at most 240, NaN 0x80)";
  else if (gemm.type == DataType::F8E4M3)
    text += " (OCP E4M3, at most 448)";
  if (gemm.scaling != Scaling::None)
    text += ", " + toString(gemm.scaling).str() + " scales";
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
      "/// (per-token), or m x ceil(k / 128) and ceil(n / 128) x ceil(k / 128), row-major (block-128); bias, "
      "residual "
      "and d\n"
      "/// are bf16 then. Others leave them null.\n"
      "/// Gated operators: rows 2j and 2j + 1 of w (elements of the bias) are the gate and the up of column "
      "j of "
      "d, which is\n"
      "/// m x n / 2 and holds activation(gate) * up. The residual is added last and may be d itself.\n"
      "typedef struct {0}_gemm_parameters_{1} {{\n  const void *a;\n  const void *w;\n  const float "
      "*a_scale;\n  const float *w_scale;\n  const void *bias;\n  "
      "const void *residual;\n  void *d;\n"
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
  const std::string pointer = "const " + spec.name + "_gemm_parameters *parameters";
  for (const PackagedGemm &gemm : spec.gemms) {
    out << formatv("\n/// n = {0}, k = {1}, {2}{3}{4}{5}{6}\n", gemm.n, gemm.k, typeText(gemm),
                   gemm.bias ? ", bias" : "", gemm.activation.empty() ? "" : ", " + gemm.activation,
                   gemm.gated ? formatv(", gated: d has {0} columns", gemm.outputColumns()).str() : "",
                   gemm.residual ? ", residual" : "");
    declare("int ", gemm.name + "_is_supported", pointer);
    declare("size_t ", gemm.name + "_workspace_size", pointer);
    declare("int ", gemm.name + "_launch",
            pointer + ", void *workspace, size_t workspaceBytes, void *stream");
  }
  out << "\n#ifdef __cplusplus\n}\n#endif\n";
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
      << "#include <cstdint>\n#include <cstdio>\n#include <dlfcn.h>\n#include <mutex>\n#include <vector>\n\n";
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
         "  unsigned dynamicLdsBytes;\n";
  if (!spec.isAmd())
    out << "  unsigned persistentCluster; // workgroups of a cluster; 0: every tile has a workgroup\n"
           "  Box boxes[3];               // of a, w and d\n";
  out << "};\n";
  out << "const Kernel kernels[] = {\n";
  for (const PackagedKernel &kernel : spec.kernels)
    out << formatv("    {{\"{0}\", {0}_image_{1}, {2}, {3}, {4}, {5}{7}}, // {6} bytes of LDS\n",
                   kernel.symbol, hash, kernel.threads, kernel.tileM, kernel.tileN, kernel.dynamicLdsBytes,
                   kernel.ldsBytes, spec.isAmd() ? "" : boxesText(kernel));
  out << "};\n\n/// Rows minM to maxM (0: all above) go to a kernel.\nstruct Range {\n  std::int64_t minM, "
         "maxM;\n  int kernel;\n};\n";
  for (const PackagedGemm &gemm : spec.gemms) {
    out << "const Range " << gemm.name << "Ranges[] = {\n";
    for (const PackagedRange &range : gemm.ranges)
      out << formatv("    {{{0}, {1}, {2}}, // {3}\n", range.minM, range.maxM,
                     kernelIndex(spec, range.symbol), range.symbol);
    out << "};\n";
  }
  out << "\nstruct Gemm {\n  const char *name;\n  std::int64_t n, k;\n  bool scaled, bias, gated, residual;\n"
         "  bool narrow; // a and w have 8 bits\n  bool half;   // the others are fp16, else bf16\n  const "
         "Range *ranges;\n  int rangeCount;\n};\n";
  for (const PackagedGemm &gemm : spec.gemms)
    out << formatv(
        "const Gemm {0}Gemm = {{\"{0}\", {1}, {2}, {8}, {3}, {5}, {6}, {9}, {7}, {0}Ranges, {4}};\n",
        gemm.name, gemm.n, gemm.k, gemm.bias ? "true" : "false", gemm.ranges.size(),
        gemm.gated ? "true" : "false", gemm.residual ? "true" : "false",
        gemm.type == DataType::F16 ? "true" : "false", gemm.scaling != Scaling::None ? "true" : "false",
        isFloat8(gemm.type) ? "true" : "false");
  out << '\n'
      << (spec.isAmd() ? templateDriverHip : templateDriverCuda) << '\n'
      << templateRuntime << "\nextern \"C\" {\n\n";
  out << formatv(
      "const char *{0}_last_error(void) {{ return lastError; }\nint {0}_load(void) {{ return loadAll(); }\n",
      spec.name);
  for (const PackagedGemm &gemm : spec.gemms)
    out << formatv(
        "\nint {0}_{1}_is_supported(const Parameters *parameters) {{ return check({1}Gemm, parameters); }\n"
        "size_t {0}_{1}_workspace_size(const Parameters *) {{ return 0; }\n"
        "int {0}_{1}_launch(const Parameters *parameters, void *, size_t, void *stream) {{\n"
        "  return launch({1}Gemm, parameters, stream);\n}\n",
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
