// Small schedules of every family, for tests.
#pragma once

#include "codesign/Lowering/Gemm.h"

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

/// Eight waves, half of them a phase behind the others.
inline GemmKernel pingPong(GemmKernel kernel) {
  kernel.loop = MainLoop::PingPong;
  kernel.tileM = kernel.tileN = 128;
  kernel.wavesM = 2;
  kernel.wavesN = 4;
  return kernel;
}

/// Four waves, one on each SIMD, whose products are mixed with what the next ones need.
inline GemmKernel interleaved(GemmKernel kernel) {
  kernel.loop = MainLoop::Interleaved;
  kernel.tileM = 128;
  return kernel;
}

/// Two blocks of columns that have scales of their own where results are quantised in blocks: of four waves
/// side by side half a block each, behind a gate a quarter; of interleaved ones a whole one or half.
inline GemmKernel twoBlocks(GemmKernel kernel) {
  kernel.tileN = 2 * kernel::scaledBlock;
  if (kernel.loop == MainLoop::Interleaved)
    return kernel;
  kernel.wavesM = 1;
  kernel.wavesN = 4;
  kernel.stages = 1;
  return kernel;
}

/// mma.sync out of shared memory where there are 8-bit types as well.
inline GemmKernel sm90aKernel() {
  GemmKernel kernel = sm80Kernel();
  kernel.architecture = Architecture::Sm90a;
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

/// The same with 8-bit operands, or with scales of blocks of them.
inline GemmKernel float8StreamingSm90aKernel() {
  GemmKernel kernel = streamingSm80Kernel();
  kernel.architecture = Architecture::Sm90a;
  kernel.limits.sharedBytes = 232448;
  kernel.instruction = "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32";
  kernel.tileM = 16;
  kernel.tileK = 4 * 64;
  return kernel;
}
inline GemmKernel blockScaledStreamingSm90aKernel() {
  GemmKernel kernel = float8StreamingSm90aKernel();
  kernel.tileK = 4 * 128;
  return kernel;
}

/// Streamed weights of up to 64 rows, by copies to rows of shared memory that belong to one wave; ldmatrix
/// hands them out in the order of one instruction.
inline GemmKernel copiedStream(GemmKernel kernel, int64_t rows = 64) {
  kernel.directCopies = true;
  kernel.pack = 1;
  kernel.tileM = rows;
  return kernel;
}

/// Persistent, two consumer warpgroups one above the other.
inline GemmKernel wgmmaKernel() {
  GemmKernel kernel;
  kernel.architecture = Architecture::Sm90a;
  kernel.limits = {.sharedBytes = 232448, .registersPerLane = 255, .chiplets = 1};
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss";
  kernel.tileM = 128;
  kernel.tileN = 64;
  kernel.tileK = 64;
  kernel.wavesM = 2;
  kernel.stages = 3;
  kernel.band = 2;
  kernel.producerRegisters = 40;
  kernel.consumerRegisters = 232;
  return kernel;
}
/// Two side by side, each with the columns of one instruction, in a cluster one above the other.
inline GemmKernel wideWgmmaKernel() {
  GemmKernel kernel = wgmmaKernel();
  kernel.tileM = 64;
  kernel.tileN = 128;
  kernel.wavesM = 1;
  kernel.wavesN = 2;
  kernel.clusterM = 2;
  return kernel;
}
/// The same with 8-bit operands.
inline GemmKernel float8WgmmaKernel() {
  GemmKernel kernel = wgmmaKernel();
  kernel.instruction = "wgmma.mma_async.sync.aligned.m64n64k32.f32.e4m3.e4m3.ss";
  kernel.tileK = 128;
  return kernel;
}

} // namespace codesign::test
