#include "KernelPasses.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Interpret/GemmReference.h"
#include "codesign/Interpret/Interpret.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Price/Price.h"
#include "codesign/Price/StreamK.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"
#include <random>

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
    problem.gated = gated;
    problem.residual = residual;
    problem.experts = experts;
    problem.gathered = gathered;
    problem.weighted = weighted;
    problem.unrounded = unrounded;
    problem.shuffledWeights = shuffled;
    problem.leadingA = leadingA;
    problem.leadingW = leadingW;
    problem.expertLayout = masked ? kernel::ExpertLayout::Masked : kernel::ExpertLayout::Contiguous;
    std::optional<DataType> element = parseDataType(type);
    std::optional<Scaling> scale = parseScaling(scaling);
    std::optional<Architecture> target = parseArchitecture(architecture);
    if (!element || !scale || !target || tile.size() != 3 || waves.size() < 2 || waves.size() > 3) {
      getOperation().emitError(
          "kernel-lower-gemm: type, scaling, arch, tile (m, n, k) or waves (m, n, k) is malformed");
      return signalPassFailure();
    }
    problem.type = *element;
    if (quantised) {
      problem.quantised = kernel::quantisedType(*target);
      if (!problem.quantised) {
        getOperation().emitError("kernel-lower-gemm: " + toString(*target) +
                                 " has no instruction that rounds to 8 bits");
        return signalPassFailure();
      }
    }
    problem.scaling = *scale;
    problem.rowSquares = rowSquares;
    std::optional<GemmLayout> operands = parseGemmLayout(layout);
    if (!operands || (!rotary.empty() && rotary.size() != 3)) {
      getOperation().emitError("kernel-lower-gemm: layout (NT, NN, TN) or rotary (columns of a head, of all, "
                               "positions) is malformed");
      return signalPassFailure();
    }
    problem.layout = *operands;
    if (!rotary.empty())
      problem.rotary = {.headColumns = rotary[0], .columns = rotary[1], .positions = rotary[2]};
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
    schedule.wavesK = waves.size() == 3 ? waves[2] : 1;
    schedule.stages = stages;
    schedule.directCopies = direct;
    std::optional<MainLoop> mainLoop = parseMainLoop(loop);
    if (!mainLoop) {
      getOperation().emitError("kernel-lower-gemm: unknown main loop");
      return signalPassFailure();
    }
    schedule.loop = *mainLoop;
    schedule.splitK = splitK;
    schedule.streamWorkgroups = streamWorkgroups;
    schedule.band = band;
    schedule.run = run;
    schedule.pack = pack;
    schedule.padding = padding;
    schedule.residency = residency;
    if (cluster.size() == 2) {
      schedule.clusterM = cluster[0];
      schedule.clusterN = cluster[1];
    }
    if (roleRegisters.size() == 2) {
      schedule.producerRegisters = roleRegisters[0];
      schedule.consumerRegisters = roleRegisters[1];
    }
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
  Option<std::string> type{*this, "type", llvm::cl::init("bf16")},
      scaling{*this, "scaling", llvm::cl::init("none")};
  Option<std::string> instruction{*this, "instruction", llvm::cl::init("v_mfma_f32_16x16x16_bf16")};
  Option<std::string> loop{*this, "loop", llvm::cl::init("in-step")};
  Option<std::string> activation{*this, "activation", llvm::cl::init("")},
      layout{*this, "layout", llvm::cl::init("NT")};
  ListOption<int64_t> rotary{*this, "rotary"};
  Option<bool> rowSquares{*this, "row-squares", llvm::cl::init(false)};
  Option<int64_t> n{*this, "n"}, k{*this, "k"}, leadingA{*this, "leading-a", llvm::cl::init(0)},
      leadingW{*this, "leading-w", llvm::cl::init(0)};
  Option<bool> bias{*this, "bias", llvm::cl::init(false)}, gated{*this, "gated", llvm::cl::init(false)},
      residual{*this, "residual", llvm::cl::init(false)}, masked{*this, "masked", llvm::cl::init(false)},
      gathered{*this, "gathered", llvm::cl::init(false)},
      unrounded{*this, "unrounded", llvm::cl::init(false)},
      quantised{*this, "quantised", llvm::cl::init(false)},
      weighted{*this, "weighted", llvm::cl::init(false)}, shuffled{*this, "shuffled", llvm::cl::init(false)},
      direct{*this, "direct", llvm::cl::init(false)};
  Option<int64_t> experts{*this, "experts", llvm::cl::init(0)};
  ListOption<int64_t> tile{*this, "tile"}, waves{*this, "waves"}, cluster{*this, "cluster"},
      roleRegisters{*this, "role-registers"};
  Option<int64_t> splitK{*this, "split-k", llvm::cl::init(1)},
      streamWorkgroups{*this, "stream-k", llvm::cl::init(0)};
  Option<int64_t> stages{*this, "stages", llvm::cl::init(2)}, band{*this, "band", llvm::cl::init(1)},
      run{*this, "run", llvm::cl::init(1)}, pack{*this, "pack", llvm::cl::init(2)},
      padding{*this, "padding", llvm::cl::init(0)}, residency{*this, "residency", llvm::cl::init(1)},
      sharedBytes{*this, "lds", llvm::cl::init(65536)}, registers{*this, "registers", llvm::cl::init(512)},
      chiplets{*this, "chiplets", llvm::cl::init(8)};
};

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
      getOperation().emitError("kernel-lower-token-sum: type or arch is malformed");
      return signalPassFailure();
    }
    const TokenSumProblem problem = {.symbol = symbol, .type = *element, .n = n, .entries = entries};
    const TargetLimits limits = {.sharedBytes = sharedBytes, .registersPerLane = registers, .chiplets = 1};
    llvm::Expected<OwningOpRef<ModuleOp>> lowered =
        lowerTokenSum(getContext(), problem, tokenSumKernel(problem, *target, limits));
    if (!lowered) {
      getOperation().emitError(llvm::toString(lowered.takeError()));
      return signalPassFailure();
    }
    for (Operation &op : llvm::make_early_inc_range(*(*lowered)->getBody()))
      op.moveBefore(getOperation().getBody(), getOperation().getBody()->end());
  }

  Option<std::string> symbol{*this, "symbol", llvm::cl::init("sum")},
      architecture{*this, "arch", llvm::cl::init("gfx942")}, type{*this, "type", llvm::cl::init("bf16")};
  Option<int64_t> n{*this, "n"}, entries{*this, "entries"};
  Option<int64_t> sharedBytes{*this, "lds", llvm::cl::init(65536)},
      registers{*this, "registers", llvm::cl::init(512)};
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
                   << " clocks of a matrix core\n"
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
  Option<int64_t> rows{*this, "rows", llvm::cl::init(4096)};
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
    if (llvm::Error error = interpret(function, {&activations, &stored, &out, int64_t(rows)}))
      return llvm::toString(std::move(error));
    return firstMismatch(out, gemmReference(left, right, rows)).value_or("");
  }

  Option<int64_t> rows{*this, "rows", llvm::cl::init(33)};
  Option<unsigned> seed{*this, "seed", llvm::cl::init(1)};
};

} // namespace

void registerKernelPasses() {
  PassRegistration<PricePass>();
  PassRegistration<CheckPass>();
  PassRegistration<LowerGemmPass>();
  PassRegistration<LowerTokenSumPass>();
  PassRegistration<EmitPass>();
}

} // namespace codesign
