#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Kernel/KernelTypes.cpp.inc"

using namespace mlir;

namespace codesign::kernel {

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Kernel/KernelAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Kernel/KernelTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
}

namespace {

/// "256x32xbf16": static dimensions and an element type.
ParseResult parseShapedPrefix(AsmParser &parser, SmallVectorImpl<int64_t> &shape, Type &element,
                              bool allowDynamic) {
  return failure(parser.parseDimensionList(shape, allowDynamic) || parser.parseType(element));
}

void printShapedPrefix(AsmPrinter &printer, ArrayRef<int64_t> shape, Type element) {
  printer.printDimensionList(shape);
  printer << 'x' << element;
}

LogicalResult verifyElement(llvm::function_ref<InFlightDiagnostic()> emitError, Type element) {
  if (!dataTypeOf(element))
    return emitError() << "element type " << element
                       << " is none of f32, f16, bf16, the 8-bit floats and i32";
  return success();
}

/// Whole blocks of a global matrix.
LogicalResult verifyShuffled(llvm::function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape,
                             int64_t rowBytes, Space space) {
  if (space != Space::Global || shape.size() != 2)
    return emitError() << "only global matrices are shuffled";
  if (ShapedType::isDynamic(shape[0]) || shape[0] % shuffledRows || rowBytes % shuffledBytes)
    return emitError() << "a shuffled matrix is cut in blocks of " << shuffledRows << " rows by "
                       << shuffledBytes << " bytes, and has " << shape[0] << " rows of " << rowBytes;
  return success();
}

template <class Enum>
ParseResult parseEnum(AsmParser &parser, Enum &value, std::optional<Enum> (*symbolize)(StringRef),
                      StringRef what) {
  StringRef keyword;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<Enum> parsed = symbolize(keyword);
  if (!parsed)
    return parser.emitError(location) << "'" << keyword << "' is no " << what;
  value = *parsed;
  return success();
}

} // namespace

Type TileType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  Space space = Space::Global;
  Attribute layout = RowMajorAttr::get(parser.getContext(), 0);
  if (parser.parseLess() || parseShapedPrefix(parser, shape, element, true) || parser.parseComma() ||
      parseEnum<Space>(parser, space, symbolizeSpace, "memory space (global, lds)"))
    return {};
  if (succeeded(parser.parseOptionalComma()) && parser.parseAttribute(layout))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<TileType>(parser.getContext(), shape, element, space, layout);
}

void TileType::print(AsmPrinter &printer) const {
  printer << '<';
  printShapedPrefix(printer, getShape(), getElementType());
  printer << ", " << stringifySpace(getSpace());
  if (getLayout() != RowMajorAttr::get(getContext(), 0))
    printer << ", " << getLayout();
  printer << '>';
}

LogicalResult TileType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape,
                               Type element, Space space, Attribute layout) {
  if (failed(verifyElement(emitError, element)))
    return failure();
  if (shape.size() != 2 && shape.size() != 3)
    return emitError() << "a tile has two dimensions, a ring of tiles three";
  for (auto [index, extent] : llvm::enumerate(shape)) {
    const bool mayBeDynamic = space == Space::Global && shape.size() == 2 && index == 0;
    if (ShapedType::isDynamic(extent) ? !mayBeDynamic : extent <= 0)
      return emitError() << "only the row count of a global matrix may be dynamic; all extents are positive";
  }
  const int64_t bits = shape.back() * element.getIntOrFloatBitWidth();
  if (isa<ShuffledAttr>(layout))
    return verifyShuffled(emitError, shape, bits / 8, space);
  if (isa<ColumnMajorAttr>(layout))
    return space == Space::Global && shape.size() == 2 && element.isF32()
               ? success()
               : LogicalResult(emitError() << "column-major are global matrices of fp32");
  if (space == Space::Global && (shape.size() == 3 || !isa<RowMajorAttr>(layout)))
    return emitError() << "a global tile is a row-major matrix, column-major or shuffled";
  if (auto rowMajor = dyn_cast<RowMajorAttr>(layout)) {
    if (rowMajor.getPadding() < 0)
      return emitError() << "padding is negative: rows of " << shape.back() << " elements cannot start "
                         << shape.back() + rowMajor.getPadding() << " apart";
    if (space == Space::Shared &&
        (shape.back() + rowMajor.getPadding()) * element.getIntOrFloatBitWidth() % 128)
      return emitError() << "a row of an LDS tile with its padding is no multiple of 16 bytes";
  } else if (isa<BlockSwizzledAttr>(layout)) {
    if (bits != bankCycleBytes * 8 || space != Space::Shared)
      return emitError() << "a block-swizzled row is 128 bytes of LDS";
  } else if (isa<TransposableAttr>(layout)) {
    if (element.getIntOrFloatBitWidth() > 16 || shape.back() % 16 || space != Space::Shared)
      return emitError()
             << "rows that are read transposed have 8-bit or 16-bit elements, multiples of 16, in LDS";
  } else if (isa<PanelsAttr>(layout)) {
    if (bits % (bankCycleBytes * 8) || space != Space::Shared)
      return emitError() << "panels are 128 bytes of LDS rows wide";
  } else if (!isa<SwizzledAttr>(layout)) {
    return emitError() << "layout is neither #kernel.row_major nor #kernel.swizzled";
  } else if (bits % 128 || !llvm::isPowerOf2_64(bits / 128)) {
    return emitError() << "a swizzled row is a power of two of 16-byte chunks";
  }
  return success();
}

TileType TileType::getSlotType() const {
  return TileType::get(getContext(), getShape().take_back(2), getElementType(), getSpace(), getLayout());
}

int64_t TileType::getPitch() const {
  auto rowMajor = dyn_cast<RowMajorAttr>(getLayout());
  return getColumns() + (rowMajor ? rowMajor.getPadding() : 0);
}

int64_t TileType::getSizeInBytes() const {
  return getSlots() * getRows() * getPitch() * getElementType().getIntOrFloatBitWidth() / 8;
}

/// What the chunks of a row are XORed with: the number of the row among those that a read touches at once, in
/// groups that fill the banks. Units of a read, 16 bytes of each row, of 16-bit elements 32, are exchanged in
/// blocks of a power of two that divides the row.
static int64_t transposableKey(int64_t row, int64_t elementBytes, int64_t rowBytes) {
  constexpr int64_t bankBytes = 256;
  const int64_t number = elementBytes == 1 ? row % 8 + row / 16 % 2 * 8 : row % 4 + row / 8 % 2 * 4;
  const int64_t unit = chunkBytes * elementBytes, units = bankBytes / unit;
  const int64_t block = std::gcd(rowBytes / unit, units);
  return number / (units / block) * elementBytes;
}

int64_t TileType::getByteOffset(int64_t row, int64_t column) const {
  const int64_t elementBytes = getElementType().getIntOrFloatBitWidth() / 8;
  const int64_t rowBytes = getPitch() * elementBytes;
  int64_t byte = column * elementBytes;
  if (isShuffled())
    return shuffledOffset(row, byte, rowBytes);
  if (isa<SwizzledAttr>(getLayout())) {
    const int64_t chunks = rowBytes / chunkBytes;
    const int64_t rowsPerCycle = std::max<int64_t>(1, bankCycleBytes / rowBytes);
    const int64_t key = row / rowsPerCycle % std::min(chunks, bankCycleBytes / chunkBytes);
    byte = ((byte / chunkBytes) ^ key) * chunkBytes + byte % chunkBytes;
  }
  if (isa<BlockSwizzledAttr>(getLayout())) {
    const int64_t block = row / 8 % 8, swapped = (block & 4) | (block & 1) << 1 | (block >> 1 & 1);
    byte = ((byte / chunkBytes) ^ (row % 8) ^ swapped) * chunkBytes + byte % chunkBytes;
  }
  if (isa<TransposableAttr>(getLayout()))
    byte ^= transposableKey(row, elementBytes, rowBytes) * chunkBytes;
  if (isa<PanelsAttr>(getLayout())) {
    const int64_t panel = byte / bankCycleBytes, inRow = byte % bankCycleBytes;
    return (panel * getRows() + row) * bankCycleBytes + ((inRow / chunkBytes) ^ (row % 8)) * chunkBytes +
           inRow % chunkBytes;
  }
  return row * rowBytes + byte;
}

Type StagedType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  if (parser.parseLess() || parseShapedPrefix(parser, shape, element, false) || parser.parseGreater())
    return {};
  return parser.getChecked<StagedType>(parser.getContext(), shape, element);
}

void StagedType::print(AsmPrinter &printer) const {
  printer << '<';
  printShapedPrefix(printer, getShape(), getElementType());
  printer << '>';
}

LogicalResult StagedType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape,
                                 Type element) {
  if (failed(verifyElement(emitError, element)))
    return failure();
  if (shape.size() != 2 || llvm::any_of(shape, [](int64_t extent) { return extent <= 0; }))
    return emitError() << "a staged tile has two static dimensions";
  if (shape[1] * element.getIntOrFloatBitWidth() % (8 * chunkBytes))
    return emitError() << "a row of a staged tile is no multiple of 16 bytes";
  return success();
}

Type StagedBlocksType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  if (parser.parseLess() || parseShapedPrefix(parser, shape, element, false) || parser.parseGreater())
    return {};
  return parser.getChecked<StagedBlocksType>(parser.getContext(), shape, element);
}

void StagedBlocksType::print(AsmPrinter &printer) const {
  printer << '<';
  printShapedPrefix(printer, getShape(), getElementType());
  printer << '>';
}

LogicalResult StagedBlocksType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                       ArrayRef<int64_t> shape, Type element) {
  if (failed(verifyElement(emitError, element)))
    return failure();
  if (element.getIntOrFloatBitWidth() > 16)
    return emitError() << "blocks are transposed of 16-bit and 8-bit elements";
  const BlockExtents block = transposedBlock(element);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] % block.rows || shape[1] % block.columns)
    return emitError() << "staged blocks are whole ones of " << block.rows << " rows by " << block.columns
                       << " columns";
  return success();
}

Type FragmentType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  Role role = Role::A;
  StringAttr instruction;
  int64_t pack = 1;
  if (parser.parseLess() || parseShapedPrefix(parser, shape, element, false) || parser.parseComma() ||
      parseEnum<Role>(parser, role, symbolizeRole, "operand (a, b, accumulator)") || parser.parseComma() ||
      parser.parseAttribute(instruction))
    return {};
  if (succeeded(parser.parseOptionalComma()) && parser.parseInteger(pack))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<FragmentType>(parser.getContext(), shape, element, role, instruction, pack);
}

void FragmentType::print(AsmPrinter &printer) const {
  printer << '<';
  printShapedPrefix(printer, getShape(), getElementType());
  printer << ", " << stringifyRole(getRole()) << ", " << getInstruction();
  if (getPack() != 1)
    printer << ", " << getPack();
  printer << '>';
}

LogicalResult FragmentType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                   ArrayRef<int64_t> shape, Type element, Role, StringAttr, int64_t pack) {
  if (failed(verifyElement(emitError, element)))
    return failure();
  if (shape.size() != 2 || llvm::any_of(shape, [](int64_t extent) { return extent <= 0; }) || pack < 1)
    return emitError() << "a fragment has two static dimensions and a pack of at least 1";
  return success();
}

LogicalResult TargetAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, StringAttr architecture,
                                 int64_t waves, int64_t sharedBytes, int64_t registers, int64_t chiplets) {
  std::optional<Architecture> known = parseArchitecture(architecture.getValue());
  if (!known || toString(*known) != architecture.getValue())
    return emitError() << "unknown architecture " << architecture;
  if (waves != waveSize(*known))
    return emitError() << "a wave of " << architecture << " has " << waveSize(*known) << " lanes";
  if (sharedBytes <= 0 || registers <= 0 || chiplets <= 0)
    return emitError() << "limits of a target are positive";
  return success();
}

namespace {

constexpr int64_t maxBoxRows = 256;    // CUDA driver API, cuTensorMapEncodeTiled: boxDim
constexpr int64_t pitchAlignment = 16; // bytes; globalStrides

bool isSwizzledSpan(int64_t bytes) {
  return bytes == 32 || bytes == 64 || bytes == 128;
}

int64_t byteCount(Type element, int64_t count) {
  return count * element.getIntOrFloatBitWidth() / 8;
}

} // namespace

LogicalResult ScalePlacesType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t rows) {
  return rows > 0 ? success() : LogicalResult(emitError() << "scales are of at least one row");
}

LogicalResult ScalesType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t rows,
                                 int64_t turns) {
  if (rows < 1)
    return emitError() << "scales are of at least one row";
  return turns == 1 || turns == 2
             ? success()
             : LogicalResult(emitError() << "columns take turns by two or not at all, not by " << turns);
}

LogicalResult MbarriersType::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t count) {
  return count > 0 ? success() : LogicalResult(emitError() << "a ring of mbarriers has at least one");
}

Type TensorMapType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape, box;
  Type element;
  if (parser.parseLess() || parser.parseDimensionList(shape) || parser.parseType(element) ||
      parser.parseComma() || parser.parseDimensionList(box, false, /*withTrailingX=*/false) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<TensorMapType>(parser.getContext(), shape, element, box);
}

void TensorMapType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << 'x' << getElementType() << ", ";
  printer.printDimensionList(getBox());
  printer << '>';
}

LogicalResult TensorMapType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                    ArrayRef<int64_t> shape, Type element, ArrayRef<int64_t> box) {
  if (!dataTypeOf(element) || shape.size() != 2 || ShapedType::isDynamic(shape[1]) || shape[1] < 1 ||
      box.size() != 2)
    return emitError() << "a tensor map has rows, known columns, a floating type and a box of two extents";
  if (byteCount(element, shape[1]) % pitchAlignment)
    return emitError() << "rows of " << byteCount(element, shape[1])
                       << " bytes: the copy engine needs rows that start at multiples of 16";
  if (box[0] < 1 || box[0] > maxBoxRows)
    return emitError() << "a box of " << box[0] << " rows; the copy engine moves 1 to 256";
  if (!isSwizzledSpan(byteCount(element, box[1])))
    return emitError() << "box rows of " << byteCount(element, box[1])
                       << " bytes; a swizzle spans 32, 64 or 128";
  return success();
}

int64_t TensorMapType::getBoxBytes() const {
  return byteCount(getElementType(), getBox()[0] * getBox()[1]);
}

} // namespace codesign::kernel
