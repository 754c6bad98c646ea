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

namespace {

std::string elementOf(Type type) {
  return llvm::cantFail(elementName(type));
}

/// The value of a constant, or of the sum or difference of two.
std::optional<int64_t> constantValue(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantIndexOp>())
    return constant.value();
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return static_cast<int64_t>(constant.getValue());
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  const std::optional<int64_t> left = constantValue(op->getOperand(0)),
                               right = constantValue(op->getOperand(1));
  if (!left || !right)
    return std::nullopt;
  return isa<arith::AddIOp>(op) ? *left + *right : *left - *right;
}

} // namespace

llvm::raw_ostream &KernelWriter::line() {
  return out.indent(2 * depth);
}

Error KernelWriter::fail(Operation *op, const llvm::Twine &reason) {
  return usageError(function.getSymName() + ": " + op->getName().getStringRef() + ": " + reason);
}

Error KernelWriter::checkRows(Operation *op, TileType rows) {
  const Architecture architecture = architectureOf(function);
  if (rows.isPadded() && vendorOf(architecture) != Vendor::Amd)
    return fail(op, "cuts padded rows, which kernels of " + toString(architecture) + " do not have");
  return Error::success();
}

std::string KernelWriter::fresh(StringRef hint) {
  const int count = ++taken[hint];
  if (count == 1)
    return hint.str();
  // "aPart" of the first step of k and "aPartAtK" of the others.
  const std::string inLoop =
      counters.empty() ? std::string() : (hint + "At" + llvm::Twine(counters.back())).str();
  if (!inLoop.empty() && !taken.contains(inLoop))
    return fresh(inLoop);
  return fresh((hint + llvm::Twine(count)).str());
}

bool KernelWriter::isLastUse(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
    return ancestor && (ancestor == op || ancestor->isBeforeInBlock(op));
  });
}

Error KernelWriter::updateInPlace(Operation *op, Value operand, Value result) {
  const std::string name = text(operand);
  if (!isLastUse(operand, op))
    return fail(op, "overwrites '" + name + "', which is used again later");
  expressions[result] = {name};
  variables[name].current = result;
  return Error::success();
}

void KernelWriter::nameValue(Operation *op) {
  auto hint = op->getAttrOfType<StringAttr>("kernel.name");
  if (!hint || !isSafeIdentifier(hint.getValue()) || op->use_empty())
    return;
  const std::string name = fresh(hint.getValue());
  line() << "const int " << name << " = " << text(op->getResult(0)) << ";\n";
  expressions[op->getResult(0)] = {name};
}

void KernelWriter::declareOrReload(Operation *op, Value result, StringRef hint, StringRef type,
                                   StringRef arguments) {
  auto known = variables.find(hint);
  if (known != variables.end() && known->second.current.getType() == result.getType() &&
      isLastUse(known->second.current, op)) {
    known->second.current = result;
    expressions[result] = {hint.str()};
    line() << hint << ".load(" << arguments << ");\n";
    return;
  }
  const std::string name = fresh(hint);
  variables[name] = {result, depth};
  expressions[result] = {name};
  line() << type << ' ' << name << '(' << arguments << ");\n";
}

void KernelWriter::reserveNames() {
  for (const std::string &name : constants.names())
    fresh(name);
  function.walk([&](ConstantOp op) { expressions[op.getResult()] = {op.getName().str()}; });
  if (target.sharesOneBlock(function)) {
    sharedName = fresh("shared");
    fresh("Shared");
    fresh("sharedMemory");
  }
}

Error KernelWriter::write(llvm::raw_ostream &to) {
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
  for (Operation &op : block)
    if (Error error = writeOperation(&op))
      return error;
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
        expressions[constant.getResult()] = constantText(constant);
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
            StreamKPieceOp, SumPiecesOp, SumListedRowsOp, GroupOp, ReuseOp, DepositMaximaOp,
            QuantiseBlocksOp>([&](auto known) { return emit(known); })
      .Case<AwaitOp, ArriveOp, StageOp, ClusterBarrierOp, GroupBarrierOp, FenceAsyncOp, WaitStoresOp>(
          [&](auto known) {
            line() << asyncStatement(known) << ";\n";
            return Error::success();
          })
      .Case<DepositOp>([&](DepositOp deposit) {
        line() << text(deposit.getStaged()) << ".store(" << text(deposit.getTile()) << ");\n";
        return Error::success();
      })
      .Case<DepositTransposedOp>([&](DepositTransposedOp deposit) {
        line() << text(deposit.getStaged()) << ".store(" << text(deposit.getTile()) << ");\n";
        return Error::success();
      })
      .Case<DepositSumsOp>([&](DepositSumsOp deposit) {
        explain("each wave has summed its part of k: all of them leave their sums, and each adds up a share");
        line() << text(deposit.getFragment()) << ".deposit(" << text(deposit.getSlots()) << ");\n";
        return Error::success();
      })
      .Case<CopyAsyncOp>([&](CopyAsyncOp copy) {
        const std::string call =
            vendorOf(architectureOf(function)) == Vendor::Amd
                ? copyClass(copy) + "::copy"
                : formatv("copyAsync<{0}>", number(function.getCopyingThreads(), {"threads"})).str();
        line() << call << "(" << text(copy.getTile()) << ", " << text(copy.getRows()) << ", "
               << text(copy.getColumn()) << ");\n";
        return Error::success();
      })
      .Case<CopyWaveRowsOp>([&](CopyWaveRowsOp copy) {
        line() << formatv("{0}::{1}({2}, {3}, {4}, {5}{6});\n", waveRowsClass(copy),
                          copy.getWhole() ? "copyWhole" : "copy", text(copy.getTile()), text(copy.getRow()),
                          text(copy.getRows()), text(copy.getColumn()),
                          copy.getInside() || copy.getWhole() ? "" : ", Clipped{}");
        return Error::success();
      })
      .Case<WaveBarrierOp>([&](auto) {
        line() << "waveBarrier();\n";
        return Error::success();
      })
      .Case<CommitCopiesOp>([&](auto) {
        line() << "commitCopies();\n";
        return Error::success();
      })
      .Case<WaitCopiesOp>([&](WaitCopiesOp wait) {
        line() << "waitCopies<" << pendingCopies(wait) << ">();\n";
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

/// Whether rows are those of one tile of k among many, which one copy reads: they need no name.
static bool isReadOnce(RowsOp op) {
  return op->hasOneUse() && isa<FetchOp, FetchAcrossOp, CopyAsyncOp>(*op->user_begin()) &&
         llvm::any_of(op.getMatrix().getUsers(), [op, name = op.getName()](Operation *user) {
           auto other = dyn_cast<RowsOp>(user);
           return other && other != op && other.getName() == name;
         });
}

/// Whether a row is that of a tile of the output, perhaps with what is added to it: else it is one of k.
static bool comesFromTile(Value row) {
  Operation *op = row.getDefiningOp();
  if (isa_and_nonnull<PlacementOpInterface, StreamKPieceOp, ExpertTileAtOp>(op))
    return true;
  return op && isa<arith::ArithDialect>(op->getDialect()) && llvm::any_of(op->getOperands(), comesFromTile);
}

Error KernelWriter::emit(RowsOp op) {
  if (Error error = checkRows(op, op.getType()))
    return error;
  const bool ofN = op.getName().starts_with("w"), rowsAreK = ofN && !comesFromTile(op.getFirst());
  const std::string type =
      formatv("{0}<{1}, {2}>", op.getType().isShuffled() ? "ShuffledRows" : "GlobalRows",
              elementOf(op.getType().getElementType()), rowLength(op.getType(), op.getName(), rowsAreK));
  std::string rows = std::to_string(op.getType().getRows()), extent = text(op.getExtent());
  if (!op.getType().getElementType().isF32() || !ofN) { // W's scales are those of blocks
    rows = number(op.getType().getRows(), {rowsAreK ? "tileK" : ofN ? "tileN" : "tileM", "tileK"});
    if (const std::optional<int64_t> end = expression(op.getExtent()).literal)
      extent = number(*end, {ofN && !rowsAreK ? "layerN" : "layerK"});
  }
  const std::string arguments =
      formatv("({0}, {1}, {2}, {3})", text(op.getMatrix()), text(op.getFirst()), rows, extent);
  if (isReadOnce(op)) {
    expressions[op.getResult()] = {type + arguments};
    return Error::success();
  }
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << "const " << type << ' ' << name << arguments << ";\n";
  return Error::success();
}

Error KernelWriter::emit(AllocOp op) {
  if (target.sharesOneBlock(function)) { // a member of it
    expressions[op.getResult()] = {(sharedName + "." + op.getName()).str()};
    return Error::success();
  }
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("__shared__ {0} {1}[{2}];\n", tileClass(op.getType().getSlotType(), op.getName()), name,
                    number(op.getType().getSlots(), {op.getName() == "waveSums" ? "waves" : "stages"}));
  return Error::success();
}

/// use % slots; where several rings are at the same use, a variable.
std::string KernelWriter::slotNumber(SlotOp op) {
  const int64_t slots = op.getRing().getType().getSlots();
  const std::string number =
      binary(expression(op.getIndex()), "%", {ringLength(slots)}, Precedence::Multiplicative).text;
  const bool shared = function.getRoles() && slots == constants.valueOf("stages") &&
                      llvm::count_if(op.getIndex().getUsers(), [&](Operation *user) {
                        return isa<SlotOp>(user) && user->getBlock() == op->getBlock();
                      }) > 1;
  if (!shared)
    return number;
  auto [known, isNew] = slotNames.try_emplace(std::pair(op.getIndex(), op->getBlock()));
  if (isNew) {
    auto name = op.getIndex().getDefiningOp()
                    ? op.getIndex().getDefiningOp()->getAttrOfType<StringAttr>("kernel.name")
                    : StringAttr();
    known->second = fresh(name && name.getValue() == "use" ? "slot" : "firstSlot");
    line() << "const int " << known->second << " = " << number << ";\n";
  }
  return known->second;
}

Error KernelWriter::emit(SlotOp op) {
  const int64_t slots = op.getRing().getType().getSlots();
  std::string index;
  if (std::optional<int64_t> constant = constantValue(op.getIndex()))
    index = std::to_string(*constant % slots);
  else if (slots == 1)
    index = "0";
  else
    index = slotNumber(op);
  expressions[op.getResult()] = {text(op.getRing()) + "[" + index + "]"};
  return Error::success();
}

int64_t KernelWriter::pendingCopies(WaitCopiesOp wait) {
  const int64_t groups = static_cast<int64_t>(wait.getPending());
  if (vendorOf(architectureOf(function)) != Vendor::Amd)
    return groups;
  // The counter counts loads, as many in each group.
  CommitCopiesOp commit;
  function.walk([&](CommitCopiesOp op) { commit = op; });
  int64_t loads = 0;
  for (Operation *op = commit->getPrevNode(); op && !isa<CommitCopiesOp>(op); op = op->getPrevNode())
    if (auto copy = dyn_cast<CopyAsyncOp>(op))
      loads += copy.getLoadsPerThread();
  return groups * loads;
}

Error KernelWriter::emit(FetchAcrossOp op) {
  const StagedBlocksType type = op.getType();
  const bool ofN = op.getName().starts_with("w");
  declareOrReload(op, op.getResult(), op.getName(),
                  formatv("StagedBlocks<{0}, {1}, {2}, {3}>", elementOf(type.getElementType()),
                          number(type.getShape()[0], {"tileK"}),
                          number(type.getShape()[1], {ofN ? "tileN" : "tileM"}), threads())
                      .str(),
                  text(op.getRows()) + ", " + text(op.getColumn()));
  return Error::success();
}

Error KernelWriter::emit(DepthTilesOp op) {
  const std::string name = fresh(op.getName());
  expressions[op.getResult()] = {name};
  line() << formatv("const int {0} = depthTiles<{1}, {3}>({2});\n", name,
                    number(static_cast<int64_t>(op.getTile()), {"tileK"}), text(op.getLength()),
                    op.getLeast());
  return Error::success();
}

Error KernelWriter::emit(FetchOp op) {
  declareOrReload(op, op.getResult(), op.getName(), stagedClass(op.getType(), op.getName()),
                  text(op.getRows()) + ", " + text(op.getColumn()));
  return Error::success();
}

void KernelWriter::leaveScope(const llvm::StringMap<int> &takenOutside) {
  taken = takenOutside;
  llvm::SmallVector<std::string> gone;
  for (auto &entry : variables)
    if (entry.second.depth > depth)
      gone.push_back(entry.first().str());
  for (const std::string &variable : gone)
    variables.erase(variable);
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
