// One role of a warp-specialised kernel in one workgroup: the producer lane, or a consumer warpgroup.
#pragma once

#include "ClusterMemory.h"
#include "Interpreter.h"
#include "Scheduler.h"
#include <deque>

namespace codesign {

/// What the workgroups of one cluster share.
struct Cluster {
  Cluster(kernel::FuncOp function, int64_t index, int64_t count);

  /// Runs all roles of all workgroups.
  llvm::Error run(kernel::FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t rowCount);

  int64_t index, count; // this cluster and all of the launch
  int64_t agentsPerWorkgroup;
  Scheduler scheduler;
  std::vector<WorkgroupMemory> workgroups;
  std::vector<int64_t> running; // agents of each workgroup that have not ended
  unsigned nextAccess = 1;
  // The cluster's barrier.
  int64_t arrived = 0, meetings = 0;
  Knowledge gathered, met;
};

class Agent : public Interpreter {
public:
  /// `group` is the consumer's number, −1 for the producer. Tensor maps of unknown height have `rowCount`
  /// rows.
  Agent(kernel::FuncOp function, llvm::ArrayRef<KernelArgument> arguments, Cluster &cluster, int64_t rank,
        int64_t group, int64_t rowCount);

  llvm::Error runToEnd();

private:
  /// Threads that act alike: the lane that is elected for single steps with its warp, and the other warps.
  struct Half {
    Knowledge knowledge;
    llvm::SparseBitVector<> written; // by itself
    int64_t warps = 0;
  };

  llvm::Error runOperation(mlir::Operation *op) override;
  int64_t firstWave() const override { return group < 0 ? 0 : group; }
  llvm::Error writeShared(int64_t byte, const uint8_t *from, int64_t wave) override;
  llvm::Error readShared(int64_t byte, uint8_t *to, int64_t wave) override;
  void meetBeforeCount() override;
  llvm::Error runOther(mlir::Operation *op) override;

  llvm::Error run(kernel::CopyAsyncOp op);
  /// Copies of closed groups are over, but for the last `pending` groups.
  void waitCopies(size_t pending);
  llvm::Error run(kernel::MbarriersOp op);
  llvm::Error run(kernel::ClusterBarrierOp op);
  llvm::Error run(kernel::AwaitOp op);
  llvm::Error run(kernel::ArriveOp op);
  llvm::Error run(kernel::ExpectBytesOp op);
  llvm::Error run(kernel::CopyTensorOp op);
  llvm::Error run(kernel::StageOp op);
  llvm::Error run(kernel::StoreTensorOp op);
  llvm::Error run(kernel::WgmmaOp op);
  llvm::Error run(kernel::WaitProductsOp op);
  llvm::Error run(kernel::AddProductsOp op);
  llvm::Error run(kernel::CountExpertTilesOp op);
  llvm::Error run(kernel::ExpertTileCountOp op);
  llvm::Error run(kernel::ExpertTileAtOp op);
  llvm::Error run(kernel::StorePanelsOp op);
  llvm::Error run(kernel::SumGroupPartsOp op);

  /// The mbarrier of a use in one workgroup; an error before it is set up as far as this agent knows.
  llvm::Expected<Mbarrier *> barrierOf(mlir::Operation *op, mlir::Value ring, mlir::Value use, int64_t rank);
  /// An error if the workgroup has ended.
  llvm::Error checkRunning(mlir::Operation *op, int64_t rank);
  int64_t number(mlir::Value value) { return values[value].index.front(); }
  unsigned newAccess() { return cluster.nextAccess++; }
  /// A number of those that kernel.count_expert_tiles left in shared memory.
  int64_t countAt(mlir::Value counts, int64_t row, int64_t expert);
  /// An error unless every half knows that they are there.
  llvm::Error readCounts(mlir::Operation *op, mlir::Value counts);
  /// A panel of shared memory to (row, column) of the rows that exist; the rest is not written.
  void copyPanel(int64_t firstByte, kernel::TileType panel, const Tile &to, int64_t row, int64_t column);
  /// Rows [row, row + count) of a tile in shared memory as numbers; every half must know that they are there.
  llvm::Expected<std::vector<float>> readOperand(mlir::Value tile, int64_t row, int64_t count,
                                                 unsigned access);

  Cluster &cluster;
  WorkgroupMemory &memory;
  int64_t rank, group;
  llvm::SmallVector<Half, 2> halves;
  std::deque<unsigned> products; // groups under way, oldest first
  llvm::SmallVector<unsigned> stores;
  llvm::SmallVector<unsigned> openCopies;             // by the threads themselves
  std::deque<llvm::SmallVector<unsigned>> copyGroups; // those that are closed, oldest first
  int64_t barrierTop = 0;
};

} // namespace codesign
