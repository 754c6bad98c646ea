// The keys of one Hugging Face config: each value with its origin, under the name that all families share.
#pragma once

#include "Families.h"
#include "codesign/Spec/HuggingFace.h"
#include "codesign/Support/YamlReader.h"
#include <map>
#include <optional>
#include <string>

namespace codesign {

/// Errors go to the context, once each.
class HuggingFaceKeys {
public:
  HuggingFaceKeys(YamlContext &context, const YAML::Node &mapping, std::string path)
      : context(context), reader(context, mapping, std::move(path)) {
    reader.know(shapeKeys());
  }

protected:
  // One value with its origin under the unified name, the first of `keys`.
  std::optional<int64_t> optionalInteger(llvm::ArrayRef<llvm::StringRef> keys, int64_t low, int64_t high);
  int64_t integer(llvm::ArrayRef<llvm::StringRef> keys, int64_t low, int64_t high);
  int64_t integerOr(llvm::ArrayRef<llvm::StringRef> keys, int64_t low, int64_t high, int64_t fallback,
                    llvm::StringRef rule);
  /// As integerOr, with the family's default where the file does not have the key at all; null still means
  /// `fallback`.
  int64_t integerOfFamily(llvm::StringRef key, int64_t low, int64_t high, int64_t familyDefault,
                          int64_t fallback, llvm::StringRef rule);
  bool flag(llvm::StringRef key, bool fallback);
  /// The value node of a key; empty when missing or null.
  std::optional<YAML::Node> present(llvm::StringRef key);
  void derived(llvm::StringRef key, llvm::StringRef rule) { loaded.origins[key.str()] = {{}, rule.str()}; }
  void failAt(llvm::StringRef key, const llvm::Twine &message);

  /// `usual` where the key is missing; any other text than that and `others` is an error.
  std::string activationOf(llvm::StringRef key, llvm::StringRef usual,
                           llvm::ArrayRef<llvm::StringRef> others);
  DataType readType();
  void rejectUnsupported();
  std::string reasonUnsupported();
  void warnOfMisspellings();

  YamlContext &context;
  MapReader reader;
  std::map<std::string, YAML::Node> nodes; // by unified name, for later messages
  LoadedModel loaded;
};

} // namespace codesign
