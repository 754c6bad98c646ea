// The assembly form of nested dictionaries: numbers without their types, one entry per line where entries are
// nested.
#include "ArchAttributes.h"

using namespace mlir;
using namespace codesign;

static ParseResult parseTree(AsmParser &parser, Attribute &tree);

static ParseResult parseEntry(AsmParser &parser, NamedAttrList &entries) {
  std::string name;
  SMLoc start = parser.getCurrentLocation();
  Attribute value;
  if (parser.parseKeywordOrString(&name) || parser.parseEqual() || parseTree(parser, value))
    return failure();
  if (entries.set(name, value))
    return parser.emitError(start) << "repeats the key '" << name << "'";
  return success();
}

static ParseResult parseTree(AsmParser &parser, Attribute &tree) {
  if (succeeded(parser.parseOptionalLBrace())) {
    NamedAttrList entries;
    if (failed(parser.parseOptionalRBrace()) &&
        (parser.parseCommaSeparatedList([&] { return parseEntry(parser, entries); }) || parser.parseRBrace()))
      return failure();
    tree = entries.getDictionary(parser.getContext());
    return success();
  }
  if (succeeded(parser.parseOptionalLSquare())) {
    SmallVector<Attribute> elements;
    if (failed(parser.parseOptionalRSquare()) && (parser.parseCommaSeparatedList([&] {
          return parseTree(parser, elements.emplace_back());
        }) || parser.parseRSquare()))
      return failure();
    tree = parser.getBuilder().getArrayAttr(elements);
    return success();
  }
  // Numbers without a type are I64Attr or, with a point, F64Attr.
  return parser.parseAttribute(tree);
}

ParseResult arch::parseTree(OpAsmParser &parser, DictionaryAttr &tree) {
  SMLoc start = parser.getCurrentLocation();
  Attribute parsed;
  if (::parseTree(parser, parsed))
    return failure();
  tree = dyn_cast<DictionaryAttr>(parsed);
  return tree ? success() : ParseResult(parser.emitError(start, "expected a dictionary"));
}

static bool isNested(Attribute value) {
  return isa<DictionaryAttr, ArrayAttr>(value);
}

static void printTree(OpAsmPrinter &printer, Attribute tree);

/// `print(element)` for each, on lines of their own if any of them is nested.
template <class Range, class Print>
static void printList(OpAsmPrinter &printer, Range elements, bool lines, Print print) {
  if (lines)
    printer.increaseIndent();
  bool first = true;
  for (auto element : elements) {
    if (!first)
      printer << (lines ? "," : ", ");
    first = false;
    if (lines)
      printer.printNewline();
    print(element);
  }
  if (!lines)
    return;
  printer.decreaseIndent();
  printer.printNewline();
}

static void printTree(OpAsmPrinter &printer, Attribute tree) {
  if (auto dictionary = dyn_cast<DictionaryAttr>(tree)) {
    printer << "{";
    bool lines = llvm::any_of(dictionary, [](NamedAttribute entry) { return isNested(entry.getValue()); });
    printList(printer, dictionary, lines, [&](NamedAttribute entry) {
      printer.printKeywordOrString(entry.getName());
      printer << " = ";
      printTree(printer, entry.getValue());
    });
    printer << "}";
  } else if (auto array = dyn_cast<ArrayAttr>(tree)) {
    printer << "[";
    printList(printer, array, llvm::any_of(array, isNested),
              [&](Attribute value) { printTree(printer, value); });
    printer << "]";
  } else if (auto number = dyn_cast<FloatAttr>(tree)) {
    arch::printNumber(printer, nullptr, number);
  } else if (auto integer = dyn_cast<IntegerAttr>(tree); integer && integer.getType().isInteger(64)) {
    printer << integer.getInt();
  } else {
    printer << tree;
  }
}

void arch::printTree(OpAsmPrinter &printer, Operation *, DictionaryAttr tree) {
  ::printTree(printer, tree);
}
