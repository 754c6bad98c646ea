#include "LaunchVerifier.h"

#include "LaunchOperands.h"
#include "StreamKChoice.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>
#include <numeric>
#include <set>

namespace codesign {

namespace {

/// One launch: which workgroups run, and whether their tiles are right.
class LaunchVerifier {
public:
  LaunchVerifier(const PackagedGemm &gemm, const PackagedKernel &kernel, const simulate::CodeObject &object,
                 const VerifyOptions &options, int64_t m)
      : gemm(gemm), kernel(kernel), object(object), options(options), m(m), engine(options.seed),
        owned(dealRows(gemm, m, engine)), gridX(uint64_t(workgroupCount(gemm, kernel, m))),
        operands(gemm, kernel, m, tiles, owned, engine) {
    launch.gemm = gemm.name;
    launch.kernel = kernel.symbol;
    launch.m = m;
    launch.n = gemm.n;
    launch.k = gemm.k;
    launch.workgroupsOfGrid = gridX * uint64_t(kernel.splitK);
  }

  llvm::Expected<VerifiedLaunch> verify() {
    StreamKChoice streamed;
    if (kernel.streamK.workgroups > 0)
      streamed = chooseStreamK(kernel.streamK, tiles,
                               std::max(least, options.multiplyAccumulates / workOfTile()), engine);
    const std::set<uint64_t> chosen =
        kernel.streamK.workgroups > 0 ? streamed.workgroups : chooseWorkgroups();
    std::vector<std::pair<uint64_t, uint64_t>> neighbours; // first and count; one host thread each
    for (uint64_t workgroup : chosen)
      if (!neighbours.empty() && workgroup == neighbours.back().first + neighbours.back().second)
        ++neighbours.back().second;
      else
        neighbours.emplace_back(workgroup, 1);
    if (kernel.streamK.workgroups > 0) // which share tiles
      std::shuffle(neighbours.begin(), neighbours.end(), engine);
    for (const auto &[first, count] : neighbours)
      if (llvm::Error error = runParts(first, count))
        return error;
    compare(kernel.streamK.workgroups > 0
                ? streamed.tiles
                : uint64_t(llvm::count_if(chosen,
                                          [&](uint64_t workgroup) { return workgroup < uint64_t(tiles); })),
            streamed.unfinished);
    launch.hostSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return launch;
  }

private:
  int64_t countTiles() const {
    int64_t count = 0;
    for (const OwnedRows &rows : owned)
      count += llvm::divideCeil(rows.count, kernel.tileM) * tilesN;
    return count;
  }

  static constexpr double least = 3; // tiles that are computed
  double workOfTile() const {
    return double(kernel.tileM) * double(kernel.tileN) * double(gemm.layout == "tn" ? m : gemm.k);
  }

  /// The first, the last, and random ones between, as many as the work allows; of those without a tile the
  /// last.
  std::set<uint64_t> chooseWorkgroups() {
    const auto all = uint64_t(tiles);
    if (all == 0)
      return {gridX - 1};
    const auto count =
        uint64_t(std::min(double(all), std::max(least, options.multiplyAccumulates / workOfTile())));
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
    chosen.insert(gridX - 1);
    return chosen;
  }

  /// The tiles [first, first + count): the workgroups that share them part by part, in any order.
  llvm::Error runParts(uint64_t first, uint64_t count) {
    std::vector<uint64_t> parts(size_t(kernel.splitK));
    std::iota(parts.begin(), parts.end(), uint64_t(0));
    std::shuffle(parts.begin(), parts.end(), engine);
    for (uint64_t part : parts)
      if (llvm::Error error = run(part * gridX + first, count))
        return error;
    return llvm::Error::success();
  }

  llvm::Error run(uint64_t first, uint64_t count) {
    simulate::Launch request;
    request.kernel = kernel.symbol;
    request.grid.x = uint32_t(gridX);
    request.grid.y = uint32_t(kernel.splitK);
    request.block.x = uint32_t(kernel.threads);
    request.arguments = operands.launchArguments();
    request.dynamicLdsBytes = uint32_t(kernel.dynamicLdsBytes);
    simulate::RunOptions runOptions;
    runOptions.checks = options.checks;
    runOptions.seed = options.seed + first;
    runOptions.threads = options.threads;
    runOptions.firstWorkgroup = first;
    runOptions.workgroupCount = count;
    llvm::Expected<simulate::RunReport> report =
        simulate::run(object, request, operands.deviceMemory(), runOptions);
    if (!report)
      return report.takeError();
    launch.workgroups += count;
    launch.instructions += report->instructions;
    for (const simulate::InstructionStatistics &instruction : report->perInstruction)
      launch.bankConflictClocks += instruction.ldsConflictCycles;
    for (const simulate::Finding &finding : report->findings) {
      const std::string text = summaryOf(finding);
      if (!llvm::is_contained(launch.findings, text))
        launch.findings.push_back(text);
    }
    return llvm::Error::success();
  }

  void fail(const llvm::Twine &message) {
    if (launch.wrong.empty())
      launch.wrong = message.str();
  }

  /// Each tile of the workgroups that ran must be written whole; its elements must be right. Rows of nobody
  /// stay as they were. Counts are zero again, but of Stream-K's tiles that others would have finished.
  void compare(uint64_t withTile, const std::set<int64_t> &unfinished) {
    uint64_t written = 0, inTiles = 0;
    const int64_t shrink = operands.productColumns();
    for (const OwnedRows &rows : owned)
      for (int64_t row = 0; row < rows.count; row += kernel.tileM)
        for (int64_t tileColumn = 0; tileColumn < tilesN; ++tileColumn) {
          // Of the product; of D, a gated layer has one column for two.
          const int64_t from = tileColumn * kernel.tileN, to = std::min(from + kernel.tileN, gemm.n);
          const uint64_t touched = compareTile({rows.first + row, std::min(kernel.tileM, rows.count - row),
                                                from / shrink, to / shrink - from / shrink, rows.expert});
          written += touched > 0;
          inTiles += touched;
        }
    const uint64_t everywhere = operands.countWritten(0, operands.resultElements());
    if (everywhere != inTiles)
      fail(llvm::Twine(everywhere - inTiles) + " elements in rows of nobody are written");
    if (written != withTile)
      fail("workgroups with " + llvm::Twine(withTile) + " tiles wrote " + llvm::Twine(written) + " tiles");
    const int64_t waves = kernel.threads / LaunchOperands::lanes;
    for (auto [place, count] : llvm::enumerate(operands.arrivalCounts()))
      if (count != 0 && !unfinished.contains(int64_t(place) / waves))
        return fail("counts of workgroups are not zero afterwards");
  }

  /// Elements of the tile that are written; if any, all must be, and right.
  uint64_t compareTile(const TilePlace &tile) {
    uint64_t touched = 0;
    for (int64_t i = tile.row; i < tile.row + tile.rows; ++i)
      touched +=
          operands.countWritten(uint64_t(i * gemm.outputColumns() + tile.column), uint64_t(tile.columns));
    if (touched == 0)
      return 0;
    const std::string place =
        ("the tile at (" + llvm::Twine(tile.row) + ", " + llvm::Twine(tile.column) + ")").str();
    if (touched != uint64_t(tile.rows * tile.columns))
      fail(place + " is written in part: " + llvm::Twine(touched) + " of " +
           llvm::Twine(tile.rows * tile.columns) + " elements");
    const Matrix out = operands.resultOf(tile);
    GemmReference reference = operands.referenceOf(tile);
    if (gemm.quantisedBlocks)
      if (std::optional<std::string> mismatch =
              takeBlockScales(reference, operands.blockScalesOf(tile), gemm.outputType)) {
        fail("in " + place + ", " + *mismatch);
        return touched;
      }
    launch.errorShare = std::max(launch.errorShare, largestErrorShare(out, reference));
    if (std::optional<std::string> mismatch = firstMismatch(out, reference))
      fail("in " + place + ", element " + *mismatch);
    if (gemm.rowSquares)
      if (std::optional<std::string> mismatch =
              firstSquaresMismatch(operands.squaresOf(tile), reference, kernel.squaresWidth))
        fail("in " + place + ", " + *mismatch);
    return touched;
  }

  const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  const PackagedGemm &gemm;
  const PackagedKernel &kernel;
  const simulate::CodeObject &object;
  const VerifyOptions &options;
  const int64_t m;
  RandomEngine engine;
  const std::vector<OwnedRows> owned;
  const int64_t tilesN = llvm::divideCeil(gemm.n, kernel.tileN);
  const int64_t tiles = countTiles(); // with rows
  const uint64_t gridX;
  LaunchOperands operands;
  VerifiedLaunch launch;
};

} // namespace

llvm::Expected<VerifiedLaunch> verifyLaunch(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                            const simulate::CodeObject &object, const VerifyOptions &options,
                                            int64_t m) {
  return LaunchVerifier(gemm, kernel, object, options, m).verify();
}

} // namespace codesign
