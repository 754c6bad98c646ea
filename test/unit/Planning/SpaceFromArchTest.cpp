#include "codesign/Planning/Planning.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"

using namespace codesign;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

struct SpaceFromArch : testing::Test {
  SpaceFromArch() { context.loadDialect<arch::ArchDialect>(); }

  arch::ModelOp parse(llvm::StringRef body, llvm::StringRef flags = "") {
    std::string text =
        ("arch.model @m family \"llama\" type bf16 positions 128 " + flags + " {\n" + body + "}\n").str();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, "model.mlir");
    return module ? *module->getOps<arch::ModelOp>().begin() : arch::ModelOp();
  }

  std::string errorOf(llvm::StringRef body) {
    llvm::Expected<Space> space = spaceFrom(parse(body));
    return space ? "" : llvm::toString(space.takeError());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

constexpr const char *workload = "arch.workload \"w\" train batch 1 seq_len 128 type bf16 weight 1\n";

} // namespace

TEST_F(SpaceFromArch, ReadsTheWholeQuestion) {
  llvm::Expected<Space> space = spaceFrom(parse(R"(
    arch.dimension @hidden_size = 4096 in 3072 to 5120 step 64
    arch.dimension @intermediate_size = 14336 in 2.5 to 4 of @hidden_size step 128
    arch.dimension @head_dim = 128 in [128, 64]
    arch.budget params min 900 max 1100
    arch.budget memory_bytes max 8.0e10
    arch.constraint "min_kv_heads" min 2
    arch.constraint "head_dim_menu" off
    arch.workload "serve" decode batch 64 context 8192 type f8E4M3FN scaling block128 tensor 2 among [tensor 4, tensor 8] weight 3
    arch.objective energy
    arch.embedding vocab 32000 hidden @hidden_size
    arch.layers 4 {
      arch.attention hidden @hidden_size heads 32 kv_heads 8 head_dim @head_dim rotary
      arch.mlp swiglu hidden @hidden_size intermediate @intermediate_size
    })",
                                                "template"));
  ASSERT_TRUE(bool(space)) << llvm::toString(space.takeError());
  EXPECT_FALSE(space->hasBase);
  EXPECT_EQ(dimensionsOf(space->base)[Dimension::IntermediateSize], 14336);
  EXPECT_EQ(space->base.numLayers(), 4);
  EXPECT_EQ(*space->domain(Dimension::HiddenSize), DimensionDomain(StepDomain{3072, 5120, 64}));
  EXPECT_EQ(*space->domain(Dimension::IntermediateSize), DimensionDomain(RatioDomain{2.5, 4, 128}));
  EXPECT_EQ(*space->domain(Dimension::HeadDim), DimensionDomain(ListDomain{{128, 64}}));
  EXPECT_FALSE(space->domain(Dimension::VocabSize));
  EXPECT_DOUBLE_EQ(space->budget.parameters->min, 900);
  EXPECT_DOUBLE_EQ(space->budget.memoryBytes->max, 8e10);
  ASSERT_EQ(space->guardRails.size(), 2u);
  EXPECT_EQ(space->guardRails[0].min, 2);
  EXPECT_FALSE(space->guardRails[0].max);
  EXPECT_TRUE(space->guardRails[1].off);
  ASSERT_EQ(space->workloads.size(), 1u);
  const WorkloadChoice &choice = space->workloads.front();
  EXPECT_EQ(choice.workload.type, DataType::F8E4M3);
  EXPECT_EQ(choice.workload.scaling, Scaling::Block128);
  EXPECT_EQ(choice.workload.parallelism.tensor, 2);
  EXPECT_THAT(choice.parallelisms, ElementsAre(Parallelism{.tensor = 4}, Parallelism{.tensor = 8}));
  EXPECT_EQ(space->objective, Objective::Energy);
}

TEST_F(SpaceFromArch, RefusesWhatASearchCannotVary) {
  EXPECT_THAT(errorOf(std::string(workload) + "arch.norm rms hidden 64\narch.norm rms hidden 128\n"),
              HasSubstr("model.mlir:4:1: error: hidden_size 128 differs from 64 elsewhere"));
  EXPECT_THAT(errorOf(std::string(workload) + "arch.dimension @hidden_size = 64 in [64, 128]\n"
                                              "arch.norm rms hidden @hidden_size\narch.norm rms hidden 64\n"),
              HasSubstr("hidden_size 64 is a constant, but @hidden_size may change"));
  EXPECT_THAT(errorOf(std::string(workload) + "arch.dimension @num_hidden_layers = 4 in 2 to 8\n"
                                              "arch.layers 4 {\narch.norm rms hidden 64\n}\n"),
              HasSubstr("the count is a constant, but @num_hidden_layers may change"));
  EXPECT_THAT(errorOf(std::string(workload) + "arch.dimension @head_dim = 64\n"
                                              "arch.dimension @vocab_size = 64 in 1.0 to 2.0 of @head_dim\n"
                                              "arch.embedding vocab @vocab_size hidden 64\n"),
              HasSubstr("ratios of @hidden_size only, not of @head_dim"));
  EXPECT_THAT(errorOf("arch.norm rms hidden 64\n"), HasSubstr("at least one workload"));
  EXPECT_THAT(
      errorOf(std::string(workload) + "arch.constraint \"min_kv_head\" off\narch.norm rms hidden 64\n"),
      HasSubstr("did you mean 'min_kv_heads'?"));
}

TEST_F(SpaceFromArch, WritesDomainsBack) {
  arch::ModelOp model = parse(std::string(workload) + R"(
    arch.dimension @hidden_size = 4096
    arch.dimension @intermediate_size = 14336
    arch.mlp swiglu hidden @hidden_size intermediate @intermediate_size)");
  EXPECT_FALSE(hasDomains(model));
  Space space = llvm::cantFail(spaceFrom(model));
  space.domain(Dimension::HiddenSize) = StepDomain{3072, 5120, 64};
  space.domain(Dimension::IntermediateSize) = RatioDomain{2.5, 4, 128};
  space.budget.parameters = budgetRange(8e9, 0.02);
  space.budget.memoryBytes = budgetRange(8e10, std::nullopt);
  writeDomains(model, space);
  EXPECT_TRUE(hasDomains(model));
  Space again = llvm::cantFail(spaceFrom(model));
  EXPECT_EQ(again.domains, space.domains);
  EXPECT_EQ(*again.budget.parameters, *space.budget.parameters);
  EXPECT_EQ(*again.budget.memoryBytes, *space.budget.memoryBytes);
}
