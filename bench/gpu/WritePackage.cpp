// write-benchmark-package LAYERS DEVICE FOLDER: a package with the kernels that the model prices best for
// each layer and row count of the benchmark, and a header that lists them for GemmBenchmark.cu.
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Search/ScheduleFields.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace codesign;

namespace {

struct RowRange {
  int64_t min, max, representative; // max 0: no upper limit
};
/// Every row count that is timed has kernels of its own.
constexpr RowRange rowRanges[] = {{1, 1, 1},      {2, 16, 16},       {17, 64, 64},
                                  {65, 512, 512}, {513, 4096, 4096}, {4097, 0, 16384}};

llvm::Expected<std::vector<PlanKernel>> readLayers(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return usageError(path + ": " + buffer.getError().message());
  std::vector<PlanKernel> layers;
  for (llvm::StringRef rest = (*buffer)->getBuffer(); !rest.empty();) {
    llvm::StringRef line;
    std::tie(line, rest) = rest.split('\n');
    line = line.split('#').first.trim();
    if (line.empty())
      continue;
    llvm::SmallVector<llvm::StringRef> words;
    line.split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    PlanKernel layer;
    const bool blockScaled = words.size() == 4 && words[3] == "fp8";
    if ((words.size() != 3 && words.size() != 6 && !blockScaled) || words[1].getAsInteger(10, layer.n) ||
        words[2].getAsInteger(10, layer.k))
      return usageError(path + ": '" + line + "' is no name with n and k, and fp8 or experts");
    layer.name = words[0].str();
    layer.operators = {layer.name};
    layer.family = "gemm";
    if (words.size() == 6) {
      layer.family = "grouped_gemm";
      layer.expertLayout = "contiguous";
      layer.epilogue = words[5].str();
      if (words[3].getAsInteger(10, layer.experts) || words[4].getAsInteger(10, layer.topK) ||
          layer.topK < 1 || layer.topK > layer.experts || !(layer.gated() || layer.sumsTokens()))
        return usageError(path + ": '" + line + "' ends in no experts, top-k, and swiglu or token_sum");
      if (layer.gated())
        layer.rowOrder = "gathered";
    }
    layer.input = blockScaled ? "fp8" : "bf16";
    layer.output = "bf16";
    if (blockScaled)
      layer.scaling = toString(Scaling::Block128).str();
    layer.layout = "NT";
    layer.pass = "forward";
    layers.push_back(std::move(layer));
  }
  return layers;
}

bool isBlockScaled(const PlanKernel &layer) {
  return layer.scaling == toString(Scaling::Block128);
}

/// The product over so many rows; of experts, over those of so many tokens.
OperatorShape shapeOf(const PlanKernel &layer, int64_t rows) {
  if (layer.experts == 0)
    return GemmShape{.m = rows,
                     .n = layer.n,
                     .k = layer.k,
                     .input = isBlockScaled(layer) ? DataType::F8E4M3 : DataType::BF16,
                     .output = DataType::BF16,
                     .scaling = isBlockScaled(layer) ? Scaling::Block128 : Scaling::None};
  return GroupedGemmShape{.tokens = rows,
                          .rows = rows * layer.topK,
                          .experts = layer.experts,
                          .topK = layer.topK,
                          .localExperts = layer.experts,
                          .n = layer.n,
                          .k = layer.k,
                          .input = DataType::BF16,
                          .output = layer.sumsTokens() ? DataType::F32 : DataType::BF16};
}

llvm::Error chooseKernels(PlanKernel &layer, const Providers &providers) {
  const int64_t rowsOfToken = layer.experts > 0 ? layer.topK : 1;
  for (const RowRange &rows : rowRanges) {
    const OperatorShape shape = shapeOf(layer, rows.representative);
    const std::optional<Estimate> estimate = providers.ownKernel(
        shape, layer.gathered() ? Providers::OwnForm::ListedRows : Providers::OwnForm::Rows);
    if (!estimate || !estimate->schedule)
      return usageError(layer.name + ": no kernel for k = " + llvm::Twine(layer.k));
    PlanKernelRange range;
    range.minM = (rows.min - 1) * rowsOfToken + 1;
    range.maxM = rows.max * rowsOfToken;
    range.schedule = toFields(*estimate->schedule);
    range.scheduleText = estimate->schedule->describe();
    range.why = "limited by " + estimate->breakdown.limiter().str();
    range.expectedSeconds = estimate->time().value;
    range.expectedM = rows.representative * rowsOfToken;
    layer.ranges.push_back(std::move(range));
  }
  if (!layer.sumsTokens())
    layer.topK = 0; // what the routing was priced with
  return llvm::Error::success();
}

/// `topKs` of the layers, 0 for those without experts.
llvm::Error writeList(const Plan &plan, llvm::ArrayRef<int64_t> topKs, llvm::StringRef folder) {
  std::error_code code;
  llvm::raw_fd_ostream out((folder + "/layers.h").str(), code);
  if (code)
    return usageError(folder + "/layers.h: " + code.message());
  std::string package = plan.model + "_" + plan.hardware;
  for (char &c : package)
    c = llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  out << llvm::formatv("#pragma once\n#include \"{0}/{0}.h\"\n\nusing Parameters = {0}_gemm_parameters;\n"
                       "struct Layer {{\n  const char *name;\n  long long n, k;\n  int experts, topK; // 0: "
                       "one matrix of weights\n  bool sumsTokens, blockScaled;\n"
                       "  size_t (*workspaceSize)(const Parameters *);\n"
                       "  int (*launch)(const Parameters *, void *, size_t, void *);\n};\n"
                       "inline const char *lastError() {{ return {0}_last_error(); }\n"
                       "inline int loadKernels() {{ return {0}_load(); }\nconst Layer layers[] = {{\n",
                       package);
  for (auto [layer, topK] : llvm::zip_equal(plan.kernels, topKs))
    out << llvm::formatv(
        "    {{\"{0}\", {1}, {2}, {4}, {5}, {6}, {7}, {3}_{0}_workspace_size, {3}_{0}_launch},\n", layer.name,
        layer.n, layer.k, package, layer.experts, topK, layer.sumsTokens() ? "true" : "false",
        isBlockScaled(layer) ? "true" : "false");
  out << "};\n";
  return llvm::Error::success();
}

llvm::Error run(llvm::StringRef layers, llvm::StringRef device, llvm::StringRef folder) {
  llvm::Expected<Profile> profile = loadProfile(device, profileSearchDirs("", ""));
  if (!profile)
    return profile.takeError();
  Plan plan;
  plan.generator = "codesign";
  plan.model = "benchmark";
  plan.hardware = profile->name;
  llvm::Expected<std::vector<PlanKernel>> kernels = readLayers(layers);
  if (!kernels)
    return kernels.takeError();
  plan.kernels = std::move(*kernels);
  const Providers providers = makeProviders(*profile, {.library = {}, .sustained = false, .numBest = 1});
  std::vector<int64_t> topKs;
  for (PlanKernel &layer : plan.kernels) {
    topKs.push_back(layer.topK);
    if (llvm::Error error = chooseKernels(layer, providers))
      return error;
  }
  if (llvm::Error error = emitKernels(plan, *profile, folder))
    return error;
  return writeList(plan, topKs, folder);
}

} // namespace

int main(int count, char **arguments) {
  if (count != 4) {
    llvm::errs() << "usage: write-benchmark-package LAYERS DEVICE FOLDER\n";
    return 2;
  }
  if (llvm::Error error = run(arguments[1], arguments[2], arguments[3])) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << '\n';
    return 2;
  }
  return 0;
}
