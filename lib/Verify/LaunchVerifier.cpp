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
  LaunchVerifier(const PackagedGemm &gemm, const PackagedKernel &kernel, const DeviceCode &code,
                 const VerifyOptions &options, int64_t m)
      : gemm(gemm), kernel(kernel), code(code), options(options), m(m), engine(options.seed),
        owned(dealRows(gemm, m, engine)), gridX(uint64_t(workgroupCount(gemm, kernel, m))),
        operands(gemm, kernel, waves, m, tiles, owned, engine) {
    launch.gemm = gemm.name;
    launch.kernel = kernel.symbol;
    launch.m = m;
    launch.n = gemm.n;
    launch.k = gemm.k;
    request.kernel = kernel.symbol;
    request.clusterSize = uint32_t(std::max<int64_t>(1, kernel.persistentCluster));
    // Of persistent workgroups as many as there is work for: each has one tile or part.
    const bool isPersistent = kernel.persistentCluster > 0 && kernel.streamK.workgroups == 0;
    request.gridX = uint32_t(isPersistent ? gridX * uint64_t(kernel.splitK) * request.clusterSize : gridX);
    request.gridY = uint32_t(isPersistent ? 1 : kernel.splitK);
    request.threads = uint32_t(kernel.threads);
    request.dynamicSharedBytes = uint32_t(kernel.dynamicLdsBytes);
    request.arguments = operands.launchArguments();
    launch.workgroupsOfGrid = uint64_t(request.gridX) * request.gridY;
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

  /// The tiles [first, first + count): the workgroups that share them, part by part, in any order.
  llvm::Error runParts(uint64_t first, uint64_t count) {
    const uint64_t size = request.clusterSize;
    if (kernel.persistentCluster > 0) // which find the parts of their tiles by themselves
      return code.run(request, operands.deviceMemory(), options, first * kernel.splitK * size,
                      count * kernel.splitK * size, launch);
    std::vector<uint64_t> parts(size_t(kernel.splitK));
    std::iota(parts.begin(), parts.end(), uint64_t(0));
    std::shuffle(parts.begin(), parts.end(), engine);
    for (uint64_t part : parts)
      if (llvm::Error error =
              code.run(request, operands.deviceMemory(), options, part * gridX + first, count, launch))
        return error;
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
  const DeviceCode &code;
  const VerifyOptions &options;
  const int64_t m;
  RandomEngine engine;
  const std::vector<OwnedRows> owned;
  const int64_t tilesN = llvm::divideCeil(gemm.n, kernel.tileN);
  const int64_t tiles = countTiles(); // with rows
  const int64_t waves = kernel.threads / code.lanes();
  const uint64_t gridX;
  LaunchOperands operands;
  ptx::Launch request;
  VerifiedLaunch launch;
};

} // namespace

llvm::Expected<VerifiedLaunch> verifyLaunch(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                            const DeviceCode &code, const VerifyOptions &options, int64_t m) {
  return LaunchVerifier(gemm, kernel, code, options, m).verify();
}

} // namespace codesign
