// What results of 8 bits ask of the device and of what follows them.
#include "codesign/Isa/Architecture.h"
#include "dialects/Kernel/OpChecks.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace codesign::kernel {

std::optional<DataType> quantisedType(Architecture architecture) {
  switch (architecture) {
  case Architecture::Gfx942:
    return DataType::F8E4M3FNUZ;
  case Architecture::Gfx950:
  case Architecture::Sm90a:
    return DataType::F8E4M3;
  default:
    return std::nullopt;
  }
}

LogicalResult verifyQuantised(Operation *op, FragmentType fragment, Type element, Value result) {
  if (fragment.getRole() != Role::Accumulator)
    return op->emitOpError("works on accumulators");
  if (failed(verifyFragment(op, fragment)))
    return failure();
  const Architecture architecture = *parseArchitecture(kernelOf(op).getTarget().getArchitecture().getValue());
  const std::optional<DataType> type = quantisedType(architecture);
  if (!type)
    return op->emitOpError() << toString(architecture) << " has no instruction that rounds to 8 bits";
  if (dataTypeOf(element) != type)
    return op->emitOpError() << toString(architecture) << " rounds to " << toString(*type) << ", not to "
                             << element;
  if (!llvm::all_of(result.getUsers(), [](Operation *user) { return isa<StoreOp, StageOp>(user); }))
    return op->emitOpError("is the last step before the store: what follows would work on scaled numbers");
  return success();
}

LogicalResult QuantiseOp::verify() {
  TileType scale = getScale().getType();
  if (scale.getSpace() != Space::Global || !scale.getElementType().isF32() || scale.getRows() != 1 ||
      scale.getColumns() != 1)
    return emitOpError() << "takes one fp32 of global memory as its scale, not " << scale;
  return verifyQuantised(*this, getFragment().getType(), getElement(), getResult());
}

} // namespace codesign::kernel
