#include "KernelPasses.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Interpret/GemmReference.h"
#include "codesign/Interpret/Interpret.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Price/Price.h"
#include "codesign/Price/StreamK.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"
#include <random>

using namespace mlir;

namespace codesign {

namespace {

/// Writes one kernel that sums up the rows of each token into the module, from options.
struct LowerTokenSumPass : PassWrapper<LowerTokenSumPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerTokenSumPass)
  LowerTokenSumPass() = default;
  LowerTokenSumPass(const LowerTokenSumPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "kernel-lower-token-sum"; }
  StringRef getDescription() const final { return "Append the kernel that sums up the rows of each token"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<kernel::KernelDialect, arith::ArithDialect>();
  }

  void runOnOperation() override {
    std::optional<DataType> element = parseDataType(type);
    std::optional<Architecture> target = parseArchitecture(architecture);
    if (!element || !target) {
      emitOptionError(getOperation(), !target ? unknownArchitecture(architecture)
                                              : usageError("'" + type.getValue() + "' is no element type"));
      return signalPassFailure();
    }
    const TokenSumProblem problem = {.symbol = symbol, .type = *element, .n = n, .entries = entries};
    const TargetLimits limits = {.sharedBytes = sharedBytes, .registersPerLane = registers, .chiplets = 1};
    if (!append(getOperation(),
                lowerTokenSum(getContext(), problem, tokenSumKernel(problem, *target, limits))))
      signalPassFailure();
  }

  using Text = Option<std::string>;
  using Number = Option<int64_t>;
  Text symbol{*this, "symbol", llvm::cl::desc("name of the kernel"), llvm::cl::init("sum")};
  Text architecture{*this, "arch", llvm::cl::desc("gfx942, gfx950, sm_80 or sm_90a"),
                    llvm::cl::init("gfx942")};
  Text type{*this, "type", llvm::cl::desc("of the result: bf16 or fp16"), llvm::cl::init("bf16")};
  Number n{*this, "n", llvm::cl::desc("columns of a row")};
  Number entries{*this, "entries", llvm::cl::desc("rows of a token at most")};
  Number sharedBytes{*this, "lds", llvm::cl::desc("bytes of shared memory that a workgroup may have"),
                     llvm::cl::init(65536)};
  Number registers{*this, "registers", llvm::cl::desc("that a lane may have"), llvm::cl::init(512)};
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

  Option<bool> inlinePrelude{*this, "inline-prelude",
                             llvm::cl::desc("in the place of the #include that packages have"),
                             llvm::cl::init(false)};
};

/// Prints what Price counts in every kernel, one quantity per line.
struct PricePass : PassWrapper<PricePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PricePass)
  PricePass() = default;
  PricePass(const PricePass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "kernel-price"; }
  StringRef getDescription() const final { return "Print the counted cost of every kernel"; }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<kernel::FuncOp>()) {
      llvm::Expected<KernelPrice> price = priceKernel(function);
      if (!price) {
        function.emitError(llvm::toString(price.takeError()));
        return signalPassFailure();
      }
      const StepPrice &step = price->step;
      llvm::outs() << function.getSymName() << ": " << price->threads << " threads, " << price->sharedBytes
                   << " bytes of LDS\n"
                   << "  registers: " << price->registers.accumulators << " accumulators, "
                   << price->registers.fragments << " fragments, " << price->registers.staging << " staging\n"
                   << "  main loop: " << step.iterations << " iterations of " << step.matrixInstructions
                   << " matrix instructions a wave, " << static_cast<int64_t>(step.matrixCycles.value)
                   << " clocks of a matrix core";
      if (step.conversionCycles.value > 0)
        llvm::outs() << ", " << static_cast<int64_t>(step.conversionCycles.value) << " of conversions";
      llvm::outs() << "\n"
                   << "  LDS: " << step.reads.passes << " read passes (" << step.reads.conflictPasses()
                   << " from conflicts), " << step.writes.passes << " write passes ("
                   << step.writes.conflictPasses() << " from conflicts)\n"
                   << "  global: " << step.globalBytes << " bytes, " << step.globalInstructions
                   << " loads a wave, " << step.barriers << " barriers\n";
      if (std::optional<StreamKPrice> work = priceStreamK(function, rows))
        llvm::outs() << "  Stream-K at m = " << rows << ": " << work->shortestSteps << " to "
                     << work->longestSteps << " steps a workgroup, " << work->cutTiles << " of "
                     << work->tiles << " tiles cut in up to " << work->mostParts << " parts, "
                     << work->sumsWrittenBytes << " bytes of sums written, " << work->sumsReadBytes
                     << " read\n";
      if (step.permutes > 0)
        llvm::outs() << "  transposed by " << step.permutes << " v_perm_b32 a wave\n";
    }
  }

  /// Of a launch whose work depends on them.
  Option<int64_t> rows{*this, "rows", llvm::cl::desc("m of the launch"), llvm::cl::init(4096)};
};

/// Runs every GEMM kernel on random data and holds it to float64.
struct CheckPass : PassWrapper<CheckPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckPass)
  CheckPass() = default;
  CheckPass(const CheckPass &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "kernel-check"; }
  StringRef getDescription() const final {
    return "Interpret every GEMM kernel (a, w, d, m) against float64";
  }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<kernel::FuncOp>()) {
      const std::string wrong = check(function);
      if (wrong.empty())
        continue;
      function.emitError(wrong);
      return signalPassFailure();
    }
  }

  std::string check(kernel::FuncOp function) {
    auto types = function.getArgumentTypes();
    auto a = types.size() == 4 ? dyn_cast<kernel::TileType>(types[0]) : kernel::TileType();
    auto w = a ? dyn_cast<kernel::TileType>(types[1]) : kernel::TileType();
    auto d = w ? dyn_cast<kernel::TileType>(types[2]) : kernel::TileType();
    std::optional<DataType> type = a ? kernel::dataTypeOf(a.getElementType()) : std::nullopt;
    std::optional<DataType> outType = d ? kernel::dataTypeOf(d.getElementType()) : std::nullopt;
    if (!type || !outType || !isInterpretable(*type) || ShapedType::isDynamic(w.getRows()) || rows < 1)
      return "takes kernels with the arguments (a, w, d, m) and at least one row";
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    Matrix left(*type, rows, a.getColumns()), right(*type, w.getRows(), w.getColumns());
    for (Matrix *matrix : {&left, &right})
      for (int64_t i = 0; i < matrix->rows; ++i)
        for (int64_t j = 0; j < matrix->columns; ++j)
          matrix->set(i, j, normal(engine));
    Matrix out(*outType, rows + 1, w.getRows(), 0xff), stored = paddedRows(right, w.getPitch());
    Matrix activations = paddedRows(left, a.getPitch());
    if (w.isShuffled())
      for (int64_t i = 0; i < right.rows; ++i)
        for (int64_t j = 0; j < right.columns; ++j)
          std::copy_n(&right.bytes[(i * right.columns + j) * right.elementBytes()], right.elementBytes(),
                      &stored.bytes[w.getByteOffset(i, j)]);
    GemmEpilogue epilogue;
    bool gated = false;
    function.walk([&](kernel::ActivationOp op) { epilogue.activation = op.getFunction(); });
    function.walk([&](kernel::GateOp) { gated = true; });
    if (gated)
      return "has a gate, which is not checked here";
    if (llvm::Error error = interpret(function, {&activations, &stored, &out, int64_t(rows)}))
      return llvm::toString(std::move(error));
    return firstMismatch(out, gemmReference(left, right, rows, epilogue)).value_or("");
  }

  Option<int64_t> rows{*this, "rows", llvm::cl::desc("m of the launch"), llvm::cl::init(33)};
  Option<unsigned> seed{*this, "seed", llvm::cl::desc("of the inputs"), llvm::cl::init(1)};
};

} // namespace

void registerKernelPasses() {
  registerLowerGemmPass();
  PassRegistration<PricePass>();
  PassRegistration<CheckPass>();
  PassRegistration<LowerTokenSumPass>();
  PassRegistration<EmitPass>();
}

} // namespace codesign
