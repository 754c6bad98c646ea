// Runs the kernels of an emitted package on the CPU, AMD's machine code in the simulator and NVIDIA's PTX,
// and holds their results to float64.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <vector>

namespace codesign {

struct VerifyOptions {
  std::string compiler; // empty: clang++-22 or clang++ on the PATH
  std::string only;     // verify only kernels whose symbol contains this
  uint64_t seed = 1;    // of the inputs, of the choice of workgroups and of the order of waves
  bool checks = true;   // of AMD's code: missing waits, races, bounds, undefined values, hazards, barriers
  unsigned threads = 0; // host threads, 0: all
  /// Work of one launch in multiply-accumulates: where all workgroups are more, the first, the last and some
  /// between are run, at least three.
  double multiplyAccumulates = 6e8;
};

/// One launch of one kernel.
struct VerifiedLaunch {
  std::string gemm, kernel; // "qkv_proj", "qkv_proj_n6144_k4096_bf16_m1"
  int64_t m = 0, n = 0, k = 0;
  uint64_t workgroups = 0, workgroupsOfGrid = 0; // run; of the whole launch
  double errorShare = 0;                         // largest error over the allowed one
  uint64_t instructions = 0;                     // executed by AMD's waves, NVIDIA's threads
  uint64_t bankConflictClocks = 0;
  std::string wrong;                 // the first wrong element or place; empty if all are right
  std::vector<std::string> findings; // of the simulator's checks
  double hostSeconds = 0;

  bool passed() const { return wrong.empty() && findings.empty(); }
};

struct VerifyReport {
  std::string package, architecture;
  bool isAmd() const { return llvm::StringRef(architecture).starts_with("gfx"); }
  std::vector<VerifiedLaunch> launches;

  bool passed() const;
};

/// Compiles and runs every kernel of the package in `directory` on its own n and k, at the least number
/// of rows that it serves and at one that ends inside a tile. Results are held to |out − ref| ≤
/// ½ulp(out)·|ref| + 4·√k·2⁻²⁴·(|A|·|W|ᵀ); the output is poisoned first, and each workgroup must write one
/// whole tile and nothing else. Calls `progress` after each launch. An error: no package, no kernel of that
/// name, no compiler, a source that does not compile, a kernel that the simulator cannot run.
llvm::Expected<VerifyReport> verifyPackage(llvm::StringRef directory, const VerifyOptions &options,
                                           llvm::function_ref<void(const VerifiedLaunch &)> progress);

void printVerifyReport(const VerifyReport &report, llvm::raw_ostream &stream);
/// Versioned JSON.
void printVerifyJson(const VerifyReport &report, llvm::raw_ostream &stream);

} // namespace codesign
