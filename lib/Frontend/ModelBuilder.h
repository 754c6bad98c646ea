// A ModelSpec as operations.
#pragma once

#include "dialects/Arch/Arch.h"

namespace codesign {

/// Builds the blocks of a model. A size that has the model-wide value of its dimension refers to it; a block
/// with a size of its own keeps it as a constant.
class ModelBuilder {
public:
  ModelBuilder(mlir::OpBuilder &builder, mlir::Location location, const ModelSpec &spec,
               const DimensionValues &declared)
      : builder(builder), location(location), spec(spec), declared(declared) {}

  /// The layers, what stands before and after them. `optionalSharedExpert`: also declare blocks' shared
  /// experts of width 0, because a search may add them.
  void buildBlocks(bool optionalSharedExpert);

private:
  using BlockList = llvm::ArrayRef<std::shared_ptr<const Block>>;
  void build(BlockList blocks);
  void build(const Block &block);

  mlir::Attribute size(Dimension dimension, int64_t value);
  mlir::IntegerAttr integerOrNull(int64_t value);
  mlir::UnitAttr flag(bool value);

  mlir::OpBuilder &builder;
  mlir::Location location;
  const ModelSpec &spec;
  const DimensionValues &declared;
  bool optionalSharedExpert = false;
};

} // namespace codesign
