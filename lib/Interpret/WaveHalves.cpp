#include "WaveHalves.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

namespace {

constexpr int64_t halves = 2;

/// What the halves of a workgroup share.
struct Meeting {
  Scheduler scheduler;
  std::shared_ptr<SharedContents> shared;
  int64_t arrived = 0, held = 0; // at the open barrier; barriers that are over
};

class WaveHalf : public Interpreter {
public:
  WaveHalf(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup, int64_t part,
           Meeting &meeting, int64_t half)
      : Interpreter(function, arguments, workgroup, function.getWaveCount() / halves, part, meeting.shared),
        meeting(meeting), half(half) {}

private:
  int64_t firstWave() const override { return half * waves; }

  Error runOperation(Operation *op) override {
    const bool meets =
        isa<BarrierOp>(op) || (isa<FallBehindOp>(op) && half == 1) || (isa<CatchUpOp>(op) && half == 0);
    if (meets)
      return meet(op);
    return isa<FallBehindOp, CatchUpOp>(op) ? Error::success() : Interpreter::runOperation(op);
  }

  Error meet(Operation *op) {
    const int64_t mine = meeting.held;
    if (++meeting.arrived == halves) {
      meeting.arrived = 0;
      ++meeting.held;
      meeting.shared->barrier();
      return Error::success();
    }
    return at(op, meeting.scheduler.wait([&] { return meeting.held > mine; },
                                         "half " + std::to_string(half) + " waits at barrier " +
                                             std::to_string(mine) + " that the other does not reach"));
  }

  Meeting &meeting;
  int64_t half;
};

} // namespace

Error runHalves(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup, int64_t part) {
  Meeting meeting;
  meeting.shared = std::make_shared<SharedContents>(function.getSharedBytes());
  std::vector<std::function<Error()>> bodies;
  for (int64_t half = 0; half < halves; ++half)
    bodies.emplace_back([&, half] {
      return WaveHalf(function, arguments, workgroup, part, meeting, half).Interpreter::run();
    });
  return meeting.scheduler.run(bodies);
}

} // namespace codesign
