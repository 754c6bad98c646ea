// What the verifier asks of waves that are one phase behind the others: it follows both halves from barrier
// to barrier and compares what they do with LDS in the same interval.
#include "dialects/Kernel/OpChecks.h"
#include "dialects/Kernel/Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

using namespace mlir;

namespace codesign::kernel {

LogicalResult verifyAmd(Operation *op, StringRef what) {
  FuncOp kernel = kernelOf(op);
  if (!kernel)
    return op->emitOpError("stands outside a kernel.func");
  const Architecture architecture = *parseArchitecture(kernel.getTarget().getArchitecture().getValue());
  if (vendorOf(architecture) != Vendor::Amd)
    return op->emitOpError() << toString(architecture) << " has no " << what;
  return success();
}

namespace {

constexpr int64_t simdsPerComputeUnit = 4; // CDNA3 and CDNA4 ISA
constexpr int64_t highestPriority = 3;     // s_setprio

/// When something happens: the first half of the waves is in interval `phase`, the other `lag` later.
struct Moment {
  int64_t phase = 0, lag = 0;

  int64_t intervalOf(int64_t half) const { return phase + lag * half; }
};

/// One use of a slot of LDS by all waves, from its first moment to its last.
struct Access {
  Operation *op;
  Value ring;
  int64_t slot;
  bool writes;
  Moment first, last;
};

/// Walks a kernel in the order of its first half and notes every access to LDS.
class PhaseWalk {
public:
  explicit PhaseWalk(FuncOp kernel) : kernel(kernel) {}

  LogicalResult run();

private:
  LogicalResult walk(Block &block);
  LogicalResult walk(scf::ForOp loop);
  LogicalResult note(Operation *op, Value tile, bool writes);
  LogicalResult noteReuse(Operation *op, Value tile, bool writes);
  std::optional<int64_t> evaluate(Value value) const;
  LogicalResult compare(const Access &one, const Access &other) const;

  FuncOp kernel;
  llvm::DenseMap<Value, int64_t> counters;
  Moment now;
  int64_t period = 1; // of the slots of all rings
  SmallVector<Access> accesses;
  SmallVector<size_t> open;                // copies of the group that is not closed yet
  SmallVector<SmallVector<size_t>> groups; // copies under way, oldest first
};

std::optional<int64_t> PhaseWalk::evaluate(Value value) const {
  if (auto found = counters.find(value); found != counters.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<ConstantOp>(op))
    return constant.getValue();
  if (auto constant = dyn_cast_or_null<arith::ConstantIndexOp>(op))
    return constant.value();
  if (!isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  const std::optional<int64_t> left = evaluate(op->getOperand(0)), right = evaluate(op->getOperand(1));
  if (!left || !right)
    return std::nullopt;
  return isa<arith::AddIOp>(op) ? *left + *right : *left - *right;
}

LogicalResult PhaseWalk::note(Operation *op, Value tile, bool writes) {
  auto slot = tile.getDefiningOp<SlotOp>();
  const std::optional<int64_t> index = slot ? evaluate(slot.getIndex()) : std::nullopt;
  if (!index)
    return op->emitOpError("uses a slot that the IR does not tell, while waves are one phase apart");
  accesses.push_back({op, slot.getRing(), *index % slot.getRing().getType().getSlots(), writes, now, now});
  return success();
}

/// A tile in the LDS of a ring may lie in any of its slots.
LogicalResult PhaseWalk::noteReuse(Operation *op, Value tile, bool writes) {
  auto reuse = tile ? tile.getDefiningOp<ReuseOp>() : ReuseOp();
  for (int64_t slot = 0; reuse && slot < reuse.getRing().getType().getSlots(); ++slot)
    accesses.push_back({op, reuse.getRing(), slot, writes, now, now});
  return success();
}

LogicalResult PhaseWalk::walk(scf::ForOp loop) {
  const std::optional<int64_t> from = evaluate(loop.getLowerBound()), to = evaluate(loop.getUpperBound()),
                               step = evaluate(loop.getStep());
  if (!from || !to || !step || *step < 1)
    return loop.emitOpError("has bounds that the IR does not tell, while waves are one phase apart");
  // Rounds that only repeat what those before them did with the same slots are left out.
  const int64_t rounds = std::max<int64_t>(0, llvm::divideCeil(*to - *from, *step)), shown = 3 * period;
  const int64_t skipped = rounds > 2 * shown ? (rounds - 2 * shown) / period * period : 0;
  for (int64_t round = 0; round < rounds; ++round) {
    if (round == shown)
      round += skipped;
    counters[loop.getInductionVar()] = *from + round * *step;
    if (failed(walk(*loop.getBody())))
      return failure();
  }
  return success();
}

LogicalResult PhaseWalk::walk(Block &block) {
  for (Operation &op : block) {
    const LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<scf::ForOp>([&](scf::ForOp loop) { return walk(loop); })
            .Case<BarrierOp>([&](auto) {
              ++now.phase;
              return success();
            })
            .Case<FallBehindOp>([&](auto) {
              now.lag = 1;
              return success();
            })
            .Case<CatchUpOp>([&](auto) {
              now = {now.phase + now.lag, 0};
              return success();
            })
            .Case<LoadFragmentOp>([&](LoadFragmentOp load) { return note(load, load.getTile(), false); })
            .Case<DepositOp, DepositTransposedOp>(
                [&](auto deposit) { return note(deposit, deposit.getTile(), true); })
            .Case<DepositMaximaOp>(
                [&](DepositMaximaOp deposit) { return noteReuse(deposit, deposit.getMaxima(), true); })
            .Case<QuantiseBlocksOp>(
                [&](QuantiseBlocksOp quantise) { return noteReuse(quantise, quantise.getMaxima(), false); })
            .Case<CopyAsyncOp>([&](CopyAsyncOp copy) {
              open.push_back(accesses.size());
              return note(copy, copy.getTile(), true);
            })
            .Case<CommitCopiesOp>([&](auto) {
              groups.push_back(std::move(open));
              open.clear();
              return success();
            })
            .Case<WaitCopiesOp>([&](WaitCopiesOp wait) {
              while (groups.size() > wait.getPending()) {
                for (size_t copy : groups.front())
                  accesses[copy].last = now;
                groups.erase(groups.begin());
              }
              return success();
            })
            .Case<DepositSumsOp, CollectSumsOp, RolesOp>([&](Operation *other) {
              return other->emitOpError("does not go with waves that are one phase apart");
            })
            .Default([](Operation *) { return success(); });
    if (failed(result))
      return failure();
  }
  return success();
}

/// Waves of one half are in step, and each writes a part of its own: a tile is in danger where an interval of
/// one half's access is one of the other's, or where both stand in one phase.
LogicalResult PhaseWalk::compare(const Access &one, const Access &other) const {
  if (one.ring != other.ring || one.slot != other.slot || !(one.writes || other.writes))
    return success();
  for (int64_t half : {0, 1})
    for (int64_t otherHalf : {0, 1}) {
      const bool together = one.first.intervalOf(half) <= other.last.intervalOf(otherHalf) &&
                            other.first.intervalOf(otherHalf) <= one.last.intervalOf(half);
      if (!together)
        continue;
      const char *whose = half == otherHalf ? "other waves of its half"
                          : otherHalf == 1  ? "the waves behind"
                                            : "the waves ahead";
      auto ring = one.ring.getDefiningOp<AllocOp>();
      return one.op->emitOpError() << (one.writes ? "writes" : "reads") << " slot " << one.slot << " of '"
                                   << (ring ? ring.getName() : StringRef("LDS")) << "' while " << whose
                                   << (other.writes ? " write it" : " read it")
                                   << ": no barrier stands between, phase " << one.first.phase;
    }
  return success();
}

LogicalResult PhaseWalk::run() {
  kernel.walk([&](SlotOp slot) { period = std::lcm(period, slot.getRing().getType().getSlots()); });
  if (failed(walk(kernel.getBody().front())))
    return failure();
  for (const SmallVector<size_t> &group : groups)
    for (size_t copy : group)
      accesses[copy].last = now;
  for (size_t i = 0; i < accesses.size(); ++i)
    for (size_t j = i + 1; j < accesses.size(); ++j) {
      // What lies further apart in the first half's order cannot meet.
      if (accesses[j].first.phase > accesses[i].last.phase + 1)
        continue;
      if (failed(compare(accesses[i], accesses[j])))
        return failure();
    }
  return success();
}

} // namespace

LogicalResult verifyPhases(FuncOp kernel) {
  const bool apart = !kernel.getBody().front().getOps<FallBehindOp>().empty();
  return apart ? PhaseWalk(kernel).run() : success();
}

LogicalResult FallBehindOp::verify() {
  if (failed(verifyAmd(*this, "waves that are bound to a SIMD by their number")))
    return failure();
  FuncOp kernel = kernelOf(*this);
  if (kernel.getWaveCount() != 2 * simdsPerComputeUnit)
    return emitOpError() << kernel.getWaveCount()
                         << " waves: half of them take turns with the others, one of "
                         << "each on each of " << simdsPerComputeUnit << " SIMDs";
  if ((*this)->getBlock() != &kernel.getBody().front())
    return emitOpError("stands in a loop: the waves would fall behind again in each round");
  int64_t apart = 0, together = 0;
  kernel.walk([&](FallBehindOp) { ++apart; });
  kernel.walk([&](CatchUpOp) { ++together; });
  if (apart != 1 || together != 1)
    return emitOpError("waves fall behind once and catch up once");
  return success();
}

LogicalResult CatchUpOp::verify() {
  for (Operation *op = (*this)->getPrevNode(); op; op = op->getPrevNode())
    if (isa<FallBehindOp>(op))
      return success();
  return emitOpError("no waves have fallen behind before, in the same block");
}

InterleaveOp::Counts InterleaveOp::getCounts() {
  FuncOp kernel = kernelOf(*this);
  const Architecture architecture = *parseArchitecture(kernel.getTarget().getArchitecture().getValue());
  const int64_t threads = kernel.getThreadCount();
  Counts counts;
  auto chunksOf = [&](StagedType staged) {
    const int64_t chunks = staged.getShape()[0] * staged.getShape()[1] / chunkLength(staged.getElementType());
    return llvm::divideCeil(chunks, threads);
  };
  auto addProducts = [&](FragmentType a, FragmentType b) {
    const Operand left(a, architecture), right(b, architecture);
    counts.products += left.countFirst() * right.countFirst() * left.countSecond() * a.getPack();
  };
  for (Operation *op = (*this)->getPrevNode(); op && !isa<InterleaveOp, BarrierOp, SchedulingFenceOp>(op);
       op = op->getPrevNode())
    llvm::TypeSwitch<Operation *>(op)
        .Case<MmaOp, MmaPartOp>([&](auto mma) { addProducts(mma.getA().getType(), mma.getB().getType()); })
        .Case<LoadFragmentOp>([&](LoadFragmentOp load) {
          const Operand operand(load.getType(), architecture);
          counts.reads +=
              operand.countFirst() * operand.countSecond() * std::max<int64_t>(1, operand.runsPerLane());
        })
        .Case<DepositOp>([&](DepositOp deposit) { counts.writes += chunksOf(deposit.getStaged().getType()); })
        .Case<FetchOp>([&](FetchOp fetch) { counts.loads += chunksOf(fetch.getType()); });
  return counts;
}

LogicalResult InterleaveOp::verify() {
  if (failed(verifyAmd(*this, "scheduling groups")))
    return failure();
  for (Operation *op = (*this)->getPrevNode(); op && !isa<InterleaveOp, BarrierOp, SchedulingFenceOp>(op);
       op = op->getPrevNode()) {
    if (isa<MmaOp, MmaPartOp>(op))
      return success();
    if (isa<CopyAsyncOp>(op))
      return emitOpError("copies past the registers are assembly, which the compiler does not mix");
  }
  return emitOpError("no products to mix stand before it");
}

LogicalResult PriorityOp::verify() {
  const auto level = static_cast<int64_t>(getLevel());
  if (level < 0 || level > highestPriority)
    return emitOpError() << "priority " << level << "; there are 0 to " << highestPriority;
  return verifyAmd(*this, "priorities of waves");
}

} // namespace codesign::kernel
