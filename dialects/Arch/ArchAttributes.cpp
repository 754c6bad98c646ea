// Attributes and the parts of assembly formats that declarative syntax cannot express.
#include "ArchAttributes.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <charconv>

using namespace mlir;
using namespace codesign;
using namespace codesign::arch;

#include "dialects/Arch/ArchAttrInterfaces.cpp.inc"
#include "dialects/Arch/ArchEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Arch/ArchAttrs.cpp.inc"

/// A search over more values than this has no use for a domain.
static constexpr int64_t mostValues = 1 << 16;

void ArchDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Arch/ArchAttrs.cpp.inc"
      >();
}

//===--------------------------------------------------------------------------------------------------------===//
// Numbers, sizes
//===--------------------------------------------------------------------------------------------------------===//

ParseResult arch::parseInteger(OpAsmParser &parser, IntegerAttr &value) {
  int64_t number = 0;
  if (parser.parseInteger(number))
    return failure();
  value = parser.getBuilder().getI64IntegerAttr(number);
  return success();
}

void arch::printInteger(OpAsmPrinter &printer, Operation *, IntegerAttr value) {
  printer << value.getInt();
}

static ParseResult parseNumberIn(AsmParser &parser, FloatAttr &value) {
  SMLoc start = parser.getCurrentLocation();
  Attribute number;
  if (parser.parseAttribute(number))
    return failure();
  if (auto integer = dyn_cast<IntegerAttr>(number); integer && integer.getType().isInteger(64))
    number = parser.getBuilder().getF64FloatAttr(double(integer.getInt()));
  value = dyn_cast<FloatAttr>(number);
  return value && value.getType().isF64() ? success()
                                          : ParseResult(parser.emitError(start, "expected a number"));
}

ParseResult arch::parseNumber(OpAsmParser &parser, FloatAttr &value) {
  return parseNumberIn(parser, value);
}

void arch::printShortest(raw_ostream &stream, double number) {
  std::array<char, 32> buffer;
  char *end = std::to_chars(buffer.begin(), buffer.end(), number).ptr;
  StringRef text(buffer.data(), end - buffer.data());
  size_t exponent = std::min(text.find('e'), text.size());
  stream << text.take_front(exponent);
  if (!text.contains('.'))
    stream << ".0";
  stream << text.drop_front(exponent);
}

void arch::printNumber(OpAsmPrinter &printer, Operation *, FloatAttr value) {
  printShortest(printer.getStream(), value.getValueAsDouble());
}

ParseResult arch::parseSize(OpAsmParser &parser, Attribute &size) {
  StringAttr name;
  if (succeeded(parser.parseOptionalSymbolName(name))) {
    size = FlatSymbolRefAttr::get(name);
    return success();
  }
  int64_t number = 0;
  if (parser.parseInteger(number))
    return failure();
  size = parser.getBuilder().getI64IntegerAttr(number);
  return success();
}

void arch::printSize(OpAsmPrinter &printer, Operation *, Attribute size) {
  if (auto constant = dyn_cast<IntegerAttr>(size))
    printer << constant.getInt();
  else
    printer << size;
}

static ParseResult parseSplit(OpAsmParser &parser, SmallVectorImpl<Attribute> &splits) {
  StringRef names[] = {"tensor", "expert", "pipeline"};
  int64_t ranks[] = {1, 1, 1};
  bool any = false;
  for (auto [name, value] : llvm::zip_equal(names, ranks))
    if (succeeded(parser.parseOptionalKeyword(name))) {
      any = true;
      if (parser.parseInteger(value))
        return failure();
    }
  if (!any)
    return parser.emitError(parser.getCurrentLocation(), "expected 'tensor', 'expert' or 'pipeline'");
  splits.push_back(parser.getBuilder().getDenseI64ArrayAttr(ranks));
  return success();
}

ParseResult arch::parseSplits(OpAsmParser &parser, ArrayAttr &splits) {
  SmallVector<Attribute> elements;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     [&] { return parseSplit(parser, elements); }))
    return failure();
  splits = parser.getBuilder().getArrayAttr(elements);
  return success();
}

void arch::printSplits(OpAsmPrinter &printer, Operation *, ArrayAttr splits) {
  printer << "[";
  llvm::interleaveComma(splits.getAsRange<DenseI64ArrayAttr>(), printer, [&](DenseI64ArrayAttr split) {
    printer << "tensor " << split[0];
    if (split[1] != 1)
      printer << " expert " << split[1];
    if (split[2] != 1)
      printer << " pipeline " << split[2];
  });
  printer << "]";
}

//===--------------------------------------------------------------------------------------------------------===//
// Domains
//===--------------------------------------------------------------------------------------------------------===//

static ParseResult parseStep(AsmParser &parser, int64_t &step) {
  step = 1;
  return succeeded(parser.parseOptionalKeyword("step")) ? parser.parseInteger(step) : success();
}

static void printStep(AsmPrinter &printer, int64_t step) {
  if (step != 1)
    printer << " step " << step;
}

static Attribute parseDomainIn(AsmParser &parser) {
  SMLoc start = parser.getCurrentLocation();
  auto error = [&] { return parser.emitError(start); };
  MLIRContext *context = parser.getContext();
  if (succeeded(parser.parseOptionalLSquare())) {
    SmallVector<int64_t> values;
    auto parseValue = [&] { return ParseResult(parser.parseInteger(values.emplace_back())); };
    if (failed(parser.parseOptionalRSquare()) &&
        (parser.parseCommaSeparatedList(parseValue) || parser.parseRSquare()))
      return {};
    return ValuesAttr::getChecked(error, context, values);
  }
  FloatAttr min, max;
  int64_t step = 1;
  if (parseNumberIn(parser, min) || parser.parseKeyword("to") || parseNumberIn(parser, max))
    return {};
  if (succeeded(parser.parseOptionalKeyword("of"))) {
    StringAttr of;
    if (parser.parseSymbolName(of) || parseStep(parser, step))
      return {};
    return RatioAttr::getChecked(error, context, min, max, FlatSymbolRefAttr::get(of), step);
  }
  if (!min.getValue().isInteger() || !max.getValue().isInteger()) {
    error() << "a range has integer bounds; for a ratio, say 'of @dimension'";
    return {};
  }
  if (parseStep(parser, step))
    return {};
  // Out of int64_t's reach is out of any dimension's; verify() reports the clamped bound.
  auto bound = [](FloatAttr number) {
    return int64_t(std::clamp(number.getValueAsDouble(), -0x1p41, 0x1p41));
  };
  return RangeAttr::getChecked(error, context, bound(min), bound(max), step);
}

ParseResult arch::parseDomain(OpAsmParser &parser, DomainAttrInterface &domain) {
  domain = dyn_cast_or_null<DomainAttrInterface>(parseDomainIn(parser));
  return success(domain != nullptr);
}

void arch::printDomain(OpAsmPrinter &printer, Operation *, DomainAttrInterface domain) {
  domain.printDomain(printer);
}

/// `#arch.values<[64, 128]>` outside of arch.dimension.
template <class Attr>
static Attribute parseInBrackets(AsmParser &parser) {
  if (parser.parseLess())
    return {};
  SMLoc start = parser.getCurrentLocation();
  Attribute domain = parseDomainIn(parser);
  if (!domain || parser.parseGreater())
    return {};
  if (!isa<Attr>(domain)) {
    parser.emitError(start) << "this is no '" << Attr::getMnemonic() << "' domain";
    return {};
  }
  return domain;
}

template <class Attr>
static void printInBrackets(Attr attribute, AsmPrinter &printer) {
  printer << "<";
  attribute.printDomain(printer);
  printer << ">";
}

Attribute ValuesAttr::parse(AsmParser &parser, Type) {
  return parseInBrackets<ValuesAttr>(parser);
}
void ValuesAttr::print(AsmPrinter &printer) const {
  printInBrackets(*this, printer);
}

LogicalResult ValuesAttr::verify(function_ref<InFlightDiagnostic()> error, ArrayRef<int64_t> values) {
  if (values.empty())
    return error() << "the domain is empty";
  for (int64_t value : values)
    if (value < 0)
      return error() << "the domain has the value " << value << "; sizes are not negative";
  if (int64_t(values.size()) > mostValues)
    return error() << "the domain has " << values.size() << " values, more than " << mostValues;
  return success();
}

FlatSymbolRefAttr ValuesAttr::relativeTo() const {
  return {};
}

SmallVector<int64_t> ValuesAttr::valuesAt(int64_t other) const {
  return llvm::to_vector(valuesOf(toDomain(*this), other));
}

void ValuesAttr::printDomain(AsmPrinter &printer) const {
  printer << "[" << getValues() << "]";
}

Attribute RangeAttr::parse(AsmParser &parser, Type) {
  return parseInBrackets<RangeAttr>(parser);
}
void RangeAttr::print(AsmPrinter &printer) const {
  printInBrackets(*this, printer);
}

LogicalResult RangeAttr::verify(function_ref<InFlightDiagnostic()> error, int64_t min, int64_t max,
                                int64_t step) {
  if (min <= 0 || step <= 0)
    return error() << "bounds and step of a range are positive";
  if (max > int64_t(1) << 40)
    return error() << "the upper bound " << max << " is larger than any dimension";
  if (max < min)
    return error() << "the domain is empty: " << min << " to " << max;
  if ((max - min) / step >= mostValues)
    return error() << "the domain has more than " << mostValues << " values; choose a larger step";
  return success();
}

FlatSymbolRefAttr RangeAttr::relativeTo() const {
  return {};
}

SmallVector<int64_t> RangeAttr::valuesAt(int64_t other) const {
  return llvm::to_vector(valuesOf(toDomain(*this), other));
}

void RangeAttr::printDomain(AsmPrinter &printer) const {
  printer << getMin() << " to " << getMax();
  printStep(printer, getStep());
}

Attribute RatioAttr::parse(AsmParser &parser, Type) {
  return parseInBrackets<RatioAttr>(parser);
}
void RatioAttr::print(AsmPrinter &printer) const {
  printInBrackets(*this, printer);
}

LogicalResult RatioAttr::verify(function_ref<InFlightDiagnostic()> error, FloatAttr min, FloatAttr max,
                                FlatSymbolRefAttr, int64_t step) {
  double low = min.getValueAsDouble(), high = max.getValueAsDouble();
  if (!(low > 0) || step <= 0)
    return error() << "bounds and step of a ratio are positive";
  if (!(high <= 1024))
    return error() << "a ratio is at most 1024";
  if (high < low)
    return error() << "the domain is empty: " << low << " to " << high;
  return success();
}

FlatSymbolRefAttr RatioAttr::relativeTo() const {
  return getOf();
}

SmallVector<int64_t> RatioAttr::valuesAt(int64_t other) const {
  return llvm::to_vector(valuesOf(toDomain(*this), other));
}

void RatioAttr::printDomain(AsmPrinter &printer) const {
  printShortest(printer.getStream(), getMin().getValueAsDouble());
  printer << " to ";
  printShortest(printer.getStream(), getMax().getValueAsDouble());
  printer << " of " << getOf();
  printStep(printer, getStep());
}
