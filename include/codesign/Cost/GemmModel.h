// Dense matrix products: the cheapest tile, split and operand order, each priced from what it occupies.
#pragma once

#include "codesign/Cost/Breakdown.h"
#include "codesign/Cost/Corrections.h"
#include "codesign/Cost/GemmConstants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"
#include "llvm/ADT/BitVector.h"
#include <array>
#include <optional>
#include <vector>

namespace codesign {

/// A macro-tile of the output that one workgroup computes.
struct GemmTile {
  int m = 0, n = 0;
  int depth = 64; // of k between two barriers
  // How often each element of A's part is read from LDS, by the waves along n, and of B's. NVIDIA's own
  // kernels: and written.
  double readsA = 1;
  double readsB = 1;
  // How often each element of A's and of B's part is brought in from L2; what comes with it counts as more.
  double fetchesA = 1, fetchesB = 1;
  // Clocks of products, and of what the vector unit makes of their operands first, over those that products
  // take at the device's rate for their type.
  double productWork = 1, conversionWork = 0;
  double combineCycles = 0; // after the loop, in which waves that share k add up their sums
  // For 64 of k, that a workgroup takes however few run, and how many of them a compute unit holds; 0: not
  // known, and few workgroups are bound by the HBM bytes that they can have in flight.
  double aloneCycles = 0;
  int residents = 1;
  double exposedCycles = 0; // for 64 of k, which the slowest of products and operand delivery does not hide
  int maxRows = 0;          // up to which the kernel is made: one tile holds them; 0: any number
  int minRows = 0;          // from which on it is taken
  int maxSplitK = 16;       // workgroups that may share the k of one
  int maxSplitRows = 0;     // up to which a tile is split, if not cut anywhere
  double partCycles = 0;    // in which the last of them adds the sums of one
  int partSteps = 0;        // of `depth`, that each of them has a multiple of; 0: k is cut anywhere
  // Of a Stream-K launch, which cuts the last tiles in runs of so many steps of `depth` or more; 0: none is
  // cut.
  int streamWorkgroups = 0, streamLeastSteps = 2;
  double cutCycles = 0; // that a workgroup waits at a cut, beside what a split costs
  // Workgroups, one above the other or side by side, that compute neighbouring tiles and ask L2 once for what
  // they share.
  int clusterM = 1, clusterN = 1;

  bool serves(double rows) const { return rows >= minRows && (maxRows == 0 || rows <= maxRows); }
};

/// What the model found cheapest; the numbers that explain a time.
struct GemmChoice {
  GemmTile tile;
  size_t tileIndex = 0; // into the provider's tiles
  int splitK = 1;
  bool streamK = false;   // the tile's workgroups share the steps of the last tiles
  bool swapped = false;   // the tile's m runs along the output's columns
  int64_t tiles = 0;      // workgroups, splits included; with Stream-K output tiles
  double waves = 0;       // tiles ÷ compute units, not rounded
  double lastWaveUse = 1; // share of the compute units that the last wave occupies
  double paddedShare = 0; // of the multiplied elements that lie outside the output
};

/// What a workgroup asks for in 64 of k.
template <class Real>
struct TileStepOf {
  Real area;               // elements of the output
  Real products;           // the same, times the longer of products and conversions
  Real lds;                // elements read from LDS per column of k
  Real fetchedM, fetchedN; // elements of the operands along m and n that L2 delivers per column of k
  Real askM, askN;         // clocks of L2 for a byte of each element per column of k, by operand, if all ask
  Real overhead;           // cycles
};
using TileStep = TileStepOf<double>;

/// The tiles that kernels of a vendor's library have. AMD's come in steps of 16 down to 16 rows, NVIDIA's
/// follow the shapes of mma and wgmma; the accumulators must fit the registers of a workgroup.
std::vector<GemmTile> libraryTiles(const Profile &profile);

/// What a provider has to choose from.
struct GemmKernels {
  std::vector<GemmTile> tiles; // none: every product costs infinity
  bool swapsOperands = true;   // has each tile in both orientations
  // Of L2 to all compute units together, in bytes per clock; 0: what each can take in is the only limit.
  double deviceBytesPerClock = 0;
  // Whether rows of the weights that start at multiples of 512 bytes meet in channels; not where they are
  // padded, or shuffled and no rows any more.
  bool weightRowsConflict = true;
};

/// One way to compute a product.
struct GemmCandidate {
  size_t tile = 0; // into the provider's tiles
  int splitK = 1;
  bool swapped = false;
  bool streamK = false;
};

class GemmModel {
public:
  /// `sustained`: long runs at the power limit; the mma rate is then at most the achievable rate of the
  /// profile.
  GemmModel(const Profile &profile, const GemmConstants &constants, GemmKernels kernels, bool sustained);

  /// From here on times include corrections over m, n and k, as the term "measured neighbours": for single
  /// products of a type that the matrix units have. They push no time below the sustained limit.
  void correct(const CalibrationCorrections &learnt);

  /// Seconds of one product; all sizes positive, `batch` products in one launch. Includes the quantisation
  /// pass of constants that were fitted with one only if `withQuantization`.
  Breakdown breakdown(const GemmShape &shape, GemmChoice *choice = nullptr,
                      bool withQuantization = false) const;
  /// The same for products whose rows differ: `shape.m` is their mean over `shape.batch` of them, and each
  /// ends anywhere in its last tile, half a tile on average.
  Breakdown breakdownOfRandomRows(const GemmShape &shape, GemmChoice *choice = nullptr) const;
  /// breakdown(shape).time() without the parts.
  Seconds time(const GemmShape &shape, bool withQuantization = false) const;

  /// A type that the matrix units lack is priced as weight-only: weights are read at their own width,
  /// activations and products are bf16.

  /// The `count` cheapest candidates, best first; a fit whose constants move little prices only these.
  std::vector<GemmCandidate> cheapest(const GemmShape &shape, size_t count) const;
  /// The time if the library had these candidates only.
  Seconds timeAmong(const GemmShape &shape, llvm::ArrayRef<GemmCandidate> candidates,
                    bool withQuantization = false) const;
  /// The time of one candidate, of one product or of products whose rows differ. Infinitely long where its
  /// tile is not for so many or so few rows, or its split or Stream-K is not for this product.
  Seconds timeOf(const GemmShape &shape, const GemmCandidate &candidate, bool randomRows) const;
  /// The cheapest candidate of the tiles that `without` does not name, a bit for each; none where none of
  /// them serves the product. It takes timeOf().
  std::optional<GemmCandidate> cheapestWithout(const llvm::BitVector &without, const GemmShape &shape,
                                               bool randomRows) const;
  /// Every candidate of a shape: what time() takes the minimum of.
  std::vector<GemmCandidate> candidates(const GemmShape &shape) const;

private:
  struct Terms;
  struct Problem;
  struct Block;
  struct SplitCosts;
  struct StreamRuns;
  struct Wave;
  Problem problemOf(const GemmShape &shape, bool swapped) const;
  bool isSensible(const Problem &problem, const GemmTile &tile) const;
  bool canSplit(const Problem &problem, const GemmTile &tile, double grid, int split) const;
  bool canStream(const Problem &problem, const GemmTile &tile) const;
  StreamRuns runsOf(const Problem &problem, const GemmTile &tile) const;
  void fillColumns();
  void layOver(const Problem &problem, llvm::SmallVectorImpl<Block> &grid) const;
  static void exclude(const llvm::BitVector &without, llvm::MutableArrayRef<Block> grid);
  void addReloads(const Problem &problem, size_t first, Block &block, size_t size) const;
  double splitBound(const Problem &problem, const Block &block, size_t i, size_t tile, size_t number,
                    const SplitCosts &parts) const;
  double price(const Problem &problem, size_t tile, int split, bool streamK, Terms *terms) const;
  /// Seconds of partial sums for each part of a split.
  double splitTraffic(const Problem &problem) const;
  double beyondSharedCache(const Wave &wave, double waves) const;
  /// Seconds of the cheapest candidate, infinite where there is none; of all tiles or of some.
  double best(const GemmShape &shape, GemmCandidate &candidate,
              const llvm::BitVector *without = nullptr) const;
  double bestOfRandomRows(const GemmShape &shape, GemmCandidate &candidate,
                          const llvm::BitVector *without = nullptr) const;
  Breakdown breakdownOf(const GemmShape &shape, const GemmCandidate &found, const Problem &problem,
                        GemmChoice *choice, bool withQuantization) const;
  void addRuledTiles();
  bool isRuled(const GemmShape &shape) const {
    return constants.ruledRows > 0 && double(shape.m) > constants.ruledRows;
  }
  GemmCandidate ruledChoice(const GemmShape &shape) const;
  double alignmentFactor(const GemmShape &shape) const;
  double partialBlock(const GemmShape &shape) const;
  double quantization(const GemmShape &shape) const;
  double correction(const GemmShape &shape, double seconds) const;

  GemmConstants constants;
  GemmKernels kernels;
  size_t firstRuled = 0; // of the tiles that are taken by rule
  std::optional<Corrections> corrections;
  bool sustained;
  int computeUnits;
  int sharedCaches; // instances of L2, each with as many of the compute units
  double clock, memoryBandwidth, cachedBytes, lastLevelBytes, achievedBandwidth, sharedBytesPerClock,
      sharedCacheBytes; // of one L2
  /// Per operand type, looked up once: FLOP per clock of a compute unit, the sustained limit in FLOP/s, and
  /// what an element occupies once widened to a type that the matrix units have.
  struct MatrixRate {
    double flopsPerClock = 0, limit = 0, elementBytes = 0;
  };
  std::array<MatrixRate, static_cast<size_t>(DataType::I4) + 1> matrixRates;
  std::vector<TileStep> steps64; // of each tile
  /// What bounds need of each tile, in columns: the search runs along them.
  struct TileColumns {
    std::vector<float> area, products, lds, fetchedM, fetchedN, askM, askN, overhead; // as in TileStepOf
    std::vector<float> m, n;                                                          // extents
    std::vector<float> rootShape;                                                     // square root of n ÷ m
    std::vector<float> alone;       // cycles per 64 of k that a workgroup takes however few run
    std::vector<float> unitSeconds; // of an HBM byte if all have their most in flight; 0 with `alone` known
    std::vector<float> prologue;    // seconds
    std::vector<float> splitTiles;  // fewer are split; 0: never
    std::vector<float>
        cutSeconds; // of a workgroup whose run ends inside of tiles; infinite: tiles are not cut
    std::vector<float> leastRows, mostRows, clusterM, clusterN;
    std::vector<int> edgeM, edgeN; // of the extents, into edges
    std::vector<double> edges;     // distinct extents
  } columns;
};

} // namespace codesign
