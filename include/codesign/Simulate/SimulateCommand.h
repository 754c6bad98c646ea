// The `simulate` subcommand as a function: options in, text or JSON out.
#pragma once

#include "codesign/Simulate/Timing.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>
#include <vector>

namespace codesign::simulate {

struct SimulateCommandOptions {
  std::string codeObject; // path
  std::string kernel;     // may be empty where the object has one kernel
  std::string grid = "1"; // workgroups: "X", "X,Y" or "X,Y,Z"
  std::string block = "64";
  /// One per kernel parameter, in order:
  ///   i32:64  u32:1  i64:-3  u64:9  f32:1.5  f64:2  i16: u16: i8: u8:      a number
  ///   NAME=TYPE[COUNT]:INIT                                              a generated buffer
  ///   NAME=@FILE                                                         a buffer with a file's bytes
  ///   pad:8                                                              so many zero bytes
  /// TYPE is f64, f32, f16, bf16, fp8, i32, u32, i16, u16, i8 or u8; INIT is random (uniform in [-1, 1),
  /// integers over
  /// [-8, 8)), zero (also when INIT is missing), one or iota.
  std::vector<std::string> arguments;
  std::vector<std::string> outputs; // NAME=FILE: the buffer's bytes after the run
  uint32_t dynamicLdsBytes = 0;
  uint64_t seed = 1; // of generated buffers and of the order of waves
  bool checks = true;
  unsigned threads = 0;
  bool json = false;
  bool listing = false; // every executed instruction with its counts
  /// Takes the time on this compute unit; of `unitName` ("mi300x") and architecture.
  std::optional<ComputeUnit> unit;
  std::string unitName, unitArchitecture;
  int residentWorkgroups = 0; // for the time; 0: as many as fit
  std::string timeline;       // file for a trace viewer
  bool list = false;          // the object's kernels and their arguments; runs nothing
  /// Which instructions have no handler; `codeObject` may be a folder. Runs nothing.
  bool inventory = false;
};

/// Loads, runs and reports to `out`. Ok, or WrongNumbers when the checks found something; an error for bad
/// input.
llvm::Expected<ExitCode> runSimulateCommand(const SimulateCommandOptions &options, llvm::raw_ostream &out);

/// "3" → {3,1,1}, "4,2" → {4,2,1}; an error for anything else.
llvm::Expected<Dimensions> parseDimensions(llvm::StringRef text, llvm::StringRef option);

} // namespace codesign::simulate
