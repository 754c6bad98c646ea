// What the verifier asks of tensor copies, mbarriers, roles and products from shared memory.
#include "codesign/Isa/MemoryInstruction.h"
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Operand.h"

using namespace mlir;

namespace codesign::kernel {

namespace {

constexpr int64_t warpsPerGroup = 4;
constexpr int64_t registersPerMultiprocessor = 65536; // CUDA C++ programming guide, compute capability 9.0
constexpr int64_t registerStep = 8, minRegisters = 24, maxRegisters = 256; // PTX ISA, setmaxnreg
constexpr uint64_t transactionLimit = (1 << 20) - 1;                       // PTX ISA, tx-count of an mbarrier
constexpr int64_t rowsPerAtom = 8; // rows after which a swizzle repeats

bool isSwizzledSpan(int64_t bytes) {
  return bytes == 32 || bytes == 64 || bytes == 128;
}

int64_t byteCount(Type element, int64_t count) {
  return count * element.getIntOrFloatBitWidth() / 8;
}

LogicalResult verifyTensorCopies(Operation *op) {
  auto kernel = op->getParentOfType<FuncOp>();
  if (!kernel)
    return op->emitOpError("stands outside a kernel.func");
  const Architecture architecture = *parseArchitecture(kernel.getTarget().getArchitecture().getValue());
  const bool hasEngine = llvm::any_of(copyInstructions(architecture), [](const CopyInstruction &copy) {
    return StringRef(copy.name) == "tma_load_2d";
  });
  if (!hasEngine)
    return op->emitOpError() << toString(architecture) << " has no copy engine for tensors (TMA)";
  return success();
}

/// A slot or ring whose rows the copy engine can permute.
LogicalResult verifySwizzledTile(Operation *op, TileType tile, bool ring) {
  if (tile.getSpace() != Space::Shared || tile.isRing() != ring)
    return op->emitOpError() << "takes " << (ring ? "a ring of tiles" : "one tile") << " in LDS";
  if (!isa<SwizzledAttr>(tile.getLayout()) ||
      !isSwizzledSpan(byteCount(tile.getElementType(), tile.getColumns())))
    return op->emitOpError() << "takes swizzled rows of 32, 64 or 128 bytes, not " << tile;
  if (tile.getRows() % rowsPerAtom)
    return op->emitOpError() << tile.getRows()
                             << " rows are no multiple of the 8 after which a swizzle repeats";
  return success();
}

/// An operand of products: its k along columns, or along the rows of panels.
LogicalResult verifyOperandTile(Operation *op, TileType tile) {
  if (!isa<PanelsAttr>(tile.getLayout()))
    return verifySwizzledTile(op, tile, false);
  if (tile.getSpace() != Space::Shared || tile.isRing() || tile.getRows() % rowsPerAtom)
    return op->emitOpError() << "takes one tile in LDS, of rows in multiples of 8, not " << tile;
  if (tile.getElementType().getIntOrFloatBitWidth() != 16)
    return op->emitOpError() << "takes " << tile.getElementType() << " with k along columns only";
  return success();
}

int64_t depthOf(TileType tile) {
  return isa<PanelsAttr>(tile.getLayout()) ? tile.getRows() : tile.getColumns();
}
int64_t extentOf(TileType tile) {
  return isa<PanelsAttr>(tile.getLayout()) ? tile.getColumns() : tile.getRows();
}

LogicalResult verifyBox(Operation *op, TensorMapType map, int64_t rows, TileType tile) {
  if (map.getElementType() != tile.getElementType() || map.getBox()[1] != tile.getColumns() ||
      map.getBox()[0] != rows)
    return op->emitOpError() << "moves boxes of " << map << " but the tile is " << tile;
  return success();
}

} // namespace

RolesOp FuncOp::getRoles() {
  auto roles = getBody().front().getOps<RolesOp>();
  return roles.empty() ? RolesOp() : *roles.begin();
}

int64_t FuncOp::getThreadCount() {
  const bool hasRoles = !getBody().empty() && getRoles();
  const int64_t waves = hasRoles ? (getWaveCount() + 1) * warpsPerGroup : getWaveCount();
  return waves * getTarget().getWaveSize();
}

int64_t FuncOp::getCopyingThreads() {
  return !getBody().empty() && getRoles() ? warpsPerGroup * getTarget().getWaveSize() : getThreadCount();
}

LogicalResult TileCountOp::verify() {
  if (getTile().size() != 2 || getTile()[0] < 1 || getTile()[1] < 1 || getColumns() < 1)
    return emitOpError("the tile has two positive extents, columns are positive");
  return success();
}

LogicalResult RolesOp::verify() {
  auto kernel = (*this)->getParentOfType<FuncOp>();
  if (failed(verifyTensorCopies(*this)))
    return failure();
  if (getWhole() && kernel.getClusterSize() > 1)
    return emitOpError("a warpgroup that copies rows fills the shared memory of its own workgroup, not of a "
                       "cluster");
  if (getProducerRegisters() == 0 && getConsumerRegisters() == 0)
    return success();
  for (int64_t registers : {getProducerRegisters(), getConsumerRegisters()})
    if (registers % registerStep || registers < minRegisters || registers > maxRegisters)
      return emitOpError() << registers << " registers: setmaxnreg takes multiples of 8 from 24 to 256";
  // The launch gives every thread the same; only what the producer returns can be taken.
  const int64_t threads = kernel.getThreadCount(), groups = kernel.getWaveCount();
  const int64_t launched = std::min<int64_t>(
      registersPerMultiprocessor / (threads * kernel.getResidency()) / registerStep * registerStep,
      kernel.getTarget().getRegistersPerLane() / registerStep * registerStep);
  const int64_t wanted = getProducerRegisters() + groups * getConsumerRegisters();
  if (wanted > launched * (groups + 1))
    return emitOpError() << "wants " << wanted << " registers for a lane of each warpgroup; a launch of "
                         << threads << " threads has " << launched * (groups + 1);
  return success();
}

LogicalResult GroupOp::verify() {
  auto roles = (*this)->getParentOfType<RolesOp>();
  if (!roles || !roles.getConsumers().isAncestor((*this)->getParentRegion()))
    return emitOpError("of the roles, consumers have a number");
  return success();
}

LogicalResult MbarriersOp::verify() {
  if (!isSafeIdentifier(getName()))
    return emitOpError() << "'" << getName() << "' is no identifier for emitted code";
  return getArrivals() > 0 ? success() : LogicalResult(emitOpError("a phase takes at least one arrival"));
}

LogicalResult ExpectBytesOp::verify() {
  if (getBytes() < 1 || getBytes() > transactionLimit)
    return emitOpError() << getBytes() << " bytes; an mbarrier counts up to " << transactionLimit;
  return success();
}

/// Columns of a panel.
static int64_t panelColumns(Type element) {
  return bankCycleBytes * 8 / element.getIntOrFloatBitWidth();
}

int64_t CopyTensorOp::getBoxes() {
  const TileType tile = getTile().getType();
  if (!isa<PanelsAttr>(tile.getLayout()))
    return 1;
  const int64_t panels = tile.getColumns() / panelColumns(tile.getElementType());
  return panels / (getMulticast() ? (*this)->getParentOfType<FuncOp>().getClusterSize() : 1);
}

/// Boxes that are panels of a tile, or of a workgroup's share of it.
static LogicalResult verifyPanels(CopyTensorOp op) {
  const TileType tile = op.getTile().getType();
  const TensorMapType map = op.getMap().getType();
  if (map.getElementType() != tile.getElementType() || map.getBox()[0] != tile.getRows() ||
      map.getBox()[1] != panelColumns(tile.getElementType()))
    return op.emitOpError() << "moves boxes of " << map << " that are no panels of " << tile;
  const int64_t panels = tile.getColumns() / map.getBox()[1];
  if (op.getMulticast() && panels % op->getParentOfType<FuncOp>().getClusterSize())
    return op.emitOpError() << panels << " panels are not shared out among the workgroups of a cluster";
  return success();
}

LogicalResult CopyTensorOp::verify() {
  if (getMulticast() && (*this)->getParentOfType<FuncOp>().getClusterSize() == 1)
    return emitOpError("multicasts, but the kernel has no cluster");
  if (isa<PanelsAttr>(getTile().getType().getLayout()))
    return failed(verifyTensorCopies(*this)) || failed(verifyOperandTile(*this, getTile().getType()))
               ? failure()
               : verifyPanels(*this);
  if (failed(verifyTensorCopies(*this)) || failed(verifySwizzledTile(*this, getTile().getType(), false)) ||
      failed(verifyBox(*this, getMap().getType(), getMap().getType().getBox()[0], getTile().getType())))
    return failure();
  const int64_t boxRows = getMap().getType().getBox()[0];
  if (boxRows > getTile().getType().getRows() || boxRows % rowsPerAtom)
    return emitOpError() << "a box of " << boxRows << " rows does not fit " << getTile().getType();
  return success();
}

LogicalResult StageOp::verify() {
  TileType ring = getRing().getType();
  FragmentType fragment = getFragment().getType();
  if (failed(verifySwizzledTile(*this, ring, true)))
    return failure();
  if (fragment.getRole() != Role::Accumulator || fragment.getShape()[0] != ring.getRows() ||
      fragment.getShape()[1] % ring.getColumns() ||
      fragment.getShape()[1] > ring.getColumns() * ring.getSlots())
    return emitOpError() << fragment << " does not fill whole panels of " << ring;
  if (ring.getElementType().getIntOrFloatBitWidth() > 16)
    return emitOpError("rounds to 16 or 8 bits");
  if (ring.getElementType().getIntOrFloatBitWidth() == 8 &&
      quantisedElementOf(getFragment()) != ring.getElementType())
    return emitOpError("writes 8 bits of sums that kernel.quantise has not saturated");
  return success();
}

LogicalResult StoreTensorOp::verify() {
  if (failed(verifyTensorCopies(*this)) || failed(verifySwizzledTile(*this, getRing().getType(), true)))
    return failure();
  if (getCount() == 0 || static_cast<int64_t>(getCount()) > getRing().getType().getSlots())
    return emitOpError("stores panels that the ring does not have");
  return verifyBox(*this, getMap().getType(), getRing().getType().getRows(), getRing().getType());
}

LogicalResult AddProductsOp::verify() {
  FragmentType sums = getSums().getType();
  if (sums.getRole() != Role::Accumulator)
    return emitOpError("adds accumulators");
  if (getScales() && getScales().getType().getRows() != sums.getShape()[0])
    return emitOpError() << "has " << getScales().getType().getRows() << " scales for " << sums.getShape()[0]
                         << " rows";
  return verifyFragment(*this, sums);
}

LogicalResult WgmmaOp::verify() {
  auto kernel = (*this)->getParentOfType<FuncOp>();
  if (!kernel)
    return emitOpError("stands outside a kernel.func");
  std::string reason;
  FragmentType sums = getAccumulator().getType();
  const MatrixInstruction *record =
      checkFragment(sums, *parseArchitecture(kernel.getTarget().getArchitecture().getValue()), reason);
  if (!record)
    return emitOpError() << reason;
  if (record->kind != MatrixInstructionKind::Wgmma || record->a.space != OperandSpace::SharedMemory)
    return emitOpError() << record->name << " does not take both operands from shared memory";
  if (sums.getRole() != Role::Accumulator)
    return emitOpError("adds to accumulators");
  TileType a = getA().getType(), b = getB().getType();
  for (TileType tile : {a, b})
    if (failed(verifyOperandTile(*this, tile)))
      return failure();
  const std::optional<DataType> aType = dataTypeOf(a.getElementType()),
                                bType = dataTypeOf(b.getElementType());
  if (aType != record->a.type || bType != record->b.type)
    return emitOpError() << record->name << " multiplies " << toString(record->a.type) << " by "
                         << toString(record->b.type) << ", not " << a << " by " << b;
  if (depthOf(a) != depthOf(b) || depthOf(a) % record->k)
    return emitOpError() << "depths of " << a << " and " << b << " differ or are no multiple of "
                         << record->k;
  if (isa<PanelsAttr>(b.getLayout()) && record->n % panelColumns(b.getElementType()))
    return emitOpError() << record->name << " begins and ends inside of a panel of " << b;
  if (sums.getShape()[0] > extentOf(a) || sums.getShape()[1] > extentOf(b))
    return emitOpError() << sums << " is larger than " << a << " by " << b;
  return success();
}

} // namespace codesign::kernel
