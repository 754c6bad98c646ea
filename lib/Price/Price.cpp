#include "codesign/Price/Price.h"
#include "SharedAccess.h"
#include "codesign/Isa/MemoryInstruction.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

namespace {

constexpr int matrixCores = 4; // of a compute unit, on every architecture of the tables

std::optional<int64_t> evaluate(Value value) {
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return constant.getValue();
  if (auto constant = value.getDefiningOp<arith::ConstantIndexOp>())
    return constant.value();
  if (auto piece = value.getDefiningOp<StreamKPieceOp>(); piece && value == piece.getCount())
    return static_cast<int64_t>(piece.getWork().getSteps()); // of a tile that is not cut
  if (auto difference = value.getDefiningOp<arith::SubIOp>()) {
    std::optional<int64_t> left = evaluate(difference.getLhs()), right = evaluate(difference.getRhs());
    if (left && right)
      return *left - *right;
  }
  return std::nullopt;
}

/// The accumulators of a kernel whose waves all have alike ones.
Operand sumsOf(FuncOp function) {
  ZeroOp sums;
  function.walk([&](ZeroOp zero) { sums = zero; });
  return Operand(sums.getType(), *parseArchitecture(function.getTarget().getArchitecture().getValue()));
}

std::optional<int64_t> iterationsOf(scf::ForOp loop) {
  std::optional<int64_t> from = evaluate(loop.getLowerBound()), to = evaluate(loop.getUpperBound()),
                         step = evaluate(loop.getStep());
  if (!from || !to || !step || *step <= 0)
    return std::nullopt;
  return std::max<int64_t>(0, llvm::divideCeil(*to - *from, *step));
}

/// Whether a loop runs as often as the length of a reduction says, which the launch does.
bool knownAtLaunch(scf::ForOp loop) {
  Value end = loop.getUpperBound();
  if (auto difference = end.getDefiningOp<arith::SubIOp>())
    end = difference.getLhs();
  return end.getDefiningOp<DepthTilesOp>() != nullptr;
}

class Pricer {
public:
  explicit Pricer(FuncOp function)
      : function(function),
        architecture(*parseArchitecture(function.getTarget().getArchitecture().getValue())) {}

  llvm::Expected<KernelPrice> run();

private:
  /// Adds what a block does, `times` over; nested loops are multiplied out.
  llvm::Error count(Block &block, int64_t times, StepPrice &step);
  llvm::Error countOperation(Operation *op, int64_t times, StepPrice &step);
  llvm::Error addShared(SharedTraffic &traffic, llvm::Expected<SharedTraffic> one, int64_t times);
  RegisterPrice registers();
  void countProducts(WgmmaOp product, int64_t times, StepPrice &step);
  /// Rows under a swizzle cost as many passes as their bytes need.
  static void addSwizzled(SharedTraffic &traffic, int64_t bytes, int64_t instructions);
  /// The loops over k of both roles, as one step.
  llvm::Error priceRoles(KernelPrice &price);

  FuncOp function;
  Architecture architecture;
};

llvm::Error Pricer::addShared(SharedTraffic &traffic, llvm::Expected<SharedTraffic> one, int64_t times) {
  if (!one)
    return one.takeError();
  traffic.instructions += one->instructions * times;
  traffic.bytes += one->bytes * times;
  traffic.passes += one->passes * times;
  traffic.idealPasses += one->idealPasses * times;
  return llvm::Error::success();
}

llvm::Error Pricer::count(Block &block, int64_t times, StepPrice &step) {
  for (Operation &op : block)
    if (llvm::Error error = countOperation(&op, times, step))
      return error;
  return llvm::Error::success();
}

llvm::Error Pricer::countOperation(Operation *op, int64_t times, StepPrice &step) {
  const int64_t threads = function.getThreadCount(), waves = function.getWaveCount();
  auto addGlobal = [&](int64_t rows, int64_t columns, Type element) {
    const int64_t bytes = rows * columns * element.getIntOrFloatBitWidth() / 8;
    step.globalBytes += bytes * times;
    step.globalInstructions += llvm::divideCeil(bytes, chunkBytes * threads) * times;
  };
  return llvm::TypeSwitch<Operation *, llvm::Error>(op)
      .Case<scf::ForOp>([&](scf::ForOp loop) -> llvm::Error {
        std::optional<int64_t> iterations = iterationsOf(loop);
        if (!iterations)
          return llvm::createStringError("a loop's bounds are not known from the IR");
        return count(*loop.getBody(), times * *iterations, step);
      })
      .Case<FetchScalesOp>([&](FetchScalesOp fetch) {
        const int64_t rows = fetch.getType().getRows(), turns = fetch.getType().getTurns();
        step.globalBytes += (rows + turns) * int64_t(sizeof(float)) * waves * times;
        // One load for the rows that an instruction has, and one for the columns or those that take turns.
        step.globalInstructions += (rows / sumsOf(function).instruction().n + turns) * times;
        return llvm::Error::success();
      })
      .Case<MmaOp, MmaPartOp, MmaScaledOp>([&](auto mma) {
        const Operand a(mma.getA().getType(), architecture), b(mma.getB().getType(), architecture);
        const int64_t instructions =
            a.countFirst() * b.countFirst() * a.countSecond() * mma.getA().getType().getPack() * times;
        step.matrixInstructions += instructions;
        step.matrixCycles += Cycles(
            static_cast<double>(instructions * waves * a.instruction().cycles * a.instruction().matrixCores) /
            matrixCores);
        const int64_t conversions =
            operandConversions(a.instruction(), a.countFirst(), b.countFirst(), isa<MmaScaledOp>(op)) *
            a.countSecond() * mma.getA().getType().getPack() * times;
        if (conversions > 0)
          step.conversionCycles += Cycles(static_cast<double>(conversions * waves) *
                                          findIssueCost(architecture, "conversion")->cycles / matrixCores);
        return llvm::Error::success();
      })
      .Case<WgmmaOp>([&](WgmmaOp product) {
        countProducts(product, times, step);
        return llvm::Error::success();
      })
      .Case<CopyTensorOp>([&](CopyTensorOp copy) {
        const int64_t bytes = copy.getMap().getType().getBoxBytes() * copy.getBoxes() * times;
        step.globalBytes += bytes;
        step.globalInstructions += copy.getBoxes() * times;
        // With a multicast as many boxes arrive as workgroups send one.
        addSwizzled(step.writes, copy.getMulticast() ? bytes * function.getClusterSize() : bytes, times);
        return llvm::Error::success();
      })
      .Case<LoadFragmentOp>([&](LoadFragmentOp load) {
        return addShared(step.reads, fragmentReads(load, architecture, waves), times);
      })
      .Case<DepositOp>([&](DepositOp deposit) {
        const StagedType staged = deposit.getStaged().getType();
        return addShared(step.writes,
                         tileWrites(deposit.getTile().getType(), staged.getShape()[0], architecture, threads),
                         times);
      })
      .Case<DepositTransposedOp>([&](DepositTransposedOp deposit) {
        const TileType tile = deposit.getTile().getType();
        const int64_t blockBytes = chunkBytes * transposedBlock(tile.getElementType()).columns;
        // Halves trade places in one step, bytes in two; a word each.
        const int64_t steps = tile.getElementType().getIntOrFloatBitWidth() == 8 ? 2 : 1;
        step.permutes +=
            llvm::divideCeil(tile.getSizeInBytes(), blockBytes * threads) * (blockBytes / 4) * steps * times;
        return addShared(step.writes, blockWrites(deposit.getTile().getType(), architecture, threads), times);
      })
      .Case<FetchAcrossOp>([&](FetchAcrossOp fetch) {
        const int64_t bytes = fetch.getType().getShape()[0] * fetch.getType().getShape()[1] *
                              fetch.getType().getElementType().getIntOrFloatBitWidth() / 8;
        step.globalBytes += bytes * times;
        const BlockExtents block = transposedBlock(fetch.getType().getElementType());
        step.globalInstructions +=
            llvm::divideCeil(bytes, chunkBytes * block.columns * threads) * block.rows * times;
        return llvm::Error::success();
      })
      .Case<FetchOp>([&](FetchOp fetch) {
        addGlobal(fetch.getType().getShape()[0], fetch.getType().getShape()[1],
                  fetch.getType().getElementType());
        return llvm::Error::success();
      })
      .Case<FetchFragmentOp>([&](FetchFragmentOp fetch) {
        const Operand operand(fetch.getType(), architecture);
        const int64_t loads = operand.countFirst() * operand.countSecond() * operand.runsPerLane() *
                              operand.elementsPerGroup() / operand.depthsPerLane();
        step.globalInstructions += loads * times;
        step.globalBytes += loads * chunkBytes * threads * times;
        return llvm::Error::success();
      })
      .Case<CopyWaveRowsOp>([&](CopyWaveRowsOp copy) {
        const TileType tile = copy.getTile().getType();
        step.globalBytes += tile.getSizeInBytes() * times;
        step.globalInstructions += copy.getLoadsPerLane() * times;
        return addShared(step.writes, tileWrites(tile, tile.getRows(), architecture, threads), times);
      })
      .Case<CopyAsyncOp>([&](CopyAsyncOp copy) -> llvm::Error {
        TileType tile = copy.getTile().getType();
        step.globalBytes += tile.getSizeInBytes() * times;
        step.globalInstructions += copy.getLoadsPerThread() * times;
        if (vendorOf(architecture) == Vendor::Amd) { // lanes land side by side, without an LDS instruction
          addSwizzled(step.writes, tile.getSizeInBytes() * times, 0);
          return llvm::Error::success();
        }
        return addShared(step.writes,
                         tileWrites(tile, tile.getRows(), architecture, function.getCopyingThreads()), times);
      })
      .Case<SumListedRowsOp>([&](SumListedRowsOp sum) {
        // Each entry names a row of its own; the lists are read by every wave.
        const int64_t rows = sum.getTo().getType().getRows(), entries = sum.getEntries();
        const int64_t columns = std::min(sum.getWidth(), sum.getTo().getType().getColumns());
        step.globalBytes += rows * (columns * entries + entries) * int64_t(sizeof(float)) * times;
        step.globalInstructions += entries * times;
        return llvm::Error::success();
      })
      .Case<BarrierOp>([&](auto) {
        step.barriers += times;
        return llvm::Error::success();
      })
      .Default([](Operation *) { return llvm::Error::success(); });
}

void Pricer::addSwizzled(SharedTraffic &traffic, int64_t bytes, int64_t instructions) {
  traffic.instructions += instructions;
  traffic.bytes += bytes;
  traffic.passes += bytes / bankCycleBytes;
  traffic.idealPasses += bytes / bankCycleBytes;
}

void Pricer::countProducts(WgmmaOp product, int64_t times, StepPrice &step) {
  const Operand sums(product.getAccumulator().getType(), architecture);
  const MatrixInstruction &record = sums.instruction();
  const TileType tile = product.getA().getType();
  const int64_t instructions =
      sums.countFirst() * sums.countSecond() *
      ((isa<PanelsAttr>(tile.getLayout()) ? tile.getRows() : tile.getColumns()) / record.k) * times;
  const int64_t groups = function.getWaveCount();
  step.matrixInstructions += instructions;
  step.matrixCycles +=
      Cycles(static_cast<double>(instructions * groups * record.cycles * record.matrixCores) / matrixCores);
  // Every instruction reads both its operands.
  const int64_t elementBytes = tile.getElementType().getIntOrFloatBitWidth() / 8;
  addSwizzled(step.reads, instructions * groups * (record.m + record.n) * record.k * elementBytes,
              instructions);
}

llvm::Error Pricer::priceRoles(KernelPrice &price) {
  // Of each role the loop over most of k; the producer may have a shorter one before it.
  for (Region *role : {&function.getRoles().getProducer(), &function.getRoles().getConsumers()}) {
    scf::ForOp main;
    int64_t iterations = 0;
    role->walk([&](scf::ForOp loop) {
      const bool inner = loop.getBody()->getOps<scf::ForOp>().empty();
      const bool works =
          !loop.getBody()->getOps<WgmmaOp>().empty() || !loop.getBody()->getOps<CopyTensorOp>().empty();
      if (inner && works && iterationsOf(loop).value_or(1) >= iterations) {
        main = loop;
        iterations = iterationsOf(loop).value_or(1);
      }
    });
    if (!main)
      continue;
    if (llvm::Error error = count(*main.getBody(), 1, price.step))
      return error;
    // The producer's loop has all steps; the consumers' first stands before theirs.
    price.step.iterations = std::max(price.step.iterations, iterations);
  }
  return llvm::Error::success();
}

RegisterPrice Pricer::registers() {
  RegisterPrice price;
  function.walk(
      [&](ZeroOp zero) { price.accumulators += Operand(zero.getType(), architecture).registersPerLane(); });
  // Fragments that come straight from global memory are in flight like staged tiles, not beside them.
  llvm::DenseMap<StringAttr, int64_t> fetched;
  function.walk([&](FetchFragmentOp fetch) {
    fetched[fetch.getNameAttr()] = Operand(fetch.getType(), architecture).registersPerLane();
  });
  for (auto &entry : fetched)
    price.staging += entry.second;
  llvm::DenseMap<StringAttr, int64_t> loaded;
  function.walk([&](LoadFragmentOp load) {
    loaded[load.getNameAttr()] = Operand(load.getType(), architecture).registersPerLane();
  });
  for (auto &entry : loaded)
    price.fragments += entry.second;
  // Staged tiles live side by side; those of one name replace each other.
  llvm::DenseMap<StringAttr, int64_t> staged;
  auto addStaged = [&](auto fetch) {
    const int64_t bytes = fetch.getType().getShape()[0] * fetch.getType().getShape()[1] *
                          fetch.getType().getElementType().getIntOrFloatBitWidth() / 8;
    int64_t &registers = staged[fetch.getNameAttr()];
    registers =
        std::max<int64_t>(registers, llvm::divideCeil(bytes, chunkBytes * function.getThreadCount()) * 4);
  };
  function.walk([&](FetchOp fetch) { addStaged(fetch); });
  function.walk([&](FetchAcrossOp fetch) { addStaged(fetch); });
  for (auto &entry : staged)
    price.staging += entry.second;
  return price;
}

llvm::Expected<KernelPrice> Pricer::run() {
  KernelPrice price;
  price.threads = function.getThreadCount();
  price.sharedBytes = function.getSharedBytes();
  price.registers = registers();
  if (function.getRoles()) {
    if (llvm::Error error = priceRoles(price))
      return error;
    return price;
  }
  Block *main = nullptr, *all = &function.getBody().front();
  function.walk([&](StreamKPieceOp piece) { all = piece->getBlock(); });
  for (auto loop : all->getOps<scf::ForOp>()) {
    StepPrice step;
    std::optional<int64_t> iterations = iterationsOf(loop);
    if (!iterations && knownAtLaunch(loop))
      iterations = 1;
    if (!iterations)
      return llvm::createStringError("a loop's bounds are not known from the IR");
    step.iterations = *iterations;
    if (llvm::Error error = count(*loop.getBody(), 1, step))
      return error;
    if (step.matrixInstructions * step.iterations >
        price.step.matrixInstructions * (main ? price.step.iterations : 0)) {
      price.step = step;
      main = loop.getBody();
    }
  }
  if (!main)
    if (llvm::Error error = count(*all, 1, price.step))
      return error;
  return price;
}

} // namespace

llvm::Expected<KernelPrice> priceKernel(FuncOp function) {
  return Pricer(function).run();
}

int64_t workgroupsPerComputeUnit(const KernelPrice &price, int64_t registers, const Profile &profile) {
  const int64_t waves =
      std::max<int64_t>(1, llvm::divideCeil(price.threads, static_cast<int64_t>(profile.compute.waveSize)));
  // The waves of a workgroup go to whichever SIMDs have room.
  const int64_t simds = profile.compute.simdsPerComputeUnit;
  const int64_t byRegisters = profile.wavesPerSimd(static_cast<int>(registers)) * simds / waves;
  const int64_t byWaves = profile.compute.maxWavesPerSimd * simds / waves;
  int64_t byShared = byWaves;
  if (price.sharedBytes > 0)
    byShared =
        static_cast<int64_t>(profile.shared.capacityPerComputeUnit.value) /
        (llvm::alignTo(price.sharedBytes, static_cast<int64_t>(profile.shared.allocationGranule.value)) +
         static_cast<int64_t>(profile.shared.reservedPerWorkgroup.value));
  return std::min({byRegisters, byWaves, byShared});
}

} // namespace codesign
