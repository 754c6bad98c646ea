// One device as numbers: what hwprofiles/<name>.yaml says, checked. docs/hwprofiles.md describes every key.
#pragma once

#include "codesign/Hardware/Calibration.h"
#include "codesign/Isa/Architecture.h"
#include "codesign/Support/DataType.h"
#include "codesign/Support/Units.h"
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

/// Which compute units share one instance of a cache.
enum class CacheScope : uint8_t { ComputeUnit, Die, Device };
enum class LinkTopology : uint8_t { NvSwitch, Mesh, Pcie };
enum class DispatchOrder : uint8_t { RoundRobin };

struct ComputeResources {
  int computeUnits = 0;       // CUs or SMs that are enabled
  int dies = 1;               // XCDs; workgroup i starts on die i mod dies (round robin)
  int computeUnitsPerDie = 0; // dies · computeUnitsPerDie = computeUnits
  DispatchOrder dispatchOrder = DispatchOrder::RoundRobin;
  int simdsPerComputeUnit = 0; // each with one matrix core
  int waveSize = 0;
  int maxWavesPerSimd = 0;
  int maxThreadsPerWorkgroup = 0;
  int maxWorkgroupsPerComputeUnit = 0;
};

struct RegisterFile {
  int registersPerSimdLane =
      0; // 32-bit registers of one lane of one SIMD, shared by the waves on it (VGPR + AGPR)
  int maxPerThread = 0;
  int maxArchitecturalPerThread = 0; // VGPRs; equals maxPerThread where there are no accumulation registers
  int maxAccumulationPerThread = 0;  // AGPRs; 0 on NVIDIA
  int allocationGranule = 0;         // registers per thread are rounded up to a multiple of this
};

struct SharedMemory {
  Bytes capacityPerComputeUnit;
  Bytes maxPerWorkgroup;
  Bytes allocationGranule;
  Bytes reservedPerWorkgroup; // taken by the system from every resident workgroup (1 KiB on NVIDIA)
  int banks = 0;
  int bankWidthBytes = 4;
  double bytesPerClock = 0; // read bandwidth of one compute unit
};

struct Cache {
  std::string name; // "L1", "L2", "MALL"
  CacheScope scope = CacheScope::Device;
  Bytes instanceSize; // of one instance
  Bytes lineSize;
  BytesPerSecond totalBandwidth; // read, all instances together
};

struct DeviceMemory {
  Bytes capacity;
  BytesPerSecond datasheetBandwidth;
  BytesPerSecond achievedReadBandwidth;
  BytesPerSecond achievedWriteBandwidth;
};

struct LaunchLimits {
  Seconds graphLaunchFloor;  // smallest time of a kernel in a replayed graph
  Seconds streamLaunchFloor; // the same for a kernel launched by itself
  long maxGridX = 0;
  long maxGridY = 0;
  long maxGridZ = 0;
  int maxClusterSize = 1; // workgroups; 1 where there are no clusters
};

struct Links {
  LinkTopology topology = LinkTopology::Pcie;
  int linksPerGpu = 0;
  BytesPerSecond bandwidthPerLink; // one direction
  int gpusPerNode = 0;
  Seconds latency;                     // one hop, small message
  BytesPerSecond hostBandwidth;        // to the CPU, one direction
  BytesPerSecond achievedBusBandwidth; // all-reduce over the whole node, bus bandwidth as NCCL defines it

  /// One direction, from one GPU to all others together.
  BytesPerSecond totalPerGpu() const { return bandwidthPerLink * linksPerGpu; }
  /// What one GPU can send inside a group of `groupSize` GPUs of the node (2 … gpusPerNode). A mesh has one
  /// link to each peer, so a group of g uses g − 1 links; a switch gives all of them to any group.
  BytesPerSecond groupBandwidth(int groupSize) const;
};

struct Power {
  Watts thermalDesign;
  Watts idle;
};

struct Profile {
  std::string name;  // "mi300x"
  std::string title; // "AMD Instinct MI300X"
  std::string path;  // the file it came from
  Vendor vendor = Vendor::Amd;
  Architecture architecture = Architecture::Gfx942;

  ComputeResources compute;
  /// Clock at which the data sheet quotes its matrix peak: peakMatrix = FLOP per clock · compute units ·
  /// peakClock.
  Hertz peakClock;
  /// Highest clock the device reaches in light work; at least peakClock.
  Hertz boostClock;
  /// Clock that a long dense GEMM settles at, by operand type, where it is known (power-limited parts).
  std::map<DataType, Hertz> sustainedClock;
  /// Data-sheet matrix rate without sparsity, by operand type. A type that is not here does not run on the
  /// matrix cores.
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
  std::optional<double> priceDollarsPerHour; // a user input: change it to your own price
  /// Kernel families codesign has for this device ("mfma_lds_double_buffer", …); empty: vendor library only.
  std::vector<std::string> kernelFamilies;

  Calibration calibration;
  std::vector<Source> sources;
  std::vector<ProfileEntry> entries; // every number of the file, in its order

  /// The source of a number by its path in the file; null for an unknown path.
  const Source *sourceOf(llvm::StringRef entryPath) const;

  bool supportsMatrix(DataType type) const { return peakMatrix.count(type) != 0; }
  /// Clock that long dense work of this type settles at: sustainedClock where given, else peakClock scaled by
  /// achievable / peak rate of the type, else peakClock.
  Hertz sustainedClockFor(DataType type) const;
  /// Achievable rate; where nobody measured one, the data-sheet peak times the ratio that bf16 reaches. Zero
  /// if unsupported.
  FlopsPerSecond achievableMatrixFor(DataType type) const;
  /// Peak rate from the instruction table: best FLOP per clock of a compute unit × compute units × peak
  /// clock. Agrees with peakMatrix within 2 % (tested for every shipped profile); zero if no instruction
  /// takes the type.
  FlopsPerSecond matrixPeakFromInstructions(DataType type) const;
  /// Best dense FLOP per clock of one compute unit by the instruction table, all its matrix cores busy; 0 if
  /// unsupported.
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
  /// The 8-bit float types of the architecture: FNUZ on gfx942, OCP elsewhere; empty where there is none
  /// (sm_80).
  std::optional<DataType> nativeFloat8() const;
};

llvm::StringRef toString(SourceKind kind);
llvm::StringRef toString(CacheScope scope);
llvm::StringRef toString(LinkTopology topology);

} // namespace codesign
