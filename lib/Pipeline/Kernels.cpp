#include "KernelHeader.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Package/Package.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Report/Format.h"
#include "codesign/Search/ScheduleFields.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

namespace codesign {

namespace {

/// A C identifier: every other character becomes an underscore, and a digit does not come first.
std::string identifier(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  if (result.empty() || llvm::isDigit(result.front()))
    result.insert(0, "k_");
  return result;
}

/// "qkv_proj_n6144_k4096_bf16_m4097": the kernel that serves rows from minM on.
std::string symbolOf(const PlanKernel &kernel, const PlanKernelRange &range) {
  const std::string experts = kernel.experts > 0 ? "_e" + std::to_string(kernel.experts) : "";
  return identifier(kernel.name) + experts + "_n" + std::to_string(kernel.n) + "_k" +
         std::to_string(kernel.k) + "_" + identifier(kernel.input) + "_m" + std::to_string(range.minM);
}

/// Plans say fp8 for either encoding; the device has one of them.
std::optional<DataType> operandType(const PlanKernel &kernel, const Profile &profile) {
  std::optional<DataType> type = parseDataType(kernel.input);
  return type && isFloat8(*type) ? profile.nativeFloat8() : type;
}

using ModuleRef = mlir::OwningOpRef<mlir::ModuleOp>;

/// What is applied to the product, or to the gate of one.
std::optional<kernel::Activation> activationOf(const PlanKernel &kernel) {
  if (kernel.gated())
    return kernel::Activation::Silu;
  return kernel.activates() ? kernel::symbolizeActivation(kernel.epilogue) : std::nullopt;
}

/// A kernel's IR with the schedule that it was made by.
struct LoweredKernel {
  GemmSchedule schedule;
  ModuleRef module;
};

llvm::Expected<LoweredKernel> lower(mlir::MLIRContext &context, const PlanKernel &kernel,
                                    const PlanKernelRange &range, const Profile &profile) {
  llvm::Expected<GemmSchedule> schedule = scheduleFromFields(range.schedule);
  if (!schedule)
    return schedule.takeError();
  llvm::Expected<GemmKernel> decided = gemmKernel(*schedule, profile);
  if (!decided)
    return decided.takeError();
  std::optional<DataType> type = operandType(kernel, profile);
  std::optional<Scaling> scaling = parseScaling(kernel.scaling);
  if (!type || !scaling || kernel.n <= 0 || kernel.k <= 0)
    return usageError("kernel '" + kernel.name + "' of the plan has no valid type, scaling or sizes");
  GemmProblem problem;
  problem.symbol = symbolOf(kernel, range);
  problem.type = *type;
  problem.scaling = *scaling;
  problem.n = kernel.n;
  problem.k = kernel.k;
  problem.experts = kernel.experts;
  const std::optional<GemmLayout> operands = parseGemmLayout(kernel.layout);
  if (!operands)
    return usageError("kernel '" + kernel.name + "' of the plan has no valid layout");
  problem.layout = *operands;
  if (schedule->layout != problem.layout)
    return usageError("kernel '" + kernel.name + "' of the plan has a schedule for another layout");
  if (kernel.experts > 0) {
    std::optional<kernel::ExpertLayout> layout = kernel::symbolizeExpertLayout(kernel.expertLayout);
    if (!layout)
      return usageError("kernel '" + kernel.name + "' of the plan has no valid layout of experts");
    problem.expertLayout = *layout;
  }
  if (kernel.sumsTokens() != (kernel.topK > 0))
    return usageError("kernel '" + kernel.name + "' of the plan sums up no or an unknown number of rows");
  problem.gathered = kernel.gathered();
  problem.weighted = kernel.weighted();
  problem.unrounded = kernel.sumsTokens();
  problem.shuffledWeights = kernel.shuffled();
  problem.leadingW = kernel.weightLeadingDimension;
  if (schedule->shuffledWeights != problem.shuffledWeights)
    return usageError("kernel '" + kernel.name + "' of the plan has a schedule for weights in another order");
  problem.gated = kernel.gated();
  problem.activation = activationOf(kernel);
  if (!kernel.epilogue.empty() && !problem.activation && !kernel.weighted())
    return usageError("kernel '" + kernel.name + "' of the plan ends in '" + kernel.epilogue +
                      "', which is no epilogue");
  problem.bias = kernel.bias;
  problem.residual = kernel.residual;
  if (kernel.quantises())
    problem.quantised = kernel::quantisedType(profile.architecture);
  if (kernel.turnsHeads())
    problem.rotary = kernel.rotary;
  llvm::Expected<ModuleRef> module = lowerGemm(context, problem, *decided);
  if (!module)
    return module.takeError();
  return LoweredKernel{std::move(*schedule), std::move(*module)};
}

/// "token_sum_n2048_top8_bf16".
std::string sumSymbolOf(const TokenSumProblem &problem) {
  return "token_sum_n" + std::to_string(problem.n) + "_top" + std::to_string(problem.entries) + "_" +
         toString(problem.type).str();
}

/// What adds up the rows of tokens; the outputs of 8-bit operands are bf16.
TokenSumProblem tokenSumOf(const PlanKernel &kernel, DataType type) {
  TokenSumProblem problem = {
      .symbol = {}, .type = isFloat8(type) ? DataType::BF16 : type, .n = kernel.n, .entries = kernel.topK};
  problem.symbol = sumSymbolOf(problem);
  return problem;
}

llvm::Expected<ModuleRef> lowerSum(mlir::MLIRContext &context, const TokenSumProblem &problem,
                                   const Profile &profile) {
  return lowerTokenSum(context, problem,
                       tokenSumKernel(problem, profile.architecture, targetLimits(profile)));
}

llvm::Expected<PackagedKernel> emitTokenSum(mlir::MLIRContext &context, const PlanKernel &kernel,
                                            DataType type, const Plan &plan, const Profile &profile) {
  const TokenSumProblem problem = tokenSumOf(kernel, type);
  llvm::Expected<ModuleRef> module = lowerSum(context, problem, profile);
  if (!module)
    return module.takeError();
  kernel::FuncOp function = *(*module)->getOps<kernel::FuncOp>().begin();
  PackagedKernel packaged;
  packaged.symbol = problem.symbol;
  packaged.predictedM = 1024;
  const double bytes = double(problem.n) * double(packaged.predictedM) *
                       (double(problem.entries) * sizeof(float) + double(bitWidth(problem.type)) / 8);
  packaged.predictedSeconds = bytes / profile.memory.datasheetBandwidth.value;
  packaged.predictionSource = "datasheet";
  packaged.reason = "reads are the whole of it: all rows of a token are under way at once";
  const std::string product = llvm::join(kernel.operators, ", ");
  EmitOptions options;
  options.title = product + ": D[tokens, " + std::to_string(problem.n) + "] = sum of up to " +
                  std::to_string(problem.entries) + " weighted rows of each token, fp32 to " +
                  toString(problem.type).str();
  options.notes = {"Expected: " + formatTime(packaged.predictedSeconds) + " for " +
                       std::to_string(packaged.predictedM) + " tokens on " + plan.hardware + ", " +
                       formatBytes(bytes) + " at the data sheet's bandwidth; not measured",
                   "Why: " + packaged.reason};
  llvm::Expected<std::string> source = emitKernel(function, options);
  if (!source)
    return source.takeError();
  packaged.source = std::move(*source);
  const LaunchFacts facts = launchFacts(function);
  packaged.threads = facts.threads;
  packaged.tileM = facts.tileM;
  packaged.tileN = facts.tileN;
  packaged.schedule = std::to_string(facts.tileM) + " tokens by " + std::to_string(facts.tileN) +
                      " columns, four in each lane";
  return packaged;
}

llvm::Expected<PackagedKernel> emit(mlir::MLIRContext &context, const PlanKernel &kernel,
                                    const PlanKernelRange &range, const Plan &plan, const Profile &profile) {
  llvm::Expected<LoweredKernel> lowered = lower(context, kernel, range, profile);
  if (!lowered)
    return lowered.takeError();
  kernel::FuncOp function = *lowered->module->getOps<kernel::FuncOp>().begin();
  const std::string summed =
      kernel.sumsTokens() ? tokenSumOf(kernel, *operandType(kernel, profile)).symbol : "";
  const EmitOptions options = kernelHeader(
      {kernel, range, *operandType(kernel, profile), lowered->schedule, plan.hardware, summed}, function);
  llvm::Expected<std::string> source = emitKernel(function, options);
  if (!source)
    return source.takeError();
  const LaunchFacts facts = launchFacts(function);
  PackagedKernel packaged;
  packaged.symbol = symbolOf(kernel, range);
  packaged.source = std::move(*source);
  packaged.threads = facts.threads;
  packaged.tileM = facts.tileM;
  packaged.tileN = facts.tileN;
  packaged.ldsBytes = facts.ldsBytes;
  packaged.dynamicLdsBytes = facts.dynamicLdsBytes;
  packaged.splitK = facts.splitK;
  packaged.partialBytes = facts.partialBytes;
  packaged.streamK = {facts.streamK.workgroups, facts.streamK.steps, facts.streamK.least,
                      facts.streamK.chiplets, facts.streamK.run};
  packaged.persistentCluster = facts.persistentCluster;
  packaged.aBox = {facts.aBox.rows, facts.aBox.columns};
  packaged.wBox = {facts.wBox.rows, facts.wBox.columns};
  packaged.dBox = {facts.dBox.rows, facts.dBox.columns};
  packaged.schedule = range.scheduleText;
  packaged.reason = range.why;
  packaged.predictedSeconds = range.expectedSeconds;
  packaged.predictedM = range.expectedM;
  packaged.predictionSource = "datasheet";
  return packaged;
}

} // namespace

llvm::Error emitKernels(const Plan &plan, const Profile &profile, llvm::StringRef directory) {
  if (plan.kernels.empty())
    return llvm::Error::success();
  mlir::MLIRContext context;
  PackageSpec package;
  package.name = identifier(plan.model + "_" + plan.hardware);
  package.generator = plan.generator;
  package.model = plan.model;
  package.hardware = plan.hardware;
  package.architecture = toString(profile.architecture).str();
  const Prelude prelude = preludeOf(profile.architecture);
  package.preludeFile = prelude.fileName.str();
  package.preludeText = prelude.text.str();
  for (const PlanKernel &kernel : plan.kernels) {
    PackagedGemm gemm;
    gemm.name = identifier(kernel.name);
    gemm.type = operandType(kernel, profile).value_or(DataType::BF16);
    gemm.outputType = isFloat8(gemm.type) ? DataType::BF16 : gemm.type;
    if (kernel.quantises())
      gemm.outputType = kernel::quantisedType(profile.architecture).value_or(gemm.outputType);
    gemm.scaling = parseScaling(kernel.scaling).value_or(Scaling::None);
    gemm.n = kernel.n;
    gemm.k = kernel.k;
    gemm.gated = kernel.gated();
    gemm.experts = kernel.experts;
    gemm.layout = llvm::StringRef(kernel.layout).lower();
    gemm.gathered = kernel.gathered();
    gemm.weighted = kernel.weighted();
    gemm.topK = kernel.topK;
    gemm.bias = kernel.bias;
    gemm.residual = kernel.residual;
    gemm.rotary = kernel.rotary;
    gemm.shuffledWeights = kernel.shuffled();
    gemm.leadingW = kernel.weightLeadingDimension;
    gemm.masked = kernel.expertLayout == stringifyExpertLayout(kernel::ExpertLayout::Masked);
    if (const auto activation = activationOf(kernel))
      gemm.activation = stringifyActivation(*activation).str();
    for (const PlanKernelRange &range : kernel.ranges) {
      llvm::Expected<PackagedKernel> packaged = emit(context, kernel, range, plan, profile);
      if (!packaged)
        return packaged.takeError();
      gemm.ranges.push_back({range.minM, range.maxM, packaged->symbol});
      package.kernels.push_back(std::move(*packaged));
    }
    if (gemm.topK > 0) {
      gemm.sumSymbol = tokenSumOf(kernel, gemm.type).symbol;
      if (llvm::none_of(package.kernels, [&](const auto &known) { return known.symbol == gemm.sumSymbol; })) {
        llvm::Expected<PackagedKernel> sum = emitTokenSum(context, kernel, gemm.type, plan, profile);
        if (!sum)
          return sum.takeError();
        package.kernels.push_back(std::move(*sum));
      }
    }
    package.gemms.push_back(std::move(gemm));
  }
  return writePackage(package, directory);
}

llvm::Error printKernelIr(const Plan &plan, const Profile &profile, llvm::raw_ostream &stream) {
  mlir::MLIRContext context;
  std::set<std::string> sums; // that several kernels share
  for (const PlanKernel &kernel : plan.kernels) {
    for (const PlanKernelRange &range : kernel.ranges) {
      llvm::Expected<LoweredKernel> lowered = lower(context, kernel, range, profile);
      if (!lowered)
        return lowered.takeError();
      lowered->module->print(stream);
    }
    if (!kernel.sumsTokens())
      continue;
    const TokenSumProblem problem = tokenSumOf(kernel, operandType(kernel, profile).value_or(DataType::BF16));
    if (!sums.insert(problem.symbol).second)
      continue;
    llvm::Expected<ModuleRef> module = lowerSum(context, problem, profile);
    if (!module)
      return module.takeError();
    (*module)->print(stream);
  }
  return llvm::Error::success();
}

} // namespace codesign
