// The folder around emitted kernels: sources, C header, dispatcher, build file and manifest.
#pragma once

#include "codesign/Support/DataType.h"
#include "codesign/Support/Epilogues.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace codesign {

/// Raised when a reader of the previous version would misunderstand a manifest.
inline constexpr int64_t packageSchemaVersion = 8;

/// The part of a matrix that one copy of the tensor engine moves; 0 rows where the kernel takes a pointer.
struct PackagedBox {
  int64_t rows = 0, columns = 0;
};

/// A Stream-K launch: its workgroups, whatever m is; steps of k of a tile, and at least of a piece of one;
/// how workgroups are dealt to chiplets. Zeros for kernels whose tiles have workgroups of their own.
struct PackagedStreamK {
  int64_t workgroups = 0, steps = 0, least = 0, chiplets = 0, run = 0;
};

/// One device function in a file of its own.
struct PackagedKernel {
  /// C identifier, unique in the package; the device function and, with ".hip" or ".cu", the file are named
  /// so.
  std::string symbol;
  std::string source;
  int64_t threads = 0; // of a workgroup
  int64_t tileM = 0;   // rows and columns of the output that a workgroup computes
  int64_t tileN = 0;
  int64_t ldsBytes = 0;
  /// The part of ldsBytes that the launch must ask for; 0 where the kernel declares all of it.
  int64_t dynamicLdsBytes = 0;
  /// Workgroups of a cluster of a persistent kernel, whose tiles are tileM x tileN for each cluster; 0 where
  /// every tile has a workgroup.
  int64_t persistentCluster = 0;
  PackagedBox aBox, wBox, dBox;
  /// Workgroups that share the k of a tile, the launch's y. Each of several leaves so many bytes of sums in
  /// the workspace, and each of its waves counts itself there.
  int64_t splitK = 1, partialBytes = 0;
  /// Each of its workgroups leaves sums of `partialBytes` for two tiles at most.
  PackagedStreamK streamK;
  bool sharesTiles() const { return splitK > 1 || streamK.workgroups > 0; }
  int64_t squaresWidth = 0; // columns of D whose squares it adds up; 0 where its operator wants none
  std::string schedule;     // in words
  std::string reason;       // why this schedule
  double predictedSeconds = 0;
  int64_t predictedM = 0; // rows that the prediction is for
  std::string predictionSource;
};

/// Rows minM to maxM go to one kernel.
struct PackagedRange {
  int64_t minM = 1;
  int64_t maxM = 0; // 0: no upper limit; only in the last range
  std::string symbol;
};

/// D[m, n] = activation(scales · (A[m, k] · W[n, k]ᵀ) + bias[n]) + residual[m, n] with m known at launch.
struct PackagedGemm {
  std::string name; // C identifier: "qkv_proj"
  /// Of A and W; of bias and residual as well, unless it has 8 bits: then they are bf16.
  DataType type = DataType::BF16;
  /// Of D: like the bias, or the 8-bit type of the device, and then D is what is stored times d_scale, an
  /// fp32.
  DataType outputType = DataType::BF16;
  /// D of 8 bits has a scale for each row and 128 columns that follows from it instead, and the launch writes
  /// them: d_block_scale[ceil(columns / 128)][m], as the next product takes its a_scale.
  bool quantisedBlocks = false;
  /// The fp32 scales of 8-bit operands: one each, one for each row of A and of W, or for each 128 of k and
  /// each row of A and 128 rows of W.
  Scaling scaling = Scaling::None;
  int64_t n = 0, k = 0;
  /// "nt"; "nn": W is k x n, D = A · W; "tn": W is m x n, D is k x n, Aᵀ · W summed over the m rows of both.
  std::string layout = "nt";
  bool bias = false;
  std::string activation; // "" or the kernel dialect's name
  /// Rows 2j and 2j + 1 of W are the gate and the up of column j of D, which has n / 2 of them:
  /// activation(gate) · up. The residual may be D.
  bool gated = false, residual = false;
  /// Each has n rows of W of its own; the table of the launch says which of the m rows are whose: offsets of
  /// the experts, experts + 1 of them, or, where each has a masked share of m / experts rows, how many of
  /// them count.
  int64_t experts = 0;
  bool masked = false;
  /// Rows of A may be named by a list of the launch; rows of D are multiplied by weights of the launch.
  bool gathered = false, weighted = false;
  /// Of weighted experts: D has a row for each token instead, the sum of those of the m rows that a list of
  /// the launch names for it, topK at most. The products leave their rows in the workspace, in fp32, and the
  /// kernel `sumSymbol` adds them up; its tile is tokens by columns. 0: D has the m rows.
  int64_t topK = 0;
  std::string sumSymbol = {};
  RotaryEmbedding rotary;
  bool rowSquares = false; // sums of squares of D's rows, in parts of the kernel's squaresWidth columns
  /// W is in blocks of 16 rows by 64 bytes, as matrix instructions take it; AMD only. The package has a
  /// function that brings row-major weights into that order.
  bool shuffledWeights = false;
  /// Elements from one row of A, and of W, to the next; 0: k, without gaps. AMD only; layout nt, W in rows.
  int64_t leadingA = 0, leadingW = 0;
  std::vector<PackagedRange> ranges; // ascending from 1, without gaps

  DataType wideType() const { return isFloat8(type) ? DataType::BF16 : type; }
  bool quantised() const { return isFloat8(outputType); }
  /// What the products write.
  DataType productType() const { return topK > 0 ? DataType::F32 : outputType; }
  int64_t weightRows() const { return experts > 0 ? experts * n : n; }
  /// Bytes that W takes more than without gaps between its rows.
  int64_t paddingBytes() const {
    return leadingW > 0 ? (weightRows() - 1) * (leadingW - k) * bitWidth(type) / 8 : 0;
  }
  int64_t outputColumns() const { return gated ? n / 2 : n; }
  int64_t outputRows(int64_t m) const { return layout == "tn" ? k : m; }
};

struct PackageSpec {
  std::string name;         // C identifier; namespace of the C symbols
  std::string generator;    // "codesign 0.1.0"
  std::string model;        // as the user wrote it; only ever written as a JSON string
  std::string hardware;     // profile name
  std::string architecture; // "gfx942", "sm_80", "sm_90a"
  std::string preludeFile, preludeText;
  std::vector<PackagedKernel> kernels;
  std::vector<PackagedGemm> gemms;

  int64_t waveSize() const { return isAmd() ? 64 : 32; }
  bool isAmd() const { return llvm::StringRef(architecture).starts_with("gfx"); }
};

/// Workgroups (clusters, where the kernel has them) of a launch on m rows: its tiles, of experts as many as
/// there may be; with Stream-K as many as the kernel says.
int64_t workgroupCount(const PackagedGemm &gemm, const PackagedKernel &kernel, int64_t m);

/// Bytes of the counts of a package, which stand first in any workspace: for as many tiles as its split
/// kernels may have.
int64_t arrivalBytes(const PackageSpec &spec);

/// Success, or what is wrong: a name that is no identifier, a range that names no kernel, a gap, an unknown
/// architecture.
llvm::Error checkPackage(const PackageSpec &spec);

/// Eight hexadecimal digits that change with the content of the package; every C symbol ends in them, so that
/// two packages link into one program.
std::string packageHash(const PackageSpec &spec);

/// The first eight hexadecimal digits of the SHA-256 of a text.
std::string shortHash(llvm::StringRef text);

/// Writes codesign.manifest.json, include/<name>/<name>.h, src/*, and CMakeLists.txt. The folder is built
/// beside `directory` and renamed over it, so nothing is ever half-written; an existing folder is replaced
/// only if it is a package (has a manifest) or is empty. The same spec gives the same bytes.
llvm::Error writePackage(const PackageSpec &spec, llvm::StringRef directory);

/// The manifest of a package, without the texts of its sources. Unknown schema versions and missing or
/// mistyped members are errors naming the file and the member; exit code 2.
llvm::Expected<PackageSpec> readManifest(llvm::StringRef directory);

} // namespace codesign
