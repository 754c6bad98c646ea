// The assembly form of trees: numbers without their types, one entry per line where entries are nested.
#include "ArchAttributes.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace codesign;
using namespace codesign::arch;

static ParseResult parseValue(AsmParser &parser, Attribute &value);

static ParseResult parseEntry(AsmParser &parser, SmallVectorImpl<NamedAttribute> &entries) {
  std::string name;
  SMLoc start = parser.getCurrentLocation();
  Attribute value;
  if (parser.parseKeywordOrString(&name) || parser.parseEqual() || parseValue(parser, value))
    return failure();
  if (llvm::any_of(entries, [&](NamedAttribute entry) { return entry.getName() == name; }))
    return parser.emitError(start) << "repeats the key '" << name << "'";
  entries.emplace_back(parser.getBuilder().getStringAttr(name), value);
  return success();
}

static ParseResult parseEntries(AsmParser &parser, SmallVectorImpl<NamedAttribute> &entries) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Braces,
                                        [&] { return parseEntry(parser, entries); });
}

static ParseResult parseValue(AsmParser &parser, Attribute &value) {
  if (succeeded(parser.parseOptionalLSquare())) {
    SmallVector<Attribute> elements;
    if (failed(parser.parseOptionalRSquare()) && (parser.parseCommaSeparatedList([&] {
          return parseValue(parser, elements.emplace_back());
        }) || parser.parseRSquare()))
      return failure();
    value = parser.getBuilder().getArrayAttr(elements);
    return success();
  }
  if (succeeded(parser.parseOptionalLBrace())) {
    SmallVector<NamedAttribute> entries;
    if (failed(parser.parseOptionalRBrace()) &&
        (parser.parseCommaSeparatedList([&] { return parseEntry(parser, entries); }) || parser.parseRBrace()))
      return failure();
    value = TreeAttr::get(parser.getContext(), entries);
    return success();
  }
  // Numbers without a type are I64Attr or, with a point, F64Attr.
  return parser.parseAttribute(value);
}

static bool isNested(Attribute value) {
  return isa<TreeAttr, ArrayAttr>(value);
}

static void printValue(AsmPrinter &printer, Attribute value, int depth);

/// `print(element)` for each, on lines of their own if any of them is nested.
template <class Range, class Print>
static void printList(AsmPrinter &printer, Range elements, bool lines, int depth, Print print) {
  raw_ostream &stream = printer.getStream();
  StringRef separator = "";
  for (auto element : elements) {
    stream << separator;
    separator = lines ? "," : ", ";
    if (lines)
      stream << "\n", stream.indent(2 * (depth + 1));
    print(element);
  }
  if (lines)
    stream << "\n", stream.indent(2 * depth);
}

static void printValue(AsmPrinter &printer, Attribute value, int depth) {
  if (auto tree = dyn_cast<TreeAttr>(value)) {
    printer << "{";
    bool lines =
        llvm::any_of(tree.getEntries(), [](NamedAttribute entry) { return isNested(entry.getValue()); });
    printList(printer, tree.getEntries(), lines, depth, [&](NamedAttribute entry) {
      printer.printKeywordOrString(entry.getName());
      printer << " = ";
      printValue(printer, entry.getValue(), depth + 1);
    });
    printer << "}";
  } else if (auto array = dyn_cast<ArrayAttr>(value)) {
    printer << "[";
    printList(printer, array, llvm::any_of(array, isNested), depth,
              [&](Attribute element) { printValue(printer, element, depth + 1); });
    printer << "]";
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    printShortest(printer.getStream(), number.getValueAsDouble());
  } else if (auto integer = dyn_cast<IntegerAttr>(value); integer && integer.getType().isInteger(64)) {
    printer << integer.getInt();
  } else {
    printer << value;
  }
}

Attribute TreeAttr::parse(AsmParser &parser, Type) {
  SmallVector<NamedAttribute> entries;
  if (parser.parseLess() || parseEntries(parser, entries) || parser.parseGreater())
    return {};
  return TreeAttr::get(parser.getContext(), entries);
}

void TreeAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printValue(printer, *this, 0);
  printer << ">";
}

ParseResult arch::parseTree(OpAsmParser &parser, TreeAttr &tree) {
  SmallVector<NamedAttribute> entries;
  if (parseEntries(parser, entries))
    return failure();
  tree = TreeAttr::get(parser.getContext(), entries);
  return success();
}

void arch::printTree(OpAsmPrinter &printer, Operation *, TreeAttr tree) {
  printValue(printer, tree, /*depth=*/2);
}

ParseResult arch::parseValues(OpAsmParser &parser, DictionaryAttr &values) {
  SmallVector<NamedAttribute> entries;
  if (parseEntries(parser, entries))
    return failure();
  values = parser.getBuilder().getDictionaryAttr(entries);
  return success();
}

void arch::printValues(OpAsmPrinter &printer, Operation *, DictionaryAttr values) {
  printValue(printer, TreeAttr::get(values.getContext(), values.getValue()), /*depth=*/2);
}
