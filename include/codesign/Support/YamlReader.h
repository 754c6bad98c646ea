// Strict reading of YAML and JSON: every node knows its place, every key is asked for once, what is left over
// is an error.
#pragma once

#include "codesign/Support/Diagnostics.h"
#include "yaml-cpp/yaml.h"
#include "llvm/ADT/StringMap.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace codesign {

/// One document being read. The first error is kept and later ones are dropped, so that a reader is a flat
/// list of calls with one check at the end.
class YamlContext {
public:
  /// Reads and parses a file; a syntax error or a document that is not one mapping is an error.
  static llvm::Expected<YamlContext> open(llvm::StringRef path);
  /// The same for a text that was read before. JSON is held to its own grammar first (see checkJson).
  static llvm::Expected<YamlContext> parse(std::shared_ptr<const SourceFile> file, bool json = false);

  const YAML::Node &root() const { return rootNode; }
  const std::shared_ptr<const SourceFile> &source() const { return file; }
  SourceLocation locationOf(const YAML::Node &node) const;

  void fail(const YAML::Node &at, const llvm::Twine &message);
  bool failed() const { return firstError.has_value(); }
  /// Success if nothing failed. Call once, at the end.
  llvm::Error takeError();

private:
  std::shared_ptr<const SourceFile> file;
  YAML::Node rootNode;
  struct Failure {
    SourceLocation location;
    std::string message;
  };
  std::optional<Failure> firstError;
};

/// What a node is, for messages: "4096", "the text \"abc\"", "a list", "a mapping", "nothing".
std::string describeNode(const YAML::Node &node);

/// Holds a text to the JSON grammar, which a YAML parser does not: no trailing comma, comment or second
/// value, no byte-order mark, nesting at most 64 deep. Bare Infinity, -Infinity and NaN pass, as Python
/// writes them.
llvm::Error checkJson(const std::shared_ptr<const SourceFile> &file);

/// A finite number without quotes, in [low, high]; 0 and an error otherwise. `path` names it in messages.
double readNumber(YamlContext &context, const YAML::Node &node, llvm::StringRef path, double low,
                  double high);
/// The same for whole numbers.
int64_t readInteger(YamlContext &context, const YAML::Node &node, llvm::StringRef path, double low,
                    double high);
/// "true" or "false" without quotes.
bool readBool(YamlContext &context, const YAML::Node &node, llvm::StringRef path);
/// Text that is not empty.
std::string readText(YamlContext &context, const YAML::Node &node, llvm::StringRef path);

/// The members of one mapping. Checks at construction that it is a mapping without doubled keys.
class MapReader {
public:
  MapReader(YamlContext &context, YAML::Node node, std::string path);

  YamlContext &context() const { return *owner; }
  const YAML::Node &node() const { return mapping; }
  /// "memory.hbm.capacity_bytes"
  std::string pathOf(llvm::StringRef key) const;

  /// The value of a key. A missing one is an error and gives a null node.
  YAML::Node take(llvm::StringRef key);
  /// The same, but a missing key is fine.
  std::optional<YAML::Node> takeOptional(llvm::StringRef key);
  MapReader map(llvm::StringRef key) { return MapReader(*owner, take(key), pathOf(key)); }
  std::string text(llvm::StringRef key) { return readText(*owner, take(key), pathOf(key)); }
  double number(llvm::StringRef key, double low, double high) {
    return readNumber(*owner, take(key), pathOf(key), low, high);
  }
  int64_t integer(llvm::StringRef key, double low, double high) {
    return readInteger(*owner, take(key), pathOf(key), low, high);
  }
  /// Keys with a meaning of their own: never taken for a misspelling of a missing one.
  void know(llvm::ArrayRef<llvm::StringRef> keys) { known.append(keys.begin(), keys.end()); }
  /// The items of a list; anything else is an error.
  std::vector<YAML::Node> list(llvm::StringRef key);
  /// One of a few words; the message lists them.
  size_t choice(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> words);

  /// Key nodes and value nodes in file order, for mappings whose keys are data.
  std::vector<std::pair<YAML::Node, YAML::Node>> members() const;
  /// Reports the first key that nobody took, with a suggestion.
  void finish();

private:
  YamlContext *owner;
  YAML::Node mapping;
  std::string path;
  llvm::StringMap<YAML::Node> values; // by key
  std::vector<std::string> asked;
  llvm::SmallVector<llvm::StringRef, 0> known;
};

} // namespace codesign
