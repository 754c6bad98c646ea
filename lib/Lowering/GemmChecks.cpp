// What a problem asks of its kernel, before that is written.
#include "GemmChecks.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/MathExtras.h"

namespace codesign {

using namespace kernel;

int64_t GemmKernel::depthPerStep() const {
  const MatrixInstruction *record = findMatrixInstruction(architecture, instruction);
  assert(record && "checked by checkGemm");
  return record->k * pack;
}

int64_t GemmKernel::waveColumns() const {
  if (wavesK == 1)
    return tileN / wavesN;
  // Waves that share k add up as many shares as there are rows of instructions.
  const MatrixInstruction *record = findMatrixInstruction(architecture, instruction);
  assert(record && "checked by checkGemm");
  return tileN / shareCount(wavesK, tileN / record->m);
}

/// On NVIDIA devices such operands lie in shared memory as they do in global memory, in 16-byte pieces of
/// rows, which ldmatrix and wgmma transpose.
static llvm::Error checkTurnedTiles(const GemmProblem &problem, const GemmKernel &schedule) {
  const bool both = problem.layout == GemmLayout::TN;
  const int64_t chunk = chunkBytes * 8 / bitWidth(problem.type);
  if (problem.n % chunk || (both && problem.k % chunk))
    return usageError("rows of transposed operands start at multiples of 16 bytes; their length is no "
                      "multiple of " +
                      llvm::Twine(chunk));
  if (findMatrixInstruction(schedule.architecture, schedule.instruction)->kind ==
      MatrixInstructionKind::Wgmma)
    return llvm::Error::success();
  for (int64_t columns : {schedule.tileN, both ? schedule.tileM : schedule.tileN})
    if (!llvm::isPowerOf2_64(columns) || columns < 2 * chunk || schedule.padding > 0)
      return usageError("a tile of " + llvm::Twine(schedule.tileM) + " x " + llvm::Twine(schedule.tileN) +
                        " has rows that are not swizzled: powers of two are");
  return llvm::Error::success();
}

bool readsTransposed(const GemmProblem &problem, const GemmKernel &schedule) {
  const MatrixInstruction *record = findMatrixInstruction(schedule.architecture, schedule.instruction);
  const int64_t chunk = chunkBytes * 8 / bitWidth(problem.type);
  // Rows start at multiples of 16 bytes.
  return schedule.architecture == Architecture::Gfx950 && record && record->m == 16 &&
         problem.n % chunk == 0 && (problem.layout != GemmLayout::TN || problem.k % chunk == 0);
}

/// Operands whose k runs along rows. On AMD devices they are transposed in registers, in blocks of 16 bytes
/// of k by four columns, and deposited in LDS rows of 128 bytes.
static llvm::Error checkLayout(const GemmProblem &problem, const GemmKernel &schedule) {
  if (problem.layout == GemmLayout::NT)
    return llvm::Error::success();
  const bool both = problem.layout == GemmLayout::TN;
  const std::string layout = toString(problem.layout).str();
  if (bitWidth(problem.type) != 16 && vendorOf(schedule.architecture) == Vendor::Nvidia)
    return usageError(layout + " operands have 16 bits: neither ldmatrix nor wgmma transposes bytes");
  if (problem.scaling == Scaling::Block128 || (both && problem.scaling == Scaling::PerToken))
    return usageError("scales of " + toString(problem.scaling) +
                      " lie along the sum of a product of layout " + layout);
  if (schedule.wavesK > 1)
    return usageError("weights that are streamed to registers lie along k, layout is " + layout);
  if (problem.experts > 0)
    return usageError(layout + " kernels have no experts");
  if (schedule.splitK > 1 && vendorOf(schedule.architecture) == Vendor::Nvidia)
    return usageError(layout + " kernels share no k on NVIDIA devices");
  if (both && (problem.rotary || problem.rowSquares || problem.gathered || problem.weighted))
    return usageError("rows of a sum over tokens have no positions, norms, lists or weights");
  if (vendorOf(schedule.architecture) == Vendor::Nvidia)
    return checkTurnedTiles(problem, schedule);
  if (schedule.tileK * bitWidth(problem.type) != bankCycleBytes * 8 || schedule.padding > 0)
    return usageError(layout + " tiles lie in rows of 128 bytes without padding, not of " +
                      llvm::Twine(schedule.tileK) + " elements");
  constexpr int64_t together = 4; // columns of a row that a lane loads
  if (problem.n % together || (both && problem.k % together))
    return usageError("rows of transposed operands start at multiples of " +
                      llvm::Twine(together * bitWidth(problem.type) / 8) +
                      " bytes; their length is no multiple of " + llvm::Twine(together));
  // Eight neighbouring lanes write 32 rows of a tile.
  if (schedule.tileN % 32 || (both && schedule.tileM % 32))
    return usageError("a tile of " + llvm::Twine(schedule.tileM) + " x " + llvm::Twine(schedule.tileN) +
                      " is transposed in no multiples of 32");
  return llvm::Error::success();
}

/// Steps that look along the rows of the output.
static llvm::Error checkRowSteps(const GemmProblem &problem) {
  if (problem.rowSquares && (problem.gated || problem.quantised))
    return usageError("sums of squares belong to a residual stream, which is neither gated nor quantised");
  if (!problem.rotary)
    return llvm::Error::success();
  const RotaryEmbedding &rotary = *problem.rotary;
  if (problem.activation || problem.residual || problem.weighted || problem.experts > 0)
    return usageError("rotated columns are queries and keys, with nothing but scales and a bias before");
  if (rotary.headColumns < 4 || rotary.headColumns % 4 || rotary.positions < 1 || rotary.columns < 1 ||
      rotary.columns % rotary.headColumns || rotary.columns > problem.n)
    return usageError(llvm::Twine(rotary.columns) + " rotated columns of " + llvm::Twine(problem.n) +
                      " are no whole heads of " + llvm::Twine(rotary.headColumns) +
                      " columns, a multiple of 4");
  if (rotary.positions > mostPositions(rotary.headColumns))
    return usageError("a table of " + llvm::Twine(rotary.positions) + " positions has more than 2 GB");
  return llvm::Error::success();
}

/// Rows with gaps between them, long enough and where 16-byte loads may start.
static llvm::Error checkLeading(const GemmProblem &problem, const GemmKernel &schedule) {
  if (problem.leadingA == 0 && problem.leadingW == 0)
    return llvm::Error::success();
  if (problem.layout != GemmLayout::NT || vendorOf(schedule.architecture) != Vendor::Amd)
    return usageError("rows of k-contiguous operands on AMD devices may be padded, no others");
  if (problem.leadingW != 0 && problem.shuffledWeights)
    return usageError("shuffled weights have no rows that could be padded");
  const int64_t chunk = chunkBytes * 8 / bitWidth(problem.type);
  for (int64_t leading : {problem.leadingA, problem.leadingW}) {
    if (leading != 0 && leading < problem.k)
      return usageError("rows of k = " + llvm::Twine(problem.k) + " elements cannot start " +
                        llvm::Twine(leading) + " apart");
    if (leading % chunk)
      return usageError(
          "rows that start " + llvm::Twine(leading) +
          " elements apart do not start at multiples of 16 bytes; the next larger distance is " +
          llvm::Twine(llvm::alignTo(leading, chunk)));
  }
  return llvm::Error::success();
}

llvm::Error checkGemm(const GemmProblem &problem, const GemmKernel &schedule) {
  const MatrixInstruction *record = findMatrixInstruction(schedule.architecture, schedule.instruction);
  if (!record)
    return usageError("'" + schedule.instruction + "' is no matrix instruction of " +
                      toString(schedule.architecture));
  if (problem.type != record->a.type || problem.type != record->b.type)
    return usageError(llvm::Twine("operands are ") + toString(problem.type) + ", " + record->name +
                      " multiplies " + toString(record->a.type) + " by " + toString(record->b.type));
  const bool half = problem.type == DataType::BF16 || problem.type == DataType::F16;
  if (!(half || isFloat8(problem.type)) || record->c.type != DataType::F32 || record->blocks != 1 ||
      record->sparse)
    return usageError(llvm::Twine("kernels multiply dense bf16, fp16 and fp8 with fp32 sums, which ") +
                      record->name + " does not");
  const TargetLimits &limits = schedule.limits;
  if (limits.sharedBytes < 1 || limits.registersPerLane < 1 || limits.chiplets < 1)
    return usageError("a device's LDS, registers and dies are at least 1");
  if (!isSafeIdentifier(problem.symbol))
    return usageError("kernel name is no identifier");
  const int64_t chunk = chunkBytes * 8 / bitWidth(problem.type);
  if (problem.n < 1 || problem.k < 1)
    return usageError("n and k must be positive");
  if (problem.experts < 0)
    return usageError("the number of experts is negative");
  if (problem.gathered && schedule.clusterM * schedule.clusterN > 1)
    return usageError("workgroups of a cluster take rows that follow one another, not a list");
  if (problem.gathered && (problem.experts == 0 || problem.expertLayout != ExpertLayout::Contiguous))
    return usageError("rows are gathered for contiguous experts");
  if (llvm::Error error = checkLayout(problem, schedule))
    return error;
  if (llvm::Error error = checkRowSteps(problem))
    return error;
  if (problem.layout != GemmLayout::TN && problem.k % chunk)
    return usageError("k = " + llvm::Twine(problem.k) + " is no multiple of " + llvm::Twine(chunk) +
                      ": rows of A and W would not start at multiples of 16 bytes; pad k to " +
                      llvm::Twine(llvm::alignTo(problem.k, chunk)));
  if (llvm::Error error = checkLeading(problem, schedule))
    return error;
  if (problem.quantised && quantisedType(schedule.architecture) != problem.quantised)
    return usageError(llvm::Twine("results of ") + toString(*problem.quantised) + " are not rounded to on " +
                      toString(schedule.architecture));
  if (problem.unrounded && (problem.quantised || problem.gated))
    return usageError("results that are not rounded are fp32, neither quantised nor gated");
  if (problem.scaling != Scaling::None && !isFloat8(problem.type))
    return usageError("scales belong to 8-bit operands");
  if (isFloat8(problem.type) && record->kind == MatrixInstructionKind::MmaSync && schedule.wavesK == 1)
    return usageError("8-bit products are emitted with mma.sync only where weights are streamed");
  if (problem.gated && (problem.n % 2 || !problem.activation))
    return usageError("a gated layer has an even number of columns, and an activation for its gates");
  return checkSchedule(problem, schedule, *record);
}

} // namespace codesign
