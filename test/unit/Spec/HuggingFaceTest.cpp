#include "codesign/Spec/HuggingFace.h"

#include "codesign/Model/Blocks.h"
#include <gtest/gtest.h>

using namespace codesign;

namespace {

std::string examplePath(const std::string &name) {
  return std::string(CODESIGN_SOURCE_DIR) + "/examples/" + name + "/config.json";
}

LoadedModel load(const std::string &name) {
  auto file = readSourceFile(examplePath(name));
  EXPECT_TRUE(bool(file));
  auto loaded = readHuggingFaceConfig(*file);
  if (!loaded) {
    ADD_FAILURE() << llvm::toString(loaded.takeError());
    return {};
  }
  return std::move(*loaded);
}

struct Published {
  const char *name;
  int64_t parameters;
};

class PublishedModel : public testing::TestWithParam<Published> {};

TEST_P(PublishedModel, ParametersAreExact) {
  EXPECT_EQ(countParameters(load(GetParam().name).model).total, GetParam().parameters);
}

TEST_P(PublishedModel, WritesAndReadsBack) {
  LoadedModel first = load(GetParam().name);
  std::string text;
  llvm::raw_string_ostream stream(text);
  writeHuggingFaceConfig(first.model, first.source, stream);
  auto second = readHuggingFaceConfig(
      std::make_shared<const SourceFile>(SourceFile{std::string(GetParam().name) + "/config.json", text}));
  ASSERT_TRUE(bool(second)) << llvm::toString(second.takeError());
  EXPECT_EQ(second->model.name, first.model.name);
  EXPECT_EQ(dimensionsOf(second->model), dimensionsOf(first.model));
  EXPECT_EQ(countParameters(second->model), countParameters(first.model));
  EXPECT_EQ(second->model.layers.size(), first.model.layers.size());
}

INSTANTIATE_TEST_SUITE_P(
    Examples, PublishedModel,
    testing::Values(Published{"llama-3-8b", 8030261248}, Published{"llama-2-7b", 6738415616},
                    Published{"llama-3-70b", 70553706496}, Published{"mistral-7b", 7241732096},
                    Published{"mixtral-8x7b", 46702792704}, Published{"qwen2-7b", 7615616512},
                    Published{"qwen3-8b", 8190735360}, Published{"qwen3-30b-a3b", 30532122624},
                    Published{"gpt2", 124439808}),
    [](const auto &info) {
      std::string name = info.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

LoadedModel readText(const std::string &text) {
  auto loaded = readHuggingFaceConfig(std::make_shared<const SourceFile>(SourceFile{"m/config.json", text}));
  if (!loaded) {
    ADD_FAILURE() << llvm::toString(loaded.takeError());
    return {};
  }
  return std::move(*loaded);
}

TEST(HuggingFace, TiedHeadIsCountedOnce) { // Qwen2.5-0.5B
  LoadedModel loaded = readText(R"({"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
    "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936,
    "tie_word_embeddings": true, "use_sliding_window": false, "sliding_window": 32768})");
  EXPECT_EQ(countParameters(loaded.model).total, 494032768);
}

TEST(HuggingFace, ActiveParametersOfAMixture) {
  EXPECT_NEAR(double(countParameters(load("qwen3-30b-a3b").model).active), 3.3e9, 0.06e9);
}

TEST(HuggingFace, EveryValueKnowsItsOrigin) {
  LoadedModel loaded = load("llama-3-8b");
  EXPECT_EQ(loaded.origins.at("hidden_size").location.line, 5);
  EXPECT_EQ(loaded.origins.at("head_dim").str(), "derived: hidden_size / num_attention_heads");
}

TEST(HuggingFace, AbsentKeysAreWhatTransformersTakesThemFor) {
  const std::string rest = R"("hidden_size": 4096, "num_hidden_layers": 2, "num_attention_heads": 32,
    "intermediate_size": 128, "vocab_size": 100})";
  const auto attentionOf = [](const LoadedModel &loaded) {
    return static_cast<const AttentionBlock &>(*loaded.model.layers[0].blocks[1]);
  };
  LoadedModel mistral = readText(R"({"model_type": "mistral", )" + rest);
  EXPECT_EQ(attentionOf(mistral).numKeyValueHeads, 8);
  EXPECT_EQ(attentionOf(mistral).slidingWindow, 4096);
  EXPECT_EQ(mistral.origins.at("num_key_value_heads").str(),
            "derived: the family's default, as the file has none");
  // A null is a value: as many as heads, and no window.
  LoadedModel null =
      readText(R"({"model_type": "mistral", "num_key_value_heads": null, "sliding_window": null, )" + rest);
  EXPECT_EQ(attentionOf(null).numKeyValueHeads, 32);
  EXPECT_EQ(attentionOf(null).slidingWindow, 0);
  LoadedModel qwen =
      readText(R"({"model_type": "qwen3", "hidden_size": 1024, )" + rest.substr(rest.find("\"num_hidden")));
  EXPECT_EQ(attentionOf(qwen).headDim, 128); // not 1024 / 32
  EXPECT_EQ(attentionOf(qwen).numKeyValueHeads, 32);
}

TEST(HuggingFace, MisspeltKeysAreNamed) {
  LoadedModel loaded = readText(R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 4, "num_key_value_head": 2, "intermediate_size": 128, "vocab_size": 100})");
  ASSERT_EQ(loaded.warnings.size(), 1u);
  EXPECT_EQ(loaded.warnings[0],
            "m/config.json:2:31: 'num_key_value_head' is not read; did you mean 'num_key_value_heads'?");
}

TEST(HuggingFace, WindowedLayersFormTheirOwnGroup) {
  LoadedModel loaded = readText(R"({"model_type": "qwen2", "hidden_size": 64, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 100, "sliding_window": 32,
    "use_sliding_window": true, "max_window_layers": 3})");
  ASSERT_EQ(loaded.model.layers.size(), 2u);
  EXPECT_EQ(loaded.model.layers[0].count, 3);
  EXPECT_EQ(loaded.model.layers[1].count, 1);
  EXPECT_EQ(static_cast<const AttentionBlock &>(*loaded.model.layers[1].blocks[1]).slidingWindow, 32);
}

TEST(HuggingFace, DenseLayersAmongExperts) {
  LoadedModel loaded = readText(R"({"model_type": "qwen3_moe", "hidden_size": 64, "num_hidden_layers": 4,
    "num_attention_heads": 4, "head_dim": 32, "intermediate_size": 128, "moe_intermediate_size": 32,
    "num_experts": 8, "num_experts_per_tok": 2, "vocab_size": 100, "decoder_sparse_step": 2})");
  ASSERT_EQ(loaded.model.layers.size(), 2u);
  EXPECT_EQ(loaded.model.layers[0].blocks[3]->kind(), "mlp");
  EXPECT_EQ(loaded.model.layers[1].blocks[3]->kind(), "moe");
}

TEST(HuggingFace, PythonsInfinityAndSurrogatesPass) {
  LoadedModel loaded = readText(R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 100, "time_step_limit": [0.0, Infinity],
    "name": "\ud83d\ude00"})");
  EXPECT_EQ(loaded.model.name, "\U0001F600");
}

/// The file written for a text that is read.
std::string rewritten(const std::string &text) {
  LoadedModel loaded = readText(text);
  std::string result;
  llvm::raw_string_ostream stream(result);
  if (loaded.source)
    writeHuggingFaceConfig(loaded.model, loaded.source, stream);
  result.erase(std::remove_if(result.begin(), result.end(), [](char c) { return c == ' ' || c == '\n'; }),
               result.end());
  return result;
}

constexpr const char *sizes = R"("hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 4, "head_dim": 16, "intermediate_size": 128, "vocab_size": 100)";

TEST(HuggingFace, AlternatingLayersKeepTheirOrder) {
  std::string windows = rewritten(std::string(R"({"model_type": "qwen3", "sliding_window": 32,
    "use_sliding_window": true, "layer_types": ["sliding_attention", "full_attention", "sliding_attention",
    "full_attention"], )") + sizes +
                                  "}");
  EXPECT_NE(windows.find(R"("layer_types":["sliding_attention","full_attention","sliding_attention",)"),
            std::string::npos)
      << windows;
  std::string experts = rewritten(std::string(R"({"model_type": "qwen3_moe", "num_experts": 8,
    "num_experts_per_tok": 2, "moe_intermediate_size": 32, "decoder_sparse_step": 2, )") +
                                  sizes + "}");
  EXPECT_NE(experts.find(R"("decoder_sparse_step":2)"), std::string::npos) << experts;
  EXPECT_EQ(experts.find("mlp_only_layers"), std::string::npos) << experts;
}

TEST(HuggingFace, AnotherNumberOfLayersIsSpelledOut) {
  LoadedModel loaded = readText(std::string(R"({"model_type": "qwen3_moe", "num_experts": 8,
    "num_experts_per_tok": 2, "moe_intermediate_size": 32, "decoder_sparse_step": 2, )") +
                                sizes + "}");
  ASSERT_EQ(loaded.model.layers.size(), 2u);
  loaded.model.layers[1].count = 3;
  std::string text;
  llvm::raw_string_ostream stream(text);
  writeHuggingFaceConfig(loaded.model, loaded.source, stream);
  EXPECT_EQ(countParameters(readText(text).model), countParameters(loaded.model));
}

TEST(HuggingFace, KeysKeepTheirOrderAndNumbersTheirSpelling) {
  const std::string text =
      R"({"vocab_size": 1e2, "hidden_size": 64, "rms_norm_eps": 1e-05, "nested": {"z": "1", "a": 1.50, "none": null},
    "num_attention_heads": 4, "model_type": "llama", "num_hidden_layers": 4, "intermediate_size": 128})";
  EXPECT_TRUE(
      llvm::StringRef(rewritten(text))
          .starts_with(
              R"({"vocab_size":1e2,"hidden_size":64,"rms_norm_eps":1e-05,"nested":{"z":"1","a":1.50,"none":null},)"
              R"("num_attention_heads":4,"model_type":"llama","num_hidden_layers":4,"intermediate_size":128,)"))
      << rewritten(text);
}

TEST(HuggingFace, WhatDoesNotTouchTheShapeIsKept) {
  std::string nested = rewritten(std::string(R"({"model_type": "other", "image_token": 7, "text_config":
    {"model_type": "llama", "rope_theta": 500000.0, )") +
                                 sizes + "}}");
  EXPECT_NE(nested.find(R"("rope_theta":500000.0)"), std::string::npos) << nested;
  EXPECT_EQ(nested.find("image_token"), std::string::npos) << nested;
  std::string infinite = rewritten(std::string(R"({"model_type": "llama", "note": "NaN \" Infinity",
    "limit": [0, -Infinity], "rms_norm_eps": 0.25, )") +
                                   sizes + "}");
  EXPECT_NE(infinite.find(R"("rms_norm_eps":0.25)"), std::string::npos) << infinite;
  EXPECT_NE(infinite.find(R"("limit":[0,-Infinity])"), std::string::npos) << infinite;
  EXPECT_NE(infinite.find(R"("note":"NaN\"Infinity")"), std::string::npos) << infinite;
  std::string gpt2 = rewritten(R"({"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4,
    "n_positions": 128, "vocab_size": 100, "activation_function": "relu"})");
  EXPECT_NE(gpt2.find(R"("activation_function":"relu")"), std::string::npos) << gpt2;
}

} // namespace
