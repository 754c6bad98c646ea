#include "codesign/Support/YamlReader.h"

#include "yaml-cpp/depthguard.h"
#include "yaml-cpp/eventhandler.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"
#include <charconv>
#include <cmath>
#include <sstream>

namespace codesign {

static SourceLocation locationOfMark(const std::shared_ptr<const SourceFile> &file, const YAML::Mark &mark) {
  if (mark.is_null())
    return {file, 0, 0};
  return {file, mark.line + 1, mark.column + 1};
}

/// JSON writes characters beyond 16 bits as two escapes, which YAML does not know; unpaired halves become
/// U+FFFD. Later columns of such a line shift by two.
static std::string joinSurrogates(llvm::StringRef text) {
  std::string result;
  const auto unit = [&](size_t at) -> std::optional<uint32_t> {
    uint32_t value = 0;
    if (!text.substr(at).starts_with("\\u") || text.substr(at + 2, 4).getAsInteger(16, value))
      return std::nullopt;
    return value;
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      result += text[i++];
      continue;
    }
    std::optional<uint32_t> high = unit(i);
    if (!high) {
      result += text.substr(i, 2);
      i += 2;
      continue;
    }
    std::optional<uint32_t> low = unit(i + 6);
    if (*high >= 0xD800 && *high < 0xDC00 && low && *low >= 0xDC00 && *low < 0xE000) {
      result += llvm::formatv("\\U{0:X-8}", 0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00));
      i += 12;
    } else {
      result += *high >= 0xD800 && *high < 0xE000 ? std::string("\\ufffd") : text.substr(i, 6).str();
      i += 6;
    }
  }
  return result;
}

static SourceLocation locationOfOffset(const std::shared_ptr<const SourceFile> &file, size_t offset) {
  llvm::StringRef before = llvm::StringRef(file->text).take_front(offset);
  size_t lineStart = before.rfind('\n') + 1; // npos + 1 is 0
  return {file, static_cast<int>(before.count('\n')) + 1, static_cast<int>(offset - lineStart) + 1};
}

/// What a YAML parser would accept or blame on a later place.
static llvm::Error checkText(const std::shared_ptr<const SourceFile> &file) {
  constexpr size_t maxBytes = size_t(4) << 20;
  const std::string &text = file->text;
  if (text.size() > maxBytes)
    return inputError({file, 0, 0}, "the file is larger than 4 MiB");
  if (text.find('\0') != std::string::npos)
    return inputError({file, 0, 0}, "the file is not text: it holds a zero byte");
  const auto *start = reinterpret_cast<const llvm::UTF8 *>(text.data()), *bad = start;
  if (!llvm::isLegalUTF8String(&bad, start + text.size()))
    return inputError(locationOfOffset(file, size_t(bad - start)),
                      "the file is not UTF-8: found the byte 0x" + llvm::utohexstr(*bad));
  if (llvm::StringRef(text).trim().empty())
    return inputError({file, 0, 0}, "the file is empty");
  return llvm::Error::success();
}

/// The parser blames a tab in the indentation on whatever follows it.
static llvm::Error parserError(const std::shared_ptr<const SourceFile> &file,
                               const YAML::Exception &exception) {
  SourceLocation location = locationOfMark(file, exception.mark);
  llvm::StringRef line = file->line(location.line);
  size_t tab = line.take_while([](char c) { return c == ' ' || c == '\t'; }).find('\t');
  if (location.line > 0 && tab != llvm::StringRef::npos)
    return inputError({file, location.line, static_cast<int>(tab) + 1},
                      "found a tab in the indentation, expected spaces");
  if (dynamic_cast<const YAML::DeepRecursion *>(&exception))
    return inputError(location, "nested too deep");
  return inputError(location, exception.msg);
}

namespace {

/// Where the documents of a text start; everything in them is passed over.
struct DocumentStarts : YAML::EventHandler {
  std::vector<YAML::Mark> marks;

  void OnDocumentStart(const YAML::Mark &mark) override { marks.push_back(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark &, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark &, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark &, const std::string &, YAML::anchor_t, const std::string &) override {}
  void OnSequenceStart(const YAML::Mark &, const std::string &, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark &, const std::string &, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

} // namespace

/// The parser finds documents without end in a text such as "{},", so no more than two are asked for.
static std::optional<YAML::Mark> secondDocument(const std::string &text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  while (starts.marks.size() < 2 && parser.HandleNextDocument(starts)) {
  }
  return starts.marks.size() < 2 ? std::nullopt : std::optional(starts.marks[1]);
}

llvm::Expected<YamlContext> YamlContext::open(llvm::StringRef path) {
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(path);
  if (!file)
    return file.takeError();
  return parse(*file);
}

llvm::Expected<YamlContext> YamlContext::parse(std::shared_ptr<const SourceFile> file, bool json) {
  if (llvm::Error error = checkText(file))
    return error;
  if (json)
    if (llvm::Error error = checkJson(file))
      return error;
  YamlContext context;
  context.file = file;
  try {
    const std::string text = json ? joinSurrogates(file->text) : file->text;
    const char *expected = json ? "expected one JSON object, found " : "expected one YAML mapping, found ";
    if (std::optional<YAML::Mark> second = secondDocument(text)) {
      const bool comma = text.compare(size_t(second->pos), 1, ",") == 0;
      return inputError(locationOfMark(file, *second),
                        expected + std::string(comma ? "','" : "a second document"));
    }
    const YAML::Node only = YAML::Load(text);
    if (!only.IsMap())
      return inputError(only.Mark().is_null() ? SourceLocation{file, 1, 1}
                                              : locationOfMark(file, only.Mark()),
                        expected + describeNode(only));
    context.rootNode.reset(only);
  } catch (const YAML::Exception &exception) {
    return parserError(file, exception);
  }
  return context;
}

SourceLocation YamlContext::locationOf(const YAML::Node &node) const {
  return locationOfMark(file, node.Mark());
}

void YamlContext::fail(const YAML::Node &at, const llvm::Twine &message) {
  if (!firstError)
    firstError = Failure{locationOf(at), message.str()};
}

llvm::Error YamlContext::takeError() {
  if (!firstError)
    return llvm::Error::success();
  return inputError(firstError->location, firstError->message);
}

/// An unquoted scalar's text; quoted numbers are text and must not pass as numbers.
static std::optional<llvm::StringRef> plainScalar(const YAML::Node &node) {
  if (!node.IsScalar() || node.Tag() == "!")
    return std::nullopt;
  return llvm::StringRef(node.Scalar());
}

/// "1e+09" or "304": the fewest digits that are exact.
static std::string shortest(double value) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

/// A finite number in decimal digits; getAsDouble alone would take hexadecimal, "inf" and "nan".
static bool isDecimal(llvm::StringRef text, double &value) {
  return !text.empty() && text.find_first_not_of("0123456789.eE+-") == llvm::StringRef::npos &&
         !text.getAsDouble(value) && std::isfinite(value);
}

/// At most 40 bytes, whole characters.
static std::string shortened(llvm::StringRef text) {
  constexpr size_t maxLength = 40;
  if (text.size() <= maxLength)
    return text.str();
  size_t end = maxLength;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.take_front(end).str() + "…";
}

std::string describeNode(const YAML::Node &node) {
  if (!node.IsDefined() || node.IsNull())
    return "nothing";
  if (node.IsSequence())
    return "a list";
  if (node.IsMap())
    return "a mapping";
  const std::string text = shortened(node.Scalar());
  return plainScalar(node) ? text : "the text \"" + text + "\"";
}

/// How to write what was probably meant, or nothing: "8B" is 8e9, "64" in quotes is 64.
static std::string numberHint(const YAML::Node &node) {
  if (!node.IsScalar())
    return {};
  struct Unit {
    llvm::StringRef name;
    double factor;
  };
  static constexpr Unit units[] = {
      {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"kB", 1e3}, {"KB", 1e3},
      {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},    {"k", 1e3},      {"K", 1e3},  {"M", 1e6},
      {"B", 1e9},      {"b", 1e9},      {"G", 1e9},      {"T", 1e12},
  };
  llvm::StringRef text = node.Scalar();
  double value = 0;
  if (isDecimal(text, value))
    return "; remove the quotes";
  for (const Unit &unit : units) {
    llvm::StringRef digits = text;
    if (digits.consume_back(unit.name) && isDecimal(digits.rtrim(), value))
      return "; write " + shortest(value * unit.factor);
  }
  std::string plain = text.str();
  llvm::erase_if(plain, [](char c) { return c == ',' || c == '_'; });
  return plain.size() < text.size() && isDecimal(plain, value) ? "; write " + shortest(value) : std::string();
}

double readNumber(YamlContext &context, const YAML::Node &node, llvm::StringRef path, double low,
                  double high) {
  if (context.failed())
    return low;
  std::optional<llvm::StringRef> text = plainScalar(node);
  double value = 0;
  if (!text || !isDecimal(*text, value)) {
    context.fail(node, "'" + path + "' must be a number, found " + describeNode(node) + numberHint(node));
    return low;
  }
  if (value < low || value > high) {
    std::string range = llvm::formatv("'{0}' is {1}, outside {2} … {3}", path, shortened(*text),
                                      shortest(low), shortest(high));
    context.fail(node, range);
    return low;
  }
  return value;
}

int64_t readInteger(YamlContext &context, const YAML::Node &node, llvm::StringRef path, double low,
                    double high) {
  double value = readNumber(context, node, path, low, high);
  if (value != std::floor(value))
    context.fail(node, "'" + path + "' must be a whole number, found " + describeNode(node));
  return static_cast<int64_t>(value);
}

bool readBool(YamlContext &context, const YAML::Node &node, llvm::StringRef path) {
  if (context.failed())
    return false;
  std::optional<llvm::StringRef> text = plainScalar(node);
  if (text && (*text == "true" || *text == "false"))
    return *text == "true";
  context.fail(node, "'" + path + "' must be true or false, found " + describeNode(node));
  return false;
}

std::string readText(YamlContext &context, const YAML::Node &node, llvm::StringRef path) {
  if (context.failed())
    return {};
  if (!node.IsScalar() || node.Scalar().empty()) {
    context.fail(node, "'" + path + "' must be text, found " + describeNode(node));
    return {};
  }
  return node.Scalar();
}

MapReader::MapReader(YamlContext &context, YAML::Node node, std::string path)
    : owner(&context), mapping(node), path(std::move(path)) {
  if (context.failed())
    return;
  if (!mapping.IsMap()) {
    context.fail(mapping, "'" + this->path + "' must be a mapping, found " + describeNode(mapping));
    return;
  }
  for (const auto &[key, value] : members()) {
    if (!key.IsScalar()) {
      context.fail(key, "keys must be plain words");
      return;
    }
    if (!values.try_emplace(key.Scalar(), value).second) {
      context.fail(key, "'" + pathOf(key.Scalar()) + "' is given twice");
      return;
    }
  }
}

std::string MapReader::pathOf(llvm::StringRef key) const {
  return path.empty() ? key.str() : path + "." + key.str();
}

std::vector<std::pair<YAML::Node, YAML::Node>> MapReader::members() const {
  std::vector<std::pair<YAML::Node, YAML::Node>> result;
  if (mapping.IsMap())
    for (const auto &member : mapping)
      result.emplace_back(member.first, member.second);
  return result;
}

std::optional<YAML::Node> MapReader::takeOptional(llvm::StringRef key) {
  asked.push_back(key.str());
  auto found = values.find(key);
  if (owner->failed() || found == values.end())
    return std::nullopt;
  return found->second;
}

YAML::Node MapReader::take(llvm::StringRef key) {
  if (std::optional<YAML::Node> found = takeOptional(key))
    return *found;
  if (owner->failed())
    return YAML::Node();
  // A misspelt key shows up as a missing one: name the stray key that looks like it.
  for (const auto &[name, value] : members())
    if (nearestName(name.Scalar(), {key}) == key && !llvm::is_contained(asked, name.Scalar()) &&
        !llvm::is_contained(known, name.Scalar())) {
      owner->fail(name, "unknown key '" + pathOf(name.Scalar()) + "'; did you mean '" + key + "'?");
      return YAML::Node();
    }
  owner->fail(mapping, "missing key '" + pathOf(key) + "'");
  return YAML::Node();
}

std::vector<YAML::Node> MapReader::list(llvm::StringRef key) {
  YAML::Node node = take(key);
  if (owner->failed())
    return {};
  if (!node.IsSequence()) {
    const std::string found = describeNode(node);
    owner->fail(node, "'" + pathOf(key) + "' must be a list, found " + found +
                          (node.IsScalar() ? "; write [" + found + "]" : std::string()));
    return {};
  }
  return {node.begin(), node.end()};
}

size_t MapReader::choice(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> words) {
  YAML::Node node = take(key);
  std::string word = readText(*owner, node, pathOf(key));
  if (owner->failed())
    return 0;
  auto found = llvm::find(words, word);
  if (found != words.end())
    return found - words.begin();
  owner->fail(node, "'" + pathOf(key) + "' must be one of " + llvm::join(words, ", ") + ", found " +
                        shortened(word) + didYouMean(word, words));
  return 0;
}

void MapReader::finish() {
  if (owner->failed())
    return;
  for (const auto &[name, value] : members()) {
    if (llvm::is_contained(asked, name.Scalar()))
      continue;
    std::vector<llvm::StringRef> candidates(asked.begin(), asked.end());
    owner->fail(name, "unknown key '" + pathOf(name.Scalar()) + "'" + didYouMean(name.Scalar(), candidates));
    return;
  }
}

} // namespace codesign
