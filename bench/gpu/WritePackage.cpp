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
    auto [name, sizes] = line.split(' ');
    auto [n, k] = sizes.split(' ');
    PlanKernel layer;
    layer.name = name.str();
    if (n.trim().getAsInteger(10, layer.n) || k.trim().getAsInteger(10, layer.k))
      return usageError(path + ": '" + line + "' is no name with n and k");
    layer.operators = {layer.name};
    layer.family = "gemm";
    layer.input = layer.output = "bf16";
    layer.layout = "NT";
    layer.pass = "forward";
    layers.push_back(std::move(layer));
  }
  return layers;
}

llvm::Error chooseKernels(PlanKernel &layer, const Providers &providers) {
  for (const RowRange &rows : rowRanges) {
    const std::optional<Estimate> estimate = providers.ownKernel(GemmShape{.m = rows.representative,
                                                                           .n = layer.n,
                                                                           .k = layer.k,
                                                                           .input = DataType::BF16,
                                                                           .output = DataType::BF16});
    if (!estimate || !estimate->schedule)
      return usageError(layer.name + ": no kernel for k = " + llvm::Twine(layer.k));
    PlanKernelRange range;
    range.minM = rows.min;
    range.maxM = rows.max;
    range.schedule = toFields(*estimate->schedule);
    range.scheduleText = estimate->schedule->describe();
    range.why = "limited by " + estimate->breakdown.limiter().str();
    range.expectedSeconds = estimate->time().value;
    range.expectedM = rows.representative;
    layer.ranges.push_back(std::move(range));
  }
  return llvm::Error::success();
}

llvm::Error writeList(const Plan &plan, llvm::StringRef folder) {
  std::error_code code;
  llvm::raw_fd_ostream out((folder + "/layers.h").str(), code);
  if (code)
    return usageError(folder + "/layers.h: " + code.message());
  std::string package = plan.model + "_" + plan.hardware;
  for (char &c : package)
    c = llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  out << llvm::formatv("#pragma once\n#include \"{0}/{0}.h\"\n\nusing Parameters = {0}_gemm_parameters;\n"
                       "struct Layer {{\n  const char *name;\n  long long n, k;\n"
                       "  size_t (*workspaceSize)(const Parameters *);\n"
                       "  int (*launch)(const Parameters *, void *, size_t, void *);\n};\n"
                       "inline const char *lastError() {{ return {0}_last_error(); }\n"
                       "inline int loadKernels() {{ return {0}_load(); }\nconst Layer layers[] = {{\n",
                       package);
  for (const PlanKernel &layer : plan.kernels)
    out << llvm::formatv("    {{\"{0}\", {1}, {2}, {3}_{0}_workspace_size, {3}_{0}_launch},\n", layer.name,
                         layer.n, layer.k, package);
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
  for (PlanKernel &layer : plan.kernels)
    if (llvm::Error error = chooseKernels(layer, providers))
      return error;
  if (llvm::Error error = emitKernels(plan, *profile, folder))
    return error;
  return writeList(plan, folder);
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
