#include "TimedKernel.h"

#include "codesign/Lowering/Gemm.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

namespace codesign {
namespace {

struct LoadedKernel {
  std::shared_ptr<const simulate::CodeObject> object;
  LaunchFacts facts;
};

llvm::Expected<LoadedKernel> compile(const GemmSchedule &schedule, const Profile &profile, DataType type,
                                     int64_t m, int64_t n, int64_t k, llvm::StringRef compiler) {
  llvm::Expected<GemmKernel> kernel = gemmKernel(schedule, profile);
  if (!kernel)
    return kernel.takeError();
  mlir::MLIRContext context;
  // The sum over rows of a gradient runs along what a launch says.
  GemmProblem problem = {
      .symbol = "timed", .type = type, .n = n, .k = schedule.layout == GemmLayout::TN ? m : k};
  problem.shuffledWeights = schedule.shuffledWeights;
  problem.layout = schedule.layout;
  problem.scaling = schedule.blockScaled ? Scaling::Block128 : Scaling::None;
  auto module = lowerGemm(context, problem, *kernel);
  if (!module)
    return module.takeError();
  kernel::FuncOp function = *(*module)->getOps<kernel::FuncOp>().begin();
  EmitOptions emitOptions;
  emitOptions.inlinePrelude = true;
  llvm::Expected<std::string> source = emitKernel(function, emitOptions);
  if (!source)
    return source.takeError();
  llvm::SmallString<128> text, object;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("codesign-timed", "hip", text))
    return usageError("cannot write a temporary file: " + code.message());
  llvm::FileRemover removeText(text);
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("codesign-timed", "co", object))
    return usageError("cannot write a temporary file: " + code.message());
  llvm::FileRemover removeObject(object);
  std::error_code code;
  {
    llvm::raw_fd_ostream stream(text, code);
    stream << *source;
  }
  if (llvm::Error error = compileForDevice(compiler, text, toString(profile.architecture), object))
    return error;
  auto loaded = simulate::CodeObject::loadFile(object);
  if (!loaded)
    return loaded.takeError();
  return LoadedKernel{*loaded, launchFacts(function)};
}

} // namespace

llvm::Expected<TimedKernel> runTiles(const GemmSchedule &schedule, const Profile &profile, DataType type,
                                     int64_t tilesM, int64_t tilesN, int64_t k, llvm::StringRef compiler) {
  const int64_t rows = schedule.macroTileM * tilesM, n = schedule.macroTileN * tilesN,
                bytes = bitWidth(type) / 8, tiles = tilesM * tilesN;
  llvm::Expected<LoadedKernel> kernel = compile(schedule, profile, type, rows, n, k, compiler);
  if (!kernel)
    return kernel.takeError();
  TimedKernel timed;
  timed.object = kernel->object;
  simulate::DeviceMemory memory;
  const auto allocate = [&](const char *name, int64_t size) {
    return memory.allocate(name, static_cast<uint64_t>(size));
  };
  simulate::Launch &launch = timed.launch;
  launch.kernel = timed.object->kernels().front().name;
  launch.grid = {static_cast<uint32_t>(tiles), static_cast<uint32_t>(schedule.splitK)};
  launch.block = {static_cast<uint32_t>(kernel->facts.threads)};
  launch.dynamicLdsBytes = static_cast<uint32_t>(kernel->facts.dynamicLdsBytes);
  launch.arguments.pointer(allocate("a", rows * k * bytes)).pointer(allocate("w", n * k * bytes));
  if (schedule.blockScaled) {
    const int64_t steps = llvm::divideCeil(k, scaledBlockExtent),
                  blocks = llvm::divideCeil(n, scaledBlockExtent);
    launch.arguments.pointer(allocate("a_scale", rows * steps * int64_t(sizeof(float))))
        .pointer(allocate("w_scale", blocks * steps * int64_t(sizeof(float))));
  }
  if (schedule.splitK > 1)
    launch.arguments.pointer(allocate("partials", tiles * schedule.splitK * kernel->facts.partialBytes))
        .pointer(allocate("arrivals", tiles * schedule.waves() * int64_t(sizeof(int32_t))));
  launch.arguments.pointer(allocate("d", rows * n * bitWidth(schedule.outputType) / 8))
      .value(static_cast<int32_t>(schedule.layout == GemmLayout::TN ? k : rows));
  simulate::RunOptions options;
  options.checks = false;
  options.tracedWorkgroups = static_cast<uint64_t>(tiles * schedule.splitK);
  auto report = run(*timed.object, launch, memory, options);
  if (!report)
    return report.takeError();
  timed.report = std::move(*report);
  return timed;
}

llvm::Expected<LoopClocks> loopClocks(llvm::ArrayRef<TimedKernel> depths, double depth,
                                      const simulate::ComputeUnit &unit, simulate::TimingOptions options) {
  constexpr double priceUnit = 64; // of k
  LoopClocks loop;
  double clocks[2] = {};
  for (bool counted : {false, true})
    for (int i = 0; i < 2; ++i) {
      auto timing = estimateTiming(*depths[i].object, depths[i].launch, depths[i].report, unit, options);
      if (!timing)
        return timing.takeError();
      clocks[i] = timing->clocks;
      if (!counted)
        loop.residents =
            i == 0 ? timing->residentWorkgroups : std::min(loop.residents, timing->residentWorkgroups);
      if (!counted && i == 1)
        options.residentWorkgroups = loop.residents;
    }
  loop.clocks = (clocks[1] - clocks[0]) / (depth / priceUnit) / loop.residents;
  return loop;
}

} // namespace codesign
