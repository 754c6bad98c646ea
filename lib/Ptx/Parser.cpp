#include "Opcodes.h"
#include "Program.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

namespace codesign::ptx {

namespace {

/// Characters that names of registers, labels and symbols have.
constexpr llvm::StringLiteral nameParts("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$%.");
bool isNamePart(char c) {
  return nameParts.contains(c);
}

class Parser {
public:
  explicit Parser(Program &program) : program(program), rest(program.text) {}

  llvm::Error parse() {
    while (skip(), !rest.empty()) {
      if (rest.starts_with(".visible") || rest.starts_with(".entry") || rest.starts_with(".weak")) {
        if (auto error = parseFunction())
          return error;
      } else if (rest.starts_with(".func")) {
        return fail("a function besides kernels: calls are not executed");
      } else if (auto error = parseDirective()) {
        return error;
      }
    }
    if (hasDynamic && program.staticSharedBytes > 0)
      return fail("shared memory both of the kernel and of the launch is not executed");
    return llvm::Error::success();
  }

private:
  llvm::Error fail(const llvm::Twine &what) {
    return usageError("PTX line " + llvm::Twine(lineHere()) + ": " + what);
  }
  int lineHere() {
    const size_t done = program.text.size() - rest.size();
    line += static_cast<int>(llvm::StringRef(program.text).slice(counted, done).count('\n'));
    counted = done;
    return line;
  }

  static llvm::StringRef lastName(llvm::StringRef declaration) {
    declaration = declaration.rtrim();
    return declaration.drop_front(declaration.find_last_not_of(nameParts) + 1);
  }

  /// Past white space and comments.
  void skip() {
    while (true) {
      rest = rest.ltrim();
      if (!rest.starts_with("//"))
        return;
      rest = rest.drop_until([](char c) { return c == '\n'; });
    }
  }
  bool take(llvm::StringRef word) {
    skip();
    return rest.consume_front(word);
  }
  llvm::StringRef takeName() {
    skip();
    const llvm::StringRef name = rest.take_while(isNamePart);
    rest = rest.drop_front(name.size());
    return name;
  }

  /// Of a module or a function: `.reg`, `.shared`, `.local` and what is passed over.
  llvm::Error parseDirective() {
    const bool isShared = rest.starts_with(".shared") || rest.starts_with(".extern .shared"),
               isLocal = rest.starts_with(".local"), isRegister = rest.starts_with(".reg");
    if (!isShared && !isLocal && !isRegister) { // .version, .target, .loc, …: to the end of the line
      rest = rest.drop_until([](char c) { return c == '\n'; });
      return llvm::Error::success();
    }
    const size_t end = rest.find(';');
    if (end == llvm::StringRef::npos || (!function && !isShared))
      return fail("a declaration that has no end or no function");
    const llvm::StringRef declaration = rest.take_front(end);
    if (isRegister)
      declareRegisters(declaration);
    else
      declareMemory(declaration, isShared ? sharedWindow : localWindow);
    rest = rest.drop_front(end + 1);
    return llvm::Error::success();
  }

  /// `.reg .b32 %r<12>` or `.reg .pred done, other`.
  void declareRegisters(llvm::StringRef declaration) {
    llvm::SmallVector<llvm::StringRef> names;
    declaration.drop_front(4).ltrim().drop_until([](char c) { return llvm::isSpace(c); }).split(names, ',');
    llvm::StringRef type = declaration.drop_front(4).ltrim();
    type = type.take_until([](char c) { return llvm::isSpace(c); });
    const uint8_t width = typeOf(type.drop_front()).value_or(Type{Kind::Bits, 64}).bits;
    for (llvm::StringRef name : names) {
      name = name.trim();
      const auto [prefix, count] = name.split('<');
      unsigned number = 0;
      if (count.empty() || count.drop_back().getAsInteger(10, number)) {
        declare(name, width);
        continue;
      }
      for (unsigned i = 0; i < number; ++i)
        declare((prefix + llvm::Twine(i)).str(), width);
    }
  }

  void declare(llvm::StringRef name, uint8_t width) {
    scopes.back().registers[name] = function->slots++;
    function->widths.push_back(width);
  }

  /// `.shared .align 16 .b8 name[128]`; a size that is left out is what the launch asks for.
  void declareMemory(llvm::StringRef declaration, uint64_t window) {
    unsigned align = 1;
    uint64_t bytes = 0;
    if (const size_t at = declaration.find(".align"); at != llvm::StringRef::npos)
      (void)declaration.drop_front(at + 6).ltrim().consumeInteger(10, align);
    const auto [before, size] = declaration.split('[');
    const llvm::StringRef name = lastName(before);
    llvm::StringRef digits = size;
    const bool isExtern = declaration.starts_with(".extern");
    if (before.size() == declaration.size())
      bytes = 1;
    else
      (void)digits.consumeInteger(10, bytes);
    for (llvm::StringRef word : llvm::split(before, ' '))
      if (std::optional<Type> type = typeOf(word.ltrim('.')); type && word.starts_with("."))
        bytes *= std::max(1, type->bits / 8);
    hasDynamic |= isExtern;
    uint32_t &used = window == sharedWindow ? program.staticSharedBytes : function->localBytes;
    used = static_cast<uint32_t>(llvm::alignTo(used, align));
    symbols[name] = window | used;
    used += static_cast<uint32_t>(bytes);
  }

  /// `.param .u64 .ptr .align 1 name` or `.param .align 64 .b8 name[128]`.
  void declareParameter(llvm::StringRef declaration) {
    auto [before, size] = declaration.split('[');
    unsigned bytes = 8, align = 8, count = 0;
    if (before.contains(".b8"))
      bytes = align = 1;
    else if (before.contains(".u32") || before.contains(".b32") || before.contains(".f32"))
      bytes = align = 4;
    if (!size.consumeInteger(10, count))
      bytes *= count;
    if (const size_t at = before.find(".align"); at != llvm::StringRef::npos && count > 0)
      (void)before.drop_front(at + 6).ltrim().consumeInteger(10, align);
    function->parameterBytes = static_cast<uint32_t>(llvm::alignTo(function->parameterBytes, align));
    symbols[lastName(before)] = paramWindow | function->parameterBytes;
    function->parameters.push_back({function->parameterBytes, bytes});
    function->parameterBytes += bytes;
  }

  llvm::Error parseFunction() {
    while (take(".visible") || take(".weak"))
      skip();
    if (!take(".entry"))
      return fail("a function or variable besides kernels: calls are not executed");
    const llvm::StringRef name = takeName();
    function = &program.functions[name];
    scopes.assign(1, {});
    if (take("("))
      while (!take(")")) {
        if (rest.empty())
          return fail("parameters have no end");
        declareParameter(rest.take_until([](char c) { return c == ',' || c == ')'; }));
        rest = rest.drop_until([](char c) { return c == ',' || c == ')'; });
        take(",");
      }
    rest = rest.drop_until([](char c) { return c == '{'; });
    return parseBody();
  }

  struct Scope {
    llvm::StringMap<int> registers, labels;
    std::vector<std::pair<int, llvm::StringRef>> branches; // that a label is still to be found for
  };

  llvm::Error parseBody() {
    do {
      skip();
      if (rest.empty())
        return fail("the body of a kernel has no end");
      if (take("{")) {
        scopes.emplace_back();
      } else if (take("}")) {
        if (auto error = closeScope())
          return error;
      } else if (rest.starts_with(".")) {
        if (auto error = parseDirective())
          return error;
      } else if (auto error = parseStatement()) {
        return error;
      }
    } while (scopes.size() > 1);
    return llvm::Error::success();
  }

  llvm::Error closeScope() {
    Scope closed = std::move(scopes.back());
    scopes.pop_back();
    for (auto [instruction, label] : closed.branches)
      if (auto found = closed.labels.find(label); found != closed.labels.end())
        function->code[instruction].target = found->second;
      else if (scopes.size() > 1)
        scopes.back().branches.emplace_back(instruction, label);
      else
        return fail("no label " + label);
    return llvm::Error::success();
  }

  llvm::Error parseStatement() {
    Instruction instruction;
    instruction.line = lineHere();
    instruction.text = rest.take_until([](char c) { return c == ';'; });
    if (take("@")) {
      instruction.guardNegated = take("!");
      Operand guard;
      if (auto error = parseName(takeName(), guard))
        return error;
      instruction.predicate = guard.slot;
    }
    skip();
    const llvm::StringRef name = rest.take_while([](char c) { return isNamePart(c) || c == ':'; });
    rest = rest.drop_front(name.size());
    if (name.ends_with(":")) {
      scopes.back().labels[name.drop_back()] = static_cast<int>(function->code.size());
      return llvm::Error::success();
    }
    if (!decodeName(name, instruction))
      return fail("\"" + name + "\" is not executed");
    if (instruction.op == Op::Branch)
      scopes.back().branches.emplace_back(static_cast<int>(function->code.size()), takeName());
    while (!take(";")) {
      if (rest.empty())
        return fail("an instruction has no end");
      if (auto error = parseOperand(instruction.operands.emplace_back()))
        return error;
      if (!take(","))
        take("|"); // a second result
    }
    if (instruction.operands.size() < leastOperands(instruction.op))
      return fail("\"" + name + "\" with " + llvm::Twine(instruction.operands.size()) + " operands");
    function->code.push_back(std::move(instruction));
    return llvm::Error::success();
  }

  llvm::Error parseOperand(Operand &operand) {
    if (take("{")) {
      operand.kind = OperandKind::List;
      do {
        if (auto error = parseOperand(operand.parts.emplace_back()))
          return error;
        take(",");
      } while (!take("}"));
      return llvm::Error::success();
    }
    if (take("[")) {
      if (auto error = parseSum(operand))
        return error;
      operand.kind = OperandKind::Address;
      if (take(",")) { // coordinates of a tensor copy
        if (auto error = parseOperand(operand.parts.emplace_back()))
          return error;
      }
      return take("]") ? llvm::Error::success() : fail("an address has no end");
    }
    operand.negated = take("!");
    return parseSum(operand);
  }

  /// A register, number or symbol, and a number that is added to it.
  llvm::Error parseSum(Operand &operand) {
    skip();
    if (rest.starts_with("-") || rest.find_first_of("0123456789") == 0) {
      operand.kind = OperandKind::Number;
      return parseNumber(operand.number);
    }
    if (auto error = parseName(takeName(), operand))
      return error;
    skip();
    if (rest.starts_with("+") || rest.starts_with("-")) {
      const bool minus = rest.front() == '-';
      rest = rest.drop_front();
      skip();
      uint64_t number = 0;
      const bool minusAgain = rest.consume_front("-");
      if (rest.consumeInteger(0, number))
        return fail("no number behind a sign");
      operand.number += minus != minusAgain ? -number : number;
    }
    return llvm::Error::success();
  }

  /// -12, 0x1F, 0f3F800000, 0d….
  llvm::Error parseNumber(uint64_t &number) {
    if (rest.consume_front("0f") || rest.consume_front("0d"))
      return rest.consumeInteger(16, number) ? fail("no digits of a number") : llvm::Error::success();
    const bool minus = rest.consume_front("-");
    if (rest.consumeInteger(0, number))
      return fail("no number");
    take("U");
    number = minus ? -number : number;
    return llvm::Error::success();
  }

  llvm::Error parseName(llvm::StringRef name, Operand &operand) {
    if (name == "_") {
      operand.kind = OperandKind::Ignored;
      return llvm::Error::success();
    }
    for (const Scope &scope : llvm::reverse(scopes))
      if (auto found = scope.registers.find(name); found != scope.registers.end()) {
        operand.kind = OperandKind::Register;
        operand.slot = found->second;
        return llvm::Error::success();
      }
    if (auto found = symbols.find(name); found != symbols.end()) {
      operand.kind = OperandKind::Number;
      operand.number = found->second;
      return llvm::Error::success();
    }
    if (std::optional<Special> special = specialOf(name)) {
      operand.kind = OperandKind::Special;
      operand.special = *special;
      return llvm::Error::success();
    }
    return fail("no register or symbol \"" + name + "\"");
  }

  Program &program;
  llvm::StringRef rest;
  size_t counted = 0; // characters before which lines have been counted
  int line = 1;
  Function *function = nullptr;
  bool hasDynamic = false; // shared memory whose size the launch says
  std::vector<Scope> scopes;
  llvm::StringMap<uint64_t> symbols;
};

} // namespace

llvm::Expected<std::shared_ptr<const Program>> parse(llvm::StringRef text) {
  auto program = std::make_shared<Program>();
  program->text = text.str();
  if (auto error = Parser(*program).parse())
    return error;
  return program;
}

} // namespace codesign::ptx
