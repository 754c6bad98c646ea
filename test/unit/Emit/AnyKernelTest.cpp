// Whatever a kernel's options say, they are refused with a reason or make a kernel: nothing asserts.
#include "../LongRun.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Lowering/Gemm.h"
#include "codesign/Price/Price.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"
#include <random>

using namespace codesign;

namespace {

class AnyKernel {
public:
  explicit AnyKernel(unsigned seed) : engine(seed) {}

  template <class T>
  T oneOf(std::initializer_list<T> values) {
    return values.begin()[engine() % values.size()];
  }
  bool sometimes(unsigned percent) { return engine() % 100 < percent; }

  GemmKernel kernel() {
    GemmKernel kernel;
    kernel.architecture =
        oneOf({Architecture::Gfx942, Architecture::Gfx950, Architecture::Sm80, Architecture::Sm90a});
    const auto all = matrixInstructions(kernel.architecture);
    const auto isOfFloats = [](const MatrixInstruction &record) {
      return record.c.type == DataType::F32 && !record.sparse && record.blocks == 1 &&
             (bitWidth(record.a.type) == 16 || isFloat8(record.a.type)) && record.a.type == record.b.type;
    };
    const MatrixInstruction *chosen = nullptr;
    do
      chosen = &all[engine() % all.size()];
    while (!isOfFloats(*chosen) && !sometimes(1));
    const MatrixInstruction &record = *chosen;
    kernel.instruction = record.name;
    kernel.limits = {.sharedBytes = sometimes(2) ? -5 : 232448, .registersPerLane = 512, .chiplets = 8};
    kernel.tileM = oneOf<int64_t>({8, 16, 32, 48, 64, 96, 128, 256});
    kernel.tileN = oneOf<int64_t>({8, 16, 32, 64, 96, 128, 192, 256});
    // Mostly what fits the instruction.
    kernel.tileK = sometimes(80) ? record.k * oneOf<int64_t>({1, 2, 4, 8}) : oneOf<int64_t>({16, 96, 192});
    kernel.wavesM = oneOf<int64_t>({1, 1, 2, 4});
    kernel.wavesN = oneOf<int64_t>({1, 1, 2, 4});
    if (sometimes(20)) {
      kernel.wavesM = kernel.wavesN = 1;
      kernel.wavesK = oneOf<int64_t>({2, 4});
    }
    kernel.stages = oneOf<int64_t>({1, 2, 2, 3, 4});
    kernel.pack =
        sometimes(10)                                                                                     ? 4
        : record.kind == MatrixInstructionKind::Mfma && 2 * record.k * bitWidth(record.a.type) <= 64 * 16 ? 2
                                                                                                          : 1;
    kernel.padding = sometimes(5) ? oneOf<int64_t>({-8, 4, 8, 16}) : 0;
    kernel.directCopies = sometimes(10);
    kernel.loop = sometimes(15) ? oneOf({MainLoop::PingPong, MainLoop::Interleaved}) : MainLoop::InStep;
    kernel.splitK = sometimes(5) ? oneOf<int64_t>({0, 2, 4}) : 1;
    kernel.streamWorkgroups = sometimes(5) ? oneOf<int64_t>({-1, 8, 304}) : 0;
    kernel.clusterM = sometimes(5) ? oneOf<int64_t>({0, 2, 4}) : 1;
    kernel.residency = sometimes(5) ? 0 : oneOf<int64_t>({1, 2});
    if (record.kind == MatrixInstructionKind::Wgmma || sometimes(3)) {
      kernel.producerRegisters = 40;
      kernel.consumerRegisters = 232;
    }
    return kernel;
  }

  GemmProblem problem(const GemmKernel &kernel) {
    GemmProblem problem;
    problem.symbol = "any";
    problem.type = findMatrixInstruction(kernel.architecture, kernel.instruction)->a.type;
    if (sometimes(3))
      problem.type = oneOf({DataType::BF16, DataType::I8, DataType::F4E2M1, DataType::F32});
    const bool bytes = isFloat8(problem.type);
    problem.scaling = bytes || sometimes(3)
                          ? oneOf({Scaling::None, Scaling::PerTensor, Scaling::PerToken, Scaling::Block128})
                          : Scaling::None;
    problem.n = oneOf<int64_t>({96, 192, 256, 256});
    problem.k = oneOf<int64_t>({136, 256, 512, 512, 640});
    problem.layout = sometimes(15) ? oneOf({GemmLayout::NN, GemmLayout::TN}) : GemmLayout::NT;
    problem.bias = sometimes(20);
    problem.gated = sometimes(10);
    problem.residual = sometimes(15);
    if (problem.gated || sometimes(10))
      problem.activation = oneOf({kernel::Activation::Relu, kernel::Activation::Silu,
                                  kernel::Activation::Gelu, kernel::Activation::GeluTanh});
    problem.rowSquares = sometimes(4);
    if (sometimes(4))
      problem.rotary = {.headColumns = oneOf<int64_t>({4, 6, 32, 64}), .columns = 64, .positions = 128};
    if (sometimes(4))
      problem.quantised = kernel::quantisedType(kernel.architecture);
    problem.experts = sometimes(10) ? oneOf<int64_t>({-1, 1, 4, 128}) : 0;
    problem.expertLayout = sometimes(10) ? kernel::ExpertLayout::Masked : kernel::ExpertLayout::Contiguous;
    problem.gathered = sometimes(3);
    problem.weighted = sometimes(3);
    problem.unrounded = sometimes(3);
    problem.shuffledWeights = sometimes(5);
    problem.leadingW = sometimes(5) ? oneOf<int64_t>({100, 648, 768}) : 0;
    if (sometimes(5)) {
      problem.quantised = kernel::quantisedType(kernel.architecture);
      problem.quantisedBlocks = true;
    }
    return problem;
  }

private:
  std::mt19937 engine;
};

TEST(AnyKernel, IsRefusedWithAReasonOrWritten) {
  mlir::MLIRContext context;
  context.printOpOnDiagnostic(false);
  int written = 0, refused = 0;
  for (int i = 0, rounds = repetitions(4000); i < rounds; ++i) {
    AnyKernel any(i);
    const GemmKernel kernel = any.kernel();
    const GemmProblem problem = any.problem(kernel);
    llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = lowerGemm(context, problem, kernel);
    if (!module) {
      ++refused;
      EXPECT_GT(llvm::toString(module.takeError()).size(), std::string("error: ").size()) << "seed " << i;
      continue;
    }
    ++written;
    kernel::FuncOp function = *(*module)->getOps<kernel::FuncOp>().begin();
    if (llvm::Expected<KernelPrice> price = priceKernel(function); !price)
      ADD_FAILURE() << "seed " << i << ": " << llvm::toString(price.takeError());
    if (llvm::Expected<std::string> source = emitKernel(function); !source)
      ADD_FAILURE() << "seed " << i << ": " << llvm::toString(source.takeError());
  }
  EXPECT_GT(written, refused / 20) << "of " << written + refused; // neither is a matter of course
  EXPECT_GT(refused, written);
}

} // namespace
