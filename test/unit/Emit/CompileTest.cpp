// The compilers' own reports on emitted kernels, against Price and against the rule of no scratch.
#include "Compile.h"
#include "../LongRun.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace codesign;
using namespace codesign::test;

namespace {

/// What of a device's schedules is compiled, and for which product.
struct Sweep {
  llvm::StringRef family = ""; // all of them
  int64_t k = 4096;
  bool fused = false; // with every step that can follow the sums
  DataType type = DataType::BF16;
  bool blockScaled = false;
  int64_t experts = 0;
  bool gathered = false; // and weighted
  int64_t n = 6144;
  GemmLayout layout = GemmLayout::NT;
  bool quantised = false;
  bool inBlocks = false; // with scales that follow from the results
  bool rowSteps = false; // rotated columns, or sums of squares
  bool shuffledWeights = false;
  int64_t splitK = 1; // with more than one, k follows from the schedule
  bool streamK = false;
  MainLoop loop = MainLoop::InStep;
  int leastRows = 0; // of a tile
};

/// The registers that a lane has beyond those that its schedule is expected to need: few are where compilers
/// spill.
int spareRegisters(const GemmSchedule &schedule, const Profile &profile) {
  const GemmKernel kernel = llvm::cantFail(gemmKernel(schedule, profile));
  const int64_t wavesPerSimd =
      llvm::divideCeil(schedule.waves() * kernel.residency, profile.compute.simdsPerComputeUnit);
  const int64_t share = std::min<int64_t>(profile.registers.maxPerThread,
                                          profile.registers.registersPerSimdLane / wavesPerSimd);
  return static_cast<int>(kernel.consumerRegisters ? kernel.consumerRegisters : share) -
         compiledRegisters(schedule);
}

/// Up to `count` of the schedules: every other one of those that have the fewest registers to spare, the
/// others evenly spread over the list.
std::vector<GemmSchedule> chosenFrom(const std::vector<GemmSchedule> &legal, size_t count,
                                     const Profile &profile) {
  if (legal.size() <= count)
    return legal;
  std::vector<std::pair<int, size_t>> tightest;
  for (size_t i = 0; i < legal.size(); ++i)
    tightest.push_back({spareRegisters(legal[i], profile), i});
  llvm::sort(tightest);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < count; ++i)
    chosen.push_back(i % 2 ? tightest[i / 2].second : i * (legal.size() - 1) / (count - 1));
  llvm::sort(chosen);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  std::vector<GemmSchedule> schedules;
  for (size_t i : chosen)
    schedules.push_back(legal[i]);
  return schedules;
}

constexpr size_t longCount = 40; // schedules of a form that a long run compiles

size_t schedules(size_t usual) {
  return isLongRun() ? longCount : usual;
}

/// Compiles `count` legal schedules.
void compileLegalSchedules(const char *device, size_t count, const Sweep &sweep = {}) {
  Profile profile = llvm::cantFail(loadProfile(device, profileSearchDirs("", "")));
  if (!sweep.family.empty())
    profile.kernelFamilies = {sweep.family.str()};
  std::vector<GemmSchedule> legal =
      legalGemmSchedules(profile, sweep.type, sweep.layout, sweep.blockScaled, sweep.shuffledWeights);
  llvm::erase_if(legal, [&](const GemmSchedule &schedule) {
    if (sweep.gathered && !takesListedRows(schedule))
      return true;
    // A workgroup has whole blocks of 128 columns, a wave too or an even part of one.
    const int shrink = sweep.fused ? 2 : 1, wave = schedule.waveTileN() / shrink;
    if (sweep.inBlocks && (schedule.macroTileN / shrink % 128 != 0 || (wave % 128 != 0 && 128 % wave != 0)))
      return true;
    return schedule.loop != sweep.loop || maxSplitK(schedule) < sweep.splitK ||
           schedule.macroTileM < sweep.leastRows || (sweep.streamK && !cutsTiles(schedule)) ||
           (sweep.experts > 0 && !hasRoomForExperts(schedule, profile));
  });
  ASSERT_GE(legal.size(), 2u);
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-compile", folder));
  size_t i = 0; // in turns with one step along rows or the other
  for (GemmSchedule schedule : chosenFrom(legal, count, profile)) {
    schedule.splitK = sweep.splitK;
    schedule.streamK = sweep.streamK;
    SCOPED_TRACE(schedule.describe());
    mlir::MLIRContext context;
    GemmProblem problem;
    problem.symbol = "linear";
    problem.type = sweep.type;
    problem.scaling = sweep.blockScaled                ? Scaling::Block128
                      : !isFloat8(sweep.type)          ? Scaling::None
                      : sweep.layout == GemmLayout::TN ? Scaling::PerTensor
                                                       : Scaling::PerToken;
    problem.n = sweep.n;
    problem.k = sweep.k;
    problem.experts = sweep.experts;
    problem.layout = sweep.layout;
    if (sweep.rowSteps && ++i % 2 == 0)
      problem.rotary = {.headColumns = 128, .columns = 5120, .positions = 8192};
    else if (sweep.rowSteps)
      problem.rowSquares = problem.residual = true;
    problem.shuffledWeights = sweep.shuffledWeights;
    problem.gathered = problem.weighted = sweep.gathered;
    problem.gated = problem.bias = sweep.fused;
    // No plan adds a stream to what a gate makes. Such kernels spill with results of 8 bits, and with wgmma
    // where a lane has 192 sums.
    constexpr int mostSums = 160;
    const bool isCrowded =
        schedule.family == GemmFamily::WgmmaTmaPersistent && registerUse(schedule).accumulators > mostSums;
    problem.residual |= sweep.fused && !sweep.quantised && !isCrowded;
    if (sweep.quantised)
      problem.quantised = kernel::quantisedType(profile.architecture);
    problem.quantisedBlocks = sweep.inBlocks;
    if (sweep.fused)
      problem.activation = kernel::Activation::Silu;
    const GemmKernel kernel = llvm::cantFail(gemmKernel(schedule, profile));
    if (sweep.streamK) { // each die has one run of workgroups
      EXPECT_EQ(kernel.run * kernel.limits.chiplets, kernel.streamWorkgroups);
    }
    if (kernel.splitK > 1)
      problem.k = kernel.tileK * kernel.stages * 2 * kernel.splitK;
    auto module = llvm::cantFail(lowerGemm(context, problem, kernel));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    EmitOptions options;
    options.inlinePrelude = true;
    const CompilerReport report = compile(llvm::cantFail(emitKernel(function, options)),
                                          schedule.architecture, (folder + "/linear").str());
    const KernelPrice price = llvm::cantFail(priceKernel(function));
    ASSERT_TRUE(report.compiled) << report.log;
    if (!report.measured)
      continue;
    EXPECT_EQ(report.scratchBytes, 0);
    // A loop that runs once is written out, and the compiler orders its loads anew.
    if (price.step.iterations > 1) {
      // What setmaxnreg gives the roles is not in the report.
      const int64_t registers = std::max<int64_t>(report.registers, kernel.consumerRegisters);
      // Reads of a step that is a whole tile may take turns in the registers of one operand.
      const bool oneStep = kernel.tileK == kernel.depthPerStep();
      EXPECT_GE(registers, price.registers.minimum() - (oneStep ? price.registers.fragments / 2 : 0));
    }
    EXPECT_EQ(report.ldsBytes, price.sharedBytes - launchFacts(function).dynamicLdsBytes);
    // What the kernel was told to fit, it fits.
    EXPECT_GE(workgroupsPerComputeUnit(price, report.registers, profile), kernel.residency)
        << report.registers << " registers";
    // clang's waves on the fullest SIMD, whether or not workgroups are whole there.
    if (report.occupancy > 0) {
      const int64_t byShared = workgroupsPerComputeUnit(price, /*registers=*/1, profile) * price.threads;
      const int64_t ofSimds = profile.compute.simdsPerComputeUnit * profile.compute.waveSize;
      EXPECT_EQ(report.occupancy, std::min<int64_t>(profile.wavesPerSimd(report.registers),
                                                    llvm::divideCeil(byShared, ofSimds)));
    }
  }
  (void)llvm::sys::fs::remove_directories(folder);
}

/// The end of a test whose last word is the assembler's.
#define CODESIGN_NEEDS_PTXAS(schedules)                                                                      \
  if (!llvm::sys::findProgramByName("nvcc"))                                                                 \
  GTEST_SKIP() << "SKIPPED ptxas' report on " schedules " schedules: nvcc is not on the PATH; clang++-22 "   \
                  "compiled them to PTX"

TEST(Compile, loopsOfOwnOrder) {
  for (MainLoop loop : {MainLoop::PingPong, MainLoop::Interleaved})
    for (const char *device : {"mi300x", "mi355x"}) {
      const size_t count = schedules(2);
      compileLegalSchedules(device, count, {.loop = loop});
      if (isLongRun()) // bytes in the place of halves, otherwise alike
        compileLegalSchedules(
            device, count,
            {.type = device == std::string("mi300x") ? DataType::F8E4M3FNUZ : DataType::F8E4M3,
             .loop = loop});
    }
}

TEST(Compile, gfx942) {
  compileLegalSchedules("mi300x", 8);
  // Rows of a power of two of columns take more registers for addresses.
  compileLegalSchedules("mi300x", schedules(2), {.family = "mfma_lds_double_buffer", .n = 8192});
}

TEST(Compile, gfx942WeightStream) {
  compileLegalSchedules("mi300x", schedules(4), {.family = "mfma_weight_stream"});
  // No multiple of any step: the last loads are clipped, which takes registers.
  compileLegalSchedules("mi300x", schedules(4), {.family = "mfma_weight_stream", .k = 2312});
}

TEST(Compile, gfx950) {
  compileLegalSchedules("mi355x", 6);
  compileLegalSchedules("mi355x", schedules(2), {.family = "mfma_weight_stream", .k = 2312});
}

TEST(Compile, gatesAndResiduals) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.fused = true});
  compileLegalSchedules("mi300x", count, {.family = "mfma_weight_stream", .k = 2312, .fused = true});
  compileLegalSchedules("mi355x", count, {.fused = true});
}

TEST(Compile, operandsAlongRows) {
  for (const char *device : {"mi300x", "mi355x"}) {
    compileLegalSchedules(device, schedules(2), {.layout = GemmLayout::NN});
    compileLegalSchedules(device, schedules(3), {.layout = GemmLayout::TN});
    const DataType bytes = device == std::string("mi300x") ? DataType::F8E4M3FNUZ : DataType::F8E4M3;
    for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN})
      for (int64_t splitK : {1, 4})
        compileLegalSchedules(
            device, schedules(2),
            {.type = splitK == 1 ? bytes : DataType::BF16, .layout = layout, .splitK = splitK});
  }
}

TEST(Compile, operandsAlongRowsOfNvidia) {
  const size_t count = schedules(2);
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    compileLegalSchedules("a100-sxm", count, {.layout = layout});
    compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .layout = layout});
  }
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a NN and TN");
}

TEST(Compile, stepsAlongRowsAndResultsOf8Bits) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.rowSteps = true});
  compileLegalSchedules("mi355x", count, {.rowSteps = true});
  compileLegalSchedules("mi300x", count, {.family = "mfma_weight_stream", .k = 2312, .rowSteps = true});
  compileLegalSchedules("mi300x", count, {.fused = true, .quantised = true});
}

TEST(Compile, stepsAlongRowsAndResultsOf8BitsOfNvidia) {
  const size_t count = schedules(2);
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .rowSteps = true});
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .quantised = true});
  if (isLongRun())
    compileLegalSchedules("a100-sxm", count, {.family = "mma_cp_async_multistage", .rowSteps = true});
  CODESIGN_NEEDS_PTXAS("rotating and quantising sm_80 and sm_90a");
}

TEST(Compile, resultsOf8BitsInBlocks) {
  const size_t count = schedules(2);
  const llvm::StringRef family = "mfma_lds_double_buffer";
  for (MainLoop loop : {MainLoop::InStep, MainLoop::PingPong})
    for (const auto &[device, type] :
         {std::pair("mi300x", DataType::F8E4M3FNUZ), std::pair("mi355x", DataType::F8E4M3)})
      compileLegalSchedules(device, count,
                            {.family = family,
                             .fused = true,
                             .type = type,
                             .blockScaled = true,
                             .quantised = true,
                             .inBlocks = true,
                             .loop = loop});
  compileLegalSchedules(
      "mi300x", count,
      {.family = family, .quantised = true, .inBlocks = true, .loop = MainLoop::Interleaved});
}

TEST(Compile, resultsOf8BitsInBlocksOfNvidia) {
  const size_t count = schedules(2);
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "wgmma_tma_persistent", .fused = true, .quantised = true, .inBlocks = true});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "wgmma_tma_persistent",
                         .fused = true,
                         .type = DataType::F8E4M3,
                         .blockScaled = true,
                         .quantised = true,
                         .inBlocks = true});
  CODESIGN_NEEDS_PTXAS("quantising in blocks sm_90a");
}

TEST(Compile, gatesOfNvidia) {
  const size_t count = schedules(2);
  compileLegalSchedules("a100-sxm", count, {.family = "mma_cp_async_multistage", .fused = true});
  compileLegalSchedules("a100-sxm", count, {.family = "mma_weight_stream", .k = 2312, .fused = true});
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .fused = true});
  CODESIGN_NEEDS_PTXAS("gated sm_80 and sm_90a");
}

TEST(Compile, shuffledWeights) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.family = "mfma_lds_double_buffer", .shuffledWeights = true});
  compileLegalSchedules("mi300x", count,
                        {.family = "mfma_weight_stream", .k = 2336, .shuffledWeights = true});
  compileLegalSchedules("mi355x", count, {.k = 2336, .fused = true, .shuffledWeights = true});
  compileLegalSchedules("mi300x", count,
                        {.type = DataType::F8E4M3FNUZ, .blockScaled = true, .shuffledWeights = true});
}

TEST(Compile, experts) {
  const size_t count = schedules(2);
  compileLegalSchedules("mi300x", count, {.fused = true, .experts = 128});
  compileLegalSchedules("mi300x", count, {.experts = 128, .gathered = true});
  compileLegalSchedules("mi300x", count,
                        {.family = "mfma_weight_stream", .k = 2312, .experts = 128, .gathered = true});
  compileLegalSchedules(
      "mi355x", count,
      {.family = "mfma_lds_double_buffer", .type = DataType::F8E4M3, .blockScaled = true, .experts = 256});
}

TEST(Compile, expertsOfNvidia) {
  const size_t count = schedules(2);
  for (const char *family : {"mma_cp_async_multistage", "mma_weight_stream"})
    compileLegalSchedules("a100-sxm", count, {.family = family, .k = 2312, .experts = 64, .gathered = true});
  CODESIGN_NEEDS_PTXAS("grouped sm_80");
}

TEST(Compile, expertsOfHopper) {
  const size_t count = schedules(2);
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .experts = 128});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "wgmma_tma_persistent", .experts = 128, .gathered = true});
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .fused = true, .experts = 8});
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3, .blockScaled = true, .experts = 256});
  CODESIGN_NEEDS_PTXAS("grouped sm_90a");
}

/// All that wait for loads together hold them in registers.
TEST(Compile, sumsOfTokens) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-compile", folder));
  for (const char *device : {"mi300x", "mi355x", "a100-sxm", "h100-sxm"}) {
    const Profile profile = llvm::cantFail(loadProfile(device, profileSearchDirs("", "")));
    for (int64_t entries : {8, 32}) {
      if (entries > 8 && !isLongRun() && profile.architecture != Architecture::Gfx942)
        continue;
      const TokenSumProblem problem = {.symbol = "sum", .n = 2048, .entries = entries};
      mlir::MLIRContext context;
      const TokenSumKernel kernel = tokenSumKernel(problem, profile.architecture, targetLimits(profile));
      auto module = llvm::cantFail(lowerTokenSum(context, problem, kernel));
      auto function = *module->getOps<kernel::FuncOp>().begin();
      EmitOptions options;
      options.inlinePrelude = true;
      const CompilerReport report = compile(llvm::cantFail(emitKernel(function, options)),
                                            profile.architecture, (folder + "/sum").str());
      ASSERT_TRUE(report.compiled) << report.log;
      if (!report.measured)
        continue;
      EXPECT_EQ(report.scratchBytes, 0) << device << ", " << entries;
      const KernelPrice price = llvm::cantFail(priceKernel(function));
      EXPECT_GE(workgroupsPerComputeUnit(price, report.registers, profile), kernel.residency)
          << device << ", " << entries << ": " << report.registers << " registers";
    }
  }
  (void)llvm::sys::fs::remove_directories(folder);
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a sums of tokens, and their");
}

TEST(Compile, splits) {
  const size_t count = schedules(2);
  compileLegalSchedules("mi300x", count, {.family = "mfma_lds_double_buffer", .splitK = 4});
  compileLegalSchedules("mi300x", count, {.family = "mfma_weight_stream", .fused = true, .splitK = 2});
  compileLegalSchedules("mi355x", count, {.fused = true, .splitK = 3});
  compileLegalSchedules("mi300x", count, {.type = DataType::F8E4M3FNUZ, .blockScaled = true, .splitK = 4});
}

TEST(Compile, streamK) {
  const size_t count = schedules(2);
  compileLegalSchedules("mi300x", count, {.streamK = true});
  compileLegalSchedules("mi355x", count, {.fused = true, .streamK = true});
  compileLegalSchedules("mi300x", count,
                        {.type = DataType::F8E4M3FNUZ, .blockScaled = true, .streamK = true});
}

TEST(Compile, streamKOfNvidia) {
  const size_t count = schedules(2);
  compileLegalSchedules("a100-sxm", count, {.family = "mma_cp_async_multistage", .streamK = true});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "mma_cp_async_multistage", .fused = true, .streamK = true});
  CODESIGN_NEEDS_PTXAS("Stream-K sm_80 and sm_90a");
}

/// More rows than registers hold beside their sums: operands go through shared memory.
TEST(Compile, manyRowsOfStreamedWeights) {
  const auto sweep = [](const char *device, size_t count, Sweep of) {
    of.family = "mma_weight_stream";
    of.leastRows = of.gathered && of.blockScaled ? 24 : 33;
    compileLegalSchedules(device, isLongRun() ? 1000 : count, of);
  };
  sweep("a100-sxm", 3, {.k = 14336});
  sweep("h100-sxm", 3, {.k = 2312, .fused = true});
  sweep("h100-sxm", 2, {.k = 2320, .fused = true, .type = DataType::F8E4M3});
  sweep("h100-sxm", 2, {.type = DataType::F8E4M3, .blockScaled = true});
  if (isLongRun()) {
    for (const char *device : {"a100-sxm", "h100-sxm"}) {
      sweep(device, 0, {.k = 2312});
      sweep(device, 0, {.k = 2312, .experts = 64, .gathered = true});
      sweep(device, 0, {.splitK = 4});
      sweep(device, 0, {.rowSteps = true});
    }
    sweep("h100-sxm", 0, {.fused = true, .quantised = true});
    sweep("h100-sxm", 0, {.type = DataType::F8E4M3, .rowSteps = true});
    sweep("h100-sxm", 0, {.type = DataType::F8E4M3, .quantised = true, .splitK = 4});
    const Sweep blocks = {.k = 2320, .type = DataType::F8E4M3, .blockScaled = true};
    for (int form = 0; form < 4; ++form) {
      Sweep of = blocks;
      of.fused = form == 0;
      of.gathered = form == 1;
      of.experts = form == 1 ? 64 : 0;
      of.splitK = form == 2 ? 4 : 1;
      of.rowSteps = form == 3;
      sweep("h100-sxm", 0, of);
    }
  }
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a, of up to 64 rows with streamed weights,");
}

TEST(Compile, splitsOfNvidia) {
  const size_t count = schedules(2);
  for (const char *family : {"mma_cp_async_multistage", "mma_weight_stream"}) {
    compileLegalSchedules("a100-sxm", count, {.family = family, .splitK = 4});
    compileLegalSchedules("h100-sxm", count, {.family = family, .fused = true, .splitK = 3});
  }
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .fused = true, .splitK = 4});
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3, .blockScaled = true, .splitK = 3});
  CODESIGN_NEEDS_PTXAS("split sm_80 and sm_90a");
}

TEST(Compile, float8) {
  compileLegalSchedules("mi300x", schedules(3), {.type = DataType::F8E4M3FNUZ});
  compileLegalSchedules(
      "mi300x", schedules(3),
      {.family = "mfma_weight_stream", .k = 2320, .fused = true, .type = DataType::F8E4M3FNUZ});
  compileLegalSchedules("mi355x", schedules(3), {.type = DataType::F8E4M3});
  compileLegalSchedules("mi355x", schedules(2),
                        {.family = "mfma_weight_stream", .k = 2320, .fused = true, .type = DataType::F8E4M3});
}

TEST(Compile, blockScales) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.type = DataType::F8E4M3FNUZ, .blockScaled = true});
  compileLegalSchedules(
      "mi300x", count,
      {.family = "mfma_weight_stream", .k = 2320, .type = DataType::F8E4M3FNUZ, .blockScaled = true});
  compileLegalSchedules("mi355x", count, {.type = DataType::F8E4M3, .blockScaled = true});
  compileLegalSchedules(
      "mi355x", count,
      {.family = "mfma_weight_stream", .k = 2320, .type = DataType::F8E4M3, .blockScaled = true});
}

/// Gates and up whose scales take turns, also of experts' rows that a list names, with scales of their own.
TEST(Compile, gatedBlockScales) {
  const size_t count = schedules(2);
  for (const auto &[device, type] :
       {std::pair{"mi300x", DataType::F8E4M3FNUZ}, std::pair{"mi355x", DataType::F8E4M3}}) {
    Sweep sweep = {.fused = true, .type = type, .blockScaled = true};
    compileLegalSchedules(device, count, sweep);
    sweep.loop = MainLoop::PingPong;
    compileLegalSchedules(device, count, sweep);
    sweep.experts = 128;
    sweep.gathered = true;
    compileLegalSchedules(device, count, sweep);
    sweep.loop = MainLoop::InStep;
    sweep.family = "mfma_weight_stream";
    sweep.k = 2320;
    compileLegalSchedules(device, count, sweep);
  }
}

TEST(Compile, gatedBlockScalesOfNvidia) {
  const size_t count = schedules(2);
  Sweep sweep = {
      .family = "wgmma_tma_persistent", .fused = true, .type = DataType::F8E4M3, .blockScaled = true};
  compileLegalSchedules("h100-sxm", count, sweep);
  sweep.experts = 128;
  sweep.gathered = true;
  compileLegalSchedules("h100-sxm", count, sweep);
  sweep.family = "mma_weight_stream";
  sweep.k = 2320;
  compileLegalSchedules("h100-sxm", count, sweep);
  CODESIGN_NEEDS_PTXAS("sm_90a fp8");
}

TEST(Compile, sm90aFloat8) {
  const size_t count = schedules(2);
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3, .blockScaled = true});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "mma_weight_stream", .k = 2320, .fused = true, .type = DataType::F8E4M3});
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "mma_weight_stream", .k = 2320, .type = DataType::F8E4M3, .blockScaled = true});
  CODESIGN_NEEDS_PTXAS("sm_90a fp8");
}

TEST(Compile, sm80AndSm90a) {
  compileLegalSchedules("a100-sxm", 3);
  compileLegalSchedules("h100-sxm", 3);
  if (isLongRun()) {
    compileLegalSchedules("a100-sxm", longCount, {.family = "mma_cp_async_multistage"});
    compileLegalSchedules("h100-sxm", longCount, {.family = "mma_cp_async_multistage"});
  }
  compileLegalSchedules("a100-sxm", schedules(2), {.family = "mma_weight_stream", .k = 14336});
  compileLegalSchedules("h100-sxm", schedules(2), {.family = "mma_weight_stream", .k = 2312});
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a");
}

} // namespace
