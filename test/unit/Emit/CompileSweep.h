// Schedules of a device, compiled for one kind of product: the compilers' own reports against Price and
// against the rule of no scratch.
#pragma once

#include "../Interpret/EveryKernel.h"
#include "LongRun.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "llvm/Support/Program.h"
#include "gtest/gtest.h"

namespace codesign::test {

/// What of a device's schedules is compiled, and for which product.
struct Sweep {
  llvm::StringRef family = ""; // all of them
  int64_t k = 4096;
  bool fused = false; // with bias, gate and residual
  DataType type = DataType::BF16;
  bool blockScaled = false;
  int64_t experts = 0;
  bool gathered = false; // and weighted
  int64_t n = 6144;
  GemmLayout layout = GemmLayout::NT;
  bool quantised = false;
  bool inBlocks = false; // with scales that follow from the results
  bool rowSteps = false; // rotated columns, or sums of squares
  bool shuffledWeights = false;
  int64_t splitK = 1; // with more than one, k follows from the schedule
  bool streamK = false;
  MainLoop loop = MainLoop::InStep;
  int leastRows = 0;                     // of a tile
  const ProblemStep *epilogue = nullptr; // behind all that; schedules that refuse it are left out
  bool onlyTight = false;                // schedules with the fewest registers to spare
};

constexpr size_t longCount = 20; // schedules of a form that a long run compiles

inline size_t schedules(size_t usual) {
  return isLongRun() ? longCount : usual;
}

/// Compiles up to `count` of the device's legal schedules: every other one of those that leave the fewest
/// registers, the others evenly spread over the list. Returns how many.
size_t compileLegalSchedules(const char *device, size_t count, const Sweep &sweep = {});

/// Every epilogue behind those schedules of each form that leave the fewest registers; where the run is not a
/// long one, one epilogue for each form in turn.
void compileEveryEpilogue(const char *device, const std::vector<Sweep> &forms);

} // namespace codesign::test

/// The end of a test whose last word is the assembler's.
#define CODESIGN_NEEDS_PTXAS(schedules)                                                                      \
  if (!llvm::sys::findProgramByName("nvcc"))                                                                 \
  GTEST_SKIP() << "SKIPPED ptxas' report on " schedules " schedules: nvcc is not on the PATH; clang++-22 "   \
                  "compiled them to PTX"
