// The state of a launch: lanes with their registers, warps, workgroups and clusters of them.
#pragma once

#include "Program.h"
#include <array>
#include <deque>
#include <map>
#include <random>

namespace codesign::ptx {

constexpr int warpSize = 32;

/// Where a byte of shared memory lies: pieces of 16 bytes in rows of 128, 64 or 32 are permuted by bits of
/// the row (PTX ISA, "Tensor swizzling modes"). 0: they are not.
inline uint32_t swizzled(uint32_t address, uint32_t rowBytes) {
  const uint32_t mask = rowBytes == 0 ? 0 : rowBytes / 16 - 1;
  return address ^ (address >> 7 & mask) << 4;
}

/// Bytes on their way past the registers of the lane that asked for them.
struct Copy {
  uint32_t to = 0; // in shared memory
  std::array<uint8_t, 16> bytes;
};

enum class LaneState : uint8_t {
  Running,
  AtWarpInstruction, // until the lanes that it names are there
  Waiting,           // for a barrier
  Exited
};

/// 16 bytes of shared memory that wgmma reads from its issue to its wait.
struct Reading {
  uint32_t offset = 0;
  std::array<uint8_t, 16> bytes;
  const Instruction *instruction = nullptr;
};

/// A load that has not arrived, or a store that has not read its source.
struct TensorCopy {
  TensorMap map;
  int64_t row = 0, column = 0;
  uint32_t shared = 0;
  uint32_t barrier = 0;            // of a load
  std::vector<uint8_t> source;     // of a store, once it has been read
  llvm::SmallVector<int, 8> ranks; // workgroups of the cluster that a load writes to
};

struct Lane {
  int thread = 0; // of its workgroup
  uint64_t *registers = nullptr;
  int next = 0; // instruction
  LaneState state = LaneState::Running;
  bool gaveWay = false; // has seen a barrier in memory that is not complete
  int barrier = -1;     // that it waits for, -1: the cluster's
  uint64_t generation = 0, clusterGeneration = 0;
  std::vector<Copy> openCopies;
  std::deque<std::vector<Copy>> copyGroups;
  std::vector<TensorCopy> openStores;
  std::deque<std::vector<TensorCopy>> storeGroups;
  std::vector<uint8_t> local;
};

struct Warp {
  std::vector<Lane> lanes;
  std::vector<Reading> openReadings;
  std::deque<std::vector<Reading>> readingGroups;
};

struct Barrier {
  int arrived = 0;
  uint64_t generation = 0;
  bool any = false, lastAny = false;
};

struct Mbarrier {
  int64_t count = 0, pending = 0, bytes = 0;
  uint64_t phase = 0;
};

struct Workgroup {
  uint32_t x = 0, y = 0;
  int rank = 0; // in its cluster
  std::vector<uint8_t> shared;
  std::vector<uint64_t> registers;
  std::vector<Warp> warps;
  std::map<int, Barrier> barriers;
  std::map<uint32_t, Mbarrier> mbarriers;
};

class Machine {
public:
  Machine(const Function &function, const Program &program, const Launch &launch,
          simulate::DeviceMemory &memory, const RunOptions &options);

  /// Runs all clusters. False once something has failed.
  bool runAll();
  std::string failure;
  RunReport report;

private:
  // Machine.cpp: who runs when.
  bool runCluster(uint32_t firstX, uint32_t y);
  void makeWorkgroup(Workgroup &workgroup);
  bool runWarp(Workgroup &workgroup, Warp &warp, bool &progress);
  bool runLane(Workgroup &workgroup, Lane &lane, bool &progress);
  bool execute(Workgroup &workgroup, Lane &lane, const Instruction &instruction);
  bool arrive(Workgroup &workgroup, Lane &lane, const Instruction &instruction);
  bool isReleased(Workgroup &workgroup, Lane &lane);
  bool waitsForEver();

  // Scalar.cpp
  bool executeScalar(Workgroup &workgroup, Lane &lane, const Instruction &instruction);

  // Memory.cpp: addresses and what lies there.
  static uint64_t addressOf(const Lane &lane, const Operand &operand);
  uint8_t *resolve(Workgroup &workgroup, Lane &lane, Space space, uint64_t address, uint64_t bytes,
                   const Instruction &instruction);
  uint8_t *sharedBytes(Workgroup &workgroup, uint32_t address, uint64_t bytes);
  bool executeMemory(Workgroup &workgroup, Lane &lane, const Instruction &instruction);

  // Warp.cpp: instructions of all lanes of a warp.
  bool executeWarp(Workgroup &workgroup, Warp &warp, uint32_t lanes, const Instruction &instruction);
  // MatrixOps.cpp
  bool loadMatrices(Workgroup &workgroup, Warp &warp, const Instruction &instruction);
  bool storeMatrices(Workgroup &workgroup, Warp &warp, const Instruction &instruction);
  bool multiply(Workgroup &workgroup, Warp &warp, const Instruction &instruction);
  // Wgmma.cpp
  bool executeWgmma(Workgroup &workgroup, Warp &warp, const Instruction &instruction);
  bool checkReadings(Workgroup &workgroup, const std::vector<Reading> &readings);

  // Async.cpp
  bool executeAsync(Workgroup &workgroup, Lane &lane, const Instruction &instruction);
  bool startCopy(Workgroup &workgroup, Lane &lane, const Instruction &instruction);
  bool startTensorCopy(Workgroup &workgroup, Lane &lane, const Instruction &instruction);
  bool executeMbarrier(Workgroup &workgroup, Lane &lane, const Instruction &instruction);
  /// Those of all groups but the last `left`.
  void finishCopies(Workgroup &workgroup, Lane &lane, size_t left);
  bool finishStores(Workgroup &workgroup, Lane &lane, size_t left);
  bool readSources(Workgroup &workgroup, Lane &lane, size_t left);
  bool finishLoad(TensorCopy &copy);
  bool moveBox(Workgroup &workgroup, TensorCopy &copy, bool loads);
  Mbarrier *mbarrierAt(Workgroup &workgroup, Lane &lane, const Operand &address,
                       const Instruction &instruction);
  static void complete(Mbarrier &barrier);

  uint64_t value(const Workgroup &workgroup, const Lane &lane, const Operand &operand) const;
  static void assign(Lane &lane, const Operand &operand, uint64_t value, Type type) {
    if (operand.kind == OperandKind::Register)
      lane.registers[operand.slot] = value & type.mask();
  }
  bool fail(const Workgroup &workgroup, int thread, const Instruction &instruction, const llvm::Twine &what);
  bool fail(const llvm::Twine &what) {
    failure = what.str();
    return false;
  }

  const Function &function;
  const Program &program;
  const Launch &launch;
  simulate::DeviceMemory &memory;
  const RunOptions &options;
  std::mt19937_64 random;
  bool eager; // copies arrive as soon as they are asked for
  std::vector<uint8_t> parameters;
  std::map<uint64_t, TensorMap> maps; // by their places among the parameters

  std::vector<Workgroup> cluster;
  int clusterArrived = 0;
  uint64_t clusterGeneration = 0;
  std::vector<TensorCopy> loads; // under way
  bool moved = false;            // a barrier in memory, by the lane that runs
};

} // namespace codesign::ptx
