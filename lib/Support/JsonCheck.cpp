// The grammar of JSON, so that a YAML parser may read it without accepting more than JSON allows.
#include "codesign/Support/YamlReader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

namespace codesign {

namespace {

class JsonChecker {
public:
  explicit JsonChecker(const std::shared_ptr<const SourceFile> &file) : file(file), text(file->text) {}

  llvm::Error run() {
    if (text.starts_with("\xEF\xBB\xBF"))
      fail("found a byte-order mark, which JSON does not have");
    else if (value(0)) {
      skipSpace();
      if (at < text.size())
        failFound("expected the end of the file");
    }
    if (message.empty())
      return llvm::Error::success();
    llvm::StringRef before = text.take_front(at);
    int line = static_cast<int>(before.count('\n')) + 1;
    size_t lineStart = before.rfind('\n');
    int column = static_cast<int>(lineStart == llvm::StringRef::npos ? at : at - lineStart - 1) + 1;
    return inputError({file, line, column}, message);
  }

private:
  static constexpr int maxDepth = 64;

  bool fail(const char *what) {
    if (message.empty())
      message = what;
    return false;
  }

  /// Names what stands here: one character, or a hint for what other languages allow.
  bool failFound(llvm::StringRef expected) {
    llvm::StringRef rest = text.substr(at);
    std::string found;
    if (rest.empty())
      found = "the end of the file";
    else if (rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with("#"))
      found = "a comment, which JSON does not have";
    else if (rest.starts_with("'"))
      found = "a single quote";
    else if (static_cast<unsigned char>(rest.front()) < 0x20 || rest.front() == 0x7f)
      found = "a control character";
    else
      found = "'" + rest.take_front(llvm::getNumBytesForUTF8(rest.front())).str() + "'";
    if (message.empty())
      message = (expected + ", found " + found).str();
    return false;
  }

  void skipSpace() {
    while (at < text.size() && llvm::StringRef(" \t\r\n").contains(text[at]))
      ++at;
  }

  bool consume(char c) {
    skipSpace();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }

  bool value(int depth) {
    if (depth > maxDepth)
      return fail("nested more than 64 deep");
    skipSpace();
    if (at >= text.size())
      return failFound("expected a value");
    if (text[at] == '{')
      return members(depth);
    if (text[at] == '[')
      return items(depth);
    if (text[at] == '"')
      return string();
    for (llvm::StringRef word : {"true", "false", "null", "NaN", "Infinity", "-Infinity"})
      if (text.substr(at).starts_with(word)) {
        at += word.size();
        return true;
      }
    return number();
  }

  bool members(int depth) {
    ++at;
    if (consume('}'))
      return true;
    do {
      skipSpace();
      if (at >= text.size() || text[at] != '"')
        return at < text.size() && text[at] == '}' ? fail("a comma stands before '}'")
                                                   : failFound("expected a key in double quotes");
      if (!string())
        return false;
      if (!consume(':'))
        return failFound("expected ':' after the key");
      if (!value(depth + 1))
        return false;
    } while (consume(','));
    return consume('}') || failFound("expected ',' or '}'");
  }

  bool items(int depth) {
    ++at;
    if (consume(']'))
      return true;
    do {
      skipSpace();
      if (at < text.size() && text[at] == ']')
        return fail("a comma stands before ']'");
      if (!value(depth + 1))
        return false;
    } while (consume(','));
    return consume(']') || failFound("expected ',' or ']'");
  }

  bool string() {
    ++at;
    while (at < text.size() && text[at] != '"') {
      if (static_cast<unsigned char>(text[at]) < 0x20)
        return fail("a string ends on the line where it starts");
      if (text[at] == '\\') {
        ++at;
        if (at >= text.size() || !llvm::StringRef("\"\\/bfnrtu").contains(text[at]))
          return fail("unknown escape in a string");
        if (text[at] == 'u')
          for (int digit = 0; digit < 4; ++digit) {
            ++at;
            if (at >= text.size() || !llvm::isHexDigit(text[at]))
              return fail("expected four hexadecimal digits");
          }
      }
      ++at;
    }
    if (at >= text.size())
      return fail("a string does not end");
    ++at;
    return true;
  }

  bool digits() {
    size_t start = at;
    while (at < text.size() && llvm::isDigit(text[at]))
      ++at;
    return at > start;
  }

  bool number() {
    size_t start = at;
    if (text[at] == '-')
      ++at;
    bool leadingZero = at < text.size() && text[at] == '0';
    size_t whole = at;
    if (!digits()) {
      at = start;
      return failFound("expected a value");
    }
    if (leadingZero && at - whole > 1) {
      at = start;
      return fail("a number has no leading zero");
    }
    if (at < text.size() && text[at] == '.') {
      ++at;
      if (!digits())
        return fail("expected digits after the point");
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
      ++at;
      if (at < text.size() && (text[at] == '+' || text[at] == '-'))
        ++at;
      if (!digits())
        return fail("expected digits of the exponent");
    }
    return true;
  }

  const std::shared_ptr<const SourceFile> &file;
  llvm::StringRef text;
  size_t at = 0;
  std::string message;
};

} // namespace

llvm::Error checkJson(const std::shared_ptr<const SourceFile> &file) {
  return JsonChecker(file).run();
}

} // namespace codesign
