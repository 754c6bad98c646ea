#include "codesign/Verify/Verify.h"

#include "codesign/Interpret/GemmReference.h"
#include "codesign/Package/Package.h"
#include "codesign/Simulate/Simulator.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <array>
#include <chrono>
#include <random>
#include <set>

namespace codesign {

namespace {

using simulate::DeviceMemory;
using Engine = std::mt19937_64;

/// A buffer of `count` random elements of either sign, most of them between 1/16 and 1 with some far smaller.
/// Drawn from a table: the weights of a head are half a gigabyte.
template <class Bits>
uint64_t allocateRandom(DeviceMemory &memory, llvm::StringRef name, DataType type, uint64_t count,
                        Engine &engine) {
  constexpr size_t tableBits = 12;
  std::array<Bits, size_t(1) << tableBits> table;
  std::uniform_real_distribution<float> uniform(-1, 1);
  const float small = isFloat8(type) ? 0x1p-5f : 0x1p-10f;
  for (Bits &bits : table)
    bits = Bits(encodeElement(type, uniform(engine) * (engine() % 16 == 0 ? small : 1.0f)));
  const uint64_t address = memory.allocate(name, count * sizeof(Bits));
  llvm::MutableArrayRef<Bits> values = memory.values<Bits>(address);
  for (uint64_t at = 0; at < count;) {
    uint64_t draw = engine();
    for (int part = 0; part < 5 && at < count; ++part, draw >>= tableBits)
      values[at++] = table[draw % table.size()];
  }
  return address;
}
uint64_t allocateRandom(DeviceMemory &memory, llvm::StringRef name, DataType type, uint64_t count,
                        Engine &engine) {
  switch (bitWidth(type)) {
  case 8:
    return allocateRandom<uint8_t>(memory, name, type, count, engine);
  case 16:
    return allocateRandom<uint16_t>(memory, name, type, count, engine);
  default:
    return allocateRandom<uint32_t>(memory, name, type, count, engine);
  }
}

/// Rows [first, first + count) of a row-major matrix in device memory.
Matrix rowsOf(DeviceMemory &memory, uint64_t address, DataType type, int64_t columns, int64_t first,
              int64_t count) {
  Matrix rows(type, count, columns);
  const uint8_t *begin = memory.region(address).data() + first * columns * rows.elementBytes();
  rows.bytes.assign(begin, begin + rows.bytes.size());
  return rows;
}

/// One launch: buffers, workgroups, and the comparison.
class LaunchVerifier {
public:
  LaunchVerifier(const PackagedGemm &gemm, const PackagedKernel &kernel, const simulate::CodeObject &object,
                 const VerifyOptions &options, int64_t m)
      : gemm(gemm), kernel(kernel), object(object), options(options), m(m), engine(options.seed) {
    tilesM = llvm::divideCeil(m, kernel.tileM);
    tilesN = llvm::divideCeil(gemm.n, kernel.tileN);
    launch.gemm = gemm.name;
    launch.kernel = kernel.symbol;
    launch.m = m;
    launch.n = gemm.n;
    launch.k = gemm.k;
    launch.workgroupsOfGrid = uint64_t(tilesM * tilesN);
  }

  llvm::Expected<VerifiedLaunch> verify() {
    const auto start = std::chrono::steady_clock::now();
    allocate();
    const std::set<uint64_t> chosen = chooseWorkgroups();
    for (auto first = chosen.begin(); first != chosen.end();) {
      // Neighbours run together, one host thread each.
      auto last = first;
      uint64_t count = 0;
      while (last != chosen.end() && *last == *first + count)
        ++last, ++count;
      if (llvm::Error error = run(*first, count))
        return error;
      first = last;
    }
    compare();
    launch.hostSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return launch;
  }

private:
  void allocate() {
    a = allocateRandom(memory, "a", gemm.type, uint64_t(m * gemm.k), engine);
    w = allocateRandom(memory, "w", gemm.type, uint64_t(gemm.n * gemm.k), engine);
    arguments.pointer(a).pointer(w);
    if (gemm.scaling != Scaling::None) {
      const bool perTensor = gemm.scaling == Scaling::PerTensor;
      const int64_t ofW = perBlock ? llvm::divideCeil(gemm.n, kernel::scaledBlock) : gemm.n;
      aScale = allocateRandom(memory, "a_scale", DataType::F32, perTensor ? 1 : uint64_t(m * scaleColumns),
                              engine);
      wScale = allocateRandom(memory, "w_scale", DataType::F32, perTensor ? 1 : uint64_t(ofW * scaleColumns),
                              engine);
      arguments.pointer(aScale).pointer(wScale);
    }
    if (gemm.bias) {
      bias = allocateRandom(memory, "bias", gemm.outputType, uint64_t(gemm.n), engine);
      arguments.pointer(bias);
    }
    const auto outputs = uint64_t(m * gemm.outputColumns());
    if (gemm.residual) {
      residual = allocateRandom(memory, "residual", gemm.outputType, outputs, engine);
      arguments.pointer(residual);
    }
    d = memory.allocate("d", outputs * sizeof(uint16_t));
    std::fill_n(memory.region(d).data(), memory.region(d).sizeBytes, uint8_t(0xff));
    arguments.pointer(d).value<int32_t>(int32_t(m));
  }

  /// The first, the last, and random ones between, as many as the work allows.
  std::set<uint64_t> chooseWorkgroups() {
    const double each = double(kernel.tileM) * double(kernel.tileN) * double(gemm.k);
    const uint64_t all = launch.workgroupsOfGrid;
    constexpr double least = 3;
    const auto count = uint64_t(std::min(double(all), std::max(least, options.multiplyAccumulates / each)));
    std::set<uint64_t> chosen = {0, all - 1};
    if (count == all)
      for (uint64_t workgroup = 0; workgroup < all; ++workgroup)
        chosen.insert(workgroup);
    while (chosen.size() < count) {
      const uint64_t workgroup = engine() % all;
      chosen.insert(workgroup);
      if (chosen.size() < count)
        chosen.insert(std::min(workgroup + 1, all - 1));
    }
    return chosen;
  }

  llvm::Error run(uint64_t first, uint64_t count) {
    simulate::Launch request;
    request.kernel = kernel.symbol;
    request.grid.x = uint32_t(launch.workgroupsOfGrid);
    request.block.x = uint32_t(kernel.threads);
    request.arguments = arguments;
    request.dynamicLdsBytes = uint32_t(kernel.dynamicLdsBytes);
    simulate::RunOptions runOptions;
    runOptions.checks = options.checks;
    runOptions.seed = options.seed + first;
    runOptions.threads = options.threads;
    runOptions.firstWorkgroup = first;
    runOptions.workgroupCount = count;
    llvm::Expected<simulate::RunReport> report = simulate::run(object, request, memory, runOptions);
    if (!report)
      return report.takeError();
    launch.workgroups += count;
    launch.instructions += report->instructions;
    for (const simulate::InstructionStatistics &instruction : report->perInstruction)
      launch.bankConflictClocks += instruction.ldsConflictCycles;
    for (const simulate::Finding &finding : report->findings) {
      const std::string text = simulate::toString(finding.kind).str() + ": " + finding.message;
      if (!llvm::is_contained(launch.findings, text))
        launch.findings.push_back(text);
    }
    return llvm::Error::success();
  }

  void fail(const llvm::Twine &message) {
    if (launch.wrong.empty())
      launch.wrong = message.str();
  }

  /// Each workgroup must have written one whole tile; its elements must be right.
  void compare() {
    uint64_t written = 0;
    const llvm::MutableArrayRef<uint16_t> values = memory.values<uint16_t>(d);
    for (int64_t tileRow = 0; tileRow < tilesM; ++tileRow)
      for (int64_t tileColumn = 0; tileColumn < tilesN; ++tileColumn) {
        const int64_t row = tileRow * kernel.tileM, rows = std::min(kernel.tileM, m - row);
        // Of the product; of D, a gated layer has one column for two.
        const int64_t from = tileColumn * kernel.tileN, to = std::min(from + kernel.tileN, gemm.n);
        const int64_t column = from / shrink, columns = to / shrink - column;
        int64_t touched = 0;
        for (int64_t i = row; i < row + rows; ++i)
          for (int64_t j = column; j < column + columns; ++j)
            touched += values[size_t(i * gemm.outputColumns() + j)] != 0xffff;
        if (touched == 0)
          continue;
        ++written;
        if (touched != rows * columns)
          fail("the tile at (" + llvm::Twine(row) + ", " + llvm::Twine(column) + ") is written in part: " +
               llvm::Twine(touched) + " of " + llvm::Twine(rows * columns) + " elements");
        compareTile(row, rows, column, columns);
      }
    if (written != launch.workgroups)
      fail(llvm::Twine(launch.workgroups) + " workgroups wrote " + llvm::Twine(written) + " tiles");
  }

  void compareTile(int64_t row, int64_t rows, int64_t column, int64_t columns) {
    const Matrix left = rowsOf(memory, a, gemm.type, gemm.k, row, rows);
    const Matrix right = rowsOf(memory, w, gemm.type, gemm.k, column * shrink, columns * shrink);
    Matrix added, stream, out(gemm.outputType, rows, columns), rowScales, columnScales;
    const bool scaled = gemm.scaling != Scaling::None, perTensor = gemm.scaling == Scaling::PerTensor;
    const int64_t firstBlock = column / kernel::scaledBlock;
    if (scaled)
      rowScales =
          rowsOf(memory, aScale, DataType::F32, scaleColumns, perTensor ? 0 : row, perTensor ? 1 : rows);
    if (perBlock)
      columnScales = rowsOf(memory, wScale, DataType::F32, scaleColumns, firstBlock,
                            llvm::divideCeil(column + columns, kernel::scaledBlock) - firstBlock);
    else if (scaled) {
      columnScales = rowsOf(memory, wScale, DataType::F32, 1, perTensor ? 0 : column * shrink,
                            perTensor ? 1 : columns * shrink);
      std::swap(columnScales.rows, columnScales.columns);
    }
    if (gemm.bias)
      added = part(bias, gemm.n, 0, 1, column * shrink, columns * shrink);
    if (gemm.residual)
      stream = part(residual, gemm.outputColumns(), row, rows, column, columns);
    const std::optional<kernel::Activation> activation = kernel::symbolizeActivation(gemm.activation);
    const GemmReference reference = gemmReference(left, right, rows,
                                                  {.aScale = scaled ? &rowScales : nullptr,
                                                   .wScale = scaled ? &columnScales : nullptr,
                                                   .blockScales = perBlock,
                                                   .firstColumn = column % kernel::scaledBlock,
                                                   .bias = gemm.bias ? &added : nullptr,
                                                   .activation = activation,
                                                   .gated = gemm.gated,
                                                   .residual = gemm.residual ? &stream : nullptr});
    out = part(d, gemm.outputColumns(), row, rows, column, columns);
    launch.errorShare = std::max(launch.errorShare, largestErrorShare(out, reference));
    if (std::optional<std::string> mismatch = firstMismatch(out, reference))
      fail("in the tile at (" + llvm::Twine(row) + ", " + llvm::Twine(column) + "), element " + *mismatch);
  }

  /// A block of a matrix with `pitch` columns in device memory.
  Matrix part(uint64_t address, int64_t pitch, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    Matrix block(gemm.outputType, rows, columns);
    const llvm::MutableArrayRef<uint16_t> values = memory.values<uint16_t>(address);
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(block.bytes.data() + i * columns * block.elementBytes(),
                  &values[size_t((row + i) * pitch + column)], size_t(columns * block.elementBytes()));
    return block;
  }

  const PackagedGemm &gemm;
  const PackagedKernel &kernel;
  const simulate::CodeObject &object;
  const VerifyOptions &options;
  const int64_t m;
  const int64_t shrink = gemm.gated ? 2 : 1; // columns of the product that one of D comes from
  const bool perBlock = gemm.scaling == Scaling::Block128;
  const int64_t scaleColumns = perBlock ? llvm::divideCeil(gemm.k, kernel::scaledBlock) : 1;
  int64_t tilesM = 0, tilesN = 0;
  Engine engine;
  DeviceMemory memory;
  simulate::KernelArguments arguments;
  uint64_t a = 0, w = 0, aScale = 0, wScale = 0, bias = 0, residual = 0, d = 0;
  VerifiedLaunch launch;
};

/// The least number of rows of a range, and one that ends inside a tile after the first where the range has
/// it.
std::set<int64_t> rowCounts(const PackagedRange &range, const PackagedKernel &kernel) {
  std::set<int64_t> counts = {range.minM};
  const int64_t ragged = (range.minM / kernel.tileM + 1) * kernel.tileM + kernel.tileM / 2 + 1;
  counts.insert(range.maxM == 0 ? ragged : std::min(ragged, range.maxM));
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
  if (!package->isAmd()) {
    report.needsGpu = true;
    return report;
  }
  std::vector<llvm::StringRef> names;
  bool any = false;
  for (const PackagedGemm &gemm : package->gemms) {
    names.push_back(gemm.name);
    any |= llvm::any_of(gemm.ranges, [&](const PackagedRange &range) {
      return llvm::StringRef(range.symbol).contains(options.only);
    });
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

  for (const PackagedGemm &gemm : package->gemms)
    for (const PackagedRange &range : gemm.ranges) {
      if (!llvm::StringRef(range.symbol).contains(options.only))
        continue;
      const PackagedKernel &kernel =
          *llvm::find_if(package->kernels, [&](const PackagedKernel &k) { return k.symbol == range.symbol; });
      llvm::SmallString<256> source(directory), object(work);
      llvm::sys::path::append(source, "src", kernel.symbol + ".hip");
      llvm::sys::path::append(object, kernel.symbol + ".co");
      if (llvm::Error error = compileForDevice(*compiler, source, package->architecture, object))
        return error;
      auto code = simulate::CodeObject::loadFile(std::string(object));
      if (!code)
        return code.takeError();
      for (int64_t m : rowCounts(range, kernel)) {
        llvm::Expected<VerifiedLaunch> launch = LaunchVerifier(gemm, kernel, **code, options, m).verify();
        if (!launch)
          return launch.takeError();
        progress(*launch);
        report.launches.push_back(std::move(*launch));
      }
    }
  return report;
}

} // namespace codesign
