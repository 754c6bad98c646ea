// What differs between the vendors' sources; the walker is shared.
#pragma once

#include "codesign/Isa/MatrixInstruction.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <string>

namespace codesign::emit {

/// Which operands of products from shared memory have their k along rows.
struct OperandOrder {
  bool aAcross = false, bAcross = false;
};

class Target {
public:
  virtual ~Target() = default;

  /// "extern \"C\" __global__ … void" for a kernel; `threads` is how its source writes their number.
  virtual std::string signature(kernel::FuncOp function, llvm::StringRef threads,
                                llvm::StringRef clusterSize) const = 0;
  /// The struct Mma: element types, shape and the instruction itself.
  virtual llvm::Error writeInstruction(const MatrixInstruction &record, OperandOrder order,
                                       llvm::raw_ostream &out) const = 0;
  /// Whether shared memory is one block that the launch sizes.
  virtual bool sharesOneBlock(kernel::FuncOp function) const = 0;
};

/// The architecture that the function's target names; its verifier has seen that there is such a one.
Architecture architectureOf(kernel::FuncOp function);

/// "bf16", "f16", "float"; an error for types without emitted arithmetic.
llvm::Expected<std::string> elementName(mlir::Type type);

/// Null where nothing is emitted yet.
std::unique_ptr<Target> createTarget(Architecture architecture);

} // namespace codesign::emit
