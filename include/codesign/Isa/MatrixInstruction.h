// One record per matrix instruction of an architecture. The rows stand in lib/Isa/*.def.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "codesign/Isa/FragmentLayout.h"
#include "codesign/Support/DataType.h"
#include <string>
#include <vector>

namespace codesign {

enum class MatrixInstructionKind : uint8_t {
  Mfma,    // CDNA, dense
  Smfmac,  // CDNA, A is 2:4 sparse: two stored elements for every four of k
  MmaSync, // NVIDIA, one warp, operands in registers
  Wgmma,   // Hopper, one warpgroup, B in shared memory, A in shared memory or registers
  Tcgen05, // Blackwell, issued by one thread, accumulator in tensor memory
};

enum class OperandSpace : uint8_t { Registers, SharedMemory, TensorMemory };

struct MatrixOperand {
  DataType type = DataType::F32;
  OperandSpace space = OperandSpace::Registers;
  /// 32-bit registers per lane; 0 when the operand is not in registers.
  int registersPerLane = 0;
  /// Empty when the operand is not in registers or tensor memory.
  FragmentLayout layout;
};

/// D[m×n] += A[m×k] · B[k×n], `blocks` times on independent blocks.
struct MatrixInstruction {
  Architecture architecture = Architecture::Gfx942;
  MatrixInstructionKind kind = MatrixInstructionKind::Mfma;
  /// Unique within the architecture and stable: the key that IR and plans store. The mnemonic where that is
  /// unique; f8f6f4 forms add their two formats: "v_mfma_f32_16x16x128_f8f6f4.fp8.fp4".
  std::string name;
  /// As the assembler spells it: "v_mfma_f32_16x16x16_bf16",
  /// "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16".
  std::string mnemonic;
  int m = 0;
  int n = 0;
  int k = 0;
  int blocks = 1;
  /// Threads that execute it together: 64, 32, 128, or 1 for tcgen05 (issued by one thread).
  int lanes = 0;
  MatrixOperand a;
  MatrixOperand b;
  /// Accumulator, both source C and destination D.
  MatrixOperand c;
  /// Clocks that the matrix cores it uses are busy (4 clocks are one MFMA pass), at the dense rate.
  int cycles = 0;
  /// Matrix cores it occupies: 1 of the 4 of a compute unit for mfma and mma.sync, all 4 for wgmma and
  /// tcgen05, 8 (two SMs) for tcgen05 with cta_group::2.
  int matrixCores = 1;
  /// Clocks of `cycles` in which the same SIMD can issue vector
  /// instructions; 0 if the vector unit is blocked throughout.
  int coIssueCycles = 0;
  /// 2:4 structured sparsity of A: a.layout describes the stored half.
  bool sparse = false;
  /// Takes one E8M0 scale per 32 elements of k.
  bool scaled = false;
  /// LLVM subtarget feature ("mai-insts", "gfx950-insts") or the first PTX ISA version that has it ("ptx70").
  std::string feature;
  /// AMD: the clang builtin's full name. NVIDIA: inline PTX
  /// with $d, $a, $b for the register lists or descriptors.
  std::string text;
  /// Values of cbsz and blgp that select the formats of an f8f6f4 form; 0 otherwise.
  int formatA = 0;
  int formatB = 0;
  /// Conversions by the vector unit that make of a 32-bit register of either operand what the matrix cores
  /// multiply; 0: they take it as it is. The same registers serve several products.
  int conversionsPerRegister = 0;

  /// Multiply-adds counted as two; a sparse form counts the products it skips as well (its nominal rate).
  double flops() const { return 2.0 * m * n * k * blocks; }
  /// The rate of a whole compute unit with all four matrix cores busy.
  double flopsPerCyclePerComputeUnit() const { return flops() / cycles * 4.0 / matrixCores; }
};

/// All matrix instructions of an architecture, in table
/// order. References stay valid for the life of the program.
llvm::ArrayRef<MatrixInstruction> matrixInstructions(Architecture architecture);

/// By unique name; null if the architecture has none of that name.
const MatrixInstruction *findMatrixInstruction(Architecture architecture, llvm::StringRef name);

/// The dense, unscaled instruction with these types and shape and one block; null if there is none.
const MatrixInstruction *findMatrixInstruction(Architecture architecture, DataType a, DataType b,
                                               DataType accumulator, int m, int n, int k);

/// All dense, unscaled, single-block instructions for these
/// operand types (accumulator as the table gives it).
std::vector<const MatrixInstruction *> denseMatrixInstructions(Architecture architecture, DataType a,
                                                               DataType b);

/// With scales of blocks, products of mma.sync that a wave sums at once before scales multiply them; where a
/// step has more, those of one row of instructions. Accumulators::multiply of the sm_80 prelude has it so.
inline constexpr int64_t mostScaledProductsAtOnce = 8;

/// Conversions that a lane makes for the products of `down` operands A by `across` operands B of one depth:
/// of each operand once, but with scales of blocks of B once for each group of products summed at once.
int64_t operandConversions(const MatrixInstruction &record, int64_t down, int64_t across, bool blockScaled);

/// "mfma", "smfmac", "mma.sync", "wgmma", "tcgen05".
llvm::StringRef toString(MatrixInstructionKind kind);
/// "registers", "shared", "tensor".
llvm::StringRef toString(OperandSpace space);

} // namespace codesign
