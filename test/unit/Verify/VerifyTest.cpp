// Packages with one planted mistake each must fail, and say where; the package as emitted must pass.
#include "codesign/Verify/Verify.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Package/Package.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Schedule/GemmSchedule.h"
#include "codesign/Search/ScheduleFields.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using ::testing::HasSubstr;

namespace {

constexpr char model[] = R"(
model: {model_type: llama, hidden_size: 256, intermediate_size: 640, num_hidden_layers: 2, num_attention_heads: 4,
        num_key_value_heads: 2, head_dim: 64, vocab_size: 520, max_position_embeddings: 4096}
search: {intermediate_size: [640]}
constraints: {head_dim_menu: off, heads_per_kv_head: off, min_kv_heads: off, head_count: off, depth_width_band: off}
workloads: [{phase: prefill, seq_len: 4096, batch: 1}]
)";

constexpr char mixture[] = R"(
model: {model_type: mixtral, hidden_size: 256, intermediate_size: 160, num_hidden_layers: 2, num_attention_heads: 4,
        num_key_value_heads: 2, head_dim: 64, vocab_size: 520, max_position_embeddings: 4096, num_local_experts: 8,
        num_experts_per_tok: 2}
search: {moe_intermediate_size: [160]}
constraints: {head_dim_menu: off, heads_per_kv_head: off, min_kv_heads: off, head_count: off, depth_width_band: off}
workloads: [{phase: decode, batch: 64, context: 1024}]
)";

constexpr char narrow[] = R"(
model: {model_type: llama, hidden_size: 256, intermediate_size: 16384, num_hidden_layers: 2, num_attention_heads: 4,
        num_key_value_heads: 2, head_dim: 64, vocab_size: 520, max_position_embeddings: 4096}
search: {intermediate_size: [16384]}
constraints: {head_dim_menu: off, heads_per_kv_head: off, min_kv_heads: off, head_count: off, depth_width_band: off,
              ffn_attention_balance: off, ffn_ratio: off}
workloads: [{phase: prefill, seq_len: 4096, batch: 1}]
)";

class Verify : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-verify-test", folder));
    emit(model);
  }

  /// Plans the model and writes the package of its kernels; with `streamK` those that may be cut are.
  void emit(const char *text, bool streamK = false, const char *device = "mi300x") {
    auto file = std::make_shared<SourceFile>(SourceFile{"tiny.yaml", text});
    llvm::Expected<PlanRequest> request = readPlanRequest(file);
    ASSERT_TRUE(bool(request)) << llvm::toString(request.takeError());
    llvm::Expected<Profile> profile = loadProfile(device, {std::string(CODESIGN_SOURCE_DIR) + "/hwprofiles"});
    ASSERT_TRUE(bool(profile)) << llvm::toString(profile.takeError());
    llvm::Expected<PlannedModel> planned = planModel(*request, *profile, {});
    ASSERT_TRUE(bool(planned)) << llvm::toString(planned.takeError());
    for (PlanKernel &kernel : planned->plan.kernels)
      for (PlanKernelRange &range : kernel.ranges) {
        GemmSchedule schedule = llvm::cantFail(scheduleFromFields(range.schedule));
        if (!streamK || kernel.experts > 0 || !cutsTiles(schedule) || kernel.k <= schedule.macroTileK)
          continue;
        schedule.streamK = true;
        schedule.splitK = 1;
        range.schedule = toFields(schedule);
      }
    package = (folder + "/package").str();
    ASSERT_FALSE(bool(emitKernels(planned->plan, *profile, package)));
  }

  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// Replaces the first `from` in a file of the package's src/.
  void plant(llvm::StringRef name, llvm::StringRef from, llvm::StringRef to) {
    const std::string path = package + "/src/" + name.str();
    auto buffer = llvm::MemoryBuffer::getFile(path);
    ASSERT_TRUE(bool(buffer)) << path;
    std::string text = (*buffer)->getBuffer().str();
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from.str();
    text.replace(at, from.size(), to);
    buffer->reset();
    std::error_code code;
    llvm::raw_fd_ostream(path, code) << text;
    ASSERT_FALSE(code);
  }

  llvm::Expected<VerifyReport> verify(llvm::StringRef only, double multiplyAccumulates = 3e7) {
    VerifyOptions options;
    options.only = only.str();
    options.multiplyAccumulates = multiplyAccumulates;
    return verifyPackage(package, options, [](const VerifiedLaunch &) {});
  }

  static std::string printed(const VerifyReport &report) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    printVerifyReport(report, stream);
    return text;
  }

  /// Everything that failed, in one text.
  std::string failures(llvm::StringRef only) {
    llvm::Expected<VerifyReport> report = verify(only);
    if (!report)
      return llvm::toString(report.takeError());
    EXPECT_FALSE(report->passed());
    return printed(*report);
  }

  /// The symbol of the package's last such kernel, which has most rows of its layer; a failure if there is
  /// none.
  std::string lastKernel(llvm::function_ref<bool(const PackagedKernel &)> isWanted) {
    const PackageSpec manifest = llvm::cantFail(readManifest(package));
    const auto found = std::find_if(manifest.kernels.rbegin(), manifest.kernels.rend(), isWanted);
    EXPECT_NE(found, manifest.kernels.rend());
    return found == manifest.kernels.rend() ? "none" : found->symbol;
  }

  llvm::SmallString<128> folder;
  std::string package;
};

TEST_F(Verify, EveryEmittedKernelIsRight) {
  llvm::Expected<VerifyReport> report = verify("");
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_TRUE(report->passed()) << printed(*report);
  EXPECT_GE(report->launches.size(), 10u);
  for (const VerifiedLaunch &launch : report->launches) {
    EXPECT_GT(launch.errorShare, 0) << launch.kernel;
    EXPECT_LE(launch.errorShare, 1) << launch.kernel;
    EXPECT_GE(launch.workgroups, std::min<uint64_t>(2, launch.workgroupsOfGrid));
    EXPECT_GT(launch.instructions, 0u);
  }
}

TEST_F(Verify, KernelsOfExpertsAreRight) {
  emit(mixture);
  llvm::Expected<VerifyReport> report = verify("experts");
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_TRUE(report->passed()) << printed(*report);
  // Both products, in both layouts.
  for (const char *name :
       {"experts_gate_up", "experts_gate_up_masked", "experts_down", "experts_down_masked"})
    EXPECT_TRUE(llvm::any_of(report->launches, [&](const VerifiedLaunch &l) { return l.gemm == name; }))
        << name;
}

/// Few tiles and a long k: workgroups share them.
TEST_F(Verify, SplitKernelsAreRightInAnyOrder) {
  emit(narrow);
  const std::string split = lastKernel([](const PackagedKernel &k) { return k.splitK > 1; });
  llvm::Expected<VerifyReport> report = verify(split);
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_TRUE(report->passed()) << printed(*report);
  plant("codesign_cdna.h", "*arrivals = 0;", ";");
  EXPECT_THAT(failures(split), HasSubstr("counts of workgroups are not zero afterwards"));
  plant("codesign_cdna.h", "!= count - 1)", "!= 0)");
  EXPECT_THAT(failures(split), HasSubstr("wrote 0 tiles")); // NaN, as D is filled before
}

/// Workgroups that have parts of one tile run together; others are left out.
TEST_F(Verify, StreamKKernelsAreRight) {
  emit(model, /*streamK=*/true);
  const std::string streamed = lastKernel([](const PackagedKernel &k) {
    return k.streamK.steps >= 4 && llvm::StringRef(k.symbol).starts_with("down_proj");
  });
  llvm::Expected<VerifyReport> report = verify("down_proj");
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_TRUE(report->passed()) << printed(*report);
  EXPECT_TRUE(llvm::any_of(report->launches, [](const VerifiedLaunch &launch) {
    return launch.workgroupsOfGrid >= 304 && launch.workgroups >= 2;
  })) << printed(*report);
  plant("codesign_cdna.h", "*arrivals = 0;", ";");
  EXPECT_THAT(failures(streamed), HasSubstr("counts of workgroups are not zero afterwards"));
  plant("codesign_cdna.h", "const int first = from * Steps / units,", "const int first = 0,");
  EXPECT_THAT(failures(streamed), HasSubstr("instead of"));
}

/// Persistent workgroups, tensor copies, experts and sums of tokens: from PTX.
TEST_F(Verify, KernelsOfNvidiaDevicesAreRight) {
  for (const auto &[device, text, only] :
       {std::tuple{"a100-sxm", model, "o_proj_n256"},
        std::tuple{"h100-sxm", model, "gate_up_proj_n1280_k256_bf16_m1"},
        std::tuple{"h100-sxm", mixture, "experts_down_e8_n256_k160_bf16_m1"}}) {
    emit(text, false, device);
    llvm::Expected<VerifyReport> report = verify(only, /*multiplyAccumulates=*/1e6);
    ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
    EXPECT_TRUE(report->passed()) << printed(*report);
    EXPECT_GE(report->launches.size(), 2u) << device << ", " << only;
  }
  plant("codesign_sm90a.h", "const int first = expertNumbers(counts, 1)[expert]",
        "const int first = expertNumbers(counts, 1)[0]");
  EXPECT_THAT(failures("experts_down_e8_n256_k160_bf16_m"), HasSubstr("WRONG"));
}

TEST_F(Verify, AWarpgroupThatReleasesNothingWaitsForEver) {
  emit(narrow, false, "h100-sxm");
  plant("codesign_sm90a.h", "if (laneId() >= ClusterSize)\n      return;", "return;");
  // Large tiles leave room for fewer slots than a workgroup has steps.
  const std::string persistent = lastKernel([](const PackagedKernel &k) {
    return k.persistentCluster > 0 && llvm::StringRef(k.symbol).starts_with("gate_up_proj");
  });
  EXPECT_THAT(failures(persistent), HasSubstr("waits for ever"));
}

TEST_F(Verify, WeightsOfAnotherExpertAreWrong) {
  emit(mixture);
  plant("codesign_cdna.h", "return {expert, first + origin.row", "return {expert ^ 1, first + origin.row");
  EXPECT_THAT(failures("experts_down_e8_n256_k160_bf16_m1"), HasSubstr("instead of"));
}

TEST_F(Verify, RowsOfTheNextExpertAreNotTouched) {
  emit(mixture);
  plant("codesign_cdna.h", "return first(table, rows, expert) + minimum(table[expert], rows / Experts);",
        "return first(table, rows, expert) + rows / Experts;");
  EXPECT_THAT(failures("experts_down_masked_e8_n256_k160_bf16_m1"), HasSubstr("in rows of nobody"));
}

TEST_F(Verify, ADroppedStepIsWrong) {
  plant("o_proj_n256_k256_bf16_m1.hip", "sums.multiply(", "(void)(");
  EXPECT_THAT(failures("o_proj_n256_k256_bf16_m1"), HasSubstr("instead of"));
}

TEST_F(Verify, AMissingGateIsWrong) {
  plant("gate_up_proj_n1280_k256_bf16_m1.hip", "total.gateDown(Silu{});", "");
  EXPECT_THAT(failures("gate_up_proj_n1280_k256_bf16_m1"), HasSubstr("instead of"));
}

TEST_F(Verify, AMissingBarrierIsARace) {
  plant("codesign_cdna.h", "__builtin_amdgcn_s_barrier();", "");
  EXPECT_THAT(failures("o_proj_n256_k256_bf16_m1"), HasSubstr("race"));
}

TEST_F(Verify, ABrokenSourceIsAnErrorWithTheCompilersWords) {
  plant("o_proj_n256_k256_bf16_m1.hip", "extern \"C\"", "extern C");
  EXPECT_THAT(failures("o_proj_n256_k256_bf16_m1"), HasSubstr("does not compile for gfx942"));
}

TEST_F(Verify, AnAbsentCompilerIsNamed) {
  VerifyOptions options;
  options.compiler = "no-such-compiler";
  EXPECT_THAT(llvm::toString(verifyPackage(package, options, [](const VerifiedLaunch &) {}).takeError()),
              HasSubstr("no compiler 'no-such-compiler'"));
}

} // namespace
