#include "CompileSweep.h"
#include "Compile.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include <numeric>

namespace codesign::test {

/// The registers that a lane has beyond those that its schedule is expected to need: few are where compilers
/// spill.
static int spareRegisters(const GemmSchedule &schedule, const Profile &profile) {
  const GemmKernel kernel = llvm::cantFail(gemmKernel(schedule, profile));
  const int64_t wavesPerSimd =
      llvm::divideCeil(schedule.waves() * kernel.residency, profile.compute.simdsPerComputeUnit);
  const int64_t share = std::min<int64_t>(profile.registers.maxPerThread,
                                          profile.registers.registersPerSimdLane / wavesPerSimd);
  return static_cast<int>(kernel.consumerRegisters ? kernel.consumerRegisters : share) -
         compiledRegisters(schedule);
}

/// Up to `count` of the schedules, in their order.
static std::vector<GemmSchedule> chosenFrom(const std::vector<GemmSchedule> &legal, size_t count,
                                            const Profile &profile, bool onlyTight) {
  if (legal.size() <= count)
    return legal;
  onlyTight |= count == 1;
  std::vector<std::pair<int, size_t>> tightest;
  for (size_t i = 0; i < legal.size(); ++i)
    tightest.push_back({spareRegisters(legal[i], profile), i});
  llvm::sort(tightest);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < count; ++i)
    chosen.push_back(onlyTight ? tightest[i].second
                     : i % 2   ? tightest[i / 2].second
                               : i * (legal.size() - 1) / (count - 1));
  llvm::sort(chosen);
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  std::vector<GemmSchedule> schedules;
  for (size_t i : chosen)
    schedules.push_back(legal[i]);
  return schedules;
}

/// Whether a workgroup of the schedule can be asked for the sweep's product.
static bool isFor(const GemmSchedule &schedule, const Sweep &sweep, const Profile &profile) {
  if (sweep.gathered && !takesListedRows(schedule))
    return false;
  // A workgroup has whole blocks of 128 columns, a wave too or an even part of one.
  const int shrink = sweep.fused ? 2 : 1, wave = schedule.waveTileN() / shrink;
  if (sweep.inBlocks && (schedule.macroTileN / shrink % 128 != 0 || (wave % 128 != 0 && 128 % wave != 0)))
    return false;
  return schedule.loop == sweep.loop && maxSplitK(schedule) >= sweep.splitK &&
         schedule.macroTileM >= sweep.leastRows && (!sweep.streamK || cutsTiles(schedule)) &&
         (sweep.experts == 0 || hasRoomForExperts(schedule, profile));
}

/// `turn`: steps along rows are one or the other.
static GemmProblem problemOf(const Sweep &sweep, const GemmKernel &kernel, size_t turn) {
  GemmProblem problem;
  problem.symbol = "linear";
  problem.type = sweep.type;
  problem.scaling = sweep.blockScaled                ? Scaling::Block128
                    : !isFloat8(sweep.type)          ? Scaling::None
                    : sweep.layout == GemmLayout::TN ? Scaling::PerTensor
                                                     : Scaling::PerToken;
  problem.n = sweep.n;
  problem.k = kernel.splitK > 1 ? kernel.tileK * kernel.stages * 2 * kernel.splitK : sweep.k;
  problem.experts = sweep.experts;
  problem.layout = sweep.layout;
  const RotaryEmbedding heads = {.headColumns = 128, .columns = 5120, .positions = 8192};
  if (sweep.rowSteps && turn % 2)
    problem.rotary = heads;
  else if (sweep.rowSteps)
    problem.rowSquares = problem.residual = true;
  problem.shuffledWeights = sweep.shuffledWeights;
  problem.gathered = problem.weighted = sweep.gathered;
  problem.gated = problem.bias = sweep.fused;
  problem.residual |= sweep.fused;
  if (sweep.quantised)
    problem.quantised = kernel::quantisedType(kernel.architecture);
  problem.quantisedBlocks = sweep.inBlocks;
  if (sweep.fused)
    problem.activation = kernel::Activation::Silu;
  if (sweep.epilogue) {
    sweep.epilogue->apply(problem, kernel.architecture);
    if (problem.rotary)
      problem.rotary = heads;
  }
  return problem;
}

/// What the compiler says of a kernel is what Price says of it, and there is no scratch.
static void expectAsPriced(const CompilerReport &report, kernel::FuncOp function, const GemmKernel &kernel,
                           const Profile &profile) {
  const KernelPrice price = llvm::cantFail(priceKernel(function));
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
  if (report.occupancy == 0)
    return;
  // clang's waves on the fullest SIMD, whether or not workgroups are whole there. It does not round LDS up to
  // what the device allocates, and may count one workgroup more.
  const int64_t ofSimds = profile.compute.simdsPerComputeUnit * profile.compute.waveSize;
  const auto wavesOf = [&](int64_t workgroups) {
    return std::min<int64_t>(profile.wavesPerSimd(report.registers),
                             llvm::divideCeil(workgroups * price.threads, ofSimds));
  };
  const int64_t priced = workgroupsPerComputeUnit(price, /*registers=*/1, profile);
  const bool oneMore =
      (priced + 1) * price.sharedBytes <= static_cast<int64_t>(profile.shared.capacityPerComputeUnit.value);
  EXPECT_GE(report.occupancy, wavesOf(priced)) << report.registers << " registers";
  EXPECT_LE(report.occupancy, wavesOf(oneMore ? priced + 1 : priced)) << report.registers << " registers";
}

size_t compileLegalSchedules(const char *device, size_t count, const Sweep &sweep) {
  Profile profile = llvm::cantFail(loadProfile(device, profileSearchDirs("", "")));
  if (!sweep.family.empty())
    profile.kernelFamilies = {sweep.family.str()};
  std::vector<GemmSchedule> legal =
      legalGemmSchedules(profile, sweep.type, sweep.layout, sweep.blockScaled, sweep.shuffledWeights);
  for (GemmSchedule &schedule : legal) {
    schedule.splitK = sweep.splitK;
    schedule.streamK = sweep.streamK;
  }
  llvm::erase_if(legal, [&](const GemmSchedule &schedule) {
    if (!isFor(schedule, sweep, profile))
      return true;
    const GemmKernel kernel = llvm::cantFail(gemmKernel(schedule, profile));
    return sweep.epilogue && llvm::errorToBool(checkGemm(problemOf(sweep, kernel, /*turn=*/0), kernel));
  });
  EXPECT_TRUE(sweep.epilogue || legal.size() >= 2) << "schedules for the sweep";
  llvm::SmallString<128> folder;
  EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-compile", folder));
  size_t turn = 0;
  const std::vector<GemmSchedule> chosen = chosenFrom(legal, count, profile, sweep.onlyTight);
  for (const GemmSchedule &schedule : chosen) {
    SCOPED_TRACE(schedule.describe() + ", " + std::to_string(spareRegisters(schedule, profile)) +
                 " registers to spare");
    const GemmKernel kernel = llvm::cantFail(gemmKernel(schedule, profile));
    if (sweep.streamK) { // each die has one run of workgroups
      EXPECT_EQ(kernel.run * kernel.limits.chiplets, kernel.streamWorkgroups);
    }
    mlir::MLIRContext context;
    auto module = llvm::cantFail(lowerGemm(context, problemOf(sweep, kernel, turn++), kernel));
    auto function = *module->getOps<kernel::FuncOp>().begin();
    const CompilerReport report =
        compile(sourceOf(function), schedule.architecture, (folder + "/linear").str());
    EXPECT_TRUE(report.compiled) << report.log;
    if (report.compiled && report.measured)
      expectAsPriced(report, function, kernel, profile);
  }
  (void)llvm::sys::fs::remove_directories(folder);
  return chosen.size();
}

void compileEveryEpilogue(const char *device, const std::vector<Sweep> &forms) {
  constexpr size_t longTight = 3;
  size_t next = epilogues().size() - 1; // in turn, beginning with the one of most steps
  for (const auto &[place, form] : llvm::enumerate(forms)) {
    size_t compiled = 0;
    for (size_t i = 0; i < epilogues().size() && (isLongRun() || compiled == 0); ++i) {
      Sweep sweep = form;
      sweep.onlyTight = true;
      sweep.epilogue = &epilogues()[next++ % epilogues().size()];
      SCOPED_TRACE(std::string(device) + ", form " + std::to_string(place) + ", " + sweep.epilogue->name);
      compiled += compileLegalSchedules(device, isLongRun() ? longTight : 1, sweep);
    }
    // Some refuse results of 8 bits, or in blocks, or steps along rows; none refuses half of all.
    EXPECT_GE(compiled, isLongRun() ? epilogues().size() / 2 * longTight : 1) << device << ", form " << place;
  }
}

} // namespace codesign::test
