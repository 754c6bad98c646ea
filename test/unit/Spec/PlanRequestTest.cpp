#include "codesign/Spec/PlanRequest.h"

#include <gtest/gtest.h>

using namespace codesign;

namespace {

constexpr const char *inlineModel =
    "model: {model_type: llama, hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, "
    "intermediate_size: 128, vocab_size: 100}\n";

std::shared_ptr<const SourceFile> source(const std::string &text) {
  return std::make_shared<const SourceFile>(SourceFile{"model.yaml", text});
}

PlanRequest read(const std::string &text) {
  auto request = readPlanRequest(source(text));
  if (!request) {
    ADD_FAILURE() << llvm::toString(request.takeError());
    return {};
  }
  return std::move(*request);
}

TEST(PlanRequest, ConfigJsonAloneGetsDefaults) {
  auto request = loadPlanRequest(std::string(CODESIGN_SOURCE_DIR) + "/examples/llama-3-8b/config.json");
  ASSERT_TRUE(bool(request)) << llvm::toString(request.takeError());
  EXPECT_FALSE(request->hasDomains());
  ASSERT_EQ(request->workloads.size(), 1u);
  EXPECT_EQ(request->workloads[0].workload.tokens(), 4 * 4096);
  EXPECT_EQ(request->model.model.name, "llama-3-8b");
}

TEST(PlanRequest, ReadsEveryPart) {
  PlanRequest request = read(std::string(inlineModel) + R"(
budget: {params: 8.0e9, active_params: {min: 1e9, max: 2e9}, tolerance: 2%, memory_bytes: 80e9}
search:
  hidden_size: {min: 64, max: 256, step: 64}
  head_dim: [16, 32]
  num_key_value_heads: 2
  intermediate_size: {min_ratio: 2.5, max_ratio: 4.0, step: 64}
constraints: {depth_width: off, kv_heads: {min: 2}}
workloads:
  - {phase: train, seq_len: 4096, micro_batch: 4, dtype: bf16, tp: [1, 2], weight: 0.7}
  - {phase: decode, batch: 64, context: 8192, dtype: fp8, tp: 4, weight: 0.3}
objective: energy
hardware: [mi300x, h100-sxm]
)");
  EXPECT_DOUBLE_EQ(request.budget.parameters->min, 7.84e9);
  EXPECT_DOUBLE_EQ(request.budget.activeParameters->max, 2e9);
  EXPECT_DOUBLE_EQ(request.budget.memoryBytes->max, 80e9);
  EXPECT_TRUE(std::holds_alternative<RatioDomain>(*request.domains[size_t(Dimension::IntermediateSize)]));
  EXPECT_EQ(request.workloads[0].parallelisms.size(), 2u);
  EXPECT_EQ(request.workloads[1].workload.scaling, Scaling::PerTensor);
  EXPECT_EQ(request.workloads[1].workload.keyValueType, DataType::BF16);
  EXPECT_EQ(request.guardRails.size(), 2u);
  EXPECT_EQ(request.objective, Objective::Energy);
  EXPECT_EQ(request.hardware, (std::vector<std::string>{"mi300x", "h100-sxm"}));
}

TEST(PlanRequest, WritesAndReadsBack) {
  std::string folder = std::string(CODESIGN_SOURCE_DIR) + "/examples/";
  for (auto [name, base] : {std::pair("llama-3-8b", "config.json"),
                            {"qwen3-30b-a3b", "config.json"},
                            {"qwen3-30b-a3b", ""},
                            {"consumer", ""}}) {
    SCOPED_TRACE(name);
    auto first = loadPlanRequest(folder + name + "/model.yaml");
    ASSERT_TRUE(bool(first)) << llvm::toString(first.takeError());
    std::string text;
    llvm::raw_string_ostream stream(text);
    writePlanRequest(*first, base, stream);
    auto second =
        readPlanRequest(std::make_shared<const SourceFile>(SourceFile{folder + name + "/again.yaml", text}));
    ASSERT_TRUE(bool(second)) << llvm::toString(second.takeError());
    EXPECT_EQ(dimensionsOf(second->model.model), dimensionsOf(first->model.model));
    EXPECT_EQ(countParameters(second->model.model).active, countParameters(first->model.model).active);
    EXPECT_EQ(second->model.model.name, first->model.model.name);
    EXPECT_EQ(second->domains, first->domains);
    EXPECT_EQ(second->budget.parameters, first->budget.parameters);
    EXPECT_EQ(second->budget.activeParameters, first->budget.activeParameters);
    ASSERT_EQ(second->workloads.size(), first->workloads.size());
    for (size_t i = 0; i < first->workloads.size(); ++i)
      EXPECT_EQ(second->workloads[i].workload, first->workloads[i].workload);
  }
}

TEST(PlanRequest, TheDocumentedExampleIsRead) {
  auto guide = readSourceFile(std::string(CODESIGN_SOURCE_DIR) + "/docs/spec.md");
  ASSERT_TRUE(bool(guide));
  llvm::StringRef text = llvm::StringRef((*guide)->text).split("```yaml\n").second.split("```").first;
  ASSERT_FALSE(text.empty());
  auto request = readPlanRequest(std::make_shared<const SourceFile>(
      SourceFile{std::string(CODESIGN_SOURCE_DIR) + "/examples/llama-3-8b/guide.yaml", text.str()}));
  ASSERT_TRUE(bool(request)) << llvm::toString(request.takeError());
  EXPECT_EQ(request->workloads[1].parallelisms.size(), 2u);
  EXPECT_EQ(request->guardRails.size(), 2u);
}

TEST(PlanRequest, EqualWeightsWhenNoneIsGiven) {
  PlanRequest request = read(std::string(inlineModel) +
                             "workloads: [{phase: prefill, seq_len: 10}, {phase: prefill, seq_len: 20}]\n");
  EXPECT_DOUBLE_EQ(request.workloads[0].workload.weight, 0.5);
  EXPECT_EQ(request.workloads[0].workload.name, "prefill");
  EXPECT_EQ(request.workloads[1].workload.name, "prefill-2");
}

} // namespace
