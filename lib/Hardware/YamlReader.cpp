#include "YamlReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <charconv>
#include <cmath>

namespace codesign::hardware {

static SourceLocation locationOfMark(const std::shared_ptr<const SourceFile> &file, const YAML::Mark &mark) {
  if (mark.is_null())
    return {file, 0, 0};
  return {file, mark.line + 1, mark.column + 1};
}

llvm::Expected<YamlContext> YamlContext::open(llvm::StringRef path) {
  constexpr size_t maxBytes = size_t(4) << 20;
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(path);
  if (!file)
    return file.takeError();
  if ((*file)->text.size() > maxBytes)
    return inputError({*file, 0, 0}, "the file is larger than 4 MiB");
  YamlContext context;
  context.file = *file;
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll((*file)->text);
    if (documents.size() != 1 || !documents.front().IsMap())
      return inputError({*file, 1, 1}, "expected one YAML mapping");
    context.rootNode.reset(documents.front());
  } catch (const YAML::Exception &exception) {
    return inputError(locationOfMark(*file, exception.mark), exception.msg);
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
    context.fail(node, "'" + path + "' must be a number");
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
    context.fail(node, "'" + path + "' must be a whole number");
  return static_cast<int64_t>(value);
}

std::string readText(YamlContext &context, const YAML::Node &node, llvm::StringRef path) {
  if (context.failed())
    return {};
  if (!node.IsScalar() || node.Scalar().empty()) {
    context.fail(node, "'" + path + "' must be text");
    return {};
  }
  return node.Scalar();
}

MapReader::MapReader(YamlContext &context, YAML::Node node, std::string path)
    : owner(&context), mapping(node), path(std::move(path)) {
  if (context.failed())
    return;
  if (!mapping.IsMap()) {
    context.fail(mapping, "'" + this->path + "' must be a mapping");
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
    owner->fail(node, "'" + pathOf(key) + "' must be a list");
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
  owner->fail(node,
              "'" + pathOf(key) + "' must be one of " + llvm::join(words, ", ") + didYouMean(word, words));
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

} // namespace codesign::hardware
