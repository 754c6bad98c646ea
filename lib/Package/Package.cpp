#include "codesign/Package/Package.h"
#include "Texts.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace codesign {

namespace {

constexpr StringRef manifestName = "codesign.manifest.json";

Error fileError(const Twine &path, std::error_code code) {
  return usageError(path + ": " + code.message());
}

Error writeFile(const Twine &directory, const Twine &name, StringRef text) {
  SmallString<256> path;
  sys::path::append(path, directory, name);
  if (std::error_code code = sys::fs::create_directories(sys::path::parent_path(path)))
    return fileError(path, code);
  std::error_code code;
  raw_fd_ostream out(path, code);
  if (code)
    return fileError(path, code);
  out << text;
  out.close();
  return out.has_error() ? fileError(path, out.error()) : Error::success();
}

Error writeFiles(const PackageSpec &spec, StringRef directory) {
  struct File {
    std::string name, text;
  };
  std::vector<File> files = {{"include/" + spec.name + "/" + spec.name + ".h", package::headerText(spec)},
                             {"src/dispatch.cpp", package::dispatchText(spec)},
                             {"src/images.S", package::imagesText(spec)},
                             {"src/" + spec.preludeFile, spec.preludeText},
                             {"CMakeLists.txt", package::cmakeText(spec)}};
  for (const PackagedKernel &kernel : spec.kernels)
    files.push_back({"src/" + package::sourceName(spec, kernel.symbol), kernel.source});
  files.push_back({manifestName.str(), package::manifestText(spec)});
  for (const File &file : files)
    if (Error error = writeFile(directory, file.name, file.text))
      return error;
  return Error::success();
}

/// An existing folder may be replaced if it is one of ours or holds nothing.
Error checkReplaceable(StringRef directory) {
  if (!sys::fs::exists(directory))
    return Error::success();
  if (!sys::fs::is_directory(directory))
    return usageError(directory + " exists and is no folder");
  if (sys::fs::exists(directory + "/" + manifestName))
    return Error::success();
  std::error_code code;
  if (sys::fs::directory_iterator(directory, code) != sys::fs::directory_iterator() || code)
    return usageError(directory + " exists and is no package (it has no " + manifestName +
                      "); nothing was written");
  return Error::success();
}

} // namespace

int64_t workgroupCount(const PackagedGemm &gemm, const PackagedKernel &kernel, int64_t m) {
  if (kernel.streamK.workgroups > 0)
    return kernel.streamK.workgroups;
  int64_t tileRows = divideCeil(gemm.outputRows(m), kernel.tileM);
  if (gemm.experts > 0)
    tileRows = gemm.masked ? gemm.experts * divideCeil(m / gemm.experts, kernel.tileM)
                           : (m + std::min(m, gemm.experts) * (kernel.tileM - 1)) / kernel.tileM;
  return tileRows * divideCeil(gemm.n, kernel.tileN);
}

int64_t arrivalBytes(const PackageSpec &spec) {
  int64_t bytes = 0;
  for (const PackagedGemm &gemm : spec.gemms)
    for (const PackagedRange &range : gemm.ranges)
      for (const PackagedKernel &kernel : spec.kernels)
        if (kernel.symbol == range.symbol && kernel.sharesTiles())
          bytes = std::max<int64_t>(bytes, workgroupCount(gemm, kernel, range.maxM) * kernel.threads /
                                               spec.waveSize() * int64_t(sizeof(int32_t)));
  return alignTo(bytes, 256);
}

/// Whether a launch of that many workgroups, which deal the steps of tiles among them, can be.
static bool isPossible(const PackagedStreamK &work) {
  if (work.workgroups == 0)
    return work.steps == 0 && work.least == 0 && work.chiplets == 0 && work.run == 0;
  return work.workgroups > 0 && work.least > 0 && work.least <= work.steps && work.chiplets > 0 &&
         work.run > 0;
}

/// What an operator whose kernels split k must be besides: few tiles, since the counts have a place of fixed
/// size. Sums over the rows have as many for any number of them.
static Error checkSplits(const PackageSpec &spec, const PackagedGemm &gemm) {
  for (const PackagedRange &range : gemm.ranges)
    for (const PackagedKernel &kernel : spec.kernels)
      if (kernel.symbol == range.symbol && kernel.splitK > 1 &&
          ((range.maxM == 0 && gemm.layout != "tn") || gemm.experts > 0))
        return usageError("operator '" + gemm.name + "': kernel '" + kernel.symbol +
                          "' splits k for any number of rows, or for experts");
      else if (kernel.symbol == range.symbol && kernel.streamK.workgroups > 0 &&
               (gemm.experts > 0 || gemm.layout != "nt"))
        return usageError("operator '" + gemm.name + "': no Stream-K kernel has experts or such a layout");
  return Error::success();
}

/// What an operator of experts must be besides.
static Error checkExperts(const PackageSpec &spec, const PackagedGemm &gemm) {
  if (gemm.experts < 0 || (gemm.masked && gemm.experts == 0))
    return usageError("operator '" + gemm.name + "' has an impossible number of experts");
  if (gemm.gathered && (gemm.experts == 0 || gemm.masked))
    return usageError("operator '" + gemm.name + "' gathers rows that no kernel does");
  for (const PackagedRange &range : gemm.ranges)
    for (const PackagedKernel &kernel : spec.kernels)
      if (kernel.symbol == range.symbol && gemm.gathered && kernel.aBox.rows > 0)
        return usageError("operator '" + gemm.name + "': the tensor engine does not gather rows");
  return Error::success();
}

/// Sums of the rows of tokens: of weighted experts, by a kernel that the package has.
static Error checkTokenSum(const PackageSpec &spec, const PackagedGemm &gemm) {
  if (gemm.topK == 0 && gemm.sumSymbol.empty())
    return Error::success();
  if (gemm.topK < 1 || gemm.topK > mostRowsOfToken || gemm.experts == 0 || !gemm.weighted || gemm.gated ||
      gemm.residual || gemm.quantised() || gemm.rowSquares)
    return usageError("operator '" + gemm.name + "' sums up rows that are no weighted rows of experts");
  if (none_of(spec.kernels, [&](const PackagedKernel &kernel) { return kernel.symbol == gemm.sumSymbol; }))
    return usageError("operator '" + gemm.name + "' names the unknown kernel '" + gemm.sumSymbol + "'");
  return Error::success();
}

/// Rows with gaps between them: long enough, and where 16-byte loads may start.
static Error checkLeading(const PackageSpec &spec, const PackagedGemm &gemm) {
  for (const int64_t leading : {gemm.leadingA, gemm.leadingW})
    if (leading != 0 && (!spec.isAmd() || gemm.layout != "nt" || leading < gemm.k ||
                         leading * int64_t(bitWidth(gemm.type)) % 128))
      return usageError("operator '" + gemm.name + "' has rows of " + Twine(gemm.k) +
                        " elements that cannot start " + Twine(leading) + " apart");
  if (gemm.leadingW != 0 && gemm.shuffledWeights)
    return usageError("operator '" + gemm.name + "' has shuffled weights, whose rows cannot be padded");
  return Error::success();
}

/// Layouts, rotated columns and sums of squares: what kernels there are for.
static Error checkRows(const PackageSpec &spec, const PackagedGemm &gemm) {
  const RotaryEmbedding &rotary = gemm.rotary;
  if (!is_contained({"nt", "nn", "tn"}, gemm.layout) ||
      (gemm.layout != "nt" &&
       ((isFloat8(gemm.type) && !spec.isAmd()) || gemm.shuffledWeights || gemm.experts > 0)))
    return usageError("operator '" + gemm.name + "' has a layout that no kernel has");
  const bool alongSum = gemm.scaling == Scaling::Block128
                            ? gemm.layout != "nt"
                            : gemm.scaling == Scaling::PerToken && gemm.layout == "tn";
  if (alongSum)
    return usageError("operator '" + gemm.name + "' has scales along its sum");
  if (rotary.columns != 0 && (rotary.columns < 0 || rotary.columns > gemm.n || rotary.headColumns < 4 ||
                              rotary.columns % rotary.headColumns || rotary.positions < 1))
    return usageError("operator '" + gemm.name + "' turns columns that are no heads");
  for (const PackagedRange &range : gemm.ranges)
    for (const PackagedKernel &kernel : spec.kernels)
      if (kernel.symbol == range.symbol && (kernel.squaresWidth > 0) != gemm.rowSquares)
        return usageError("operator '" + gemm.name + "' and its kernel differ about sums of squares");
  return Error::success();
}

Error checkPackage(const PackageSpec &spec) {
  if (!package::isIdentifier(spec.name))
    return usageError("package name '" + spec.name + "' is no identifier");
  if (!is_contained({"gfx942", "gfx950", "sm_80", "sm_90a", "sm_100a"}, spec.architecture))
    return usageError("unknown architecture '" + spec.architecture + "'");
  if (spec.preludeFile.empty() || StringRef(spec.preludeFile).contains('/'))
    return usageError("the prelude has no plain file name");
  StringSet<> symbols, names;
  for (const PackagedKernel &kernel : spec.kernels) {
    if (!package::isIdentifier(kernel.symbol) || !symbols.insert(kernel.symbol).second)
      return usageError("kernel symbol '" + kernel.symbol + "' is no identifier or not unique");
    if (kernel.threads < 1 || kernel.threads > 1024 || kernel.tileM < 1 || kernel.tileN < 1 ||
        kernel.ldsBytes < 0 || kernel.dynamicLdsBytes < 0 || kernel.persistentCluster < 0 ||
        (spec.isAmd() && kernel.persistentCluster > 0) || kernel.splitK < 1 || kernel.partialBytes < 0 ||
        kernel.sharesTiles() != (kernel.partialBytes > 0) || kernel.partialBytes % 16 != 0 ||
        (kernel.splitK > 1 && kernel.persistentCluster > 1) || !isPossible(kernel.streamK) ||
        (kernel.streamK.workgroups > 0 && (kernel.splitK > 1 || kernel.persistentCluster > 1)))
      return usageError("kernel '" + kernel.symbol + "' has an impossible launch");
  }
  for (const PackagedGemm &gemm : spec.gemms) {
    if (!package::isIdentifier(gemm.name) || !names.insert(gemm.name).second)
      return usageError("operator name '" + gemm.name + "' is no identifier or not unique");
    if (gemm.n < 1 || gemm.k < 1 || gemm.ranges.empty())
      return usageError("operator '" + gemm.name + "' has no shape or no kernel");
    if (gemm.gated && (gemm.n % 2 || gemm.activation.empty()))
      return usageError("operator '" + gemm.name + "' is gated without an activation or an even n");
    const bool narrow = isFloat8(gemm.type);
    const DataType narrowOutput = spec.architecture == "gfx942" ? DataType::F8E4M3FNUZ : DataType::F8E4M3;
    if ((gemm.quantised() ? gemm.outputType != narrowOutput : gemm.outputType != gemm.wideType()) ||
        (gemm.scaling != Scaling::None && !narrow))
      return usageError("operator '" + gemm.name + "' has types or scales that no kernel has");
    if (gemm.quantisedBlocks && (!gemm.quantised() || gemm.layout == "tn"))
      return usageError("operator '" + gemm.name + "' has scales of blocks of results that no kernel writes");
    if ((narrow || gemm.quantised()) && !spec.isAmd() && spec.architecture != "sm_90a")
      return usageError("operator '" + gemm.name + "': no 8-bit kernels for " + spec.architecture);
    int64_t next = 1;
    for (const PackagedRange &range : gemm.ranges) {
      const bool last = &range == &gemm.ranges.back();
      if (!symbols.contains(range.symbol))
        return usageError("operator '" + gemm.name + "' names the unknown kernel '" + range.symbol + "'");
      if (range.minM != next || (range.maxM == 0 ? !last : range.maxM < range.minM))
        return usageError("operator '" + gemm.name + "': ranges of m have a gap or an overlap at " +
                          Twine(range.minM));
      next = range.maxM + 1;
    }
    if (gemm.shuffledWeights && (!spec.isAmd() || gemm.n % 16 || gemm.k * (narrow ? 1 : 2) % 64))
      return usageError("operator '" + gemm.name + "' has weights that cannot be shuffled");
    if (Error error = checkExperts(spec, gemm))
      return error;
    if (Error error = checkTokenSum(spec, gemm))
      return error;
    if (Error error = checkLeading(spec, gemm))
      return error;
    if (Error error = checkRows(spec, gemm))
      return error;
    if (Error error = checkSplits(spec, gemm))
      return error;
  }
  return Error::success();
}

Error writePackage(const PackageSpec &spec, StringRef directory) {
  if (Error error = checkPackage(spec))
    return error;
  // "out/" and "out" are the same folder.
  SmallString<256> target(directory);
  sys::path::remove_dots(target, /*remove_dot_dot=*/false);
  while (target.size() > 1 && sys::path::is_separator(target.back()))
    target.pop_back();
  if (Error error = checkReplaceable(target))
    return error;
  StringRef parent = sys::path::parent_path(target);
  if (!parent.empty())
    if (std::error_code code = sys::fs::create_directories(parent))
      return fileError(parent, code);
  // A sibling, because renaming needs the same file system.
  SmallString<256> sibling(target);
  sibling += ".partial-" + std::to_string(sys::Process::getProcessId());
  if (std::error_code code = sys::fs::create_directory(sibling, /*IgnoreExisting=*/false))
    return fileError(sibling, code);
  auto abandon = [&](Error error) {
    (void)sys::fs::remove_directories(sibling);
    return error;
  };
  if (Error error = writeFiles(spec, sibling))
    return abandon(std::move(error));
  if (sys::fs::exists(target))
    if (std::error_code code = sys::fs::remove_directories(target))
      return abandon(fileError(target, code));
  if (std::error_code code = sys::fs::rename(sibling, target))
    return abandon(fileError(target, code));
  return Error::success();
}

} // namespace codesign
