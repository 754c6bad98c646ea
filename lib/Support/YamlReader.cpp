#include "codesign/Support/YamlReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <charconv>
#include <cmath>

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

llvm::Expected<YamlContext> YamlContext::open(llvm::StringRef path) {
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(path);
  if (!file)
    return file.takeError();
  return parse(*file);
}

llvm::Expected<YamlContext> YamlContext::parse(std::shared_ptr<const SourceFile> file, bool json) {
  constexpr size_t maxBytes = size_t(4) << 20;
  if (file->text.size() > maxBytes)
    return inputError({file, 0, 0}, "the file is larger than 4 MiB");
  if (file->text.find('\0') != std::string::npos)
    return inputError({file, 0, 0}, "the file is not text: it holds a zero byte");
  if (json)
    if (llvm::Error error = checkJson(file))
      return error;
  YamlContext context;
  context.file = file;
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(json ? joinSurrogates(file->text) : file->text);
    if (documents.size() != 1 || !documents.front().IsMap())
      return inputError({file, 1, 1}, json ? "expected one JSON object" : "expected one YAML mapping");
    context.rootNode.reset(documents.front());
  } catch (const YAML::Exception &exception) {
    return inputError(locationOfMark(file, exception.mark), exception.msg);
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

std::string describeNode(const YAML::Node &node) {
  if (!node.IsDefined() || node.IsNull())
    return "nothing";
  if (node.IsSequence())
    return "a list";
  if (node.IsMap())
    return "a mapping";
  std::string text = node.Scalar().substr(0, 40);
  return plainScalar(node) ? text : "the text \"" + text + "\"";
}

/// "1e+09" or "304": the fewest digits that are exact.
static std::string shortest(double value) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

double readNumber(YamlContext &context, const YAML::Node &node, llvm::StringRef path, double low,
                  double high) {
  if (context.failed())
    return low;
  std::optional<llvm::StringRef> text = plainScalar(node);
  double value = 0;
  // getAsDouble alone would take hexadecimal, "inf" and "nan".
  bool isNumber = text && text->find_first_not_of("0123456789.eE+-") == llvm::StringRef::npos &&
                  !text->getAsDouble(value) && std::isfinite(value);
  if (!isNumber) {
    context.fail(node, "'" + path + "' must be a number, found " + describeNode(node));
    return low;
  }
  if (value < low || value > high) {
    std::string range =
        llvm::formatv("'{0}' is {1}, outside {2} … {3}", path, *text, shortest(low), shortest(high));
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
  std::vector<std::string> seen;
  for (const auto &[key, value] : members()) {
    if (!key.IsScalar()) {
      context.fail(key, "keys must be plain words");
      return;
    }
    if (llvm::is_contained(seen, key.Scalar())) {
      context.fail(key, "'" + pathOf(key.Scalar()) + "' is given twice");
      return;
    }
    seen.push_back(key.Scalar());
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
  if (!owner->failed())
    for (const auto &[name, value] : members())
      if (name.Scalar() == key)
        return value;
  return std::nullopt;
}

YAML::Node MapReader::take(llvm::StringRef key) {
  if (std::optional<YAML::Node> found = takeOptional(key))
    return *found;
  if (owner->failed())
    return YAML::Node();
  // A misspelt key shows up as a missing one: name the stray key that looks like it.
  for (const auto &[name, value] : members())
    if (nearestName(name.Scalar(), {key}) == key && !llvm::is_contained(asked, name.Scalar())) {
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
    owner->fail(node, "'" + pathOf(key) + "' must be a list, found " + describeNode(node));
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
  owner->fail(node, "'" + pathOf(key) + "' must be one of " + llvm::join(words, ", ") + ", found " + word +
                        didYouMean(word, words));
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
