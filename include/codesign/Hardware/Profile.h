// One device as numbers: what hwprofiles/<name>.yaml says, checked. docs/hwprofiles.md describes every key.
#pragma once

#include "codesign/Hardware/Calibration.h"
#include "codesign/Hardware/DeviceNumbers.h"
#include "codesign/Isa/Architecture.h"
#include "codesign/Support/DataType.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace codesign {

/// How a number was obtained; printed with every estimate that rests on it.
enum class SourceKind : uint8_t { Datasheet, Measured, Derived, Estimate, UserInput };

/// An entry of the profile's `sources:` block.
struct Source {
  std::string id;
  SourceKind kind = SourceKind::Datasheet;
  std::string text;
};

/// One line of the file as read: for `codesign hw show` and for provenance.
struct ProfileEntry {
  std::string
      path; // "memory.hbm.capacity_bytes", "caches.L2.total_bytes"; the unit is the last words of the key
  std::string value; // as written
  std::string sourceId;
  int line = 0;
};

struct Profile {
  std::string name;  // "mi300x"
  std::string title; // "AMD Instinct MI300X"
  std::string path;  // the file it came from
  Vendor vendor = Vendor::Amd;
  Architecture architecture = Architecture::Gfx942;

  ComputeResources compute;
  /// Clock at which the data sheet quotes its matrix peak:
  /// peakMatrix = FLOP per clock · compute units · peakClock.
  Hertz peakClock;
  /// Highest clock the device reaches in light work; at least peakClock.
  Hertz boostClock;
  /// Clock that a long dense GEMM settles at, by operand type, where it is known (power-limited parts).
  std::map<DataType, Hertz> sustainedClock;
  /// Data-sheet matrix rate without sparsity, by operand type.
  /// A type that is not here does not run on the matrix cores.
  std::map<DataType, FlopsPerSecond> peakMatrix;
  /// Best measured dense GEMM rate, by operand type (MAMF, MAF).
  std::map<DataType, FlopsPerSecond> achievableMatrix;
  /// Vector (non-matrix) rate by type; fp32 is always there.
  std::map<DataType, FlopsPerSecond> peakVector;

  RegisterFile registers;
  SharedMemory shared;
  std::optional<Bytes> tensorMemoryPerComputeUnit; // TMEM of sm_100
  std::vector<Cache> caches;                       // from the compute unit outwards
  DeviceMemory memory;
  LaunchLimits launch;
  Links links;
  Power power;
  std::optional<Timing> timing;              // for the simulator
  std::optional<double> priceDollarsPerHour; // a user input: change it to your own price
  /// Kernel families codesign has for this device ("mfma_lds_double_buffer", …); empty: vendor library only.
  std::vector<std::string> kernelFamilies;
  /// Devices whose fitted constants stand in where this one has none of its own, nearest first; in
  /// `calibration` after its own sets, with borrowedFrom set.
  std::vector<std::string> borrowsCalibrationFrom;

  Calibration calibration;
  std::vector<Source> sources;
  std::vector<ProfileEntry> entries; // every number of the file, in its order

  /// The source of a number by its path in the file; null for an unknown path.
  const Source *sourceOf(llvm::StringRef entryPath) const;

  bool supportsMatrix(DataType type) const { return peakMatrix.count(type) != 0; }
  /// Clock that long dense work of this type settles at: sustainedClock where given, else peakClock scaled by
  /// achievable / peak rate of the type, else peakClock.
  Hertz sustainedClockFor(DataType type) const;
  /// Achievable rate; where nobody measured one, the data-sheet
  /// peak times the ratio that bf16 reaches. Zero if unsupported.
  FlopsPerSecond achievableMatrixFor(DataType type) const;
  /// Peak rate from the instruction table: best FLOP per clock of a compute
  /// unit × compute units × peak clock. Agrees with peakMatrix within 2 %
  /// (tested for every shipped profile); zero if no instruction takes the type.
  FlopsPerSecond matrixPeakFromInstructions(DataType type) const;
  /// Best dense FLOP per clock of one compute unit by the
  /// instruction table, all its matrix cores busy; 0 if unsupported.
  double matrixFlopsPerClockPerComputeUnit(DataType type) const;
  /// FLOPs per byte at which HBM and the matrix cores are both busy, from achievable rates.
  double ridgeFlopsPerByte(DataType type) const;
  /// Waves that registers and the hardware limit let reside on one SIMD, for this many registers per thread
  /// (rounded up to the allocation granule): 0 if more than one thread may have.
  int wavesPerSimd(int registersPerThread) const;
  /// The named cache, or null.
  const Cache *findCache(llvm::StringRef cacheName) const;
  /// The outermost cache: MALL on CDNA3, L2 on NVIDIA.
  const Cache &lastLevelCache() const { return caches.back(); }
  /// Instances of a cache on the device.
  int instancesOf(const Cache &cache) const;
  Bytes totalSizeOf(const Cache &cache) const { return cache.instanceSize * instancesOf(cache); }
  /// The 8-bit float types of the architecture: FNUZ on
  /// gfx942, OCP elsewhere; empty where there is none (sm_80).
  std::optional<DataType> nativeFloat8() const;
  /// The type in which products of `type` run: itself, the device's own 8-bit float for another encoding, or
  /// bf16 where the matrix units have no such type (operands are then widened before the product).
  DataType matrixTypeFor(DataType type) const;
};

llvm::StringRef toString(SourceKind kind);
llvm::StringRef toString(CacheScope scope);
llvm::StringRef toString(LinkTopology topology);

} // namespace codesign
