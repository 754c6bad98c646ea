#include "LaunchVerifier.h"

#include "StreamKChoice.h"
#include "codesign/Interpret/GemmReference.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
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

/// Rows of D that belong to one matrix of weights.
struct OwnedRows {
  int64_t first = 0, count = 0, expert = 0;
};

/// One launch: buffers, workgroups, and the comparison.
class LaunchVerifier {
public:
  LaunchVerifier(const PackagedGemm &gemm, const PackagedKernel &kernel, const simulate::CodeObject &object,
                 const VerifyOptions &options, int64_t m)
      : gemm(gemm), kernel(kernel), object(object), options(options), m(m), engine(options.seed) {
    tilesN = llvm::divideCeil(gemm.n, kernel.tileN);
    dealRows();
    for (const OwnedRows &rows : owned)
      tiles += llvm::divideCeil(rows.count, kernel.tileM) * tilesN;
    launch.gemm = gemm.name;
    launch.kernel = kernel.symbol;
    launch.m = m;
    launch.n = gemm.n;
    launch.k = gemm.k;
    gridX = uint64_t(workgroupCount(gemm, kernel, m));
    launch.workgroupsOfGrid = gridX * uint64_t(kernel.splitK);
  }

  llvm::Expected<VerifiedLaunch> verify() {
    const auto start = std::chrono::steady_clock::now();
    allocate();
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
  /// Which rows are whose. Of the experts a quarter has none, the others any number; where rows are
  /// contiguous, some are left over, where they are masked, one expert is full.
  void dealRows() {
    if (gemm.experts == 0) {
      owned = {{0, gemm.outputRows(m), 0}};
      return;
    }
    const int64_t capacity = m / gemm.experts;
    std::vector<int64_t> counts(gemm.experts), busy;
    for (int64_t expert = 0; expert < gemm.experts; ++expert)
      if (engine() % 4 != 0 || expert == gemm.experts - 1)
        busy.push_back(expert);
    if (gemm.masked) {
      for (int64_t expert : busy)
        counts[expert] = int64_t(engine() % uint64_t(capacity + 1));
      counts[busy[engine() % busy.size()]] = capacity;
    } else {
      const int64_t leftOver = m > gemm.experts ? 3 : 0;
      for (int64_t row = leftOver; row < m; ++row)
        ++counts[busy[engine() % busy.size()]];
    }
    int64_t next = 0;
    for (int64_t expert = 0; expert < gemm.experts; ++expert) {
      owned.push_back({gemm.masked ? expert * capacity : next, counts[expert], expert});
      next += counts[expert];
    }
  }

  /// Offsets or counts of the experts.
  std::vector<int32_t> expertTable() const {
    std::vector<int32_t> table;
    for (const OwnedRows &rows : owned)
      table.push_back(int32_t(gemm.masked ? rows.count : rows.first));
    if (!gemm.masked)
      table.push_back(int32_t(owned.back().first + owned.back().count));
    return table;
  }

  void allocate() {
    const int64_t sources = gemm.gathered ? m / 2 + 1 : m; // tokens, each routed to two experts
    a = allocateRandom(memory, "a", gemm.type, uint64_t(sources * gemm.k), engine);
    const int64_t elements = gemm.layout == "tn" ? m * gemm.n : gemm.weightRows() * gemm.k;
    w = allocateRandom(memory, "w", gemm.type, uint64_t(elements), engine);
    arguments.pointer(allocatePadded("a", a, sources, gemm.leadingA));
    arguments.pointer(gemm.shuffledWeights ? allocateShuffled()
                                           : allocatePadded("w", w, gemm.weightRows(), gemm.leadingW));
    if (gemm.scaling != Scaling::None) {
      const bool perTensor = gemm.scaling == Scaling::PerTensor;
      const int64_t ofW = perBlock ? blockRows * std::max<int64_t>(1, gemm.experts) : gemm.weightRows();
      aScale = allocateRandom(memory, "a_scale", DataType::F32, perTensor ? 1 : uint64_t(m * scaleColumns),
                              engine);
      wScale = allocateRandom(memory, "w_scale", DataType::F32, perTensor ? 1 : uint64_t(ofW * scaleColumns),
                              engine);
      arguments.pointer(aScale).pointer(wScale);
    }
    if (gemm.bias) {
      bias = allocateRandom(memory, "bias", gemm.wideType(), uint64_t(gemm.weightRows()), engine);
      arguments.pointer(bias);
    }
    const auto outputs = uint64_t(gemm.outputRows(m) * gemm.outputColumns());
    if (gemm.residual) {
      residual = allocateRandom(memory, "residual", gemm.wideType(), outputs, engine);
      arguments.pointer(residual);
    }
    if (gemm.experts > 0)
      arguments.pointer(memory.allocateValues<int32_t>("expert_rows", expertTable()));
    if (gemm.gathered) {
      for (int64_t row = 0; row < m; ++row)
        list.push_back(int32_t(engine() % uint64_t(sources)));
      arguments.pointer(memory.allocateValues<int32_t>("a_rows", list));
    }
    if (gemm.weighted) {
      weights = allocateRandom(memory, "row_weights", DataType::F32, uint64_t(m), engine);
      arguments.pointer(weights);
    }
    if (gemm.rotary.columns > 0)
      allocateRotations();
    if (gemm.rowSquares) {
      squares = memory.allocate("row_squares", uint64_t(m * squaresColumns()) * sizeof(float));
      std::fill_n(memory.region(squares).data(), memory.region(squares).sizeBytes, uint8_t(0xff));
      arguments.pointer(squares);
    }
    if (gemm.quantised()) {
      // Sums of k products of numbers below 1: a few of them saturate.
      const float scale = std::sqrt(float(gemm.k)) / 512;
      dScale = memory.allocateValues<float>("d_scale", std::vector<float>{scale});
      arguments.pointer(dScale);
    }
    if (kernel.sharesTiles()) {
      constexpr int64_t lanes = 64;                      // the kernels that are verified are for AMD devices
      const int64_t sharers = kernel.streamK.workgroups; // 0: of each tile
      const int64_t counts = (sharers > 0 ? sharers : tiles) * kernel.threads / lanes;
      const uint64_t partials = memory.allocate(
          "partials",
          uint64_t((sharers > 0 ? kernel::StreamKWork::placesPerWorkgroup * sharers : tiles * kernel.splitK) *
                   kernel.partialBytes));
      std::fill_n(memory.region(partials).data(), memory.region(partials).sizeBytes, uint8_t(0xff));
      arrivals = memory.allocateValues<int32_t>("arrivals", std::vector<int32_t>(size_t(counts)));
      arguments.pointer(partials).pointer(arrivals);
    }
    d = memory.allocate("d", outputs * elementBytes);
    std::fill_n(memory.region(d).data(), memory.region(d).sizeBytes, poison);
    arguments.pointer(d);
    if (gemm.gathered)
      arguments.value<int32_t>(int32_t(sources));
    arguments.value<int32_t>(int32_t(m));
  }

  /// Angles of all positions, and a position for each row.
  void allocateRotations() {
    std::uniform_real_distribution<float> angle(-4, 4);
    std::vector<float> table;
    for (int64_t pair = 0; pair < gemm.rotary.positions * gemm.rotary.headColumns / 2; ++pair) {
      const float turn = angle(engine);
      table.push_back(std::cos(turn));
      table.push_back(std::sin(turn));
    }
    std::vector<int32_t> ofRows;
    for (int64_t row = 0; row < m; ++row)
      ofRows.push_back(int32_t(engine() % uint64_t(gemm.rotary.positions)));
    positions = memory.allocateValues<int32_t>("positions", ofRows);
    const uint64_t rotations = memory.allocateValues<float>("rotations", table);
    angles = rowsOf(memory, rotations, DataType::F32, gemm.rotary.headColumns, 0, gemm.rotary.positions);
    arguments.pointer(positions).pointer(rotations);
  }

  /// Parts of a row whose squares are added up.
  int64_t squaresColumns() const { return llvm::divideCeil(gemm.n, kernel.squaresWidth); }

  /// The weights again, in the order in which the kernel takes them.
  uint64_t allocateShuffled() {
    const int64_t rowBytes = gemm.k * bitWidth(gemm.type) / 8;
    const uint64_t address = memory.allocate("w_shuffled", uint64_t(gemm.weightRows() * rowBytes));
    uint8_t *to = memory.region(address).data();
    const uint8_t *from = memory.region(w).data();
    for (int64_t row = 0; row < gemm.weightRows(); ++row)
      for (int64_t byte = 0; byte < rowBytes; byte += kernel::chunkBytes, from += kernel::chunkBytes)
        std::memcpy(to + kernel::shuffledOffset(row, byte, rowBytes), from, kernel::chunkBytes);
    return address;
  }

  /// The rows of k again, `leading` elements apart, with NaN between them; the same where they have no gaps.
  uint64_t allocatePadded(llvm::StringRef name, uint64_t dense, int64_t rows, int64_t leading) {
    if (leading == 0)
      return dense;
    const Matrix padded = paddedRows(rowsOf(memory, dense, gemm.type, gemm.k, 0, rows), leading);
    return memory.allocateCopy((name + "_padded").str(), padded.bytes);
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

  /// Each tile of the workgroups that ran must be written whole; its elements must be right. Rows of nobody
  /// stay as they were. Counts are zero again, but of Stream-K's tiles that others would have finished.
  void compare(uint64_t withTile, const std::set<int64_t> &unfinished) {
    uint64_t written = 0, inTiles = 0;
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
    const uint64_t everywhere = countWritten(0, memory.region(d).sizeBytes / elementBytes);
    if (everywhere != inTiles)
      fail(llvm::Twine(everywhere - inTiles) + " elements in rows of nobody are written");
    if (written != withTile)
      fail("workgroups with " + llvm::Twine(withTile) + " tiles wrote " + llvm::Twine(written) + " tiles");
    if (arrivals == 0)
      return;
    const int64_t waves = kernel.threads / 64;
    for (auto [place, count] : llvm::enumerate(memory.values<int32_t>(arrivals)))
      if (count != 0 && !unfinished.contains(int64_t(place) / waves))
        return fail("counts of workgroups are not zero afterwards");
  }

  /// A tile of D, and the expert that its rows belong to.
  struct TilePlace {
    int64_t row, rows, column, columns, expert;
  };

  /// Of `count` elements of D, how many are no longer what they were filled with.
  uint64_t countWritten(uint64_t first, uint64_t count) {
    auto differ = [&](auto values, auto fill) {
      return count - uint64_t(llvm::count(values.slice(first, count), fill));
    };
    switch (elementBytes) {
    case 1:
      return differ(memory.values<uint8_t>(d), poison);
    case 2:
      return differ(memory.values<uint16_t>(d), uint16_t(0xffff));
    default:
      return differ(memory.values<uint32_t>(d), uint32_t(0xffffffff));
    }
  }

  /// Elements of the tile that are written; if any, all must be, and right.
  uint64_t compareTile(const TilePlace &tile) {
    uint64_t touched = 0;
    for (int64_t i = tile.row; i < tile.row + tile.rows; ++i)
      touched += countWritten(uint64_t(i * gemm.outputColumns() + tile.column), uint64_t(tile.columns));
    if (touched == 0)
      return 0;
    const std::string place =
        ("the tile at (" + llvm::Twine(tile.row) + ", " + llvm::Twine(tile.column) + ")").str();
    if (touched != uint64_t(tile.rows * tile.columns))
      fail(place + " is written in part: " + llvm::Twine(touched) + " of " +
           llvm::Twine(tile.rows * tile.columns) + " elements");
    const Matrix out =
        part(d, gemm.productType(), gemm.outputColumns(), tile.row, tile.rows, tile.column, tile.columns);
    const GemmReference reference = referenceOf(tile);
    launch.errorShare = std::max(launch.errorShare, largestErrorShare(out, reference));
    if (std::optional<std::string> mismatch = firstMismatch(out, reference))
      fail("in " + place + ", element " + *mismatch);
    if (gemm.rowSquares) {
      const int64_t width = kernel.squaresWidth;
      const Matrix sums = part(squares, DataType::F32, squaresColumns(), tile.row, tile.rows,
                               tile.column / width, llvm::divideCeil(tile.columns, width));
      if (std::optional<std::string> mismatch = firstSquaresMismatch(sums, reference, width))
        fail("in " + place + ", " + *mismatch);
    }
    return touched;
  }

  /// Rows [row, row + rows) of A, by the list where there is one.
  Matrix rowsOfA(int64_t row, int64_t rows) {
    if (!gemm.gathered)
      return rowsOf(memory, a, gemm.type, gemm.k, row, rows);
    Matrix gathered(gemm.type, rows, gemm.k);
    const int64_t rowBytes = gemm.k * gathered.elementBytes();
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(&gathered.bytes[size_t(i * rowBytes)],
                  memory.region(a).data() + list[size_t(row + i)] * rowBytes, size_t(rowBytes));
    return gathered;
  }

  GemmReference referenceOf(const TilePlace &tile) {
    const int64_t columns = tile.columns * shrink; // of the product
    const int64_t firstWeight = tile.expert * gemm.n + tile.column * shrink;
    Matrix left, right;
    if (gemm.layout == "tn")
      left = transposedOf(part(a, gemm.type, gemm.k, 0, m, tile.row, tile.rows));
    else
      left = rowsOfA(tile.row, tile.rows);
    if (gemm.layout == "nt")
      right = rowsOf(memory, w, gemm.type, gemm.k, firstWeight, columns);
    else
      right =
          transposedOf(part(w, gemm.type, gemm.n, 0, gemm.layout == "tn" ? m : gemm.k, firstWeight, columns));
    Matrix added, stream, rowScales, columnScales, rowWeights, outScale, ofRows;
    const bool rotary = gemm.rotary.columns > 0;
    if (rotary)
      ofRows = rowsOf(memory, positions, DataType::I32, 1, tile.row, tile.rows);
    if (gemm.quantised())
      outScale = rowsOf(memory, dScale, DataType::F32, 1, 0, 1);
    const bool scaled = gemm.scaling != Scaling::None, perTensor = gemm.scaling == Scaling::PerTensor;
    const int64_t firstBlock = tile.column / kernel::scaledBlock;
    if (scaled)
      rowScales = rowsOf(memory, aScale, DataType::F32, scaleColumns, perTensor ? 0 : tile.row,
                         perTensor ? 1 : tile.rows);
    if (perBlock)
      columnScales = rowsOf(memory, wScale, DataType::F32, scaleColumns, tile.expert * blockRows + firstBlock,
                            llvm::divideCeil(tile.column + tile.columns, kernel::scaledBlock) - firstBlock);
    else if (scaled) {
      columnScales =
          rowsOf(memory, wScale, DataType::F32, 1, perTensor ? 0 : firstWeight, perTensor ? 1 : columns);
      std::swap(columnScales.rows, columnScales.columns);
    }
    if (gemm.bias)
      added = part(bias, gemm.wideType(), gemm.weightRows(), 0, 1, firstWeight, columns);
    if (gemm.weighted)
      rowWeights = rowsOf(memory, weights, DataType::F32, 1, tile.row, tile.rows);
    if (gemm.residual)
      stream = part(residual, gemm.wideType(), gemm.outputColumns(), tile.row, tile.rows, tile.column,
                    tile.columns);
    return gemmReference(left, right, tile.rows,
                         {.aScale = scaled ? &rowScales : nullptr,
                          .wScale = scaled ? &columnScales : nullptr,
                          .blockScales = perBlock,
                          .firstColumn = tile.column % kernel::scaledBlock,
                          .bias = gemm.bias ? &added : nullptr,
                          .activation = kernel::symbolizeActivation(gemm.activation),
                          .gated = gemm.gated,
                          .rowWeights = gemm.weighted ? &rowWeights : nullptr,
                          .residual = gemm.residual ? &stream : nullptr,
                          .positions = rotary ? &ofRows : nullptr,
                          .rotations = rotary ? &angles : nullptr,
                          .rotatedColumns = gemm.rotary.columns,
                          .firstRotated = tile.column,
                          .dScale = gemm.quantised() ? &outScale : nullptr,
                          .quantised = gemm.outputType});
  }

  /// A block of a matrix with `pitch` columns in device memory.
  Matrix part(uint64_t address, DataType type, int64_t pitch, int64_t row, int64_t rows, int64_t column,
              int64_t columns) {
    Matrix block(type, rows, columns);
    const int64_t size = block.elementBytes();
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(block.bytes.data() + i * columns * size,
                  memory.region(address).data() + ((row + i) * pitch + column) * size,
                  size_t(columns * size));
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
  const int64_t blockRows = llvm::divideCeil(gemm.n, kernel::scaledBlock);
  const uint64_t elementBytes = bitWidth(gemm.productType()) / 8;
  /// Of D, before the launch: a NaN.
  const uint8_t poison = gemm.productType() == DataType::F8E4M3FNUZ ? 0x80 : 0xff;
  int64_t tiles = 0, tilesN = 0; // with rows; along n
  uint64_t gridX = 0;
  std::vector<OwnedRows> owned;
  std::vector<int32_t> list; // of rows of A
  Matrix angles;             // the table of rotations: tens of megabytes, so copied once
  Engine engine;
  DeviceMemory memory;
  simulate::KernelArguments arguments;
  uint64_t a = 0, w = 0, aScale = 0, wScale = 0, bias = 0, residual = 0, weights = 0, positions = 0,
           squares = 0, dScale = 0, arrivals = 0, d = 0;
  VerifiedLaunch launch;
};

/// Lists of the rows of tokens: most are full, some entries name none.
std::vector<int32_t> randomLists(int64_t tokens, int64_t topK, int64_t rows, Engine &engine) {
  std::vector<int32_t> lists(size_t(tokens * topK));
  for (int32_t &entry : lists)
    entry = rows == 0 || engine() % 4 == 0 ? -1 : int32_t(engine() % uint64_t(rows));
  if (tokens > 1) // a token without any
    std::fill_n(lists.begin(), topK, -1);
  return lists;
}

} // namespace

llvm::Expected<VerifiedLaunch> verifyTokenSum(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                              const simulate::CodeObject &object,
                                              const VerifyOptions &options, int64_t tokens) {
  const auto start = std::chrono::steady_clock::now();
  Engine engine(options.seed);
  DeviceMemory memory;
  const int64_t rows = tokens * gemm.topK / 2 + 1;
  const uint64_t from = allocateRandom(memory, "rows", DataType::F32, uint64_t(rows * gemm.n), engine);
  const uint64_t by =
      memory.allocateValues<int32_t>("token_rows", randomLists(tokens, gemm.topK, rows, engine));
  const uint64_t d = memory.allocate("d", uint64_t(tokens * gemm.n) * bitWidth(gemm.outputType) / 8);
  std::fill_n(memory.region(d).data(), memory.region(d).sizeBytes, uint8_t(0xff));
  simulate::Launch request;
  request.kernel = kernel.symbol;
  request.grid.x = uint32_t(llvm::divideCeil(tokens, kernel.tileM) * llvm::divideCeil(gemm.n, kernel.tileN));
  request.block.x = uint32_t(kernel.threads);
  request.arguments.pointer(from)
      .pointer(by)
      .pointer(d)
      .value<int32_t>(int32_t(rows))
      .value<int32_t>(int32_t(tokens));
  simulate::RunOptions runOptions;
  runOptions.checks = options.checks;
  runOptions.seed = options.seed;
  runOptions.threads = options.threads;
  llvm::Expected<simulate::RunReport> report = simulate::run(object, request, memory, runOptions);
  if (!report)
    return report.takeError();
  VerifiedLaunch launch;
  launch.gemm = gemm.name;
  launch.kernel = kernel.symbol;
  launch.m = tokens;
  launch.n = gemm.n;
  launch.k = gemm.topK;
  launch.workgroups = launch.workgroupsOfGrid = request.grid.x;
  launch.instructions = report->instructions;
  for (const simulate::Finding &finding : report->findings)
    launch.findings.push_back(simulate::toString(finding.kind).str() + ": " + finding.message);
  const GemmReference reference =
      tokenSumReference(rowsOf(memory, from, DataType::F32, gemm.n, 0, rows), rows,
                        rowsOf(memory, by, DataType::I32, gemm.topK, 0, tokens), tokens);
  const Matrix out = rowsOf(memory, d, gemm.outputType, gemm.n, 0, tokens);
  launch.errorShare = largestErrorShare(out, reference);
  launch.wrong = firstMismatch(out, reference).value_or("");
  launch.hostSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return launch;
}

llvm::Expected<VerifiedLaunch> verifyLaunch(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                            const simulate::CodeObject &object, const VerifyOptions &options,
                                            int64_t m) {
  return LaunchVerifier(gemm, kernel, object, options, m).verify();
}

} // namespace codesign
