#include "KernelPasses.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Lowering/Gemm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace codesign {

namespace {

/// Writes one GEMM kernel into the module, from options.
struct LowerGemmPass : PassWrapper<LowerGemmPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerGemmPass)
  LowerGemmPass() = default;
  LowerGemmPass(const LowerGemmPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "kernel-lower-gemm"; }
  StringRef getDescription() const final { return "Append the GEMM kernel that the options describe"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<kernel::KernelDialect, arith::ArithDialect, scf::SCFDialect>();
  }

  void runOnOperation() override {
    GemmProblem problem;
    problem.symbol = symbol;
    problem.n = n;
    problem.k = k;
    problem.bias = bias;
    std::optional<DataType> element = parseDataType(type);
    std::optional<Architecture> target = parseArchitecture(architecture);
    if (!element || !target || tile.size() != 3 || waves.size() != 2) {
      getOperation().emitError("kernel-lower-gemm: type, arch, tile (m, n, k) or waves (m, n) is malformed");
      return signalPassFailure();
    }
    problem.type = *element;
    if (!activation.empty()) {
      problem.activation = kernel::symbolizeActivation(activation);
      if (!problem.activation) {
        getOperation().emitError("kernel-lower-gemm: unknown activation");
        return signalPassFailure();
      }
    }
    GemmKernel schedule;
    schedule.architecture = *target;
    schedule.limits = {.sharedBytes = sharedBytes, .registersPerLane = registers, .chiplets = chiplets};
    schedule.instruction = instruction;
    schedule.tileM = tile[0];
    schedule.tileN = tile[1];
    schedule.tileK = tile[2];
    schedule.wavesM = waves[0];
    schedule.wavesN = waves[1];
    schedule.stages = stages;
    schedule.band = band;
    schedule.run = run;
    schedule.pack = pack;
    schedule.padding = padding;
    llvm::Expected<OwningOpRef<ModuleOp>> lowered = lowerGemm(getContext(), problem, schedule);
    if (!lowered) {
      getOperation().emitError(llvm::toString(lowered.takeError()));
      return signalPassFailure();
    }
    for (Operation &op : llvm::make_early_inc_range(*(*lowered)->getBody()))
      op.moveBefore(getOperation().getBody(), getOperation().getBody()->end());
  }

  Option<std::string> symbol{*this, "symbol", llvm::cl::init("gemm")};
  Option<std::string> architecture{*this, "arch", llvm::cl::init("gfx942")};
  Option<std::string> type{*this, "type", llvm::cl::init("bf16")};
  Option<std::string> instruction{*this, "instruction", llvm::cl::init("v_mfma_f32_16x16x16_bf16")};
  Option<std::string> activation{*this, "activation", llvm::cl::init("")};
  Option<int64_t> n{*this, "n"}, k{*this, "k"};
  Option<bool> bias{*this, "bias", llvm::cl::init(false)};
  ListOption<int64_t> tile{*this, "tile"}, waves{*this, "waves"};
  Option<int64_t> stages{*this, "stages", llvm::cl::init(2)}, band{*this, "band", llvm::cl::init(1)},
      run{*this, "run", llvm::cl::init(1)}, pack{*this, "pack", llvm::cl::init(2)},
      padding{*this, "padding", llvm::cl::init(0)}, sharedBytes{*this, "lds", llvm::cl::init(65536)},
      registers{*this, "registers", llvm::cl::init(512)}, chiplets{*this, "chiplets", llvm::cl::init(8)};
};

/// Prints the source of every kernel to standard output.
struct EmitPass : PassWrapper<EmitPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitPass)
  EmitPass() = default;
  EmitPass(const EmitPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "kernel-emit"; }
  StringRef getDescription() const final { return "Print the HIP or CUDA source of every kernel"; }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<kernel::FuncOp>()) {
      llvm::Expected<std::string> source =
          emitKernel(function, {.title = {}, .notes = {}, .inlinePrelude = inlinePrelude});
      if (!source) {
        function.emitError(llvm::toString(source.takeError()));
        return signalPassFailure();
      }
      llvm::outs() << *source;
    }
  }

  Option<bool> inlinePrelude{*this, "inline-prelude", llvm::cl::init(false)};
};

} // namespace

void registerKernelPasses() {
  PassRegistration<LowerGemmPass>();
  PassRegistration<EmitPass>();
}

} // namespace codesign
