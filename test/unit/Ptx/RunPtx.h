// Runs a few lines of PTX.
#pragma once

#include "codesign/Ptx/Ptx.h"
#include "llvm/ADT/Twine.h"
#include <gtest/gtest.h>

namespace codesign::test {

/// A kernel of two pointers and a number, in %rd1, %rd2 and %r1; %r0 is the thread.
inline std::string kernelOf(llvm::StringRef body, llvm::StringRef before = "") {
  return (before + R"(
.visible .entry f(.param .u64 .ptr .align 1 f_0, .param .u64 .ptr .align 1 f_1, .param .u32 f_2)
{
  .reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<40>; .reg .b64 %rd<9>;
  .shared .align 128 .b8 tile[4096];
  ld.param.b64 %rd1, [f_0];
  ld.param.b64 %rd2, [f_1];
  ld.param.b32 %r1, [f_2];
  mov.u32 %r0, %tid.x;
  mul.wide.u32 %rd3, %r0, 4;
  add.s64 %rd1, %rd1, %rd3;
  add.s64 %rd2, %rd2, %rd3;
)" + body +
          "\n}\n")
      .str();
}

struct Ran {
  std::string error;
  std::vector<uint32_t> output;
};

/// One workgroup; `input` and as many zeros are the buffers.
inline Ran runPtx(const std::string &text, std::vector<uint32_t> input, uint32_t threads = 32,
                  int32_t number = 0, uint64_t seed = 1) {
  auto program = ptx::parse(text);
  if (!program)
    return {llvm::toString(program.takeError()), {}};
  simulate::DeviceMemory memory;
  const uint64_t in = memory.allocateValues<uint32_t>("in", input);
  const uint64_t out = memory.allocate("out", input.size() * 4);
  ptx::Launch launch;
  launch.kernel = "f";
  launch.threads = threads;
  launch.arguments = {ptx::pointer(in), ptx::pointer(out), ptx::number(number)};
  auto report = ptx::run(**program, launch, memory, {.seed = seed, .maxInstructions = 1000000});
  if (!report)
    return {llvm::toString(report.takeError()), {}};
  return {"", memory.values<uint32_t>(out).vec()};
}

} // namespace codesign::test
