#include "codesign/Isa/MemoryInstruction.h"
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Interfaces/FunctionImplementation.h"

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

using namespace mlir;

namespace codesign::kernel {

FuncOp kernelOf(Operation *op) {
  return op->getParentOfType<FuncOp>();
}

LogicalResult verifyName(Operation *op, StringRef name) {
  if (!isSafeIdentifier(name))
    return op->emitOpError() << "'" << name << "' is no identifier for emitted code";
  return success();
}

/// Ops that depend on the target stand inside a kernel; the reason names the instruction and what does not
/// fit.
LogicalResult verifyFragment(Operation *op, FragmentType type) {
  FuncOp kernel = kernelOf(op);
  if (!kernel)
    return op->emitOpError("stands outside a kernel.func");
  std::string reason;
  if (!checkFragment(type, *parseArchitecture(kernel.getTarget().getArchitecture().getValue()), reason))
    return op->emitOpError() << reason;
  return success();
}

LogicalResult verifyGlobalRows(Operation *op, TileType rows, TakenRows taken) {
  if (rows.getSpace() != Space::Global || ShapedType::isDynamic(rows.getRows()))
    return op->emitOpError("takes rows of a global matrix, cut out by kernel.rows");
  if (rows.isShuffled() && !taken.shuffled)
    return op->emitOpError("takes rows of a row-major matrix, not of a shuffled one");
  if (isa<ColumnMajorAttr>(rows.getLayout()))
    return op->emitOpError("takes rows of a row-major matrix, not of a column-major one");
  if (rows.isPadded() && !taken.padded)
    return op->emitOpError() << "takes rows without gaps, not of " << rows;
  return success();
}

LogicalResult verifyAlignedRows(Operation *op, TileType rows) {
  for (int64_t elements : {rows.getColumns(), rows.getPitch()})
    if (elements % chunkLength(rows.getElementType()))
      return op->emitOpError() << "rows of " << elements << " elements do not start at multiples of 16 bytes";
  return success();
}

namespace {

LogicalResult verifyLocalTile(Operation *op, TileType tile) {
  if (tile.getSpace() != Space::Shared || tile.isRing())
    return op->emitOpError("takes one tile in LDS (a slot of a ring)");
  return success();
}

LogicalResult verifyCopyShapes(Operation *op, TileType rows, ArrayRef<int64_t> shape, Type element,
                               std::optional<int64_t> from = std::nullopt) {
  const bool fits = from ? *from >= 0 && *from + shape[0] <= rows.getRows() : rows.getRows() == shape[0];
  if (rows.getElementType() != element || !fits)
    return op->emitOpError() << "copies " << rows << " into " << shape[0] << "x" << shape[1] << "x"
                             << element;
  return verifyAlignedRows(op, rows);
}

} // namespace

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  auto build = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                  function_interface_impl::VariadicFlag,
                  std::string &) { return builder.getFunctionType(arguments, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, getFunctionTypeAttrName(result.name), build,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FuncOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
}

LogicalResult FuncOp::verify() {
  if (failed(verifyName(*this, getSymName())))
    return failure();
  if (getWaves().size() != 2 || getWaves()[0] < 1 || getWaves()[1] < 1)
    return emitOpError("waves are a grid of positive extents, rows by columns");
  if (getClusterSize() < 1)
    return emitOpError("a cluster has at least one workgroup");
  if (getThreadCount() > 1024)
    return emitOpError() << getThreadCount() << " threads exceed the 1024 of a workgroup";
  if (!getResultTypes().empty())
    return emitOpError("returns nothing");
  if (getArgumentNames().size() != getArgumentTypes().size())
    return emitOpError("names every argument");
  for (auto [name, type] :
       llvm::zip_equal(getArgumentNames().getAsValueRange<StringAttr>(), getArgumentTypes())) {
    if (failed(verifyName(*this, name)))
      return failure();
    auto tile = dyn_cast<TileType>(type);
    if (!type.isIndex() && !isa<TensorMapType>(type) && (!tile || tile.getSpace() != Space::Global))
      return emitOpError("arguments are global tiles, tensor maps and index values");
  }
  return success();
}

LogicalResult FuncOp::verifyRegions() {
  if (!getBody().hasOneBlock())
    return emitOpError("has one block");
  const int64_t used = getSharedBytes(), limit = getTarget().getSharedBytes();
  if (used > limit)
    return emitOpError() << "allocates " << used << " bytes of LDS; a workgroup of "
                         << getTarget().getArchitecture().getValue() << " has " << limit;
  for (BlockArgument argument : getArguments()) {
    auto tile = dyn_cast<TileType>(argument.getType());
    const bool whole =
        !llvm::all_of(argument.getUsers(), [](Operation *user) { return isa<RowsOp, GatherRowsOp>(user); });
    if (tile && tile.isPadded() && whole)
      return emitOpError() << "takes rows of " << tile << ", and whole, as if it had no gaps";
  }
  return verifyPhases(*this);
}

int64_t FuncOp::getSharedBytes() {
  int64_t bytes = 0;
  walk([&](AllocOp alloc) { bytes += alloc.getType().getSizeInBytes(); });
  walk([&](MbarriersOp barriers) { bytes += barriers.getType().getCount() * mbarrierBytes; });
  return bytes;
}

LogicalResult ConstantOp::verify() {
  return verifyName(*this, getName());
}

LogicalResult WaveTileOp::verify() {
  if (getShape().size() != 2 || getShape()[0] < 1 || getShape()[1] < 1)
    return emitOpError("a wave's part has two positive extents");
  return success();
}

LogicalResult RowsOp::verify() {
  if (failed(verifyName(*this, getName())) ||
      failed(verifyGlobalRows(*this, getType(), {.shuffled = true, .padded = true})))
    return failure();
  TileType matrix = getMatrix().getType();
  if (matrix.getSpace() != Space::Global || matrix.getColumns() != getType().getColumns() ||
      matrix.getElementType() != getType().getElementType() || matrix.getLayout() != getType().getLayout())
    return emitOpError("cuts rows of the same length, type and order out of a global matrix");
  const int64_t bytes = getType().getSizeInBytes();
  if (bytes > std::numeric_limits<int32_t>::max())
    return emitOpError() << "spans " << bytes << " bytes; offsets inside it are 32-bit";
  return success();
}

LogicalResult AllocOp::verify() {
  if (getType().getSpace() != Space::Shared)
    return emitOpError("allocates LDS");
  return verifyName(*this, getName());
}

LogicalResult SlotOp::verify() {
  TileType ring = getRing().getType();
  if (!ring.isRing() || ring.getSlotType() != getType())
    return emitOpError() << "takes a slot " << getType() << " of " << ring;
  return success();
}

LogicalResult FetchOp::verify() {
  if (failed(verifyName(*this, getName())) ||
      failed(verifyGlobalRows(*this, getRows().getType(), {.shuffled = false, .padded = true})))
    return failure();
  const bool all = getType().getShape()[0] == getRows().getType().getRows();
  return verifyCopyShapes(*this, getRows().getType(), getType().getShape(), getType().getElementType(),
                          all ? std::nullopt : std::optional<int64_t>(getRow()));
}

LogicalResult DepositOp::verify() {
  if (failed(verifyLocalTile(*this, getTile().getType())))
    return failure();
  StagedType staged = getStaged().getType();
  TileType tile = getTile().getType();
  const int64_t row = getRow(), rows = staged.getShape()[0];
  if (staged.getShape()[1] != tile.getColumns() || staged.getElementType() != tile.getElementType() ||
      row < 0 || row + rows > tile.getRows())
    return emitOpError() << "deposits " << staged << " from row " << row << " on in " << tile;
  return success();
}

int64_t CopyAsyncOp::getLoadsPerThread() {
  FuncOp kernel = kernelOf(*this);
  const CopyInstruction *copy =
      widestCopy(*parseArchitecture(kernel.getTarget().getArchitecture().getValue()), MemorySpace::Global,
                 MemorySpace::Shared, chunkBytes);
  return llvm::divideCeil(getTile().getType().getSizeInBytes(),
                          kernel.getCopyingThreads() * copy->bytesPerLane);
}

LogicalResult CopyAsyncOp::verify() {
  TileType tile = getTile().getType();
  if (failed(verifyLocalTile(*this, tile)) ||
      failed(verifyGlobalRows(*this, getRows().getType(), {.shuffled = false, .padded = true})))
    return failure();
  FuncOp kernel = kernelOf(*this);
  if (!kernel)
    return emitOpError("stands outside a kernel.func");
  auto roles = (*this)->getParentOfType<RolesOp>();
  if (roles && (!roles.getWhole() || !roles.getProducer().isAncestor((*this)->getParentRegion())))
    return emitOpError("of the roles, a producer that is a whole warpgroup copies rows");
  const Architecture architecture = *parseArchitecture(kernel.getTarget().getArchitecture().getValue());
  const CopyInstruction *copy =
      widestCopy(architecture, MemorySpace::Global, MemorySpace::Shared, chunkBytes);
  if (!copy || (copy->bytesPerLane != chunkBytes && !copy->laneContiguousDestination))
    return emitOpError() << toString(architecture)
                         << " cannot copy from global memory to LDS past the registers";
  // Lanes land side by side: rows without gaps, and each copy of all threads whole.
  if (copy->laneContiguousDestination) {
    if (tile.getPitch() != tile.getColumns())
      return emitOpError() << toString(architecture)
                           << " copies to consecutive LDS bytes, not to padded rows";
    const int64_t together = kernel.getThreadCount() * copy->bytesPerLane;
    if (tile.getSizeInBytes() % together)
      return emitOpError() << tile << " does not split into copies of " << together
                           << " bytes by all threads";
  }
  return verifyCopyShapes(*this, getRows().getType(), tile.getShape(), tile.getElementType());
}

LogicalResult LoadFragmentOp::verify() {
  if (failed(verifyName(*this, getName())) || failed(verifyLocalTile(*this, getTile().getType())) ||
      failed(verifyFragment(*this, getType())))
    return failure();
  TileType tile = getTile().getType();
  if (getType().getRole() == Role::Accumulator || tile.getElementType() != getType().getElementType())
    return emitOpError() << "loads " << getType() << " from " << tile;
  if (getType().getShape()[0] > (getAcross() ? tile.getColumns() : tile.getRows()) ||
      getType().getShape()[1] > (getAcross() ? tile.getRows() : tile.getColumns()))
    return emitOpError() << getType() << " is larger than " << tile;
  // ldmatrix hands out rows in the order of one instruction.
  const Architecture architecture =
      *parseArchitecture(kernelOf(*this).getTarget().getArchitecture().getValue());
  if (vendorOf(architecture) == Vendor::Nvidia && getType().getPack() > 1)
    return emitOpError() << "reads from LDS are not packed on " << toString(architecture);
  const int64_t bits = tile.getElementType().getIntOrFloatBitWidth();
  const bool transposes = architecture == Architecture::Gfx950
                              ? bits <= 16
                              : vendorOf(architecture) == Vendor::Nvidia && bits == 16;
  if (getAcross() && !transposes)
    return emitOpError() << toString(architecture) << " does not transpose " << tile.getElementType()
                         << " on the way from LDS";
  if (vendorOf(architecture) != Vendor::Amd)
    return success();
  if (getAcross() != isa<TransposableAttr>(tile.getLayout()))
    return emitOpError("reads rows of k out of #kernel.transposable, and nothing else");
  if (getAcross() && Operand(getType(), architecture).stepFirst() != 16)
    return emitOpError("transposes operands of 16 rows");
  return success();
}

LogicalResult ZeroOp::verify() {
  if (failed(verifyName(*this, getName())) || failed(verifyFragment(*this, getType())))
    return failure();
  if (getType().getRole() != Role::Accumulator)
    return emitOpError("makes accumulators");
  TargetAttr target = kernelOf(*this).getTarget();
  const int64_t registers =
      Operand(getType(), *parseArchitecture(target.getArchitecture().getValue())).registersPerLane();
  if (registers > target.getRegistersPerLane())
    return emitOpError() << "needs " << registers << " registers per lane; "
                         << target.getArchitecture().getValue() << " has " << target.getRegistersPerLane();
  return success();
}

LogicalResult verifyProduct(Operation *op, FragmentType a, FragmentType b, FragmentType accumulator) {
  for (FragmentType type : {a, b, accumulator})
    if (failed(verifyFragment(op, type)))
      return failure();
  if (a.getRole() != Role::A || b.getRole() != Role::B || accumulator.getRole() != Role::Accumulator)
    return op->emitOpError("takes an a, a b and an accumulator fragment, in this order");
  if (a.getInstruction() != b.getInstruction() || a.getInstruction() != accumulator.getInstruction())
    return op->emitOpError("operands are laid out for different instructions");
  if (a.getPack() != b.getPack())
    return op->emitOpError() << "a is packed by " << a.getPack() << " and b by " << b.getPack()
                             << ": their orders of the reduced dimension differ";
  if (a.getShape()[1] != b.getShape()[1] || a.getShape()[0] != accumulator.getShape()[0] ||
      b.getShape()[0] != accumulator.getShape()[1])
    return op->emitOpError() << "shapes do not fit: " << a << " times " << b << " into " << accumulator;
  return success();
}

LogicalResult MmaPartOp::verify() {
  FragmentType a = getA().getType(), b = getB().getType(), whole = getAccumulator().getType();
  const ArrayRef<int64_t> at = getAt();
  if (at.size() != 2 || at[0] < 0 || at[1] < 0 || at[0] + a.getShape()[0] > whole.getShape()[0] ||
      at[1] + b.getShape()[0] > whole.getShape()[1])
    return emitOpError() << a << " times " << b << " at this place is no part of " << whole;
  if (at[0] % a.getShape()[0] || at[1] % b.getShape()[0])
    return emitOpError("starts at a multiple of its own rows and columns");
  auto part = FragmentType::get(getContext(), {a.getShape()[0], b.getShape()[0]}, whole.getElementType(),
                                whole.getRole(), whole.getInstruction(), whole.getPack());
  return verifyProduct(*this, a, b, part);
}

LogicalResult MmaOp::verify() {
  return verifyProduct(*this, getA().getType(), getB().getType(), getAccumulator().getType());
}

} // namespace codesign::kernel
