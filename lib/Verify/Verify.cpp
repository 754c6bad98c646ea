#include "codesign/Verify/Verify.h"

#include "LaunchVerifier.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <set>

namespace codesign {

namespace {

/// The least number of rows of a range, and one that ends inside a tile after the first where the range has
/// it.
std::set<int64_t> rowCounts(const PackagedGemm &gemm, const PackagedRange &range,
                            const PackagedKernel &kernel) {
  // Masked experts all have the same share.
  const int64_t sharers = gemm.masked ? gemm.experts : 1;
  const int64_t least = llvm::divideCeil(range.minM, sharers);
  std::set<int64_t> counts = {least * sharers};
  const int64_t ragged = (least / kernel.tileM + 1) * kernel.tileM + kernel.tileM / 2 + 1;
  counts.insert((range.maxM == 0 ? ragged : std::min(ragged, range.maxM / sharers)) * sharers);
  return counts;
}

} // namespace

bool VerifyReport::passed() const {
  return llvm::all_of(launches, [](const VerifiedLaunch &launch) { return launch.passed(); });
}

llvm::Expected<VerifyReport> verifyPackage(llvm::StringRef directory, const VerifyOptions &options,
                                           llvm::function_ref<void(const VerifiedLaunch &)> progress) {
  llvm::Expected<PackageSpec> package = readManifest(directory);
  if (!package)
    return package.takeError();
  VerifyReport report;
  report.package = package->name;
  report.architecture = package->architecture;
  std::vector<llvm::StringRef> names;
  bool any = false;
  for (const PackagedGemm &gemm : package->gemms) {
    names.push_back(gemm.name);
    any |= llvm::any_of(gemm.ranges, [&](const PackagedRange &range) {
      return llvm::StringRef(range.symbol).contains(options.only);
    });
    any |= llvm::StringRef(gemm.sumSymbol).contains(options.only);
  }
  if (!any)
    return usageError("no kernel of the package has '" + options.only + "' in its name" +
                      didYouMean(options.only, names) + " (there are: " + llvm::join(names, ", ") + ")");
  llvm::Expected<std::string> compiler = findDeviceCompiler(options.compiler);
  if (!compiler)
    return compiler.takeError();
  llvm::SmallString<128> work;
  if (std::error_code code = llvm::sys::fs::createUniqueDirectory("codesign-verify", work))
    return usageError("cannot create a temporary folder: " + code.message());
  auto cleanUp = llvm::scope_exit([&] { (void)llvm::sys::fs::remove_directories(work); });

  auto kernelOf = [&](llvm::StringRef symbol) -> const PackagedKernel & {
    return *llvm::find_if(package->kernels, [&](const PackagedKernel &k) { return k.symbol == symbol; });
  };
  auto codeOf = [&](const PackagedKernel &kernel) {
    llvm::SmallString<256> source(directory);
    llvm::sys::path::append(source, "src", kernel.symbol + (package->isAmd() ? ".hip" : ".cu"));
    return DeviceCode::compile(*compiler, source, package->architecture, work);
  };
  auto add = [&](llvm::Expected<VerifiedLaunch> launch) -> llvm::Error {
    if (!launch)
      return launch.takeError();
    progress(*launch);
    report.launches.push_back(std::move(*launch));
    return llvm::Error::success();
  };
  std::set<llvm::StringRef> sums; // that several operators may have
  for (const PackagedGemm &gemm : package->gemms) {
    for (const PackagedRange &range : gemm.ranges) {
      if (!llvm::StringRef(range.symbol).contains(options.only))
        continue;
      const PackagedKernel &kernel = kernelOf(range.symbol);
      auto code = codeOf(kernel);
      if (!code)
        return code.takeError();
      for (int64_t m : rowCounts(gemm, range, kernel))
        if (llvm::Error error = add(verifyLaunch(gemm, kernel, *code, options, m)))
          return error;
    }
    if (gemm.topK == 0 || !llvm::StringRef(gemm.sumSymbol).contains(options.only) ||
        !sums.insert(gemm.sumSymbol).second)
      continue;
    const PackagedKernel &kernel = kernelOf(gemm.sumSymbol);
    auto code = codeOf(kernel);
    if (!code)
      return code.takeError();
    for (int64_t tokens : {int64_t(1), 2 * kernel.tileM + 1})
      if (llvm::Error error = add(verifyTokenSum(gemm, kernel, *code, options, tokens)))
        return error;
  }
  return report;
}

} // namespace codesign
