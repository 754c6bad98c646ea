#include "codesign/Plan/PlanIO.h"

#include "llvm/Support/JSON.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using ::testing::HasSubstr;

namespace {

/// A plan with a value that is not its default in every member.
Plan samplePlan() {
  PlanOperator op{.block = "attention",
                  .name = "qkv_proj",
                  .kind = "gemm",
                  .shape = "m=8192 n=6144 k=4096 bf16",
                  .sizes = {{"m", int64_t(8192)}, {"skew", 2.0}, {"input", std::string("bf16")}},
                  .count = 32,
                  .secondsEach = 0.1 + 0.2,
                  .seconds = 1e-5 / 3,
                  .terms = {{"mma", 1e-300}, {"launch", 2.5e-6}},
                  .limiter = "matrix units",
                  .source = "calibrated",
                  .band = 0.07,
                  .flop = 4.1e11,
                  .joulesEach = 0.25,
                  .provider = "hipblaslt",
                  .schedule = "256x256x64, \"wide\"",
                  .alternativeProvider = "codesign",
                  .alternativeSecondsEach = 3.5e-4};
  PlanWorkloadResult result{.workload = "train",
                            .tensorParallel = 8,
                            .expertParallel = 2,
                            .pipelineParallel = 4,
                            .secondsPerStep = 1.5,
                            .tokensPerStep = 16384,
                            .tokensPerSecond = 1e4,
                            .flopPerStep = 1e15,
                            .teraflopsPerSecond = 512.5,
                            .achievableCeilingShare = 0.77,
                            .hbmBytesPerStep = 2.5e10,
                            .hbmBandwidthShare = 0.4,
                            .joulesPerStep = 750,
                            .tokensPerJoule = 21.8,
                            .dollarsPerMillionTokens = 0.125,
                            .memoryBytesPerRank = 1.28e11,
                            .memoryLimitBytes = 1.92e11,
                            .band = 0.05,
                            .operators = {op}};
  PlanVariant variant{.condition = "no fewer parameters",
                      .dimensions = {{"hidden_size", 4096}, {"head_dim", 128}},
                      .totalParameters = 8030261248,
                      .activeParameters = 8030261247,
                      .objective = 0.93,
                      .speedup = 1.07,
                      .speedupBand = 0.02,
                      .verdict = "faster",
                      .quality = "not modelled",
                      .workloads = {result},
                      .reasons = {{.dimensions = {"head_dim", "num_attention_heads"},
                                   .from = {96, 32},
                                   .to = {128, 24},
                                   .text = "tiles: 12 → 8\nwaves\t1.3",
                                   .shareSaved = 0.05,
                                   .operators = {{"train", "attention", "attention", "a", "b", 2, 1}}}}};
  Plan plan{.generator = "codesign test",
            .model = "name: with # and 'quotes'",
            .family = "llama",
            .type = "bf16",
            .hardware = "mi300x",
            .architecture = "cdna3",
            .objective = "time",
            .workloads = {{"train", "train seq 4096", "train", 4, 4096, 1, 8, "bf16", "bf16", "none", 0.7}},
            .base = variant,
            .best = {variant, variant},
            .alternatives = {variant},
            .certificate = {.variants = int64_t(9007199254740993), // not a double
                            .constraints = {{"params_budget", "7.8e9 to 8.2e9", 100, 99}},
                            .legal = 1,
                            .lowerBound = 0.93,
                            .gap = 1e-9,
                            .tieBand = 0.02,
                            .tied = 3,
                            .tiedExamples = {variant},
                            .withoutGuardRail = {variant}},
            .kernels = {{.name = "qkv_proj",
                         .family = "gemm",
                         .operators = {"attention/qkv_proj"},
                         .n = 6144,
                         .k = 4096,
                         .input = "bf16",
                         .output = "bf16",
                         .layout = "nt",
                         .pass = "forward",
                         .epilogue = "swiglu",
                         .topK = 8,
                         .bias = true,
                         .rotary = {128, 5120, 8192},
                         .residual = true,
                         .weightLeadingDimension = 4224,
                         .ranges = {{1,
                                     0,
                                     {{"macro_tile_m", int64_t(256)}},
                                     "256x256x64",
                                     "fits",
                                     3e-4,
                                     "simulated",
                                     0.5,
                                     8192,
                                     4e-4,
                                     {}}}}},
            .warnings = {"one", ""}};
  plan.best[1].workloads[0].dollarsPerMillionTokens.reset();
  std::vector<PlanKernelRange> &ranges = plan.kernels[0].ranges;
  ranges.push_back(ranges[0]); // the first one has no runner-up
  ranges[1].runnerUp = {{{"macro_tile_m", int64_t(128)}}, "128x256x64", 3.3e-4, 0.6};
  return plan;
}

std::string json(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  writePlanJson(plan, stream);
  return text;
}

std::string yaml(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  writePlanYaml(plan, stream);
  return text;
}

llvm::Expected<Plan> read(std::string text) {
  return readPlan(std::make_shared<const SourceFile>(SourceFile{"plan", std::move(text)}));
}

std::string errorOf(std::string text) {
  llvm::Expected<Plan> plan = read(std::move(text));
  return plan ? "no error" : llvm::toString(plan.takeError());
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(PlanIO, JsonRoundTripIsExact) {
  Plan plan = samplePlan();
  llvm::Expected<Plan> back = read(json(plan));
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_TRUE(*back == plan);
  EXPECT_EQ(json(*back), json(plan));
}

TEST(PlanIO, YamlRoundTripIsExact) {
  Plan plan = samplePlan();
  llvm::Expected<Plan> back = read(yaml(plan));
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError()) << yaml(plan);
  EXPECT_EQ(json(*back), json(plan));
  EXPECT_TRUE(*back == plan);
}

TEST(PlanIO, EmptyPlanRoundTrips) {
  for (const std::string &text : {json(Plan()), yaml(Plan())}) {
    llvm::Expected<Plan> back = read(text);
    ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
    EXPECT_TRUE(*back == Plan());
  }
}

TEST(PlanIO, JsonIsJson) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(json(samplePlan()));
  ASSERT_TRUE(bool(value)) << llvm::toString(value.takeError());
  const llvm::json::Object *certificate = value->getAsObject()->getObject("certificate");
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(certificate->getInteger("variants"), 9007199254740993);
}

TEST(PlanIO, NamesUnknownKeys) {
  std::string text = errorOf(replaced(yaml(samplePlan()), "hardware:", "hardwear:"));
  EXPECT_THAT(text, HasSubstr("plan:"));
  EXPECT_THAT(text, HasSubstr("hardwear"));
}

TEST(PlanIO, RejectsWrongTypesWithTheirPath) {
  EXPECT_THAT(
      errorOf(replaced(json(samplePlan()), "\"total_parameters\": 8030261248", "\"total_parameters\": 1.5")),
      HasSubstr("base.total_parameters"));
  EXPECT_THAT(errorOf(replaced(json(samplePlan()), "\"workloads\": [", "\"workloads\": 1, \"x\": [")),
              HasSubstr("workloads"));
  EXPECT_THAT(errorOf(replaced(json(samplePlan()), "\"band\": 0.07", "\"band\": \"0.07\"")),
              HasSubstr("base.workloads[0].operators[0].band"));
}

TEST(PlanIO, RejectsMissingAndRepeatedKeys) {
  EXPECT_THAT(errorOf(replaced(json(samplePlan()), "\"model\":", "\"family\":")), HasSubstr("family"));
  EXPECT_THAT(errorOf(replaced(yaml(samplePlan()), "architecture: \"cdna3\"\n", "")),
              HasSubstr("architecture"));
}

TEST(PlanIO, RejectsOtherVersions) {
  EXPECT_THAT(errorOf(replaced(json(samplePlan()), "\"schema\": " + std::to_string(planSchemaVersion),
                               "\"schema\": 999")),
              HasSubstr("schema version 999"));
  EXPECT_THAT(errorOf("{}"), HasSubstr("schema"));
  EXPECT_NE(errorOf("[1]"), "no error");
  EXPECT_NE(errorOf(""), "no error");
}

} // namespace
