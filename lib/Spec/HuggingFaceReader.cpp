#include "HuggingFaceKeys.h"

#include "codesign/Model/Blocks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

namespace codesign {

std::string Origin::str() const {
  return rule.empty() ? location.str() : "derived: " + rule;
}

namespace {

constexpr int64_t maxWidth = int64_t(1) << 20;
constexpr int64_t maxVocabulary = int64_t(1) << 26;
constexpr int64_t maxLayers = 10000;
constexpr int64_t maxExperts = 8192;
constexpr double maxParameters = 1e15;

/// Reads one mapping of Hugging Face keys into a ModelSpec.
class ConfigReader : HuggingFaceKeys {
public:
  using HuggingFaceKeys::HuggingFaceKeys;

  LoadedModel read(llvm::StringRef name, bool strict);

private:
  void rejectExperts(const Family &family);
  void readGpt2();
  void readDecoder(const Family &family);
  void readAttention(const Family &family, AttentionBlock &attention);
  std::vector<int64_t> windowsOfLayers(const Family &family, int64_t layers);
  std::vector<bool> expertLayers(const Family &family, int64_t layers);
  void assemble(int64_t vocabSize, int64_t hiddenSize, bool tied, int64_t learnedPositions, bool layerNorm,
                llvm::ArrayRef<std::pair<int64_t, std::vector<std::shared_ptr<const Block>>>> groups);
};

/// The window of each layer, 0 for full attention.
std::vector<int64_t> ConfigReader::windowsOfLayers(const Family &family, int64_t layers) {
  std::vector<int64_t> windows(layers, 0);
  int64_t window =
      integerOfFamily("sliding_window", 0, int64_t(1) << 31, family.slidingWindow, 0, "no sliding window");
  bool enabled = family.window != WindowRule::WithFlag || flag("use_sliding_window", false);
  int64_t first = family.window == WindowRule::WithFlag
                      ? integerOr({"max_window_layers"}, 0, maxLayers, 28, "the family's default")
                      : 0;
  if (std::optional<YAML::Node> types = present("layer_types")) {
    if (!types->IsSequence() || static_cast<int64_t>(types->size()) != layers) {
      context.fail(*types, "'layer_types' must be a list of num_hidden_layers (" + llvm::Twine(layers) +
                               ") names, found " +
                               (types->IsSequence() ? std::to_string(types->size()) : describeNode(*types)));
      return windows;
    }
    for (auto [index, type] : llvm::enumerate(*types)) {
      std::string text = readText(context, type, "layer_types");
      if (text == "sliding_attention" && window == 0)
        context.fail(type, "layer type 'sliding_attention' needs a 'sliding_window'");
      else if (text == "sliding_attention")
        windows[index] = window;
      else if (text != "full_attention" && !context.failed())
        context.fail(type, "layer type '" + text + "' is not supported" +
                               didYouMean(text, {"full_attention", "sliding_attention"}));
    }
    return windows;
  }
  if (family.window == WindowRule::None || !enabled)
    return windows;
  for (int64_t layer = first; layer < layers; ++layer)
    windows[layer] = window;
  return windows;
}

/// Which layers have experts.
std::vector<bool> ConfigReader::expertLayers(const Family &family, int64_t layers) {
  std::vector<bool> sparse(layers, family.experts != ExpertRule::None);
  if (family.experts != ExpertRule::SparseSteps)
    return sparse;
  int64_t step = integerOr({"decoder_sparse_step"}, 1, maxLayers, 1, "experts in every layer");
  for (int64_t layer = 0; layer < layers; ++layer)
    sparse[layer] = (layer + 1) % step == 0;
  if (std::optional<YAML::Node> dense = present("mlp_only_layers")) {
    if (!dense->IsSequence())
      context.fail(*dense, "'mlp_only_layers' must be a list, found " + describeNode(*dense));
    else
      for (const YAML::Node &layer : *dense) {
        int64_t index = readInteger(context, layer, "mlp_only_layers", 0, double(layers - 1));
        if (!context.failed())
          sparse[index] = false;
      }
  }
  return sparse;
}

void ConfigReader::assemble(
    int64_t vocabSize, int64_t hiddenSize, bool tied, int64_t learnedPositions, bool layerNorm,
    llvm::ArrayRef<std::pair<int64_t, std::vector<std::shared_ptr<const Block>>>> groups) {
  const auto norm = [&](bool residual) {
    auto block = std::make_shared<NormBlock>();
    block->hiddenSize = hiddenSize;
    block->layerNorm = layerNorm;
    block->residual = residual;
    return block;
  };
  auto embedding = std::make_shared<EmbeddingBlock>();
  embedding->vocabSize = vocabSize;
  embedding->hiddenSize = hiddenSize;
  embedding->learnedPositions = learnedPositions;
  auto head = std::make_shared<HeadBlock>();
  head->vocabSize = vocabSize;
  head->hiddenSize = hiddenSize;
  head->tied = tied;
  ModelSpec &model = loaded.model;
  model.prologue = {embedding};
  for (const auto &[count, blocks] : groups)
    model.layers.push_back({count, {norm(false), blocks[0], norm(true), blocks[1]}});
  model.epilogue = {norm(true), head};
}

void ConfigReader::readGpt2() {
  int64_t hidden = integer({"hidden_size", "n_embd"}, 1, maxWidth);
  int64_t layers = integer({"num_hidden_layers", "n_layer"}, 1, maxLayers);
  int64_t heads = integer({"num_attention_heads", "n_head"}, 1, maxWidth);
  int64_t vocabulary = integer({"vocab_size"}, 1, maxVocabulary);
  int64_t positions = integer({"max_position_embeddings", "n_positions", "n_ctx"}, 1, int64_t(1) << 31);
  int64_t inner = integerOr({"intermediate_size", "n_inner"}, 1, maxWidth * 4, 4 * hidden, "4 * n_embd");
  const std::string activation =
      activationOf("activation_function", "gelu_new", {"gelu", "gelu_pytorch_tanh", "relu"});
  if (!context.failed() && hidden % heads != 0)
    failAt("num_attention_heads", "hidden size " + llvm::Twine(hidden) +
                                      " is not a multiple of the number of heads " + llvm::Twine(heads));
  if (context.failed())
    return;
  auto attention = std::make_shared<AttentionBlock>();
  attention->hiddenSize = hidden;
  attention->numAttentionHeads = attention->numKeyValueHeads = heads;
  attention->headDim = hidden / heads;
  attention->queryKeyValueBias = attention->outputBias = true;
  attention->rotary = false;
  attention->multiHead = true;
  derived("head_dim", "n_embd / n_head");
  derived("num_key_value_heads", "n_head");
  auto mlp = std::make_shared<MlpBlock>();
  mlp->hiddenSize = hidden;
  mlp->intermediateSize = inner;
  mlp->gated = false;
  mlp->bias = true;
  mlp->activation = activation == "gelu"   ? PlainActivation::Gelu
                    : activation == "relu" ? PlainActivation::Relu
                                           : PlainActivation::GeluTanh;
  loaded.model.maxPositionEmbeddings = positions;
  assemble(vocabulary, hidden, flag("tie_word_embeddings", true), positions, /*layerNorm=*/true,
           {{layers, {attention, mlp}}});
}

void ConfigReader::readAttention(const Family &family, AttentionBlock &attention) {
  int64_t hidden = attention.hiddenSize;
  attention.numAttentionHeads = integer({"num_attention_heads"}, 1, maxWidth);
  attention.numKeyValueHeads = integerOfFamily("num_key_value_heads", 1, maxWidth, family.keyValueHeads,
                                               attention.numAttentionHeads, "num_attention_heads");
  attention.headDim =
      integerOfFamily("head_dim", 1, 4096, family.headDim, hidden / attention.numAttentionHeads,
                      "hidden_size / num_attention_heads");
  if (context.failed())
    return;
  if (nodes.count("head_dim") == 0 && family.headDim == 0 && hidden % attention.numAttentionHeads != 0)
    failAt("num_attention_heads",
           "'hidden_size' " + llvm::Twine(hidden) + " is not a multiple of 'num_attention_heads' " +
               llvm::Twine(attention.numAttentionHeads) + ", and there is no 'head_dim'");
  else if (attention.numAttentionHeads % attention.numKeyValueHeads != 0)
    failAt("num_key_value_heads", "'num_attention_heads' " + llvm::Twine(attention.numAttentionHeads) +
                                      " is not a multiple of 'num_key_value_heads' " +
                                      llvm::Twine(attention.numKeyValueHeads));
  else if (attention.headDim % 2 != 0)
    failAt(nodes.count("head_dim") ? "head_dim" : "num_attention_heads",
           "rotary positions need an even head_dim, not " + llvm::Twine(attention.headDim));
  attention.queryKeyNorm = family.queryKeyNorm;
  attention.queryKeyValueBias = family.queryKeyValueBias;
  if (family.biasKeys && flag("attention_bias", false))
    attention.queryKeyValueBias = attention.outputBias = true;
}

/// Keys of experts in a family that has none would be lost.
void ConfigReader::rejectExperts(const Family &family) {
  if (family.experts != ExpertRule::None)
    return;
  for (llvm::StringRef key :
       {"num_experts", "num_local_experts", "num_experts_per_tok", "moe_intermediate_size"})
    if (std::optional<YAML::Node> node = present(key); node && !(node->IsScalar() && node->Scalar() == "0")) {
      context.fail(*node,
                   "'" + key + "' asks for experts, which the family '" + family.name + "' does not have");
      return;
    }
}

void ConfigReader::readDecoder(const Family &family) {
  int64_t hidden = integer({"hidden_size"}, 1, maxWidth);
  int64_t layers = integer({"num_hidden_layers"}, 1, maxLayers);
  int64_t vocabulary = integer({"vocab_size"}, 1, maxVocabulary);
  loaded.model.maxPositionEmbeddings =
      integerOfFamily("max_position_embeddings", 1, int64_t(1) << 31, family.maxPositions,
                      family.maxPositions, "the family's default");
  activationOf("hidden_act", "silu", {});
  if (context.failed())
    return;
  AttentionBlock attention;
  attention.hiddenSize = hidden;
  readAttention(family, attention);
  std::vector<int64_t> windows = windowsOfLayers(family, layers);
  std::vector<bool> sparse = expertLayers(family, layers);
  bool anyDense = llvm::is_contained(sparse, false), anySparse = llvm::is_contained(sparse, true);

  auto mlp = std::make_shared<MlpBlock>();
  mlp->hiddenSize = hidden;
  auto moe = std::make_shared<MoeBlock>();
  moe->hiddenSize = hidden;
  if (anyDense || family.experts == ExpertRule::EveryLayer)
    mlp->intermediateSize = integer({"intermediate_size"}, 1, maxWidth * 4);
  else
    reader.takeOptional("intermediate_size");
  if (family.biasKeys && family.experts == ExpertRule::None)
    mlp->bias = flag("mlp_bias", false);
  if (anySparse) {
    moe->numExperts = integer({"num_experts", "num_local_experts"}, 1, maxExperts);
    moe->numExpertsPerToken = integer({"num_experts_per_tok"}, 1, maxExperts);
    moe->moeIntermediateSize = family.experts == ExpertRule::EveryLayer
                                   ? mlp->intermediateSize
                                   : integer({"moe_intermediate_size"}, 1, maxWidth * 4);
    if (family.experts == ExpertRule::EveryLayer)
      loaded.origins["moe_intermediate_size"] = loaded.origins["intermediate_size"];
    if (!context.failed() && moe->numExpertsPerToken > moe->numExperts)
      failAt("num_experts_per_tok", "'num_experts_per_tok' " + llvm::Twine(moe->numExpertsPerToken) +
                                        " is more than the " + llvm::Twine(moe->numExperts) +
                                        " experts there are");
  }
  bool tied = flag("tie_word_embeddings", false);
  if (context.failed())
    return;

  // Equal layers are stored once, in the order in which their kinds first appear.
  std::vector<std::pair<std::pair<int64_t, bool>, int64_t>> kinds;
  for (int64_t layer = 0; layer < layers; ++layer) {
    std::pair<int64_t, bool> kind = {windows[layer], sparse[layer]};
    auto found = llvm::find_if(kinds, [&](const auto &entry) { return entry.first == kind; });
    if (found == kinds.end())
      kinds.push_back({kind, 1});
    else
      ++found->second;
  }
  std::vector<std::pair<int64_t, std::vector<std::shared_ptr<const Block>>>> groups;
  for (const auto &[kind, count] : kinds) {
    auto block = std::make_shared<AttentionBlock>(attention);
    block->slidingWindow = kind.first;
    std::shared_ptr<const Block> feedForward = mlp;
    if (kind.second)
      feedForward = moe;
    groups.push_back({count, {block, feedForward}});
  }
  assemble(vocabulary, hidden, tied, /*learnedPositions=*/0, /*layerNorm=*/false, groups);
}

LoadedModel ConfigReader::read(llvm::StringRef name, bool strict) {
  YAML::Node typeNode = reader.take("model_type");
  std::string type = readText(context, typeNode, reader.pathOf("model_type"));
  const Family *family = findFamily(type);
  if (!context.failed() && !family)
    context.fail(typeNode, "model_type '" + type + "' is not supported" + reasonUnsupported() +
                               didYouMean(type, supportedFamilies()) +
                               " (supported: " + llvm::join(supportedFamilies(), ", ") + ")");
  loaded.model.family = type;
  loaded.model.name = name.str();
  loaded.model.type = readType();
  if (std::optional<YAML::Node> ownName = present("name"))
    loaded.model.name = readText(context, *ownName, reader.pathOf("name"));
  if (!context.failed())
    rejectUnsupported();
  if (!context.failed())
    rejectExperts(*family);
  if (!context.failed() && family->name == "gpt2")
    readGpt2();
  else if (!context.failed())
    readDecoder(*family);
  if (present("quantization_config"))
    loaded.warnings.push_back(
        "quantization_config is ignored: the workload's dtype decides how weights are stored");
  if (strict) {
    reader.takeOptional("architectures");
    reader.finish();
  } else {
    warnOfMisspellings();
  }
  if (!context.failed()) {
    const DimensionValues d = dimensionsOf(loaded.model);
    double upper = double(d[Dimension::NumHiddenLayers]) * d[Dimension::HiddenSize] * 3 *
                   (double(d[Dimension::IntermediateSize]) +
                    double(d[Dimension::NumExperts]) * d[Dimension::MoeIntermediateSize] +
                    2.0 * d[Dimension::NumAttentionHeads] * d[Dimension::HeadDim]);
    if (upper > maxParameters)
      context.fail(reader.node(), "the model has more than 1e15 parameters");
  }
  return std::move(loaded);
}

} // namespace

/// "llama-3-8b" for ".../llama-3-8b/config.json", else the file's stem.
static std::string nameFromPath(llvm::StringRef path) {
  llvm::StringRef stem = llvm::sys::path::stem(path);
  llvm::StringRef folder = llvm::sys::path::filename(llvm::sys::path::parent_path(path));
  return (stem == "config" && !folder.empty() && folder != "." ? folder : stem).str();
}

llvm::Expected<LoadedModel> readHuggingFaceConfig(std::shared_ptr<const SourceFile> file) {
  llvm::Expected<YamlContext> context = YamlContext::parse(file, /*json=*/true);
  if (!context)
    return context.takeError();
  YAML::Node root = context->root();
  std::string path;
  if (root["text_config"] && !root["hidden_size"]) {
    path = "text_config";
    root.reset(root[path]);
  }
  LoadedModel loaded = ConfigReader(*context, root, path).read(nameFromPath(file->name), /*strict=*/false);
  if (llvm::Error error = context->takeError())
    return error;
  loaded.source = std::move(file);
  return loaded;
}

llvm::Expected<LoadedModel> readInlineModel(YamlContext &context, const YAML::Node &mapping,
                                            llvm::StringRef name) {
  LoadedModel loaded = ConfigReader(context, mapping, "model").read(name, /*strict=*/true);
  if (context.failed())
    return context.takeError();
  return loaded;
}

} // namespace codesign
