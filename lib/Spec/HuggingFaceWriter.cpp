#include "Families.h"

#include "codesign/Model/Blocks.h"
#include "codesign/Spec/HuggingFace.h"
#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include <cassert>
#include <optional>

namespace codesign {

namespace {

/// The blocks of a layer by role.
template <class T>
const T *blockOf(const LayerGroup &group) {
  for (const auto &block : group.blocks)
    if (const auto *found = dynamic_cast<const T *>(block.get()))
      return found;
  return nullptr;
}

template <class T>
const T &blockIn(const std::vector<std::shared_ptr<const Block>> &blocks) {
  for (const auto &block : blocks)
    if (const auto *found = dynamic_cast<const T *>(block.get()))
      return *found;
  llvm_unreachable("a model of a supported family has this block");
}

llvm::StringRef torchName(DataType type) {
  switch (type) {
  case DataType::F16:
    return "float16";
  case DataType::F32:
    return "float32";
  default:
    return "bfloat16";
  }
}

llvm::json::Object gpt2Keys(const ModelSpec &model, const DimensionValues &d) {
  llvm::json::Object keys;
  keys["n_embd"] = d[Dimension::HiddenSize];
  keys["n_layer"] = d[Dimension::NumHiddenLayers];
  keys["n_head"] = d[Dimension::NumAttentionHeads];
  keys["n_inner"] = d[Dimension::IntermediateSize];
  keys["n_positions"] = keys["n_ctx"] = model.maxPositionEmbeddings;
  const PlainActivation activation = blockOf<MlpBlock>(model.layers.front())->activation;
  keys["activation_function"] = activation == PlainActivation::GeluTanh ? "gelu_new" : toString(activation);
  return keys;
}

/// Layers with different windows or feed-forward kinds are spelled out layer by layer, group after group.
void addLayerPattern(const ModelSpec &model, const Family &family, llvm::json::Object &keys) {
  llvm::json::Array types, denseLayers;
  int64_t layer = 0, window = 0;
  for (const LayerGroup &group : model.layers) {
    const int64_t own = blockOf<AttentionBlock>(group)->slidingWindow;
    window = std::max(window, own);
    for (int64_t i = 0; i < group.count; ++i, ++layer) {
      types.push_back(own > 0 ? "sliding_attention" : "full_attention");
      if (blockOf<MlpBlock>(group))
        denseLayers.push_back(layer);
    }
  }
  if (family.window != WindowRule::None)
    keys["sliding_window"] = window > 0 ? llvm::json::Value(window) : llvm::json::Value(nullptr);
  if (window > 0 && family.window == WindowRule::WithFlag) {
    keys["use_sliding_window"] = true;
    keys["max_window_layers"] = 0;
  }
  if (window > 0 && model.layers.size() > 1)
    keys["layer_types"] = std::move(types);
  if (family.experts == ExpertRule::SparseSteps) {
    keys["decoder_sparse_step"] = 1;
    keys["mlp_only_layers"] = std::move(denseLayers);
  }
}

llvm::json::Object decoderKeys(const ModelSpec &model, const Family &family, const DimensionValues &d) {
  const AttentionBlock &attention = *blockOf<AttentionBlock>(model.layers.front());
  llvm::json::Object keys;
  keys["hidden_size"] = d[Dimension::HiddenSize];
  keys["num_hidden_layers"] = d[Dimension::NumHiddenLayers];
  keys["num_attention_heads"] = d[Dimension::NumAttentionHeads];
  keys["num_key_value_heads"] = d[Dimension::NumKeyValueHeads];
  keys["head_dim"] = d[Dimension::HeadDim];
  keys["max_position_embeddings"] = model.maxPositionEmbeddings;
  keys["hidden_act"] = "silu";
  if (family.biasKeys)
    keys["attention_bias"] = attention.outputBias;
  if (d[Dimension::IntermediateSize] > 0)
    keys["intermediate_size"] = d[Dimension::IntermediateSize];
  if (d[Dimension::NumExperts] > 0) {
    keys["num_experts_per_tok"] = d[Dimension::NumExpertsPerToken];
    if (family.experts == ExpertRule::EveryLayer) {
      keys["num_local_experts"] = d[Dimension::NumExperts];
      keys["intermediate_size"] = d[Dimension::MoeIntermediateSize];
    } else {
      keys["num_experts"] = d[Dimension::NumExperts];
      keys["moe_intermediate_size"] = d[Dimension::MoeIntermediateSize];
    }
  } else if (family.biasKeys) {
    keys["mlp_bias"] = blockOf<MlpBlock>(model.layers.front())->bias;
  }
  addLayerPattern(model, family, keys);
  return keys;
}

/// The mapping that the reader read, numbers as they were spelt and keys in their order: of a multimodal file
/// its text part. A null node without a source.
YAML::Node sourceKeys(std::shared_ptr<const SourceFile> source) {
  if (!source)
    return {};
  llvm::Expected<YamlContext> context = YamlContext::parse(std::move(source), /*json=*/true);
  if (!context) {
    llvm::consumeError(context.takeError()); // a base in YAML
    return {};
  }
  const YAML::Node root = context->root();
  const YAML::Node inner = root["text_config"];
  return inner && inner.IsMap() && !root["hidden_size"] ? inner : root;
}

/// Whether two models have the same kinds of layers, as many of each.
bool samePattern(const ModelSpec &one, const ModelSpec &other) {
  return llvm::equal(one.layers, other.layers, [](const LayerGroup &a, const LayerGroup &b) {
    return a.count == b.count &&
           blockOf<AttentionBlock>(a)->slidingWindow == blockOf<AttentionBlock>(b)->slidingWindow &&
           !blockOf<MlpBlock>(a) == !blockOf<MlpBlock>(b);
  });
}

/// Keys by their new values, and those that stay as the source has them.
struct ConfigKeys {
  llvm::json::Object changed;
  llvm::StringSet<> kept;
};

/// A model knows how many layers of each kind there are, only the original file in which order.
void keepLayerOrder(const ModelSpec &model, std::shared_ptr<const SourceFile> source, ConfigKeys &keys) {
  llvm::Expected<LoadedModel> base = readHuggingFaceConfig(std::move(source));
  if (!base) {
    llvm::consumeError(base.takeError());
    return;
  }
  if (model.family != base->model.family || model.layers.size() < 2 || !samePattern(model, base->model))
    return;
  for (llvm::StringRef key : {"layer_types", "sliding_window", "use_sliding_window", "max_window_layers",
                              "decoder_sparse_step", "mlp_only_layers"}) {
    keys.changed.erase(key);
    keys.kept.insert(key);
  }
}

void writeNode(llvm::json::OStream &json, const YAML::Node &node) {
  const bool quoted = node.Tag() == "!";
  if (node.IsMap())
    json.object([&] {
      for (const auto &member : node)
        json.attributeBegin(member.first.Scalar()), writeNode(json, member.second), json.attributeEnd();
    });
  else if (node.IsSequence())
    json.array([&] {
      for (const YAML::Node &item : node)
        writeNode(json, item);
    });
  else if (node.IsNull())
    json.value(nullptr);
  else if (quoted)
    json.value(node.Scalar());
  else
    json.rawValue(node.Scalar()); // a number in its own spelling, true, false
}

/// Whether a number is the same, however it is spelt.
bool sameNumber(const llvm::json::Value &value, const YAML::Node &node) {
  double old = 0;
  const std::optional<double> number = value.getAsNumber();
  return number && node.IsScalar() && !llvm::StringRef(node.Scalar()).getAsDouble(old) && old == *number;
}

/// The source's keys in their order, then new ones.
void writeKeys(llvm::json::OStream &json, const YAML::Node &source, ConfigKeys keys) {
  for (const auto &member : source) {
    const std::string &key = member.first.Scalar();
    const llvm::json::Value *value = keys.changed.get(key);
    if (!value && !keys.kept.contains(key) && llvm::is_contained(shapeKeys(), key))
      continue; // the chosen shape has none
    json.attributeBegin(key);
    if (value && !keys.kept.contains(key) && !sameNumber(*value, member.second))
      json.value(*value);
    else
      writeNode(json, member.second);
    json.attributeEnd();
    keys.changed.erase(key);
  }
  std::vector<std::string> added;
  for (const auto &[key, value] : keys.changed)
    added.push_back(key.str());
  llvm::sort(added);
  for (const std::string &key : added)
    json.attribute(key, *keys.changed.get(key));
}

} // namespace

void writeHuggingFaceConfig(const ModelSpec &model, std::shared_ptr<const SourceFile> source,
                            llvm::raw_ostream &stream) {
  const Family *family = findFamily(model.family);
  assert(family && "only supported families are read");
  const DimensionValues dimensions = dimensionsOf(model);
  const YAML::Node original = sourceKeys(source);
  ConfigKeys keys;
  keys.changed =
      family->name == "gpt2" ? gpt2Keys(model, dimensions) : decoderKeys(model, *family, dimensions);
  keys.changed["model_type"] = family->name;
  keys.changed["name"] = model.name;
  keys.changed["architectures"] = llvm::json::Array{family->architecture};
  keys.changed["vocab_size"] = dimensions[Dimension::VocabSize];
  keys.changed[original.IsMap() && original["dtype"] ? "dtype" : "torch_dtype"] = torchName(model.type);
  keys.changed["tie_word_embeddings"] = blockIn<HeadBlock>(model.epilogue).tied;
  if (original.IsMap()) {
    // Which of the accepted activations it is has no influence on the shape.
    for (const char *key : {"hidden_act", "activation_function"})
      if (keys.changed.get(key) && original[key] && !original[key].IsNull())
        keys.kept.insert(key);
    keepLayerOrder(model, std::move(source), keys);
  }
  llvm::json::OStream writer(stream, 2);
  writer.object([&] { writeKeys(writer, original, std::move(keys)); });
  stream << '\n';
}

} // namespace codesign
