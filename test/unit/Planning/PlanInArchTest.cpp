#include "codesign/Planning/Planning.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"

using namespace codesign;
using testing::HasSubstr;

namespace {

struct PlanInArch : testing::Test {
  PlanInArch() {
    context.loadDialect<arch::ArchDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(R"(
      arch.model @tiny family "llama" type bf16 positions 128 {
        arch.dimension @hidden_size = 4096
        arch.norm rms hidden @hidden_size
      })",
                                                     &context);
    model = *module->getOps<arch::ModelOp>().begin();
  }

  std::string planError(llvm::StringRef hardware) {
    llvm::Expected<Plan> plan = planFrom(model, hardware);
    return plan ? "" : llvm::toString(plan.takeError());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  arch::ModelOp model;
};

Plan makePlan(llvm::StringRef hardware) {
  Plan plan;
  plan.generator = "test \"1.0\"\n";
  plan.model = "tiny";
  plan.hardware = hardware.str();
  plan.objective = "time";
  PlanWorkload &workload = plan.workloads.emplace_back();
  workload.name = workload.phase = "train";
  workload.weight = 0.7;
  plan.base.dimensions = {{"hidden_size", 4096}};
  plan.base.totalParameters = 8'030'261'248;
  PlanVariant best = plan.base;
  // Neither order is alphabetical: a plan's lists keep theirs.
  best.dimensions = {{"vocab_size", 32000}, {"hidden_size", 5120}, {"head_dim", 128}};
  best.speedup = 1.0 / 3;
  best.objective = 3;
  PlanOperator op;
  op.name = "qkv_proj";
  op.sizes = {{"m", int64_t(8192)}, {"k", 1.0}, {"layout", std::string("1")}};
  op.terms = {{"mma", 1e-5}, {"launch", 2.5e-7}};
  op.secondsEach = 1.025e-5;
  PlanWorkloadResult result;
  result.workload = "train";
  result.dollarsPerMillionTokens = 0.25;
  result.operators = {op};
  best.workloads = {result};
  PlanReason &reason = best.reasons.emplace_back();
  reason.dimensions = {"hidden_size"};
  reason.from = {4096};
  reason.to = {5120};
  reason.text = "fewer waves";
  plan.best = {best};
  plan.certificate.variants = 100;
  plan.certificate.constraints = {{"params_budget", "7 to 8", 100, 40}};
  plan.warnings = {"one"};
  return plan;
}

} // namespace

TEST_F(PlanInArch, ComesBackUnchanged) {
  Plan plan = makePlan("mi300x");
  arch::PlanOp op = attachPlan(model, plan);
  EXPECT_TRUE(succeeded(mlir::verify(*module)));
  EXPECT_EQ(op.chosenValues()[Dimension::HiddenSize], 5120);
  llvm::Expected<Plan> back = planFrom(model, "mi300x");
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(*back, plan);
}

TEST_F(PlanInArch, SurvivesText) {
  Plan plan = makePlan("mi300x");
  attachPlan(model, plan);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  auto again = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(again) << text;
  llvm::Expected<Plan> back = planFrom(*again->getOps<arch::ModelOp>().begin());
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(*back, plan);
}

TEST_F(PlanInArch, OnePlanForEachDevice) {
  attachPlan(model, makePlan("mi300x"));
  attachPlan(model, makePlan("h100-sxm"));
  Plan newer = makePlan("mi300x");
  newer.warnings.clear();
  attachPlan(model, newer);
  EXPECT_EQ(llvm::range_size(model.getBody().getOps<arch::PlanOp>()), 2);
  EXPECT_EQ(llvm::cantFail(planFrom(model, "mi300x")), newer);
  EXPECT_THAT(planError(""), HasSubstr("several plans"));
  EXPECT_THAT(planError("b200"), HasSubstr("no plan for 'b200'"));
}

TEST_F(PlanInArch, RejectsTreesThatAreNoPlan) {
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(&model.getBody().front());
  auto entry = builder.getNamedAttr("speed", builder.getF64FloatAttr(1));
  arch::PlanOp::create(builder, model.getLoc(), builder.getStringAttr("b200"), builder.getDictionaryAttr({}),
                       arch::TreeAttr::get(&context, entry));
  EXPECT_THAT(planError("b200"), HasSubstr("arch.plan for b200"));
}
