// The variables of a source: their names, what they hold now, and how long they last.
#include "KernelWriter.h"

using namespace mlir;
using llvm::Error;

namespace codesign::emit {

using namespace kernel;

std::optional<int64_t> constantValue(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantIndexOp>())
    return constant.value();
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return static_cast<int64_t>(constant.getValue());
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  const std::optional<int64_t> left = constantValue(op->getOperand(0)),
                               right = constantValue(op->getOperand(1));
  if (!left || !right)
    return std::nullopt;
  return isa<arith::AddIOp>(op) ? *left + *right : *left - *right;
}

std::string KernelWriter::fresh(StringRef hint) {
  const int count = ++taken[hint];
  if (count == 1)
    return hint.str();
  // "aPart" of the first step of k and "aPartAtK" of the others.
  const std::string inLoop =
      counters.empty() ? std::string() : (hint + "At" + llvm::Twine(counters.back())).str();
  if (!inLoop.empty() && !taken.contains(inLoop))
    return fresh(inLoop);
  return fresh((hint + llvm::Twine(count)).str());
}

bool KernelWriter::isLastUse(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
    return ancestor && (ancestor == op || ancestor->isBeforeInBlock(op));
  });
}

Error KernelWriter::updateInPlace(Operation *op, Value operand, Value result) {
  const std::string name = text(operand);
  if (!isLastUse(operand, op))
    return fail(op, "overwrites '" + name + "', which is used again later");
  expressions[result] = {name};
  variables[name].current = result;
  return Error::success();
}

void KernelWriter::nameValue(Operation *op) {
  auto hint = op->getAttrOfType<StringAttr>("kernel.name");
  if (!hint || !isSafeIdentifier(hint.getValue()) || op->use_empty())
    return;
  const std::string name = fresh(hint.getValue());
  line() << "const int " << name << " = " << text(op->getResult(0)) << ";\n";
  expressions[op->getResult(0)] = {name};
}

void KernelWriter::declareOrReload(Operation *op, Value result, StringRef hint, StringRef type,
                                   StringRef arguments) {
  if (repeating) { // an element of an array
    const std::string element = arrays[hint.rtrim("0123456789")] + "[" + repeatCounter + "]";
    variables[element].current = result;
    expressions[result] = {element};
    line() << element << ".load(" << arguments << ");\n";
    return;
  }
  auto known = variables.find(hint);
  if (known != variables.end() && known->second.current.getType() == result.getType() &&
      isLastUse(known->second.current, op)) {
    known->second.current = result;
    expressions[result] = {hint.str()};
    line() << hint << ".load(" << arguments << ");\n";
    return;
  }
  const std::string name = fresh(hint);
  variables[name] = {result, depth};
  expressions[result] = {name};
  line() << type << ' ' << name << '(' << arguments << ");\n";
}

void KernelWriter::leaveScope(const llvm::StringMap<int> &takenOutside) {
  taken = takenOutside;
  llvm::SmallVector<std::string> gone;
  for (auto &entry : variables)
    if (entry.second.depth > depth)
      gone.push_back(entry.first().str());
  for (const std::string &variable : gone)
    variables.erase(variable);
}

} // namespace codesign::emit
