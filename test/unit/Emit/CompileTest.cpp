// What clang makes of schedules for AMD devices.
#include "CompileSweep.h"

using namespace codesign;
using namespace codesign::test;

namespace {

TEST(Compile, loopsOfOwnOrder) {
  for (MainLoop loop : {MainLoop::PingPong, MainLoop::Interleaved})
    for (const char *device : {"mi300x", "mi355x"}) {
      const size_t count = schedules(2);
      compileLegalSchedules(device, count, {.loop = loop});
      if (isLongRun()) // bytes in the place of halves, otherwise alike
        compileLegalSchedules(
            device, count,
            {.type = device == std::string("mi300x") ? DataType::F8E4M3FNUZ : DataType::F8E4M3,
             .loop = loop});
    }
}

TEST(Compile, gfx942) {
  compileLegalSchedules("mi300x", schedules(4));
  // Rows of a power of two of columns take more registers for addresses.
  compileLegalSchedules("mi300x", schedules(2), {.family = "mfma_lds_double_buffer", .n = 8192});
}

TEST(Compile, gfx942WeightStream) {
  compileLegalSchedules("mi300x", schedules(4), {.family = "mfma_weight_stream"});
  // No multiple of any step: the last loads are clipped, which takes registers.
  compileLegalSchedules("mi300x", schedules(4), {.family = "mfma_weight_stream", .k = 2312});
}

TEST(Compile, gfx950) {
  compileLegalSchedules("mi355x", schedules(4));
  compileLegalSchedules("mi355x", schedules(2), {.family = "mfma_weight_stream", .k = 2312});
}

TEST(Compile, gatesAndResiduals) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.fused = true});
  compileLegalSchedules("mi300x", count, {.family = "mfma_weight_stream", .k = 2312, .fused = true});
  compileLegalSchedules("mi355x", count, {.fused = true});
}

TEST(Compile, operandsAlongRows) {
  for (const char *device : {"mi300x", "mi355x"}) {
    compileLegalSchedules(device, schedules(2), {.layout = GemmLayout::NN});
    // As gradients of a router have it: three tiles, whose loop is written out.
    compileLegalSchedules(device, schedules(2), {.k = 160, .layout = GemmLayout::NN});
    compileLegalSchedules(device, schedules(3), {.layout = GemmLayout::TN});
    const DataType bytes = device == std::string("mi300x") ? DataType::F8E4M3FNUZ : DataType::F8E4M3;
    for (GemmLayout layout : {GemmLayout::NN, GemmLayout::TN})
      for (int64_t splitK : {1, 4})
        compileLegalSchedules(
            device, schedules(2),
            {.type = splitK == 1 ? bytes : DataType::BF16, .layout = layout, .splitK = splitK});
  }
}

TEST(Compile, stepsAlongRowsAndResultsOf8Bits) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.rowSteps = true});
  compileLegalSchedules("mi355x", count, {.rowSteps = true});
  compileLegalSchedules("mi300x", count, {.family = "mfma_weight_stream", .k = 2312, .rowSteps = true});
  compileLegalSchedules("mi300x", count, {.fused = true, .quantised = true});
}

TEST(Compile, resultsOf8BitsInBlocks) {
  const size_t count = schedules(2);
  const llvm::StringRef family = "mfma_lds_double_buffer";
  for (MainLoop loop : {MainLoop::InStep, MainLoop::PingPong})
    for (const auto &[device, type] :
         {std::pair("mi300x", DataType::F8E4M3FNUZ), std::pair("mi355x", DataType::F8E4M3)})
      compileLegalSchedules(device, count,
                            {.family = family,
                             .fused = true,
                             .type = type,
                             .blockScaled = true,
                             .quantised = true,
                             .inBlocks = true,
                             .loop = loop});
  compileLegalSchedules(
      "mi300x", count,
      {.family = family, .quantised = true, .inBlocks = true, .loop = MainLoop::Interleaved});
}

TEST(Compile, shuffledWeights) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.family = "mfma_lds_double_buffer", .shuffledWeights = true});
  compileLegalSchedules("mi300x", count,
                        {.family = "mfma_weight_stream", .k = 2336, .shuffledWeights = true});
  compileLegalSchedules("mi355x", count, {.k = 2336, .fused = true, .shuffledWeights = true});
  compileLegalSchedules("mi300x", count,
                        {.type = DataType::F8E4M3FNUZ, .blockScaled = true, .shuffledWeights = true});
}

TEST(Compile, experts) {
  const size_t count = schedules(2);
  compileLegalSchedules("mi300x", count, {.fused = true, .experts = 128});
  compileLegalSchedules("mi300x", count, {.experts = 128, .gathered = true});
  compileLegalSchedules("mi300x", count,
                        {.family = "mfma_weight_stream", .k = 2312, .experts = 128, .gathered = true});
  compileLegalSchedules(
      "mi355x", count,
      {.family = "mfma_lds_double_buffer", .type = DataType::F8E4M3, .blockScaled = true, .experts = 256});
}

TEST(Compile, splits) {
  const size_t count = schedules(2);
  compileLegalSchedules("mi300x", count, {.family = "mfma_lds_double_buffer", .splitK = 4});
  compileLegalSchedules("mi300x", count, {.family = "mfma_weight_stream", .fused = true, .splitK = 2});
  compileLegalSchedules("mi355x", count, {.fused = true, .splitK = 3});
  compileLegalSchedules("mi300x", count, {.type = DataType::F8E4M3FNUZ, .blockScaled = true, .splitK = 4});
}

TEST(Compile, streamK) {
  const size_t count = schedules(2);
  compileLegalSchedules("mi300x", count, {.streamK = true});
  compileLegalSchedules("mi355x", count, {.fused = true, .streamK = true});
  compileLegalSchedules("mi300x", count,
                        {.type = DataType::F8E4M3FNUZ, .blockScaled = true, .streamK = true});
}

TEST(Compile, float8) {
  compileLegalSchedules("mi300x", schedules(3), {.type = DataType::F8E4M3FNUZ});
  compileLegalSchedules(
      "mi300x", schedules(3),
      {.family = "mfma_weight_stream", .k = 2320, .fused = true, .type = DataType::F8E4M3FNUZ});
  compileLegalSchedules("mi355x", schedules(3), {.type = DataType::F8E4M3});
  compileLegalSchedules("mi355x", schedules(2),
                        {.family = "mfma_weight_stream", .k = 2320, .fused = true, .type = DataType::F8E4M3});
}

TEST(Compile, blockScales) {
  const size_t count = schedules(3);
  compileLegalSchedules("mi300x", count, {.type = DataType::F8E4M3FNUZ, .blockScaled = true});
  compileLegalSchedules(
      "mi300x", count,
      {.family = "mfma_weight_stream", .k = 2320, .type = DataType::F8E4M3FNUZ, .blockScaled = true});
  compileLegalSchedules("mi355x", count, {.type = DataType::F8E4M3, .blockScaled = true});
  compileLegalSchedules(
      "mi355x", count,
      {.family = "mfma_weight_stream", .k = 2320, .type = DataType::F8E4M3, .blockScaled = true});
}

/// Gates and up whose scales take turns, also of experts' rows that a list names, with scales of their own.
TEST(Compile, gatedBlockScales) {
  const size_t count = schedules(2);
  for (const auto &[device, type] :
       {std::pair{"mi300x", DataType::F8E4M3FNUZ}, std::pair{"mi355x", DataType::F8E4M3}}) {
    Sweep sweep = {.fused = true, .type = type, .blockScaled = true};
    compileLegalSchedules(device, count, sweep);
    sweep.loop = MainLoop::PingPong;
    compileLegalSchedules(device, count, sweep);
    sweep.experts = 128;
    sweep.gathered = true;
    compileLegalSchedules(device, count, sweep);
    sweep.loop = MainLoop::InStep;
    sweep.family = "mfma_weight_stream";
    sweep.k = 2320;
    compileLegalSchedules(device, count, sweep);
  }
}

/// Every step that can follow the sums, where they leave the fewest registers.
TEST(Compile, everyEpilogueWhereRegistersAreFew) {
  for (const auto &[device, bytes] :
       {std::pair{"mi300x", DataType::F8E4M3FNUZ}, std::pair{"mi355x", DataType::F8E4M3}}) {
    const llvm::StringRef tiled = "mfma_lds_double_buffer", streamed = "mfma_weight_stream";
    compileEveryEpilogue(device,
                         {{.family = tiled},
                          {.family = tiled, .loop = MainLoop::PingPong},
                          {.family = tiled, .loop = MainLoop::Interleaved},
                          {.family = tiled, .experts = 128, .gathered = true},
                          {.family = tiled, .layout = GemmLayout::NN},
                          {.family = tiled, .shuffledWeights = true},
                          {.family = tiled, .streamK = true},
                          {.family = tiled, .type = bytes},
                          {.family = tiled, .type = bytes, .loop = MainLoop::PingPong},
                          {.family = tiled, .type = bytes, .loop = MainLoop::Interleaved},
                          {.family = tiled, .type = bytes, .blockScaled = true},
                          {.family = tiled, .type = bytes, .blockScaled = true, .loop = MainLoop::PingPong},
                          {.family = streamed, .k = 2320},
                          {.family = streamed, .k = 2320, .experts = 128, .gathered = true},
                          {.family = streamed, .type = bytes},
                          {.family = streamed, .type = bytes, .blockScaled = true}});
  }
}

} // namespace
