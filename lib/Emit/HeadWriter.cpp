// What precedes the body of a kernel: constants, the instruction, shared memory and the signature.
#include "KernelWriter.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::Error;
using llvm::formatv;

namespace codesign::emit {

using namespace kernel;

/// All shared memory as one struct, whose size the launch asks for.
void KernelWriter::writeShared(llvm::raw_ostream &to) {
  to << "\nstruct Shared {\n";
  function.walk([&](Operation *op) {
    if (auto alloc = dyn_cast<AllocOp>(op))
      to << formatv("  {0} {1}[{2}];\n", tileClass(alloc.getType().getSlotType(), alloc.getName()),
                    alloc.getName(), slotsOf(alloc));
    else if (auto barriers = dyn_cast<MbarriersOp>(op))
      to << formatv("  unsigned long long {0}[{1}]; // mbarriers\n", barriers.getName(),
                    ringLength(barriers.getType().getCount()));
  });
  to << formatv("};\nstatic_assert(sizeof(Shared) == {0}, \"what a launch asks for\");\n",
                function.getSharedBytes());
}

/// One kernel multiplies with one instruction; its struct is what the primitives are instantiated with.
Error KernelWriter::writeInstruction(llvm::raw_ostream &to) {
  StringAttr name;
  bool several = false;
  function.walk([&](ZeroOp op) {
    several |= name && name != op.getType().getInstruction();
    name = op.getType().getInstruction();
  });
  if (several)
    return usageError(function.getSymName() + ": uses two matrix instructions; one is emitted per kernel");
  if (!name)
    return Error::success();
  OperandOrder order;
  function.walk([&](WgmmaOp op) {
    order = {isa<PanelsAttr>(op.getA().getType().getLayout()),
             isa<PanelsAttr>(op.getB().getType().getLayout())};
  });
  return target.writeInstruction(*findMatrixInstruction(architectureOf(function), name.getValue()), order,
                                 to);
}

Error KernelWriter::writeSignature() {
  const std::string head =
      (target.signature(function, threads(), clusterSize()) + " " + function.getSymName() + "(").str();
  llvm::SmallVector<std::string> arguments;
  for (auto [index, argument] : llvm::enumerate(function.getBody().getArguments())) {
    const std::string name = fresh(cast<StringAttr>(function.getArgumentNames()[index]).getValue());
    expressions[argument] = {name};
    if (isa<TensorMapType>(argument.getType())) {
      arguments.push_back("const __grid_constant__ TensorMap " + name);
      continue;
    }
    auto tile = dyn_cast<TileType>(argument.getType());
    if (!tile) {
      arguments.push_back("int " + name);
      continue;
    }
    llvm::Expected<std::string> element = elementName(tile.getElementType());
    if (!element)
      return element.takeError();
    // What is stored to is reached through kernel.rows, or left to other workgroups; all else is only read.
    const bool written = llvm::any_of(argument.getUsers(), [](Operation *user) {
      return isa<SumPartsOp, SumGroupPartsOp, SumPiecesOp>(user) ||
             (isa<LocateScalesOp>(user) &&
              llvm::any_of(user->getResult(0).getUsers(),
                           [](Operation *use) { return isa<QuantiseBlocksOp>(use); })) ||
             (isa<RowsOp>(user) && llvm::any_of(user->getResult(0).getUsers(), [user](Operation *use) {
                auto sum = dyn_cast<SumListedRowsOp>(use);
                return isa<StoreOp, StorePanelsOp, SumGroupPartsOp, RowSquaresOp>(use) ||
                       (sum && sum.getTo() == user->getResult(0));
              }));
    });
    arguments.push_back((written ? "" : "const ") + *element + " *" + name);
  }
  const std::string list = llvm::join(arguments, ", ");
  if (head.size() + list.size() + 3 <= lineLength)
    out << head << list << ") {\n";
  else
    out << head << "\n    " << llvm::join(arguments, ",\n    ") << ") {\n";
  return Error::success();
}

} // namespace codesign::emit
