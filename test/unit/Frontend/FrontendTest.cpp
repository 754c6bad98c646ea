#include "codesign/Frontend/Frontend.h"
#include "dialects/Arch/Arch.h"
#include "gmock/gmock.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

constexpr const char *question = R"(model:
  model_type: qwen3_moe
  hidden_size: 2048
  num_hidden_layers: 48
  num_attention_heads: 32
  num_key_value_heads: 4
  head_dim: 128
  intermediate_size: 6144
  moe_intermediate_size: 768
  num_experts: 128
  num_experts_per_tok: 8
  vocab_size: 151936
  max_position_embeddings: 40960
budget: {params: 30.5e9, tolerance: 2%}
search:
  hidden_size: {min: 1536, max: 2560, step: 128}
  moe_intermediate_size: {min_ratio: 0.25, max_ratio: 0.5, step: 64}
  num_experts: [64, 128]
workloads:
  - {phase: train, seq_len: 4096, micro_batch: 4, dtype: bf16, weight: 0.7}
  - {phase: decode, batch: 64, context: 8192, dtype: fp8, tp: 4, weight: 0.3}
objective: energy
)";

struct Frontend : testing::Test {
  arch::ModelOp build(const char *text) {
    auto file = std::make_shared<SourceFile>();
    file->name = "question.yaml";
    file->text = text;
    request = llvm::cantFail(readPlanRequest(file));
    module = llvm::cantFail(buildArchModule(context, request));
    return *module->getOps<arch::ModelOp>().begin();
  }

  std::string print(mlir::OpPrintingFlags flags = {}) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module->print(stream, flags);
    return text;
  }

  mlir::MLIRContext context;
  PlanRequest request;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace

TEST_F(Frontend, KeepsTheModel) {
  arch::ModelOp model = build(question);
  ModelSpec spec = arch::toModelSpec(model, model.baseValues());
  EXPECT_EQ(countParameters(spec), countParameters(request.model.model));
  EXPECT_EQ(dimensionsOf(spec), dimensionsOf(request.model.model));
  for (const WorkloadChoice &choice : request.workloads) {
    auto expected = operatorsOf(request.model.model, choice.workload);
    auto actual = operatorsOf(spec, choice.workload);
    ASSERT_EQ(actual.size(), expected.size());
    for (auto [a, b] : llvm::zip_equal(actual, expected)) {
      EXPECT_EQ(a.op.name, b.op.name);
      EXPECT_EQ(a.op.shape, b.op.shape);
      EXPECT_EQ(a.count, b.count);
    }
  }
}

TEST_F(Frontend, KeepsTheQuestion) {
  arch::ModelOp model = build(question);
  EXPECT_EQ(arch::budgetOf(model).parameters, request.budget.parameters);
  EXPECT_EQ(arch::workloadsOf(model).at(1), request.workloads.at(1).workload);
  std::string text = print();
  EXPECT_THAT(text, HasSubstr("arch.dimension @hidden_size = 2048 in 1536 to 2560 step 128"));
  EXPECT_THAT(text, HasSubstr("@moe_intermediate_size = 768 in 0.25 to 0.5 of @hidden_size step 64"));
  EXPECT_THAT(text, HasSubstr("arch.dimension @num_experts = 128 in [64, 128]"));
  EXPECT_THAT(text, HasSubstr("arch.layers 48 of @num_hidden_layers"));
  EXPECT_THAT(text, HasSubstr("type f8E4M3FN"));
  EXPECT_THAT(text, HasSubstr("arch.objective energy"));
}

TEST_F(Frontend, KnowsWhereThingsStand) {
  build(question);
  std::string text = print(mlir::OpPrintingFlags().enableDebugInfo(true, true));
  EXPECT_THAT(text, HasSubstr("step 128 question.yaml:3:"));
}
