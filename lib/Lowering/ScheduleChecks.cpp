// What a schedule must be to be written, and what it asks of its problem.
#include "GemmChecks.h"
#include "WgmmaLowering.h"
#include "codesign/Schedule/GemmSchedule.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/MathExtras.h"

namespace codesign {

using namespace kernel;

/// Scales of results that follow from them: a workgroup holds whole blocks, and its waves tell each other
/// what they hold of one.
static llvm::Error checkQuantisedBlocks(const GemmProblem &problem, const GemmKernel &schedule,
                                        const MatrixInstruction &record) {
  if (!problem.quantisedBlocks)
    return llvm::Error::success();
  if (!problem.quantised)
    return usageError("scales of blocks of results belong to results of 8 bits");
  if (schedule.wavesK > 1)
    return usageError("workgroups that stream weights hold no whole blocks of " + llvm::Twine(scaledBlock) +
                      " columns of the output");
  if (problem.layout == GemmLayout::TN)
    return usageError("the gradient of weights is no operand of a product that would take scales of blocks");
  if (record.kind == MatrixInstructionKind::MmaSync)
    return usageError("scales that follow from the results are written behind MFMA and wgmma, not " +
                      llvm::Twine(record.name));
  const int64_t tile = problem.outputColumns(schedule.tileN),
                wave = problem.outputColumns(schedule.tileN / schedule.wavesN);
  if (tile % scaledBlock)
    return usageError("a tile with " + llvm::Twine(tile) + " columns of the output has no whole blocks of " +
                      llvm::Twine(scaledBlock));
  if (wave < 1 || (wave % scaledBlock && scaledBlock % wave))
    return usageError("waves with " + llvm::Twine(wave) + " columns of the output have neither blocks of " +
                      llvm::Twine(scaledBlock) + " nor even parts of one");
  if (wave < scaledBlock && schedule.sharesTiles())
    return usageError("waves that share a block of " + llvm::Twine(scaledBlock) +
                      " columns do not end in one workgroup where workgroups share tiles");
  return llvm::Error::success();
}

/// What a kernel whose waves share k asks for beyond that.
static llvm::Error checkStreaming(const GemmKernel &schedule, const MatrixInstruction &record) {
  if (record.kind != MatrixInstructionKind::Mfma && record.kind != MatrixInstructionKind::MmaSync)
    return usageError(llvm::Twine(record.name) + " takes its operands from shared memory");
  if (schedule.wavesM != 1 || schedule.wavesN != 1)
    return usageError("the waves share either k or the tile");
  if (schedule.directCopies && vendorOf(schedule.architecture) != Vendor::Nvidia)
    return usageError("lanes of AMD devices copy to LDS side by side, a workgroup together");
  if (schedule.tileK % (schedule.wavesK * record.k * schedule.pack))
    return usageError("tileK = " + llvm::Twine(schedule.tileK) + " does not divide into steps of " +
                      llvm::Twine(record.k * schedule.pack) + " for each of " + llvm::Twine(schedule.wavesK) +
                      " waves");
  const int64_t rowBytes = schedule.tileK / schedule.wavesK * bitWidth(record.a.type) / 8;
  if (schedule.directCopies && ((rowBytes != 64 && rowBytes != 128) || schedule.pack != 1))
    return usageError("steps of " + llvm::Twine(rowBytes) + " bytes of each row, packed by " +
                      llvm::Twine(schedule.pack) + ": the lanes of a wave copy 64 or 128, not packed");
  return llvm::Error::success();
}

/// A wave multiplies one block of k at a time, or where waves take turns half of one, and its columns lie in
/// one block.
static llvm::Error checkBlockScales(const GemmKernel &schedule) {
  const int64_t depth = schedule.tileK / schedule.wavesK, columns = schedule.tileN / schedule.wavesN;
  const bool isPart = schedule.loop == MainLoop::PingPong && scaledBlock % depth == 0;
  if (depth != scaledBlock && !isPart)
    return usageError("a step of " + llvm::Twine(depth) + " of k is not the block of " +
                      llvm::Twine(scaledBlock) + " that has a scale");
  if (scaledBlock % columns)
    return usageError("the " + llvm::Twine(columns) + " columns of a wave do not divide a block of " +
                      llvm::Twine(scaledBlock));
  return llvm::Error::success();
}

/// Blocks of shuffled weights are whole, and have the rows of an instruction.
static llvm::Error checkShuffledWeights(const GemmProblem &problem, const GemmKernel &schedule,
                                        const MatrixInstruction &record) {
  if (problem.layout != GemmLayout::NT)
    return usageError("shuffled weights are for k-contiguous operands");
  if (record.kind != MatrixInstructionKind::Mfma || record.m != shuffledRows)
    return usageError("shuffled weights are for MFMA instructions of " + llvm::Twine(shuffledRows) + " rows");
  const int64_t rowBytes = problem.k * bitWidth(problem.type) / 8;
  if (schedule.tileN % shuffledRows)
    return usageError("a tile of " + llvm::Twine(schedule.tileN) + " columns has no whole blocks of " +
                      llvm::Twine(shuffledRows) + " rows of shuffled weights");
  if (problem.n % shuffledRows || rowBytes % shuffledBytes)
    return usageError("n = " + llvm::Twine(problem.n) + " and rows of " + llvm::Twine(rowBytes) +
                      " bytes are no blocks of " + llvm::Twine(shuffledRows) + " by " +
                      llvm::Twine(shuffledBytes) + ": weights cannot be shuffled");
  if (schedule.depthPerStep() * bitWidth(problem.type) / 8 % shuffledBytes)
    return usageError("a step of " + llvm::Twine(schedule.depthPerStep()) + " of k is no whole block of " +
                      llvm::Twine(shuffledBytes) + " bytes");
  return llvm::Error::success();
}

/// Every workgroup multiplies as much of k as the others, in whole tiles.
static llvm::Error checkSplit(const GemmProblem &problem, const GemmKernel &schedule) {
  if (schedule.splitK < 1)
    return usageError("splitK must be positive");
  if (schedule.splitK == 1)
    return llvm::Error::success();
  if (schedule.clusterM * schedule.clusterN > 1 || problem.experts > 0)
    return usageError("k is not split among the workgroups of a cluster or of an expert");
  if (problem.layout == GemmLayout::TN) // as many tiles as the launch says, each part's rounded up
    return llvm::Error::success();
  const int64_t tiles = llvm::divideCeil(problem.k, schedule.tileK);
  if (tiles % schedule.splitK)
    return usageError("the " + llvm::Twine(tiles) + " tiles of k = " + llvm::Twine(problem.k) +
                      " do not divide among " + llvm::Twine(schedule.splitK) + " workgroups");
  const int64_t each = schedule.kTiles(problem.k);
  if (schedule.wavesK > 1 && !schedule.directCopies && each % std::min(schedule.stages, each))
    return usageError("the " + llvm::Twine(each) + " tiles of k of a workgroup are no multiple of the " +
                      llvm::Twine(schedule.stages) + " that are under way");
  return llvm::Error::success();
}

/// A fixed number of workgroups that share the steps of all tiles.
static llvm::Error checkStreamK(const GemmProblem &problem, const GemmKernel &schedule) {
  if (schedule.streamWorkgroups < 0)
    return usageError("streamWorkgroups is negative");
  if (schedule.streamWorkgroups == 0)
    return llvm::Error::success();
  if (schedule.splitK > 1)
    return usageError("Stream-K and split k exclude each other");
  if (schedule.wavesK > 1 || schedule.clusterM * schedule.clusterN > 1)
    return usageError("Stream-K is not for streamed weights or clusters, whose workgroups go together");
  if (problem.layout != GemmLayout::NT || problem.experts > 0)
    return usageError("Stream-K is for k-contiguous operands without experts, whose tiles the device counts");
  if (schedule.loop != MainLoop::InStep)
    return usageError(toString(schedule.loop) +
                      " loops are not cut in pieces: Stream-K goes with waves in step");
  const int64_t tiles = schedule.kTiles(problem.k);
  if (tiles < 2)
    return usageError("k = " + llvm::Twine(problem.k) + " has one tile: Stream-K cuts two or more");
  return llvm::Error::success();
}

/// Tiles that lie in LDS, so many as n and k say, while others arrive.
static llvm::Error checkLoop(const GemmProblem &problem, const GemmKernel &schedule,
                             const MatrixInstruction &record) {
  if (schedule.loop == MainLoop::InStep)
    return llvm::Error::success();
  const std::string loop = toString(schedule.loop).str() + " loops ";
  if (vendorOf(schedule.architecture) != Vendor::Amd || schedule.wavesK > 1)
    return usageError(loop + "are for tiles in LDS on AMD devices");
  if (problem.layout == GemmLayout::TN || problem.shuffledWeights || schedule.splitK > 1)
    return usageError(loop + "have no sums over m, shuffled weights or split k");
  if (schedule.stages < 2)
    return usageError(loop +
                      "read one slot while another is filled, stages = " + llvm::Twine(schedule.stages));
  if (schedule.loop != MainLoop::Interleaved)
    return llvm::Error::success();
  if (problem.scaling == Scaling::Block128)
    return usageError(loop + "have no block scales");
  if (schedule.directCopies || problem.layout != GemmLayout::NT)
    return usageError(loop + "copy tiles of k-contiguous operands through registers");
  for (int64_t rows : {schedule.tileM / schedule.wavesM, schedule.tileN / schedule.wavesN})
    if (rows % (2 * record.m))
      return usageError(loop + "halve the " + llvm::Twine(rows) +
                        " rows of a wave in whole instructions of " + llvm::Twine(record.m));
  const int64_t pass = schedule.wavesM * schedule.wavesN * waveSize(schedule.architecture) * chunkBytes * 8 /
                       bitWidth(problem.type) / schedule.tileK;
  if (pass < 1 || schedule.tileM % pass || schedule.tileN % pass)
    return usageError(loop + "move tiles in parts of " + llvm::Twine(pass) + " rows");
  return llvm::Error::success();
}

/// How the rows of tiles lie in shared memory: in pieces of 16 bytes, swizzled or padded.
static llvm::Error checkTileRows(const GemmProblem &problem, const GemmKernel &schedule) {
  const int64_t chunk = chunkBytes * 8 / bitWidth(problem.type);
  if (schedule.padding % chunk)
    return usageError("padding of " + llvm::Twine(schedule.padding) +
                      " elements is no multiple of 16 bytes, which have " + llvm::Twine(chunk));
  if (schedule.tileK % chunk)
    return usageError("a tile row of " + llvm::Twine(schedule.tileK) +
                      " elements is no multiple of 16 bytes");
  if (schedule.padding == 0 && problem.layout != GemmLayout::TN && !llvm::isPowerOf2_64(schedule.tileK))
    return usageError("a tile row of " + llvm::Twine(schedule.tileK) +
                      " elements cannot be swizzled, it is no power of two: pad it");
  return llvm::Error::success();
}

/// What only one kind of kernel has.
static llvm::Error checkRoles(const GemmKernel &schedule, const MatrixInstruction &record) {
  const bool hasRoles = record.kind == MatrixInstructionKind::Wgmma;
  if (schedule.clusterM < 1 || schedule.clusterN < 1 || schedule.residency < 1)
    return usageError("clusters and residency are at least 1");
  if (!hasRoles && schedule.clusterM * schedule.clusterN > 1)
    return usageError("clusters share what the copy engine brings to wgmma, not to " +
                      llvm::Twine(record.name));
  if (!hasRoles && (schedule.producerRegisters != 0 || schedule.consumerRegisters != 0))
    return usageError("registers are dealt to the roles of kernels with wgmma, not with " +
                      llvm::Twine(record.name));
  return llvm::Error::success();
}

llvm::Error checkSchedule(const GemmProblem &problem, const GemmKernel &schedule,
                          const MatrixInstruction &record) {
  if (schedule.tileM < 1 || schedule.tileN < 1 || schedule.tileK < 1 || schedule.wavesM < 1 ||
      schedule.wavesN < 1 || schedule.wavesK < 1 || schedule.stages < 1 || schedule.band < 1 ||
      schedule.run < 1 || schedule.pack < 1 || schedule.padding < 0)
    return usageError("a schedule's extents must be positive");
  if (schedule.tileM % schedule.wavesM || schedule.tileN % schedule.wavesN)
    return usageError("the waves do not divide the tile");
  if (schedule.tileK % (record.k * schedule.pack))
    return usageError("tileK = " + llvm::Twine(schedule.tileK) + " is no multiple of the " +
                      llvm::Twine(record.k * schedule.pack) + " of depth that one step multiplies");
  if (llvm::Error error = checkRoles(schedule, record))
    return error;
  if (llvm::Error error = checkQuantisedBlocks(problem, schedule, record))
    return error;
  if (problem.scaling == Scaling::Block128)
    if (llvm::Error error = checkBlockScales(schedule))
      return error;
  if (llvm::Error error = checkSplit(problem, schedule))
    return error;
  if (llvm::Error error = checkStreamK(problem, schedule))
    return error;
  if (llvm::Error error = checkLoop(problem, schedule, record))
    return error;
  if (problem.shuffledWeights)
    if (llvm::Error error = checkShuffledWeights(problem, schedule, record))
      return error;
  if (schedule.wavesK > 1)
    return checkStreaming(schedule, record);
  if (schedule.directCopies && (vendorOf(schedule.architecture) != Vendor::Amd || problem.shuffledWeights ||
                                problem.layout != GemmLayout::NT || problem.scaling == Scaling::Block128))
    return usageError("direct copies are for AMD devices, without shuffled weights or block scales");
  const bool throughRegisters = vendorOf(schedule.architecture) == Vendor::Amd && !schedule.directCopies;
  if (throughRegisters ? schedule.stages > 2 : schedule.stages < 2)
    return usageError("stages = " + llvm::Twine(schedule.stages) + " does not fit the copies of " +
                      toString(schedule.architecture));
  if (record.kind == MatrixInstructionKind::Wgmma)
    return checkWgmmaGemm(problem, schedule);
  return checkTileRows(problem, schedule);
}

} // namespace codesign
