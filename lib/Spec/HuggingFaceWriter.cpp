#include "Families.h"

#include "codesign/Model/Blocks.h"
#include "codesign/Spec/HuggingFace.h"
#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/STLExtras.h"
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
  keys["activation_function"] = "gelu_new";
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

/// Python writes bare NaN and Infinity, which JSON does not have; newer files spell them as an object.
std::string spellNonFinite(llvm::StringRef text) {
  std::string result;
  bool inString = false;
  while (!text.empty()) {
    size_t length = 1;
    if (inString && text.front() == '\\')
      length = 2;
    else if (text.front() == '"')
      inString = !inString;
    else if (!inString)
      for (llvm::StringRef word : {"NaN", "Infinity", "-Infinity"})
        if (text.starts_with(word)) {
          result += "{\"__float__\": \"" + word.str() + "\"}";
          text = text.drop_front(word.size());
          length = 0;
          break;
        }
    result += text.take_front(length);
    text = text.drop_front(std::min(length, text.size()));
  }
  return result;
}

/// The mapping that the reader read: of a multimodal file, its text part.
std::optional<llvm::json::Object> sourceKeys(const SourceFile &source) {
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(spellNonFinite(source.text));
  if (!parsed) {
    llvm::consumeError(parsed.takeError()); // an unpaired surrogate, which only our reader takes
    return std::nullopt;
  }
  llvm::json::Object *object = parsed->getAsObject();
  if (!object)
    return std::nullopt;
  if (llvm::json::Object *inner = object->getObject("text_config"); inner && !object->get("hidden_size"))
    return std::move(*inner);
  return std::move(*object);
}

/// Whether two models have the same kinds of layers, as many of each.
bool samePattern(const ModelSpec &one, const ModelSpec &other) {
  return llvm::equal(one.layers, other.layers, [](const LayerGroup &a, const LayerGroup &b) {
    return a.count == b.count &&
           blockOf<AttentionBlock>(a)->slidingWindow == blockOf<AttentionBlock>(b)->slidingWindow &&
           !blockOf<MlpBlock>(a) == !blockOf<MlpBlock>(b);
  });
}

/// A model knows how many layers of each kind there are, only the original file in which order.
void keepLayerOrder(const ModelSpec &model, std::shared_ptr<const SourceFile> source,
                    const llvm::json::Object &original, llvm::json::Object &keys) {
  llvm::Expected<LoadedModel> base = readHuggingFaceConfig(std::move(source));
  if (!base) {
    llvm::consumeError(base.takeError());
    return;
  }
  if (model.family != base->model.family || model.layers.size() < 2 || !samePattern(model, base->model))
    return;
  for (llvm::StringRef key : {"layer_types", "sliding_window", "use_sliding_window", "max_window_layers",
                              "decoder_sparse_step", "mlp_only_layers"}) {
    keys.erase(key);
    if (const llvm::json::Value *value = original.get(key))
      keys[key] = *value;
  }
}

} // namespace

void writeHuggingFaceConfig(const ModelSpec &model, const SourceFile *source, llvm::raw_ostream &stream) {
  const Family *family = findFamily(model.family);
  assert(family && "only supported families are read");
  DimensionValues dimensions = dimensionsOf(model);
  llvm::json::Object keys =
      family->name == "gpt2" ? gpt2Keys(model, dimensions) : decoderKeys(model, *family, dimensions);
  keys["model_type"] = family->name;
  keys["name"] = model.name;
  keys["architectures"] = llvm::json::Array{family->architecture};
  keys["vocab_size"] = dimensions[Dimension::VocabSize];
  keys["torch_dtype"] = torchName(model.type);
  keys["tie_word_embeddings"] = blockIn<HeadBlock>(model.epilogue).tied;
  if (std::optional<llvm::json::Object> original = source ? sourceKeys(*source) : std::nullopt) {
    for (const auto &[key, value] : *original)
      if (!llvm::is_contained(shapeKeys(), llvm::StringRef(key)))
        keys.try_emplace(key, value);
    // Which of the accepted activations it is has no influence on the shape.
    for (llvm::StringRef key : {"hidden_act", "activation_function"})
      if (const llvm::json::Value *value = original->get(key); value && keys.get(key))
        keys[key] = *value;
    keepLayerOrder(model, std::make_shared<const SourceFile>(*source), *original, keys);
  }
  llvm::json::OStream writer(stream, 2);
  writer.value(llvm::json::Value(std::move(keys)));
  stream << '\n';
}

} // namespace codesign
