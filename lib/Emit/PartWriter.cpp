// Tiles that pass through registers in parts: what one phase of a loop moves of a tile is one line.
#include "KernelWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

namespace {

/// A fetch or a deposit of a part of a tile's rows.
struct PartMove {
  Operation *op = nullptr;
  bool fetches = false;
  Value staged, place; // what it leaves or takes in registers; the slot of a deposit, the column of a fetch
  int64_t part = 0, parts = 1;
};

std::optional<PartMove> partMoveOf(Operation *op) {
  auto move = [&](bool fetches, Value staged, Value place, int64_t row, int64_t tileRows) {
    const int64_t rows = cast<StagedType>(staged.getType()).getShape()[0];
    return rows < tileRows ? std::optional(PartMove{op, fetches, staged, place, row / rows, tileRows / rows})
                           : std::nullopt;
  };
  if (auto fetch = dyn_cast<FetchOp>(op))
    return move(true, fetch.getResult(), fetch.getColumn(), fetch.getRow(),
                fetch.getRows().getType().getRows());
  if (auto deposit = dyn_cast<DepositOp>(op))
    return move(false, deposit.getStaged(), deposit.getTile(), deposit.getRow(),
                deposit.getTile().getType().getRows());
  return std::nullopt;
}

/// Whether two values are one, or computed alike from ones that are.
bool isAlike(Value left, Value right) {
  if (left == right)
    return true;
  Operation *a = left.getDefiningOp(), *b = right.getDefiningOp();
  return a && b && isMemoryEffectFree(a) && a->getName() == b->getName() &&
         a->getName().compareOpProperties(a->getPropertiesStorage(), b->getPropertiesStorage()) &&
         a->getNumOperands() == b->getNumOperands() &&
         llvm::all_of(llvm::zip(a->getOperands(), b->getOperands()),
                      [](auto pair) { return isAlike(std::get<0>(pair), std::get<1>(pair)); });
}

/// "aNext" of "aNext3".
StringRef tileName(StringRef partName) {
  return partName.rtrim("0123456789");
}

/// "<1, 3>", or nothing for all parts.
std::string partsText(int64_t first, int64_t last, int64_t parts) {
  return first == 0 && last == parts ? "" : formatv("<{0}, {1}>", first, last).str();
}

} // namespace

bool KernelWriter::isPartMove(Operation *op) {
  return partMoveOf(op).has_value();
}

Error KernelWriter::writePartMoves(Operation *op) {
  // What moves here until something else does.
  llvm::SmallVector<PartMove> moves;
  for (Operation *next = op; next; next = next->getNextNode())
    if (std::optional<PartMove> move = partMoveOf(next))
      moves.push_back(*move);
    else if (!isa<SlotOp>(next) && !isa<arith::ArithDialect>(next->getDialect())) // they write no line
      break;
  const PartMove first = moves.front();
  auto nameOf = [&](const PartMove &move) {
    if (move.fetches)
      return tileName(cast<FetchOp>(move.op).getName()).str();
    const std::string variable = StringRef(text(move.staged)).split('.').first.str();
    for (const auto &entry : partNames)
      if (entry.second == variable)
        return entry.first().str();
    return variable;
  };
  const std::string hint = nameOf(first);
  auto goesOn = [&](const PartMove &move, const PartMove &like, int64_t part) {
    return move.fetches == like.fetches && move.part == part && nameOf(move) == hint &&
           isAlike(move.place, like.place) &&
           (!move.fetches || cast<FetchOp>(move.op).getRows() == cast<FetchOp>(like.op).getRows());
  };
  // Either one kind, or deposits each followed by the fetch that takes its registers.
  const bool inTurn =
      !first.fetches && moves.size() > 1 && moves[1].fetches && goesOn(moves[1], moves[1], first.part);
  const size_t stride = inTurn ? 2 : 1;
  int64_t last = first.part;
  size_t count = 0;
  const auto allGoOn = [&] {
    for (size_t i = 0; i < stride; ++i)
      if (!goesOn(moves[count + i], moves[i], last))
        return false;
    return true;
  };
  for (; count + stride <= moves.size() && allGoOn(); count += stride)
    ++last;
  const ArrayRef<PartMove> run = ArrayRef(moves).take_front(count);

  std::string &known = partNames[hint];
  std::string name = known.empty() ? hint : known;
  const auto nameOfPart = [&](int64_t part) { return formatv("{0}.parts[{1}]", name, part).str(); };
  const bool declares = first.fetches && !variables.contains(nameOfPart(0));
  if (declares)
    known = name = fresh(hint);
  if (declares && last - first.part != first.parts)
    return fail(op, "begins to fetch '" + hint + "' with a part of it");
  for (const PartMove &move : run) {
    written.insert(move.op);
    if (!move.fetches)
      continue;
    Variable &variable = variables[nameOfPart(move.part)];
    if (!declares && !isLastUse(variable.current, move.op))
      return fail(move.op, "overwrites '" + nameOfPart(move.part) + "', which is used again later");
    variable = {move.staged, declares ? depth : variable.depth};
    expressions[move.staged] = {nameOfPart(move.part)};
  }
  if (inTurn) // the fetch's column is computed in between
    for (Operation *next = op->getNextNode(); next != run[1].op; next = next->getNextNode()) {
      if (Error error = writeOperation(next))
        return error;
      written.insert(next);
    }
  auto source = [&](const PartMove &fetch) {
    return text(cast<FetchOp>(fetch.op).getRows()) + ", " + text(fetch.place);
  };
  const std::string parts = partsText(first.part, last, first.parts);
  if (declares) {
    auto fetch = cast<FetchOp>(op);
    const StagedType whole = StagedType::get(
        op->getContext(), {fetch.getRows().getType().getRows(), fetch.getType().getShape()[1]},
        fetch.getType().getElementType());
    line() << formatv("StagedParts<{0}> {1}({2});\n", stagedShape(whole, name), name, source(first));
  } else if (inTurn) {
    line() << formatv("{0}.advance<{1}, {2}>({3}, {4});\n", name, first.part, last, text(first.place),
                      source(run[1]));
  } else {
    line() << formatv("{0}.{1}{2}({3});\n", name, first.fetches ? "load" : "store", parts,
                      first.fetches ? source(first) : text(first.place));
  }
  return Error::success();
}

} // namespace codesign::emit
