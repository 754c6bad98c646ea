// Hugging Face config.json: in and out.
#pragma once

#include "codesign/Spec/LoadedModel.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace YAML {
class Node;
}

namespace codesign {

class YamlContext;

/// The values of model_type that are read: "llama", "qwen2", "qwen3", "mistral", "mixtral", "qwen3_moe",
/// "gpt2".
llvm::ArrayRef<llvm::StringRef> supportedFamilies();

/// Reads a config.json. Strict JSON; a `text_config` is entered. Keys without influence on the shape are
/// ignored; a key of a mechanism that codesign does not model is an error that names it. Values out of range
/// or at odds with one another are errors with a caret (exit code 2).
llvm::Expected<LoadedModel> readHuggingFaceConfig(std::shared_ptr<const SourceFile> file);

/// Reads the same keys from a mapping inside another document (the `model:` of a codesign YAML file), where
/// an unknown key is an error. `name` is used where the mapping has none.
llvm::Expected<LoadedModel> readInlineModel(YamlContext &context, const YAML::Node &mapping,
                                            llvm::StringRef name);

/// Writes the config.json of a model of a supported family: the keys of `source` (null for none) in their
/// order and spelling, with the values of the shape keys replaced where the model differs, then shape keys
/// that it lacks, by name. Reading it back gives the same model. Layers of several kinds stand in the order
/// of `source` where both have as many of each, else kind after kind.
void writeHuggingFaceConfig(const ModelSpec &model, std::shared_ptr<const SourceFile> source,
                            llvm::raw_ostream &stream);

} // namespace codesign
