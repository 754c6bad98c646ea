#include "GemmFunction.h"
#include "codesign/Lowering/TokenSum.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Support/Epilogues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace codesign {

using namespace kernel;

int64_t TokenSumKernel::columns() const {
  return wavesPerToken * waveSize(architecture) * SumListedRowsOp::laneColumns;
}

TokenSumKernel tokenSumKernel(const TokenSumProblem &problem, Architecture architecture,
                              const TargetLimits &limits) {
  constexpr int64_t mostColumns = 2048, fewestWaves = 4;
  const int64_t lanes = waveSize(architecture), waveColumns = lanes * SumListedRowsOp::laneColumns;
  TokenSumKernel kernel = {.architecture = architecture, .limits = limits};
  const int64_t waves = llvm::divideCeil(problem.n, waveColumns);
  kernel.wavesPerToken = llvm::divideCeil(waves, llvm::divideCeil(problem.n, mostColumns));
  kernel.tokens = llvm::divideCeil(fewestWaves, kernel.wavesPerToken);
  // Four registers of a lane for each entry; up to eight of them leave room for all threads of an AMD compute
  // unit (64 registers each) and half of those of a multiprocessor.
  int64_t threads = vendorOf(architecture) == Vendor::Amd ? 2048 : 1024;
  for (int64_t entries = 8; entries < problem.entries; entries *= 2)
    threads /= 2;
  kernel.residency = std::max<int64_t>(1, threads / (kernel.tokens * kernel.wavesPerToken * lanes));
  return kernel;
}

llvm::Expected<OwningOpRef<ModuleOp>> lowerTokenSum(MLIRContext &context, const TokenSumProblem &problem,
                                                    const TokenSumKernel &kernel) {
  if (!isSafeIdentifier(problem.symbol))
    return usageError("kernel name is no identifier");
  if (problem.n < 1 || problem.entries < 1 || problem.entries > mostRowsOfToken)
    return usageError("a sum of " + llvm::Twine(problem.entries) + " rows of " + llvm::Twine(problem.n) +
                      " columns: there are 1 to " + llvm::Twine(mostRowsOfToken) + " of at least one");
  if (problem.type != DataType::BF16 && problem.type != DataType::F16)
    return usageError(llvm::Twine("sums of tokens are bf16 or fp16, not ") + toString(problem.type));
  ImplicitLocOpBuilder builder(UnknownLoc::get(&context), &context);
  context.loadDialect<KernelDialect, arith::ArithDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  constexpr int64_t atLaunch = ShapedType::kDynamic;
  const Type element = mlirTypeOf(&context, problem.type), i32 = builder.getIntegerType(32);
  const SmallVector<Type> types = {
      globalTile(atLaunch, problem.n, builder.getF32Type()), globalTile(atLaunch, problem.entries, i32),
      globalTile(atLaunch, problem.n, element), builder.getIndexType(), builder.getIndexType()};
  const TargetAttr target = TargetAttr::get(&context, builder.getStringAttr(toString(kernel.architecture)),
                                            waveSize(kernel.architecture), kernel.limits.sharedBytes,
                                            kernel.limits.registersPerLane, kernel.limits.chiplets);
  auto function = FuncOp::create(builder, problem.symbol, FunctionType::get(&context, types, {}), target,
                                 SmallVector<int64_t>{kernel.tokens, kernel.wavesPerToken},
                                 builder.getStrArrayAttr({"rows", "lists", "d", "count", "m"}),
                                 kernel.residency, ArrayAttr(), ArrayAttr(), IntegerAttr());
  Block *block = builder.createBlock(&function.getBody());
  for (Type type : types)
    block->addArgument(type, builder.getLoc());
  builder.setInsertionPointToStart(block);
  Value rows = block->getArgument(0), lists = block->getArgument(1), d = block->getArgument(2),
        count = block->getArgument(3), tokens = block->getArgument(4);
  auto place = TileOrderOp::create(builder, tokens, problem.n,
                                   SmallVector<int64_t>{kernel.tokens, kernel.columns()}, /*band=*/int64_t(1),
                                   /*chiplets=*/int64_t(1), /*run=*/int64_t(1), Value());
  auto ofTokens = [&](StringRef name, Value matrix, int64_t columns, Type type) -> Value {
    return RowsOp::create(builder, globalTile(kernel.tokens, columns, type), name, matrix, place.getRow(),
                          tokens);
  };
  Value tokenLists = ofTokens("tokenLists", lists, problem.entries, i32);
  Value dRows = ofTokens("dRows", d, problem.n, element);
  SumListedRowsOp::create(builder, rows, count, tokenLists, dRows, place.getColumn());
  ReturnOp::create(builder);
  if (failed(verify(*module)))
    return llvm::createStringError("the sum of tokens is no valid kernel");
  return module;
}

} // namespace codesign
