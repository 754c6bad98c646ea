#include "KernelWriter.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

llvm::raw_ostream &KernelWriter::line() {
  return out.indent(2 * depth);
}

Error KernelWriter::fail(Operation *op, const llvm::Twine &reason) {
  return usageError(function.getSymName() + ": " + op->getName().getStringRef() + ": " + reason);
}

void KernelWriter::reserveNames() {
  for (const std::string &name : constants.names())
    fresh(name);
  function.walk([&](ConstantOp op) { expressions[op.getResult()] = {op.getName().str()}; });
  function.walk([&](Operation *op) {
    if (repeatCounter.empty() && isRepeatNumber(op))
      repeatCounter = fresh("step");
  });
  if (target.sharesOneBlock(function)) {
    sharedName = fresh("shared");
    fresh("Shared");
    fresh("sharedMemory");
  }
}

/// Names that the IR gives and those that follow from the layout say the same.
Error KernelWriter::checkNames() {
  Error error = Error::success();
  function.walk([&](ConstantOp op) {
    if (const int64_t known = constants.valueOf(op.getName());
        !error && known != static_cast<int64_t>(op.getValue()))
      error = fail(op, op.getName() + " is " + llvm::Twine(known) + " in the source");
  });
  return error;
}

Error KernelWriter::write(llvm::raw_ostream &to) {
  if (Error error = checkNames())
    return error;
  if (llvm::is_contained(constants.names(), function.getSymName()))
    return usageError("a kernel cannot be named " + function.getSymName() +
                      ", as a constant of its source is");
  reserveNames();
  std::string declarations;
  llvm::raw_string_ostream before(declarations);
  if (Error error = writeInstruction(before))
    return error;
  if (target.sharesOneBlock(function))
    writeShared(before);
  if (Error error = writeSignature())
    return error;
  if (target.sharesOneBlock(function)) {
    out << "  extern __shared__ __align__(" << (function.getRoles() ? 1024 : 128)
        << ") char sharedMemory[]; // "
        << (function.getRoles() ? "swizzles repeat after 1024 bytes" : "sized at launch: over 48 KiB")
        << '\n';
    out << "  Shared &" << sharedName << " = *reinterpret_cast<Shared *>(sharedMemory);\n";
  }
  if (Error error = writeBlock(function.getBody().front()))
    return error;
  out << "}\n";

  std::string named;
  llvm::raw_string_ostream names(named);
  constants.write(declarations + body, names);
  if (!named.empty() || !declarations.empty())
    to << "namespace {\n\n"
       << named << (named.empty() || declarations.empty() ? "" : "\n") << declarations
       << "\n} // namespace\n\n";
  to << body;
  return Error::success();
}

Error KernelWriter::writeBlock(Block &block) {
  for (Operation &op : block) {
    if (beginsRepeats(&op)) {
      llvm::Expected<bool> done = writeRepeats(&op);
      if (!done)
        return done.takeError();
    }
    if (Error error = writeOperation(&op))
      return error;
  }
  return Error::success();
}

Error KernelWriter::writeOperation(Operation *op) {
  if (written.contains(op))
    return Error::success();
  comment(op);
  if (isPartMove(op))
    return writePartMoves(op);
  auto arithmetic = [&](Expression (*combined)(const Expression &, const Expression &)) {
    expressions[op->getResult(0)] = combined(expression(op->getOperand(0)), expression(op->getOperand(1)));
    nameValue(op);
    return Error::success();
  };
  return llvm::TypeSwitch<Operation *, Error>(op)
      .Case<arith::ConstantIndexOp>([&](auto constant) {
        expressions[constant.getResult()] = repeating && isRepeatNumber(constant)
                                                ? Expression{repeatCounter}
                                                : Expression::ofLiteral(constant.value());
        return Error::success();
      })
      .Case<arith::AddIOp>([&](auto) { return arithmetic(sum); })
      .Case<arith::SubIOp>([&](auto) { return arithmetic(difference); })
      .Case<arith::MulIOp>([&](auto) { return arithmetic(product); })
      .Case<arith::DivUIOp>([&](auto) { return arithmetic(quotient); })
      .Case<arith::RemUIOp>([&](auto) { return arithmetic(remainder); })
      .Case<ConstantOp, ReturnOp, scf::YieldOp>([](auto) { return Error::success(); })
      .Case<TileOrderOp, ExpertTileOp, GatherRowsOp, WaveTileOp, RowsOp, AllocOp, SlotOp, FetchOp,
            LoadFragmentOp, ZeroOp, MmaOp, MmaPartOp, LocateScalesOp, FetchScalesOp, CombineScalesOp,
            MmaScaledOp, AddBiasOp, ScaleColumnsOp, ScaleRowsOp, ActivationOp, GateOp, AddMatrixOp, StoreOp,
            WaveIndexOp, FetchFragmentOp, CollectSumsOp, PartOp, SumPartsOp, scf::ForOp, ClusterPositionOp,
            TileCountOp, RolesOp, MbarriersOp, CopyTensorOp, StoreTensorOp, WgmmaOp, WaitProductsOp,
            AddProductsOp, CountExpertTilesOp, ExpertTileCountOp, ExpertTileAtOp, StorePanelsOp,
            SumGroupPartsOp>([&](auto known) { return emit(known); })
      .Case<ExpectBytesOp, QuantiseOp, RotateOp, RowSquaresOp, FetchAcrossOp, DepthTilesOp, StreamKOp,
            StreamKPieceOp, SumPiecesOp, SumListedRowsOp, GroupOp, DepositOp, DepositTransposedOp,
            CopyAsyncOp, CopyWaveRowsOp, CommitCopiesOp, WaitCopiesOp, ReuseOp, DepositMaximaOp,
            QuantiseBlocksOp>([&](auto known) { return emit(known); })
      .Case<AwaitOp, ArriveOp, StageOp, ClusterBarrierOp, GroupBarrierOp, FenceAsyncOp, WaitStoresOp>(
          [&](auto known) {
            line() << asyncStatement(known) << ";\n";
            return Error::success();
          })
      .Case<DepositSumsOp>([&](DepositSumsOp deposit) {
        explain("each wave has summed its part of k: all of them leave their sums, and each adds up a share");
        line() << text(deposit.getFragment()) << ".deposit(" << text(deposit.getSlots()) << ");\n";
        return Error::success();
      })
      .Case<WaveBarrierOp>([&](auto) {
        line() << "waveBarrier();\n";
        return Error::success();
      })
      .Case<BarrierOp>([&](auto) {
        line() << "barrier();\n";
        return Error::success();
      })
      .Case<SchedulingFenceOp>([&](auto) {
        if (isa_and_nonnull<FetchFragmentOp, FetchScalesOp>(op->getPrevNode()))
          explain("the loads of a step stay in front of the next one: compilers would delay them to save "
                  "registers");
        line() << "schedulingFence();\n";
        return Error::success();
      })
      .Case<FallBehindOp, CatchUpOp>([&](auto) {
        explain(isa<FallBehindOp>(op) ? "the second half of the waves is a phase behind from here on: of the "
                                        "two waves of a SIMD one "
                                        "multiplies while the other reads LDS and moves tiles"
                                      : "the first half waits until the second has ended its last phase");
        line() << (isa<FallBehindOp>(op) ? "fallBehind<" : "catchUp<") << waves() << ">();\n";
        return Error::success();
      })
      .Case<InterleaveOp>([&](InterleaveOp mix) {
        const InterleaveOp::Counts counts = mix.getCounts();
        explain("<products, LDS reads, LDS writes, loads> of the phase, in this order: each memory "
                "operation, then "
                "its share of the products, which hide it");
        line() << formatv("interleave<{0}, {1}, {2}, {3}>();\n", counts.products, counts.reads, counts.writes,
                          counts.loads);
        return Error::success();
      })
      .Case<PriorityOp>([&](PriorityOp priority) {
        if (priority.getLevel() > 0)
          explain("products first: what the other wave of the SIMD issues fills the gaps between them");
        line() << "priority<" << priority.getLevel() << ">();\n";
        return Error::success();
      })
      .Default([&](Operation *unknown) { return fail(unknown, "has no emitted form"); });
}

Error KernelWriter::emit(scf::ForOp op) {
  // A value carried round the loop lives in one variable; the body must end with the new value in it.
  for (auto [init, argument] : llvm::zip_equal(op.getInitArgs(), op.getRegionIterArgs()))
    if (Error error = updateInPlace(op, init, argument))
      return error;
  auto name = op->getAttrOfType<StringAttr>("kernel.name");
  const llvm::StringMap<int> takenOutside = taken;
  const std::string counter = fresh(name && isSafeIdentifier(name.getValue()) ? name.getValue() : "i");
  expressions[op.getInductionVar()] = {counter};
  counters.push_back(llvm::toUpper(counter.front()) + counter.substr(1));
  if (op->hasAttr("kernel.unroll"))
    out << "#pragma unroll\n";
  else if (op->hasAttr("kernel.rolled"))
    out << "#pragma unroll 1\n";
  const std::optional<int64_t> step = constantValue(op.getStep());
  std::string end = text(op.getUpperBound());
  if (op->hasAttr("kernel.unknown_end"))
    end = "unknown(" + end + ")";
  line() << formatv("for (int {0} = {1}; {0} < {2}; {3}) {{\n", counter, text(op.getLowerBound()), end,
                    step && *step == 1 ? "++" + counter : counter + " += " + text(op.getStep()));
  ++depth;
  if (Error error = writeBlock(*op.getBody()))
    return error;
  --depth;
  counters.pop_back();
  line() << "}\n";
  leaveScope(takenOutside);
  for (auto [argument, yielded, result] :
       llvm::zip_equal(op.getRegionIterArgs(), op.getYieldedValues(), op.getResults())) {
    if (text(yielded) != text(argument))
      return fail(op, "'" + text(argument) + "' ends the loop in another variable, '" + text(yielded) + "'");
    expressions[result] = {text(argument)};
    variables[text(argument)].current = result;
  }
  return Error::success();
}

} // namespace codesign::emit
