// Small GEMMs on fresh random data, run through the interpreter and held to float64.
#pragma once

#include "codesign/Interpret/GemmReference.h"
#include "codesign/Interpret/Interpret.h"
#include "codesign/Lowering/Gemm.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"
#include <random>

namespace codesign::test {

inline GemmKernel gfx942Kernel() {
  GemmKernel kernel;
  kernel.architecture = Architecture::Gfx942;
  kernel.limits = {.sharedBytes = 65536, .registersPerLane = 512, .chiplets = 8};
  kernel.instruction = "v_mfma_f32_16x16x16_bf16";
  kernel.tileM = 64;
  kernel.tileN = 64;
  kernel.tileK = 32;
  kernel.wavesM = 2;
  kernel.wavesN = 2;
  kernel.stages = 2;
  kernel.band = 2;
  kernel.run = 2;
  kernel.pack = 2;
  return kernel;
}

inline GemmKernel sm80Kernel() {
  GemmKernel kernel = gfx942Kernel();
  kernel.architecture = Architecture::Sm80;
  kernel.limits = {.sharedBytes = 166912, .registersPerLane = 255, .chiplets = 1};
  kernel.instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  kernel.stages = 3;
  kernel.pack = 1;
  return kernel;
}

/// CDNA4: twice the depth per instruction, so that one read fills one of them.
inline GemmKernel gfx950Kernel() {
  GemmKernel kernel = gfx942Kernel();
  kernel.architecture = Architecture::Gfx950;
  kernel.limits.sharedBytes = 163840;
  kernel.instruction = "v_mfma_f32_16x16x32_bf16";
  kernel.pack = 1;
  return kernel;
}

/// 8-bit operands of the FNUZ encoding: 16 bytes of k fill two instructions.
inline GemmKernel float8Kernel() {
  GemmKernel kernel = gfx942Kernel();
  kernel.instruction = "v_mfma_f32_16x16x32_fp8_fp8";
  kernel.tileK = 64;
  return kernel;
}

/// CDNA4: OCP encoding, and an instruction whose operands are two reads.
inline GemmKernel float8Gfx950Kernel() {
  GemmKernel kernel = gfx950Kernel();
  kernel.instruction = "v_mfma_f32_16x16x128_f8f6f4.fp8.fp8";
  kernel.tileK = 128;
  return kernel;
}

/// Steps of one block of k, whose products have a scale.
inline GemmKernel blockScaledKernel() {
  GemmKernel kernel = float8Kernel();
  kernel.tileK = 128;
  return kernel;
}

/// Four waves that share k, 32 columns of the output, two steps under way.
inline GemmKernel streamingKernel() {
  GemmKernel kernel = gfx942Kernel();
  kernel.tileM = 16;
  kernel.tileN = 32;
  kernel.wavesM = kernel.wavesN = 1;
  kernel.wavesK = 4;
  kernel.tileK = 4 * 32;
  kernel.run = 1;
  return kernel;
}

/// The same with 8-bit operands.
inline GemmKernel float8StreamingKernel() {
  GemmKernel kernel = streamingKernel();
  kernel.instruction = float8Kernel().instruction;
  kernel.tileK = 4 * 64;
  return kernel;
}

inline GemmKernel blockScaledStreamingKernel() {
  GemmKernel kernel = float8StreamingKernel();
  kernel.tileK = 4 * 128;
  return kernel;
}
inline GemmKernel float8StreamingGfx950Kernel() {
  GemmKernel kernel = float8StreamingKernel();
  const GemmKernel other = float8Gfx950Kernel();
  kernel.architecture = other.architecture;
  kernel.limits = other.limits;
  kernel.instruction = other.instruction;
  kernel.pack = other.pack;
  kernel.tileK = 4 * 128;
  return kernel;
}

/// The same by mma.sync, whose second operand has eight rows.
inline GemmKernel streamingSm80Kernel() {
  GemmKernel kernel = streamingKernel();
  const GemmKernel other = sm80Kernel();
  kernel.architecture = other.architecture;
  kernel.limits = other.limits;
  kernel.instruction = other.instruction;
  kernel.tileM = 8;
  return kernel;
}

/// Normal deviates times 2^exponent, with the exponent itself spread over [-spread, spread].
inline Matrix randomMatrix(DataType type, int64_t rows, int64_t columns, std::mt19937 &engine,
                           int spread = 4) {
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> exponent(-spread, spread);
  Matrix matrix(type, rows, columns);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      matrix.set(i, j, std::ldexp(normal(engine), exponent(engine)));
  return matrix;
}

/// Products of gate and up stay inside fp16's range.
inline int spreadOf(const GemmProblem &problem) {
  return problem.gated && problem.type == DataType::F16 ? 0 : 4;
}

/// The operands of one launch on m rows; D is poisoned, with `spare` rows behind the last that must stay so.
struct GemmOperands {
  Matrix a, w, aScale, wScale, bias, residual, d;

  GemmOperands(const GemmProblem &problem, int64_t m, int64_t spare, std::mt19937 &engine) {
    const int spread = spreadOf(problem);
    const DataType type = problem.type, out = problem.outputType();
    a = randomMatrix(type, m, problem.k, engine, spread);
    w = randomMatrix(type, problem.n, problem.k, engine, spread);
    const bool perToken = problem.scaling == Scaling::PerToken;
    const int64_t steps = llvm::divideCeil(problem.k, kernel::scaledBlock);
    if (problem.scaling == Scaling::Block128) {
      aScale = randomMatrix(DataType::F32, m, steps, engine);
      wScale = randomMatrix(DataType::F32, llvm::divideCeil(problem.n, kernel::scaledBlock), steps, engine);
    } else {
      aScale = randomMatrix(DataType::F32, perToken ? m : 1, 1, engine);
      wScale = randomMatrix(DataType::F32, 1, perToken ? problem.n : 1, engine);
    }
    bias = randomMatrix(out, 1, problem.n, engine);
    residual = randomMatrix(out, m, problem.outputColumns(), engine);
    d = Matrix(out, m + spare, problem.outputColumns(), 0xff);
  }

  /// In the order of the kernel's arguments, without m.
  std::vector<Matrix *> arguments(const GemmProblem &problem) {
    std::vector<Matrix *> list = {&a, &w};
    if (problem.scaling != Scaling::None)
      list.insert(list.end(), {&aScale, &wScale});
    if (problem.bias)
      list.push_back(&bias);
    if (problem.residual)
      list.push_back(&residual);
    list.push_back(&d);
    return list;
  }

  /// What is wrong with D after the launch, or nothing.
  std::string mismatch(const GemmProblem &problem, int64_t m) const {
    return firstMismatch(d, gemmReference(a, w, m, epilogue(problem))).value_or("");
  }

private:
  GemmEpilogue epilogue(const GemmProblem &problem) const {
    const bool scaled = problem.scaling != Scaling::None;
    return {.aScale = scaled ? &aScale : nullptr,
            .wScale = scaled ? &wScale : nullptr,
            .blockScales = problem.scaling == Scaling::Block128,
            .bias = problem.bias ? &bias : nullptr,
            .activation = problem.activation,
            .gated = problem.gated,
            .residual = problem.residual ? &residual : nullptr};
  }
};

/// Lowers, lets `tamper` change the kernel, runs it on m rows and says what is wrong, or nothing.
inline std::string runGemm(const GemmProblem &problem, const GemmKernel &kernel, int64_t m,
                           llvm::function_ref<void(kernel::FuncOp)> tamper = {}) {
  std::mt19937 engine(std::random_device{}());
  mlir::MLIRContext context;
  auto module = lowerGemm(context, problem, kernel);
  if (!module)
    return llvm::toString(module.takeError());
  auto function = *(*module)->getOps<kernel::FuncOp>().begin();
  if (tamper)
    tamper(function);
  GemmOperands operands(problem, m, /*spare=*/3, engine);
  std::vector<KernelArgument> arguments;
  for (Matrix *matrix : operands.arguments(problem))
    arguments.push_back(matrix);
  arguments.push_back(m);
  if (llvm::Error error = interpret(function, arguments))
    return llvm::toString(std::move(error));
  return operands.mismatch(problem, m);
}

} // namespace codesign::test
