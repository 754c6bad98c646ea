// What a kernel costs, counted from its IR: nothing here is fitted or timed.
#pragma once

#include "codesign/Hardware/Profile.h"
#include "codesign/Support/Units.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/Support/Error.h"

namespace codesign {

/// One pass over the banks of LDS moves at most 128 bytes and takes one clock.
struct SharedTraffic {
  int64_t instructions = 0; // of one wave
  int64_t bytes = 0;        // of the workgroup
  int64_t passes = 0;       // of the workgroup, conflicts included
  int64_t idealPasses = 0;  // what the bytes alone need

  int64_t conflictPasses() const { return passes - idealPasses; }
};

/// One iteration of the main loop: the loop with the most matrix instructions, or the whole kernel if it has
/// no loop.
struct StepPrice {
  int64_t iterations = 1;         // also where the launch decides how many there are
  int64_t matrixInstructions = 0; // of one wave
  Cycles matrixCycles;            // of one matrix core, all waves of a workgroup together
  Cycles conversionCycles;        // of one scheduler, all waves together: operands made what is multiplied
  SharedTraffic reads, writes;
  int64_t globalBytes = 0;        // fetched by the workgroup
  int64_t globalInstructions = 0; // of one wave
  int64_t permutes = 0;           // v_perm_b32 of one wave, which transpose operands
  int64_t barriers = 0;

  /// Clocks for which LDS is busy.
  Cycles sharedCycles() const { return Cycles(static_cast<double>(reads.passes + writes.passes)); }
};

/// 32-bit registers of one lane that must be live at once in the main loop. Compilers need more, for
/// addresses and to have loads in flight.
struct RegisterPrice {
  int64_t accumulators = 0;
  int64_t fragments = 0;
  int64_t staging = 0; // tiles between global memory and LDS
  int64_t minimum() const { return accumulators + fragments + staging; }
};

struct KernelPrice {
  int64_t threads = 0;
  int64_t sharedBytes = 0;
  RegisterPrice registers;
  StepPrice step;
};

/// Counts the kernel. An error if a loop bound is not known from the IR or if the architecture's tables lack
/// an LDS access.
llvm::Expected<KernelPrice> priceKernel(kernel::FuncOp function);

/// Workgroups that a compute unit holds at once when each lane uses `registers` registers: the least that
/// LDS, registers and the number of waves allow.
int64_t workgroupsPerComputeUnit(const KernelPrice &price, int64_t registers, const Profile &profile);

} // namespace codesign
