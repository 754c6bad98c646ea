// kernel-lower-gemm: one GEMM kernel from options, for tests and for looking at what the compiler does.
#include "KernelPasses.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace codesign {

void emitOptionError(Operation *operation, llvm::Error error) {
  const std::string text = llvm::toString(std::move(error));
  llvm::StringRef message = text;
  message.consume_front("error: "); // the diagnostic says so
  operation->emitError(message);
}

bool append(ModuleOp module, llvm::Expected<OwningOpRef<ModuleOp>> lowered) {
  if (!lowered) {
    emitOptionError(module, lowered.takeError());
    return false;
  }
  for (Operation &op : llvm::make_early_inc_range(*(*lowered)->getBody()))
    op.moveBefore(module.getBody(), module.getBody()->end());
  return true;
}

/// "`option` is 'text', expected one of `names`", with the nearest of them.
static llvm::Error unknownText(llvm::StringRef option, llvm::StringRef text,
                               llvm::ArrayRef<llvm::StringRef> names) {
  return usageError(option + " is '" + text + "', expected " + llvm::join(names, ", ") +
                    didYouMean(text, names));
}

llvm::Error unknownArchitecture(llvm::StringRef text) {
  return unknownText("arch", text, {"gfx942", "gfx950", "sm_80", "sm_90a"});
}

namespace {

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
    GemmKernel schedule;
    llvm::Error error = readSchedule(schedule);
    if (!error)
      error = readProblem(schedule, problem);
    if (error) {
      emitOptionError(getOperation(), std::move(error));
      return signalPassFailure();
    }
    if (!append(getOperation(), lowerGemm(getContext(), problem, schedule)))
      signalPassFailure();
  }

  llvm::Error readProblem(const GemmKernel &schedule, GemmProblem &problem) {
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
    problem.rowSquares = rowSquares;
    if (masked && experts == 0)
      return usageError("masked rows are those of experts: experts is 0");
    problem.expertLayout = masked ? kernel::ExpertLayout::Masked : kernel::ExpertLayout::Contiguous;
    std::optional<DataType> element = parseDataType(type);
    if (!element)
      return unknownText("type", type, {"bf16", "fp16", "fp8", "fp8_e5m2", "fp8_fnuz", "fp8_e5m2_fnuz"});
    problem.type = *element;
    std::optional<Scaling> scale = parseScaling(scaling);
    if (!scale)
      return unknownText("scaling", scaling, {"none", "per-tensor", "per-token", "block-128"});
    problem.scaling = *scale;
    std::optional<GemmLayout> operands = parseGemmLayout(layout);
    if (!operands)
      return unknownText("layout", layout, {"NT", "NN", "TN"});
    problem.layout = *operands;
    problem.quantisedBlocks = quantisedBlocks;
    if (quantised || quantisedBlocks) {
      problem.quantised = kernel::quantisedType(schedule.architecture);
      if (!problem.quantised)
        return usageError(toString(schedule.architecture) + " has no instruction that rounds to 8 bits");
    }
    if (!rotary.empty() && rotary.size() != 3)
      return usageError("rotary has " + llvm::Twine(rotary.size()) +
                        " numbers, expected three: columns of a head, of all heads, positions");
    if (!rotary.empty())
      problem.rotary = {.headColumns = rotary[0], .columns = rotary[1], .positions = rotary[2]};
    if (!activation.empty()) {
      problem.activation = kernel::symbolizeActivation(activation);
      if (!problem.activation)
        return unknownText("activation", activation, {"relu", "silu", "gelu", "gelu_tanh"});
    }
    return llvm::Error::success();
  }

  llvm::Error readSchedule(GemmKernel &schedule) {
    std::optional<Architecture> target = parseArchitecture(architecture);
    if (!target)
      return unknownArchitecture(architecture);
    schedule.architecture = *target;
    schedule.limits = {.sharedBytes = sharedBytes, .registersPerLane = registers, .chiplets = chiplets};
    schedule.instruction = instruction;
    if (tile.size() != 3)
      return usageError("tile has " + llvm::Twine(tile.size()) + " numbers, expected three: m, n, k");
    if (waves.size() < 2 || waves.size() > 3)
      return usageError("waves has " + llvm::Twine(waves.size()) +
                        " numbers, expected m, n and, where they share it, k");
    if (!cluster.empty() && cluster.size() != 2)
      return usageError("cluster has " + llvm::Twine(cluster.size()) + " numbers, expected two: m, n");
    if (!roleRegisters.empty() && roleRegisters.size() != 2)
      return usageError("role-registers has " + llvm::Twine(roleRegisters.size()) +
                        " numbers, expected those of the producer and of a consumer");
    schedule.tileM = tile[0];
    schedule.tileN = tile[1];
    schedule.tileK = tile[2];
    schedule.wavesM = waves[0];
    schedule.wavesN = waves[1];
    schedule.wavesK = waves.size() == 3 ? waves[2] : 1;
    schedule.stages = stages;
    schedule.directCopies = direct;
    std::optional<MainLoop> mainLoop = parseMainLoop(loop);
    if (!mainLoop)
      return unknownText("loop", loop, {"in-step", "ping-pong", "interleaved"});
    schedule.loop = *mainLoop;
    schedule.splitK = splitK;
    schedule.streamWorkgroups = streamWorkgroups;
    schedule.band = band;
    schedule.run = run;
    schedule.pack = pack;
    schedule.padding = padding;
    schedule.residency = residency;
    schedule.fencedSteps = fenced;
    if (!cluster.empty()) {
      schedule.clusterM = cluster[0];
      schedule.clusterN = cluster[1];
    }
    if (!roleRegisters.empty()) {
      schedule.producerRegisters = roleRegisters[0];
      schedule.consumerRegisters = roleRegisters[1];
    }
    return llvm::Error::success();
  }

  using Text = Option<std::string>;
  using Number = Option<int64_t>;
  using Numbers = ListOption<int64_t>;
  using Flag = Option<bool>;
  using Is = llvm::cl::desc;

  Text symbol{*this, "symbol", Is("name of the kernel"), llvm::cl::init("gemm")};
  Number n{*this, "n", Is("columns of the product")};
  Number k{*this, "k", Is("columns of A and W")};
  Text type{*this, "type", Is("of A and W"), llvm::cl::init("bf16")};
  Text scaling{*this, "scaling", Is("of fp8: none, per-tensor, per-token or block-128"),
               llvm::cl::init("none")};
  Text layout{*this, "layout", Is("NT, or NN and TN of gradients"), llvm::cl::init("NT")};
  Number leadingA{*this, "leading-a", Is("elements from one row of A to the next; 0: k"), llvm::cl::init(0)};
  Number leadingW{*this, "leading-w", Is("elements from one row of W to the next; 0: k"), llvm::cl::init(0)};
  Flag shuffled{*this, "shuffled", Is("W in the order in which matrix instructions take it"),
                llvm::cl::init(false)};

  Flag bias{*this, "bias", Is("add a bias of each column"), llvm::cl::init(false)};
  Text activation{*this, "activation", Is("relu, silu, gelu or gelu_tanh"), llvm::cl::init("")};
  Flag gated{*this, "gated", Is("columns 2j and 2j + 1 are gate and up of column j"), llvm::cl::init(false)};
  Flag residual{*this, "residual", Is("add a matrix"), llvm::cl::init(false)};
  Numbers rotary{*this, "rotary", Is("turn heads: columns of a head, of all heads, positions")};
  Flag rowSquares{*this, "row-squares", Is("leave sums of squares for the next norm"), llvm::cl::init(false)};
  Flag quantised{*this, "quantised", Is("round to 8 bits by a scale"), llvm::cl::init(false)};
  Flag quantisedBlocks{
      *this, "quantised-blocks",
      Is("round to 8 bits, with a scale for each row and 128 columns that follows from them"),
      llvm::cl::init(false)};
  Flag weighted{*this, "weighted", Is("multiply each row by its weight"), llvm::cl::init(false)};
  Flag unrounded{*this, "unrounded", Is("leave fp32"), llvm::cl::init(false)};
  Number experts{*this, "experts", Is("each with weights of its own; 0: none"), llvm::cl::init(0)};
  Flag masked{*this, "masked", Is("as many places for the rows of each expert, of which counts say how many"),
              llvm::cl::init(false)};
  Flag gathered{*this, "gathered", Is("a list says which row of A is whose"), llvm::cl::init(false)};

  Text architecture{*this, "arch", Is("gfx942, gfx950, sm_80 or sm_90a"), llvm::cl::init("gfx942")};
  Text instruction{*this, "instruction", Is("matrix instruction"),
                   llvm::cl::init("v_mfma_f32_16x16x16_bf16")};
  Numbers tile{*this, "tile", Is("m, n, k of a workgroup's tile")};
  Numbers waves{*this, "waves", Is("along m, n and, where they share it, k")};
  Number stages{*this, "stages", Is("slots of shared memory"), llvm::cl::init(2)};
  Number pack{*this, "pack", Is("instructions along k that one read serves"), llvm::cl::init(2)};
  Number padding{*this, "padding", Is("elements behind each row in shared memory; 0: swizzled rows"),
                 llvm::cl::init(0)};
  Flag direct{*this, "direct", Is("copy past the registers"), llvm::cl::init(false)};
  Flag fenced{*this, "fenced", Is("keep the reads of a step of k behind the step before"),
              llvm::cl::init(false)};
  Text loop{*this, "loop", Is("in-step, ping-pong or interleaved"), llvm::cl::init("in-step")};
  Number splitK{*this, "split-k", Is("workgroups that share the k of a tile"), llvm::cl::init(1)};
  Number streamWorkgroups{*this, "stream-k", Is("workgroups that share all steps; 0: one for each tile"),
                          llvm::cl::init(0)};
  Number band{*this, "band", Is("rows of tiles that are walked together"), llvm::cl::init(1)};
  Number run{*this, "run", Is("neighbouring tiles of one die"), llvm::cl::init(1)};
  Numbers cluster{*this, "cluster", Is("workgroups along m and n that share operands (wgmma)")};
  Numbers roleRegisters{*this, "role-registers", Is("of the producer's lanes and the consumers' (wgmma)")};
  Number residency{*this, "residency", Is("workgroups that a compute unit is to hold"), llvm::cl::init(1)};
  Number sharedBytes{*this, "lds", Is("bytes of shared memory that a workgroup may have"),
                     llvm::cl::init(65536)};
  Number registers{*this, "registers", Is("that a lane may have"), llvm::cl::init(512)};
  Number chiplets{*this, "chiplets", Is("dies that workgroups are dealt to"), llvm::cl::init(8)};
};

} // namespace

void registerLowerGemmPass() {
  PassRegistration<LowerGemmPass>();
}

} // namespace codesign
