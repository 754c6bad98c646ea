#include "HuggingFaceKeys.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace codesign {

std::optional<YAML::Node> HuggingFaceKeys::present(llvm::StringRef key) {
  std::optional<YAML::Node> node = reader.takeOptional(key);
  if (!node || node->IsNull())
    return std::nullopt;
  nodes[key.str()].reset(*node);
  return node;
}

void HuggingFaceKeys::failAt(llvm::StringRef key, const llvm::Twine &message) {
  auto found = nodes.find(key.str());
  context.fail(found == nodes.end() ? reader.node() : found->second, message);
}

std::optional<int64_t> HuggingFaceKeys::optionalInteger(llvm::ArrayRef<llvm::StringRef> keys, int64_t low,
                                                        int64_t high) {
  for (llvm::StringRef key : keys)
    if (std::optional<YAML::Node> node = present(key)) {
      nodes[keys.front().str()].reset(*node);
      loaded.origins[keys.front().str()] = {context.locationOf(*node), ""};
      return readInteger(context, *node, reader.pathOf(key), double(low), double(high));
    }
  return std::nullopt;
}

int64_t HuggingFaceKeys::integer(llvm::ArrayRef<llvm::StringRef> keys, int64_t low, int64_t high) {
  if (std::optional<int64_t> value = optionalInteger(keys, low, high))
    return *value;
  // GPT-2's own name follows the unified one.
  llvm::StringRef ownName = keys[std::min<size_t>(1, keys.size() - 1)];
  reader.take(ownName); // reports the missing key, or a misspelt one that looks like it
  if (!context.failed())
    context.fail(reader.takeOptional(ownName).value_or(reader.node()),
                 "'" + reader.pathOf(ownName) + "' must not be null");
  return low;
}

int64_t HuggingFaceKeys::integerOr(llvm::ArrayRef<llvm::StringRef> keys, int64_t low, int64_t high,
                                   int64_t fallback, llvm::StringRef rule) {
  if (std::optional<int64_t> value = optionalInteger(keys, low, high))
    return *value;
  derived(keys.front(), rule);
  return fallback;
}

int64_t HuggingFaceKeys::integerOfFamily(llvm::StringRef key, int64_t low, int64_t high,
                                         int64_t familyDefault, int64_t fallback, llvm::StringRef rule) {
  if (familyDefault != 0 && !reader.takeOptional(key)) {
    derived(key, "the family's default, as the file has none");
    return familyDefault;
  }
  return integerOr({key}, low, high, fallback, rule);
}

bool HuggingFaceKeys::flag(llvm::StringRef key, bool fallback) {
  std::optional<YAML::Node> node = present(key);
  if (!node) {
    derived(key, "the family's default");
    return fallback;
  }
  loaded.origins[key.str()] = {context.locationOf(*node), ""};
  return readBool(context, *node, reader.pathOf(key));
}

void HuggingFaceKeys::rejectUnsupported() {
  for (const UnsupportedKey &unsupported : unsupportedKeys()) {
    std::optional<YAML::Node> node = present(unsupported.key);
    if (!node || (node->IsScalar() && (node->Scalar() == "0" || node->Scalar() == "false")))
      continue;
    context.fail(*node, "'" + unsupported.key + "' asks for " + unsupported.mechanism +
                            ", which is not supported yet");
    return;
  }
}

/// Names the mechanism that a file of an unknown family asks for.
std::string HuggingFaceKeys::reasonUnsupported() {
  for (const UnsupportedKey &unsupported : unsupportedKeys())
    if (present(unsupported.key))
      return (": '" + unsupported.key + "' asks for " + unsupported.mechanism).str();
  return {};
}

/// A key that nobody reads, but that looks like one of a shape which the file does not have.
void HuggingFaceKeys::warnOfMisspellings() {
  llvm::SmallVector<llvm::StringRef> absent;
  for (llvm::StringRef key : shapeKeys())
    if (key.size() > 7 && !reader.takeOptional(key))
      absent.push_back(key);
  for (const auto &[key, value] : reader.members()) {
    const std::string &text = key.Scalar();
    if (llvm::is_contained(shapeKeys(), text))
      continue;
    if (std::string near = didYouMean(text, absent); !near.empty())
      loaded.warnings.push_back(context.locationOf(key).str() + ": '" + text + "' is not read" + near);
  }
}

std::string HuggingFaceKeys::activationOf(llvm::StringRef key, llvm::StringRef usual,
                                          llvm::ArrayRef<llvm::StringRef> others) {
  std::optional<YAML::Node> node = present(key);
  if (!node)
    return usual.str();
  std::vector<llvm::StringRef> allowed = {usual};
  allowed.insert(allowed.end(), others.begin(), others.end());
  std::string value = readText(context, *node, reader.pathOf(key));
  if (!context.failed() && !llvm::is_contained(allowed, value))
    context.fail(*node, "'" + key + "' is " + value + ", expected " + llvm::join(allowed, " or ") +
                            didYouMean(value, allowed));
  return value;
}

DataType HuggingFaceKeys::readType() {
  for (llvm::StringRef key : {"dtype", "torch_dtype"})
    if (std::optional<YAML::Node> node = present(key)) {
      std::string text = readText(context, *node, reader.pathOf(key));
      std::optional<DataType> type = parseDataType(text);
      if (!type)
        context.fail(*node, "'" + key + "' is " + text + ", which is no element type" +
                                didYouMean(text, {"bfloat16", "float16", "float32"}));
      return type.value_or(DataType::BF16);
    }
  return DataType::BF16;
}

} // namespace codesign
