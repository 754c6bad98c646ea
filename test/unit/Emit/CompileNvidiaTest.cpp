// What ptxas, or without it clang, makes of schedules for NVIDIA devices.
#include "CompileSweep.h"

using namespace codesign;
using namespace codesign::test;

namespace {

TEST(CompileNvidia, operandsAlongRows) {
  const size_t count = schedules(2);
  for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN}) {
    compileLegalSchedules("a100-sxm", count, {.layout = layout});
    compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .layout = layout});
  }
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a NN and TN");
}

TEST(CompileNvidia, stepsAlongRowsAndResultsOf8Bits) {
  const size_t count = schedules(2);
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .rowSteps = true});
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .quantised = true});
  if (isLongRun())
    compileLegalSchedules("a100-sxm", count, {.family = "mma_cp_async_multistage", .rowSteps = true});
  CODESIGN_NEEDS_PTXAS("rotating and quantising sm_80 and sm_90a");
}

TEST(CompileNvidia, resultsOf8BitsInBlocks) {
  const size_t count = schedules(2);
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "wgmma_tma_persistent", .fused = true, .quantised = true, .inBlocks = true});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "wgmma_tma_persistent",
                         .fused = true,
                         .type = DataType::F8E4M3,
                         .blockScaled = true,
                         .quantised = true,
                         .inBlocks = true});
  CODESIGN_NEEDS_PTXAS("quantising in blocks sm_90a");
}

TEST(CompileNvidia, gates) {
  const size_t count = schedules(2);
  compileLegalSchedules("a100-sxm", count, {.family = "mma_cp_async_multistage", .fused = true});
  compileLegalSchedules("a100-sxm", count, {.family = "mma_weight_stream", .k = 2312, .fused = true});
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .fused = true});
  CODESIGN_NEEDS_PTXAS("gated sm_80 and sm_90a");
}

TEST(CompileNvidia, experts) {
  const size_t count = schedules(2);
  for (const char *family : {"mma_cp_async_multistage", "mma_weight_stream"})
    compileLegalSchedules("a100-sxm", count, {.family = family, .k = 2312, .experts = 64, .gathered = true});
  CODESIGN_NEEDS_PTXAS("grouped sm_80");
}

TEST(CompileNvidia, expertsOfHopper) {
  const size_t count = schedules(2);
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .experts = 128});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "wgmma_tma_persistent", .experts = 128, .gathered = true});
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .fused = true, .experts = 8});
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3, .blockScaled = true, .experts = 256});
  CODESIGN_NEEDS_PTXAS("grouped sm_90a");
}

TEST(CompileNvidia, streamK) {
  const size_t count = schedules(2);
  compileLegalSchedules("a100-sxm", count, {.family = "mma_cp_async_multistage", .streamK = true});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "mma_cp_async_multistage", .fused = true, .streamK = true});
  CODESIGN_NEEDS_PTXAS("Stream-K sm_80 and sm_90a");
}

/// More rows than registers hold beside their sums: operands go through shared memory.
TEST(CompileNvidia, manyRowsOfStreamedWeights) {
  const auto sweep = [](const char *device, size_t count, Sweep of) {
    of.family = "mma_weight_stream";
    of.leastRows = of.gathered && of.blockScaled ? 24 : 33;
    compileLegalSchedules(device, isLongRun() ? 2 * longCount : count, of);
  };
  sweep("a100-sxm", 3, {.k = 14336});
  sweep("h100-sxm", 3, {.k = 2312, .fused = true});
  sweep("h100-sxm", 2, {.k = 2320, .fused = true, .type = DataType::F8E4M3});
  sweep("h100-sxm", 2, {.type = DataType::F8E4M3, .blockScaled = true});
  if (isLongRun()) {
    for (const char *device : {"a100-sxm", "h100-sxm"}) {
      sweep(device, 0, {.k = 2312});
      sweep(device, 0, {.k = 2312, .experts = 64, .gathered = true});
      sweep(device, 0, {.splitK = 4});
      sweep(device, 0, {.rowSteps = true});
    }
    sweep("h100-sxm", 0, {.fused = true, .quantised = true});
    sweep("h100-sxm", 0, {.type = DataType::F8E4M3, .rowSteps = true});
    sweep("h100-sxm", 0, {.type = DataType::F8E4M3, .quantised = true, .splitK = 4});
    const Sweep blocks = {.k = 2320, .type = DataType::F8E4M3, .blockScaled = true};
    for (int form = 0; form < 4; ++form) {
      Sweep of = blocks;
      of.fused = form == 0;
      of.gathered = form == 1;
      of.experts = form == 1 ? 64 : 0;
      of.splitK = form == 2 ? 4 : 1;
      of.rowSteps = form == 3;
      sweep("h100-sxm", 0, of);
    }
  }
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a, of up to 64 rows with streamed weights,");
}

TEST(CompileNvidia, splits) {
  const size_t count = schedules(2);
  for (const char *family : {"mma_cp_async_multistage", "mma_weight_stream"}) {
    compileLegalSchedules("a100-sxm", count, {.family = family, .splitK = 4});
    compileLegalSchedules("h100-sxm", count, {.family = family, .fused = true, .splitK = 3});
  }
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .fused = true, .splitK = 4});
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3, .blockScaled = true, .splitK = 3});
  CODESIGN_NEEDS_PTXAS("split sm_80 and sm_90a");
}

TEST(CompileNvidia, gatedBlockScales) {
  const size_t count = schedules(2);
  Sweep sweep = {
      .family = "wgmma_tma_persistent", .fused = true, .type = DataType::F8E4M3, .blockScaled = true};
  compileLegalSchedules("h100-sxm", count, sweep);
  sweep.experts = 128;
  sweep.gathered = true;
  compileLegalSchedules("h100-sxm", count, sweep);
  sweep.family = "mma_weight_stream";
  sweep.k = 2320;
  compileLegalSchedules("h100-sxm", count, sweep);
  CODESIGN_NEEDS_PTXAS("sm_90a fp8");
}

TEST(CompileNvidia, sm90aFloat8) {
  const size_t count = schedules(2);
  compileLegalSchedules("h100-sxm", count, {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "wgmma_tma_persistent", .type = DataType::F8E4M3, .blockScaled = true});
  compileLegalSchedules("h100-sxm", count,
                        {.family = "mma_weight_stream", .k = 2320, .fused = true, .type = DataType::F8E4M3});
  compileLegalSchedules(
      "h100-sxm", count,
      {.family = "mma_weight_stream", .k = 2320, .type = DataType::F8E4M3, .blockScaled = true});
  CODESIGN_NEEDS_PTXAS("sm_90a fp8");
}

TEST(CompileNvidia, sm80AndSm90a) {
  compileLegalSchedules("a100-sxm", schedules(2));
  compileLegalSchedules("h100-sxm", schedules(2));
  if (isLongRun()) {
    compileLegalSchedules("a100-sxm", longCount, {.family = "mma_cp_async_multistage"});
    compileLegalSchedules("h100-sxm", longCount, {.family = "mma_cp_async_multistage"});
  }
  compileLegalSchedules("a100-sxm", schedules(2), {.family = "mma_weight_stream", .k = 14336});
  compileLegalSchedules("h100-sxm", schedules(2), {.family = "mma_weight_stream", .k = 2312});
  CODESIGN_NEEDS_PTXAS("sm_80 and sm_90a");
}

/// Every step that can follow the sums, where they leave the fewest registers.
TEST(CompileNvidia, everyEpilogueWhereRegistersAreFew) {
  const llvm::StringRef tiled = "wgmma_tma_persistent", staged = "mma_cp_async_multistage",
                        streamed = "mma_weight_stream";
  constexpr DataType bytes = DataType::F8E4M3;
  compileEveryEpilogue("a100-sxm", {{.family = staged},
                                    {.family = staged, .experts = 64, .gathered = true},
                                    {.family = staged, .streamK = true},
                                    {.family = streamed, .k = 2312}});
  compileEveryEpilogue("h100-sxm", {{.family = tiled},
                                    {.family = tiled, .experts = 64},
                                    {.family = tiled, .experts = 64, .gathered = true},
                                    {.family = tiled, .splitK = 3},
                                    {.family = tiled, .layout = GemmLayout::NN},
                                    {.family = tiled, .type = bytes},
                                    {.family = tiled, .type = bytes, .blockScaled = true},
                                    {.family = streamed, .k = 2312},
                                    {.family = streamed, .type = bytes},
                                    {.family = streamed, .type = bytes, .blockScaled = true}});
  CODESIGN_NEEDS_PTXAS("crowded sm_80 and sm_90a");
}

} // namespace
