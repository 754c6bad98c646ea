// Kernel IR as HIP or CUDA source that a person can read.
#pragma once

#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace codesign {

struct EmitOptions {
  /// What the kernel computes, for the first line of the header comment; the kernel's name alone if empty.
  std::string title;
  /// Further header lines, "Expected: 812 µs at m = 4096, …". Control characters are replaced by spaces.
  std::vector<std::string> notes;
  /// Write the device primitives into the source instead of including their header.
  bool inlinePrelude = false;
};

/// The source of one kernel, the same bytes for the same IR. An error names the op that the target's emitter
/// does not take, or a register value that is overwritten while still needed. Every name in it passed
/// kernel::isSafeIdentifier.
llvm::Expected<std::string> emitKernel(kernel::FuncOp function, const EmitOptions &options = {});

/// What a launch of an emitted kernel needs to know.
struct LaunchFacts {
  int64_t threads = 0;          // of a workgroup
  int64_t tileM = 0, tileN = 0; // output of a workgroup; the grid is a tile for each, in x
  int64_t ldsBytes = 0;         // in all
  int64_t dynamicLdsBytes = 0;  // the part that the launch must ask for
  int64_t splitK = 1;           // workgroups that share a tile, the grid's y
  int64_t partialBytes = 0;     // that each of them writes for a tile; 0 where none is shared
  /// Of a Stream-K launch: its workgroups, whatever the number of rows, which leave the sums of two tiles
  /// each; steps of a tile, and at least of a piece; how workgroups are dealt to chiplets. Zeros for others.
  struct StreamK {
    int64_t workgroups = 0, steps = 0, least = 0, chiplets = 0, run = 0;
  };
  StreamK streamK;
  int64_t squaresWidth = 0; // columns of the output whose squares a wave adds up; 0 where it does not
  /// Workgroups of a cluster of a persistent kernel, whose tile is that of a cluster and whose grid may be
  /// smaller; 0 for a workgroup for each tile.
  int64_t persistentCluster = 0;
  /// Boxes of the arguments that are tensor maps.
  struct Box {
    int64_t rows = 0, columns = 0;
  };
  Box aBox, wBox, dBox;
};
/// The function must have an operation that places its workgroups.
LaunchFacts launchFacts(kernel::FuncOp function);

/// ".hip" or ".cu".
llvm::StringRef sourceExtension(Architecture architecture);

/// The header with the device primitives of an architecture: file name and text. Empty where codesign emits
/// nothing yet.
struct Prelude {
  llvm::StringRef fileName;
  llvm::StringRef text;
};
Prelude preludeOf(Architecture architecture);

} // namespace codesign
