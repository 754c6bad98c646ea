#include "Agent.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cstring>
#include <utility>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

static constexpr int64_t warpsPerGroup = 4;

/// Where row `row` of an operand begins in its tile: a row, or where k runs along rows, a panel of columns.
static int64_t startOf(TileType tile, int64_t row) {
  const int64_t elementBytes = tile.getElementType().getIntOrFloatBitWidth() / 8;
  if (isa<PanelsAttr>(tile.getLayout()))
    return row * elementBytes / bankCycleBytes * tile.getRows() * bankCycleBytes;
  return row * tile.getColumns() * elementBytes;
}

Cluster::Cluster(FuncOp function, int64_t index, int64_t count)
    : index(index), count(count), agentsPerWorkgroup(function.getWaveCount() + 1),
      workgroups(function.getClusterSize(), WorkgroupMemory(function.getSharedBytes())),
      running(function.getClusterSize(), agentsPerWorkgroup) {}

Error Cluster::run(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t rowCount) {
  std::vector<std::function<Error()>> bodies;
  for (int64_t rank = 0; rank < static_cast<int64_t>(workgroups.size()); ++rank)
    for (int64_t group = -1; group < function.getWaveCount(); ++group)
      bodies.emplace_back([this, function, arguments, rank, group, rowCount] {
        return Agent(function, arguments, *this, rank, group, rowCount).runToEnd();
      });
  return scheduler.run(bodies);
}

Agent::Agent(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, Cluster &cluster, int64_t rank,
             int64_t group, int64_t rowCount)
    : Interpreter(function, arguments, cluster.index * function.getClusterSize() + rank, /*waves=*/1),
      cluster(cluster), memory(cluster.workgroups[rank]), rank(rank), group(group) {
  halves.resize(group < 0 ? 1 : 2);
  RolesOp roles = function.getRoles();
  halves.front().warps = group < 0 && roles && roles.getWhole() ? warpsPerGroup : 1;
  if (group >= 0)
    halves.back().warps = warpsPerGroup - 1;
  for (BlockArgument argument : function.getBody().getArguments())
    if (auto map = dyn_cast<TensorMapType>(argument.getType()); map && ShapedType::isDynamic(map.getRows()))
      values[argument].tile.rowLimit = rowCount;
}

Error Agent::runToEnd() {
  if (Error error = Interpreter::run())
    return error;
  --cluster.running[rank];
  if (!products.empty())
    return llvm::createStringError("a workgroup ends while products are under way");
  if (!openCopies.empty() || !copyGroups.empty())
    return llvm::createStringError("a workgroup ends while it copies");
  if (!stores.empty())
    return llvm::createStringError("a workgroup ends while the copy engine reads its LDS");
  return Error::success();
}

Error Agent::runOperation(Operation *op) {
  const bool mayTouch = isa<WgmmaOp, WaitProductsOp, scf::ForOp, scf::YieldOp, ZeroOp>(op);
  if (!products.empty() && !mayTouch &&
      llvm::any_of(op->getOperandTypes(), [](Type type) { return isa<FragmentType>(type); }))
    return fail(op, "uses sums to which products under way still add");
  if (auto copy = dyn_cast<CopyAsyncOp>(op))
    return run(copy);
  if (isa<CommitCopiesOp>(op))
    copyGroups.push_back(std::exchange(openCopies, {}));
  else if (auto wait = dyn_cast<WaitCopiesOp>(op))
    waitCopies(wait.getPending());
  else
    return Interpreter::runOperation(op);
  return Error::success();
}

Error Agent::run(CopyAsyncOp op) {
  const TileType type = op.getTile().getType();
  const int64_t first = values[op.getTile()].tile.firstByte, length = chunkLength(type.getElementType());
  const unsigned access = newAccess();
  if (Error error = memory.write(first, type.getSizeInBytes(), access, halves[0].knowledge))
    return at(op, std::move(error));
  for (int64_t i = 0; i < type.getRows(); ++i)
    for (int64_t j = 0; j < type.getColumns(); j += length)
      readChunk(values[op.getRows()].tile, i, number(op.getColumn()) + j,
                &memory.bytes[first + type.getByteOffset(i, j)]);
  openCopies.push_back(access);
  return Error::success();
}

void Agent::waitCopies(size_t pending) {
  for (; copyGroups.size() > pending; copyGroups.pop_front())
    for (unsigned copy : copyGroups.front()) {
      halves[0].knowledge.over.set(copy);
      halves[0].written.set(copy); // the copy engine and the matrix cores may rely on it past a fence
    }
}

Error Agent::runOther(Operation *op) {
  auto number = [&](mlir::Value value, int64_t is) { values[value].index.assign(1, is); };
  return llvm::TypeSwitch<Operation *, Error>(op)
      .Case<ClusterPositionOp>([&](ClusterPositionOp position) {
        number(position.getIndex(), cluster.index);
        number(position.getCount(), cluster.count);
        number(position.getRank(), rank);
        return Error::success();
      })
      .Case<TileCountOp>([&](TileCountOp count) {
        const int64_t rows = llvm::divideCeil(this->number(count.getRows()), count.getTile()[0]);
        number(count.getResult(),
               rows * llvm::divideCeil(static_cast<int64_t>(count.getColumns()), count.getTile()[1]));
        return Error::success();
      })
      .Case<GroupOp>([&](GroupOp op) {
        number(op.getResult(), group);
        return Error::success();
      })
      .Case<RolesOp>([&](RolesOp roles) {
        return runBlock((group < 0 ? roles.getProducer() : roles.getConsumers()).front());
      })
      .Case<GroupBarrierOp>([&](auto) {
        halves[0].knowledge.join(halves[1].knowledge);
        halves[1].knowledge = halves[0].knowledge;
        return Error::success();
      })
      .Case<FenceAsyncOp>([&](auto) {
        for (Half &half : halves)
          half.knowledge.fenced |= half.written;
        return Error::success();
      })
      .Case<WaitStoresOp>([&](auto) {
        for (unsigned store : stores)
          halves[0].knowledge.add(store);
        stores.clear();
        return Error::success();
      })
      .Case<MbarriersOp, ClusterBarrierOp, AwaitOp, ArriveOp, ExpectBytesOp, CopyTensorOp, StageOp,
            StoreTensorOp, WgmmaOp, WaitProductsOp, AddProductsOp, CountExpertTilesOp, ExpertTileCountOp,
            ExpertTileAtOp, StorePanelsOp, SumGroupPartsOp>([&](auto known) { return run(known); })
      .Default([&](Operation *unknown) { return Interpreter::runOther(unknown); });
}

/// Warps share what memory tells apart, so that all of them count as having written it.
Error Agent::writeShared(int64_t byte, const uint8_t *from, int64_t) {
  const unsigned access = newAccess();
  for (const Half &half : halves)
    if (Error error = memory.write(byte, chunkBytes, access, half.knowledge))
      return error;
  for (Half &half : halves) {
    half.knowledge.over.set(access);
    half.written.set(access);
  }
  std::memcpy(&memory.bytes[byte], from, chunkBytes);
  return Error::success();
}

Error Agent::readShared(int64_t byte, uint8_t *to, int64_t) {
  const unsigned access = newAccess();
  for (Half &half : halves) {
    if (Error error = memory.read(byte, chunkBytes, access, half.knowledge, false))
      return error;
    half.knowledge.over.set(access);
  }
  std::memcpy(to, &memory.bytes[byte], chunkBytes);
  return Error::success();
}

Error Agent::run(MbarriersOp op) {
  const int64_t count = op.getType().getCount();
  values[op.getResult()].tile.firstByte = barrierTop;
  barrierTop += count;
  if (static_cast<int64_t>(memory.barriers.size()) < barrierTop)
    memory.barriers.resize(barrierTop);
  if (group >= 0)
    return Error::success();
  for (int64_t i = barrierTop - count; i < barrierTop; ++i) {
    Mbarrier &barrier = memory.barriers[i];
    barrier.initialised = true;
    barrier.arrivals = barrier.pending = op.getArrivals();
    barrier.setUp = newAccess();
    halves[0].knowledge.add(barrier.setUp);
  }
  return Error::success();
}

llvm::Expected<Mbarrier *> Agent::barrierOf(Operation *op, mlir::Value ring, mlir::Value use, int64_t at) {
  WorkgroupMemory &owner = cluster.workgroups[at];
  const size_t index =
      values[ring].tile.firstByte + number(use) % cast<MbarriersType>(ring.getType()).getCount();
  if (index >= owner.barriers.size() || !owner.barriers[index].initialised)
    return fail(op, "uses an mbarrier that is not set up yet");
  for (const Half &half : halves)
    if (!half.knowledge.over.test(owner.barriers[index].setUp))
      return fail(op, "uses an mbarrier without a barrier since it was set up");
  return &owner.barriers[index];
}

Error Agent::checkRunning(Operation *op, int64_t at) {
  return cluster.running[at] == 0 ? fail(op, "reaches into a workgroup that has ended") : Error::success();
}

Error Agent::run(ClusterBarrierOp) {
  const int64_t meeting = cluster.meetings;
  for (Half &half : halves)
    cluster.gathered.join(half.knowledge);
  if (++cluster.arrived == cluster.agentsPerWorkgroup * static_cast<int64_t>(cluster.workgroups.size())) {
    cluster.arrived = 0;
    cluster.met = cluster.gathered;
    ++cluster.meetings;
  }
  if (Error error = cluster.scheduler.wait([&] { return cluster.meetings > meeting; },
                                           "a cluster barrier that not all reach"))
    return error;
  for (Half &half : halves)
    half.knowledge.join(cluster.met);
  return Error::success();
}

Error Agent::run(AwaitOp op) {
  llvm::Expected<Mbarrier *> found = barrierOf(op, op.getBarriers(), op.getUse(), rank);
  if (!found)
    return found.takeError();
  Mbarrier &barrier = **found;
  const int64_t round = number(op.getUse()) / op.getBarriers().getType().getCount();
  const int64_t parity = (round + (op.getPrevious() ? 1 : 0)) % 2;
  const std::string who = group < 0 ? "the producer" : "consumer " + std::to_string(group);
  if (Error error =
          cluster.scheduler.wait([&] { return barrier.phase % 2 != parity; },
                                 who + " of workgroup " + std::to_string(rank) + " waits for phase " +
                                     std::to_string(round - (op.getPrevious() ? 1 : 0)) +
                                     " of an mbarrier with " + std::to_string(barrier.pending) +
                                     " arrivals and " + std::to_string(barrier.bytes) + " bytes to come"))
    return error;
  for (Half &half : halves)
    half.knowledge.join(barrier.atLastPhase);
  return Error::success();
}

Error Agent::run(ArriveOp op) {
  for (size_t target = 0; target < cluster.workgroups.size(); ++target) {
    if (Error error = checkRunning(op, target))
      return error;
    llvm::Expected<Mbarrier *> barrier = barrierOf(op, op.getBarriers(), op.getUse(), target);
    if (!barrier)
      return barrier.takeError();
    for (const Half &half : halves)
      (*barrier)->arrive(half.warps, 0, half.knowledge);
  }
  return Error::success();
}

Error Agent::run(ExpectBytesOp op) {
  llvm::Expected<Mbarrier *> barrier = barrierOf(op, op.getBarriers(), op.getUse(), rank);
  if (!barrier)
    return barrier.takeError();
  (*barrier)->arrive(1, op.getBytes(), halves[0].knowledge);
  return Error::success();
}

Error Agent::run(CopyTensorOp op) {
  const TensorMapType map = op.getMap().getType();
  const TileType type = op.getTile().getType();
  Tile from = values[op.getMap()].tile;
  const int64_t row = number(op.getRow()), column = number(op.getColumn()), toRow = number(op.getToRow());
  const int64_t boxRows = map.getBox()[0], boxColumns = map.getBox()[1];
  const int64_t length = chunkLength(type.getElementType());
  const int64_t first = values[op.getTile()].tile.firstByte;
  // Where the boxes lie in the tile: below one another, or beside one another as its panels.
  const bool panels = isa<PanelsAttr>(type.getLayout());
  if (panels ? toRow % boxColumns || toRow + op.getBoxes() * boxColumns > type.getColumns()
             : toRow % 8 || toRow + boxRows > type.getRows())
    return fail(op, "the box does not lie in the tile, at a multiple of 8 rows or at a panel");
  const int64_t tileRow = panels ? 0 : toRow, tileColumn = panels ? toRow : 0;
  for (size_t target = 0; target < cluster.workgroups.size(); ++target) {
    if (!op.getMulticast() && static_cast<int64_t>(target) != rank)
      continue;
    if (Error error = checkRunning(op, target))
      return error;
    WorkgroupMemory &to = cluster.workgroups[target];
    const unsigned access = newAccess();
    const int64_t bytes = op.getBoxes() * map.getBoxBytes();
    if (Error error = to.write(first + startOf(type, toRow), bytes, access, halves[0].knowledge))
      return at(op, std::move(error));
    for (int64_t i = 0; i < boxRows; ++i)
      for (int64_t j = 0; j < op.getBoxes() * boxColumns; j += length)
        readChunk(from, row + i, column + j,
                  &to.bytes[first + type.getByteOffset(tileRow + i, tileColumn + j)]);
    llvm::Expected<Mbarrier *> barrier = barrierOf(op, op.getBarriers(), op.getUse(), target);
    if (!barrier)
      return barrier.takeError();
    (*barrier)->complete(bytes, access);
  }
  return Error::success();
}

llvm::Expected<std::vector<float>> Agent::readOperand(mlir::Value tile, int64_t row, int64_t count,
                                                      unsigned access) {
  const auto type = cast<TileType>(tile.getType());
  const DataType element = *dataTypeOf(type.getElementType());
  const int64_t first = values[tile].tile.firstByte, start = startOf(type, row);
  for (const Half &half : halves)
    if (Error error =
            memory.read(first + start, startOf(type, row + count) - start, access, half.knowledge, true))
      return error;
  const bool across = isa<PanelsAttr>(type.getLayout());
  const int64_t depth = across ? type.getRows() : type.getColumns();
  std::vector<float> numbers(count * depth);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t k = 0; k < depth; ++k) {
      const int64_t byte = across ? type.getByteOffset(k, row + i) : type.getByteOffset(row + i, k);
      uint32_t bits = 0;
      std::memcpy(&bits, &memory.bytes[first + byte], bitWidth(element) / 8);
      numbers[i * depth + k] = decodeElement(element, bits);
    }
  return numbers;
}

Error Agent::run(WgmmaOp op) {
  const FragmentType type = op.getAccumulator().getType();
  const MatrixInstruction &record = Operand(type, architecture).instruction();
  const unsigned access = newAccess();
  llvm::Expected<std::vector<float>> left =
      readOperand(op.getA(), number(op.getRow()), type.getShape()[0], access);
  if (!left)
    return at(op, left.takeError());
  llvm::Expected<std::vector<float>> right =
      readOperand(op.getB(), number(op.getColumn()), type.getShape()[1], access);
  if (!right)
    return at(op, right.takeError());
  Fragment sums = takeFragment(op.getAccumulator());
  if (op.getFresh())
    std::fill(sums.begin(), sums.end(), 0.0f);
  const TileType a = op.getA().getType();
  const int64_t depth = isa<PanelsAttr>(a.getLayout()) ? a.getRows() : a.getColumns();
  forEachElement(type, [&](int64_t, size_t slot, int64_t i, int64_t j) {
    for (int64_t k = 0; k < depth; k += record.k) {
      float sum = 0;
      for (int64_t step = k; step < k + record.k; ++step)
        sum += (*left)[i * depth + step] * (*right)[j * depth + step];
      sums[slot] += sum;
    }
  });
  values[op.getResult()].fragment = std::move(sums);
  products.push_back(access);
  return Error::success();
}

Error Agent::run(WaitProductsOp op) {
  for (; products.size() > op.getPending(); products.pop_front())
    for (Half &half : halves)
      half.knowledge.add(products.front());
  values[op.getResult()].fragment = takeFragment(op.getAccumulator());
  return Error::success();
}

Error Agent::run(AddProductsOp op) {
  Fragment sums = takeFragment(op.getSums());
  const Fragment &added = values[op.getProducts()].fragment;
  const Fragment *scales = op.getScales() ? &values[op.getScales()].fragment : nullptr;
  const int64_t turns = op.getScales() ? op.getScales().getType().getTurns() : 1;
  forEachElement(op.getSums().getType(), [&](int64_t, size_t slot, int64_t i, int64_t j) {
    sums[slot] += scales ? added[slot] * (*scales)[i * turns + j % turns] : added[slot];
  });
  values[op.getResult()].fragment = std::move(sums);
  return Error::success();
}

} // namespace codesign
