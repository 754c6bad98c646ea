// Steps that the IR has one after the other and that differ in their number alone, as a loop over arrays.
#include "KernelWriter.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

namespace {

using Repeat = llvm::SmallVector<Operation *>;

std::optional<int64_t> repeatOf(Operation *op) {
  auto number = op ? op->getAttrOfType<IntegerAttr>("kernel.repeat") : IntegerAttr();
  return number ? std::optional(number.getInt()) : std::nullopt;
}

/// The repeats that begin with an op of the first one.
llvm::SmallVector<Repeat> repeatsFrom(Operation *op) {
  llvm::SmallVector<Repeat> repeats;
  for (std::optional<int64_t> number; (number = repeatOf(op)); op = op->getNextNode()) {
    const auto known = static_cast<int64_t>(repeats.size());
    if (*number == known)
      repeats.emplace_back();
    else if (*number != known - 1)
      break;
    repeats.back().push_back(op);
  }
  return repeats;
}

/// What an op is apart from its number and what is said of it.
DictionaryAttr attributesOf(Operation *op) {
  NamedAttrList attributes(op->getAttrDictionary());
  for (StringRef name : {"kernel.repeat", "kernel.comment"})
    attributes.erase(name);
  if (auto name = dyn_cast_or_null<StringAttr>(attributes.get("name"))) // "wParts2"
    attributes.set("name", StringAttr::get(op->getContext(), name.getValue().rtrim("0123456789")));
  if (isRepeatNumber(op))
    attributes.erase("value");
  return attributes.getDictionary(op->getContext());
}

} // namespace

bool isRepeatNumber(Operation *op) {
  auto name = op ? op->getAttrOfType<StringAttr>("kernel.name") : StringAttr();
  return isa_and_nonnull<arith::ConstantIndexOp>(op) && name && name.getValue() == "step";
}

/// Whether an operand of a later repeat is what the same one of the first is: that value itself, what an op
/// at the same place of its own repeat gives, the element of the same array, or what the repeat before has
/// made of a variable.
bool KernelWriter::correspond(Value first, Value later, const Repeat &firstRepeat, const Repeat &before,
                              const Repeat &own, int64_t number) {
  if (first == later)
    return true;
  Operation *definition = later.getDefiningOp();
  const auto placeIn = [](const Repeat &repeat, Operation *op) {
    return std::distance(repeat.begin(), llvm::find(repeat, op));
  };
  const auto resultNumber = [](Value value) { return cast<OpResult>(value).getResultNumber(); };
  if (definition && llvm::is_contained(own, definition)) {
    Operation *counterpart = firstRepeat[placeIn(own, definition)];
    return first.getDefiningOp() == counterpart && resultNumber(first) == resultNumber(later);
  }
  if (definition && llvm::is_contained(before, definition))
    return llvm::is_contained(firstRepeat[placeIn(before, definition)]->getOperands(), first);
  return !text(first).empty() && text(later) == elementText(text(first), number);
}

/// Whether the later repeats do what the first does with the next number.
bool KernelWriter::areAlike(llvm::ArrayRef<Repeat> repeats) {
  const Repeat &first = repeats.front();
  for (auto [number, repeat] : llvm::enumerate(repeats)) {
    if (repeat.size() != first.size())
      return false;
    for (Operation *op : repeat)
      if (isRepeatNumber(op) && cast<arith::ConstantIndexOp>(op).value() != static_cast<int64_t>(number))
        return false;
  }
  for (auto [number, repeat] : llvm::drop_begin(llvm::enumerate(repeats))) {
    for (auto [one, other] : llvm::zip_equal(first, repeat))
      if (one->getName() != other->getName() || one->getResultTypes() != other->getResultTypes() ||
          one->getNumOperands() != other->getNumOperands() || attributesOf(one) != attributesOf(other) ||
          !llvm::all_of(llvm::zip(one->getOperands(), other->getOperands()), [&](auto pair) {
            return correspond(std::get<0>(pair), std::get<1>(pair), first, repeats[number - 1], repeat,
                              int64_t(number));
          }))
        return false;
  }
  return true;
}

bool KernelWriter::beginsRepeats(Operation *op) {
  return repeatOf(op) == 0 && !written.contains(op);
}

std::string KernelWriter::elementText(StringRef ofFirst, int64_t number) const {
  const std::string counter = "[" + repeatCounter + "]";
  const size_t at = ofFirst.find(counter);
  return at == StringRef::npos ? ofFirst.str()
                               : (ofFirst.take_front(at) + "[" + llvm::Twine(number) + "]" +
                                  ofFirst.drop_front(at + counter.size()))
                                     .str();
}

void KernelWriter::declareArrays(const Repeat &repeat, int64_t count) {
  for (Operation *op : repeat) {
    std::string hint, type;
    if (auto fetch = dyn_cast<FetchFragmentOp>(op)) {
      hint = fetch.getName().rtrim("0123456789").str();
      type = operandsClass(fetch.getType());
    } else if (auto fetch = dyn_cast<FetchScalesOp>(op)) {
      hint = fetch.getName().rtrim("0123456789").str();
      type = scalesClass(fetch.getType());
    }
    if (hint.empty() || variables.contains(arrays[hint] + "[" + repeatCounter + "]"))
      continue;
    const std::string name = arrays[hint] = fresh(hint);
    line() << type << ' ' << name << '[' << number(count, {"ahead"}) << "];\n";
    const std::string element = name + "[" + repeatCounter + "]";
    for (int64_t i = 0; i < count; ++i)
      variables[i == 0 ? element : elementText(element, i)] = {Value(), depth};
  }
}

llvm::Expected<bool> KernelWriter::writeRepeats(Operation *op) {
  const llvm::SmallVector<Repeat> repeats = repeatsFrom(op);
  if (repeats.size() < 2 || !areAlike(repeats))
    return false;
  const auto count = static_cast<int64_t>(repeats.size());
  comment(repeats.front().front());
  declareArrays(repeats.front(), count);
  out << "#pragma unroll\n";
  line() << formatv("for (int {0} = 0; {0} < {1}; ++{0}) {{\n", repeatCounter, number(count, {"ahead"}));
  ++depth;
  repeating = true;
  for (Operation *member : repeats.front())
    if (Error error = writeOperation(member))
      return error;
  repeating = false;
  --depth;
  line() << "}\n";
  // The others hold what the loop leaves.
  for (auto [number, repeat] : llvm::drop_begin(llvm::enumerate(repeats)))
    for (auto [one, other] : llvm::zip_equal(repeats.front(), repeat)) {
      written.insert(other);
      for (auto [ofFirst, result] : llvm::zip_equal(one->getResults(), other->getResults())) {
        const std::string name = elementText(text(ofFirst), int64_t(number));
        if (auto variable = variables.find(name); variable != variables.end()) {
          if (variable->second.current && !isLastUse(variable->second.current, other))
            return fail(other, "overwrites '" + name + "', which is used again later");
          variable->second.current = result;
        }
        expressions[result] = {name};
      }
    }
  for (Operation *member : repeats.front())
    written.insert(member);
  return true;
}

} // namespace codesign::emit
