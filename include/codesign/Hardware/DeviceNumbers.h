// The numbers of a device by subsystem: parts of a Profile.
#pragma once

#include "codesign/Support/Units.h"
#include <cstdint>
#include <string>

namespace codesign {

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

/// What the simulator's timing model needs beyond the rest of a profile; in clocks of a compute unit. AMD
/// only.
struct Timing {
  int vectorIssue = 0;                // one vector instruction of a wave on its SIMD
  int transcendentalIssue = 0;        // exp, log, rcp, rsq, sqrt, sin, cos
  int scalarIssue = 0;                // one scalar instruction
  int branchTaken = 0;                // from a taken branch to the next instruction
  int matrixResult = 0;               // after its last pass, until another unit may read a matrix result
  int sharedLatency = 0;              // LDS: from the first bank cycle to the data
  int firstLevelLatency = 0;          // vector memory: to data that L1 has
  int memoryLatency = 0;              // vector memory: a round trip to L2
  int hbmLatency = 0;                 // vector memory: a round trip to HBM
  int scalarMemoryLatency = 0;        // scalar loads
  int barrier = 0;                    // from the last arrival to the next instruction
  int sharedQueueEntries = 0;         // LDS instructions of a compute unit under way before issue stalls
  int memoryBytesInFlight = 0;        // of a compute unit before issue stalls
  double memoryBytesPerClock = 0;     // of a compute unit, from its L2
  double firstLevelBytesPerClock = 0; // of a compute unit, through its L1
  double hbmBytesPerClock = 0;        // of a compute unit while all of them read
  double firstLevelBytes = 0;         // capacity of L1
};

struct Power {
  Watts thermalDesign;
  Watts idle;
};

} // namespace codesign
