#include "SourceConstants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace codesign::emit {

using llvm::StringRef;

namespace {

/// Whether the text has the name as a word of its own.
bool mentions(StringRef text, StringRef name) {
  for (size_t at = text.find(name); at != StringRef::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !llvm::isAlnum(text[at - 1])) && (end == text.size() || !llvm::isAlnum(text[end])))
      return true;
  }
  return false;
}

/// Computes a formula from left to right, products before sums.
class Formula {
public:
  Formula(const SourceConstants &constants, StringRef text) : constants(constants), rest(text) {}

  std::optional<int64_t> value() {
    const std::optional<int64_t> result = sum();
    return rest.trim().empty() ? result : std::nullopt;
  }

private:
  bool take(char symbol) {
    rest = rest.ltrim();
    return rest.consume_front(StringRef(&symbol, 1));
  }
  std::optional<int64_t> sum() {
    std::optional<int64_t> left = product();
    while (left) {
      const bool plus = take('+');
      if (!plus && !take('-'))
        break;
      const std::optional<int64_t> right = product();
      left = right ? std::optional(plus ? *left + *right : *left - *right) : std::nullopt;
    }
    return left;
  }
  std::optional<int64_t> product() {
    std::optional<int64_t> left = operand();
    while (left) {
      const bool times = take('*');
      if (!times && !take('/'))
        break;
      const std::optional<int64_t> right = operand();
      left = right && (times || *right != 0) ? std::optional(times ? *left * *right : *left / *right)
                                             : std::nullopt;
    }
    return left;
  }
  std::optional<int64_t> operand() {
    if (take('(')) {
      const std::optional<int64_t> inner = sum();
      return take(')') ? inner : std::nullopt;
    }
    rest = rest.ltrim();
    const StringRef word = rest.take_while(llvm::isAlnum);
    rest = rest.drop_front(word.size());
    int64_t digits = 0;
    if (!word.getAsInteger(10, digits))
      return digits;
    return constants.has(word) ? std::optional(constants.valueOf(word)) : std::nullopt;
  }

  const SourceConstants &constants;
  StringRef rest;
};

} // namespace

void SourceConstants::add(StringRef group, StringRef name, int64_t value,
                          llvm::ArrayRef<StringRef> formulas) {
  constants.push_back({group.str(), name.str(), text(value, formulas), value});
}

void SourceConstants::know(StringRef name, int64_t value) {
  constants.push_back({"", name.str(), "", value});
}

bool SourceConstants::has(StringRef name) const {
  return llvm::any_of(constants, [&](const Constant &constant) { return constant.name == name; });
}

int64_t SourceConstants::valueOf(StringRef name) const {
  for (const Constant &constant : constants)
    if (constant.name == name)
      return constant.value;
  return 0;
}

std::vector<std::string> SourceConstants::names() const {
  std::vector<std::string> all;
  for (const Constant &constant : constants)
    all.push_back(constant.name);
  return all;
}

std::optional<int64_t> SourceConstants::evaluate(StringRef formula) const {
  return Formula(*this, formula).value();
}

std::string SourceConstants::text(int64_t value, llvm::ArrayRef<StringRef> formulas) const {
  for (StringRef formula : formulas)
    if (value != 0 && evaluate(formula) == value) // a name says more than that there is nothing
      return formula.str();
  return std::to_string(value);
}

void SourceConstants::write(StringRef source, llvm::raw_ostream &out) const {
  std::vector<bool> used(constants.size());
  for (size_t i = constants.size(); i-- > 0;) { // definitions use what was added before
    used[i] = mentions(source, constants[i].name);
    for (size_t later = i + 1; later < constants.size(); ++later)
      used[i] = used[i] || (used[later] && mentions(constants[later].definition, constants[i].name));
  }
  StringRef group;
  bool open = false;
  auto close = [&] {
    if (open)
      out << ';' << (group.empty() ? "" : " // ") << group << '\n';
    open = false;
  };
  for (size_t i = 0; i < constants.size(); ++i) {
    if (!used[i] || constants[i].definition.empty())
      continue;
    if (!open || group != constants[i].group || group.empty()) {
      close();
      out << "constexpr int ";
      group = constants[i].group;
    } else {
      out << ", ";
    }
    open = true;
    out << constants[i].name << " = " << constants[i].definition;
  }
  close();
}

} // namespace codesign::emit
