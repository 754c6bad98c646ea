// The sum over the rows of a token, alone and behind the products of its experts.
#include "TokenSumFixture.h"
#include "codesign/Interpret/GemmReference.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace codesign;
using namespace codesign::test;

namespace {

constexpr TargetLimits limits = {.sharedBytes = 65536, .registersPerLane = 255, .chiplets = 1};

using Tamper = llvm::function_ref<void(kernel::FuncOp)>;

/// Runs the sum of `lists` over the first `count` of `rows` for all tokens but the last, whose row must stay.
std::string runSum(const Matrix &rows, int64_t count, const Matrix &lists, Architecture architecture,
                   DataType type, Matrix &d, Tamper tamper = {}) {
  mlir::MLIRContext context;
  const TokenSumProblem problem = {
      .symbol = "sum", .type = type, .n = rows.columns, .entries = lists.columns};
  auto module = lowerTokenSum(context, problem, tokenSumKernel(problem, architecture, limits));
  if (!module)
    return llvm::toString(module.takeError());
  auto function = *(*module)->getOps<kernel::FuncOp>().begin();
  if (tamper)
    tamper(function);
  Matrix from = rows, by = lists;
  d = Matrix(type, lists.rows, rows.columns, 0xff);
  if (llvm::Error error = interpret(function, {&from, &by, &d, count, lists.rows - 1}))
    return llvm::toString(std::move(error));
  return "";
}

/// The same of random rows, held to float64.
std::string checkSum(Architecture architecture, int64_t n, int64_t entries, int64_t tokens,
                     DataType type = DataType::BF16, Tamper tamper = {}) {
  std::mt19937 engine(std::random_device{}());
  const Routing routing(tokens + 1, entries, 3 * entries, engine);
  std::vector<int64_t> firstRows;
  int64_t count = 0;
  for (int64_t rows : routing.counts(3 * entries)) {
    firstRows.push_back(count);
    count += rows;
  }
  // Behind the rows that count are others that must not be read.
  Matrix rows = randomMatrix(DataType::F32, count, n, engine);
  rows.bytes.resize((count + 3) * n * 4, 0xff);
  rows.rows += 3;
  const Matrix lists = routing.lists(entries, firstRows, engine);
  Matrix d;
  const std::string wrong = runSum(rows, count, lists, architecture, type, d, tamper);
  if (!wrong.empty())
    return wrong;
  return firstMismatch(d, tokenSumReference(rows, count, lists, tokens)).value_or("");
}

TEST(TokenSum, everyTokenIsWritten) {
  for (Architecture architecture :
       {Architecture::Gfx942, Architecture::Gfx950, Architecture::Sm80, Architecture::Sm90a})
    for (int64_t n : {63, 72, 2056})
      for (int64_t entries : {1, 8, 32})
        for (int64_t tokens : {0, 1, 7})
          EXPECT_EQ(checkSum(architecture, n, entries, tokens), "")
              << toString(architecture).str() << ", n = " << n << ", " << entries << " entries, " << tokens;
  EXPECT_EQ(checkSum(Architecture::Gfx942, 264, 4, 9, DataType::F16), "");
}

/// By hand: 1.5 · 2⁻⁹ is too little to change 1 in bf16, twice as much rounds to the next number, 1 + 2⁻⁷.
/// Without any row a token gets zero.
TEST(TokenSum, isRoundedOnce) {
  Matrix rows(DataType::F32, 3, 4);
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j)
      rows.set(i, j, i == 0 ? 1.0f : 0x1.8p-9f);
  Matrix lists(DataType::I32, 3, 3);
  for (int64_t i = 0; i < 3; ++i)
    lists.set(0, i, float(i));
  std::fill_n(lists.bytes.begin() + 12, 12, uint8_t(0xff));
  Matrix d;
  EXPECT_EQ(runSum(rows, 3, lists, Architecture::Sm80, DataType::BF16, d), "");
  EXPECT_EQ(d.at(0, 0), 1 + 0x1p-7f);
  EXPECT_EQ(d.at(1, 3), 0.0f);
  EXPECT_TRUE(std::isnan(d.at(2, 0))); // of no token
}

TEST(TokenSum, listsOfOtherTokensAndRowsThatAreNotThereAreSeen) {
  auto firstList = [](kernel::FuncOp function) {
    kernel::RowsOp lists = *function.getOps<kernel::RowsOp>().begin();
    mlir::OpBuilder builder(lists);
    lists.getFirstMutable().assign(mlir::arith::ConstantIndexOp::create(builder, lists.getLoc(), 0));
  };
  auto allTokens = [](kernel::FuncOp function) {
    function.walk([](kernel::SumListedRowsOp sum) { sum.getColumnMutable().assign(sum.getCount()); });
  };
  EXPECT_NE(checkSum(Architecture::Gfx942, 72, 4, 9, DataType::BF16, firstList), "");
  EXPECT_NE(checkSum(Architecture::Gfx942, 72, 4, 9, DataType::BF16, allTokens), "");
}

TEST(TokenSum, refusals) {
  mlir::MLIRContext context;
  auto refused = [&](const TokenSumProblem &problem) {
    auto module = lowerTokenSum(context, problem, tokenSumKernel(problem, Architecture::Sm80, limits));
    return module ? std::string() : llvm::toString(module.takeError());
  };
  EXPECT_NE(refused({.symbol = "sum", .n = 64, .entries = 33}).find("a sum of 33 rows"), std::string::npos);
  EXPECT_NE(refused({.symbol = "sum", .type = DataType::F32, .n = 64, .entries = 2}).find("bf16 or fp16"),
            std::string::npos);
}

/// Products of experts, weighted and not rounded, then the sums of tokens: both together against float64.
std::string runBoth(const GemmKernel &kernel, kernel::ExpertLayout layout, int64_t tokens, int64_t entries) {
  constexpr int64_t experts = 12;
  std::mt19937 engine(std::random_device{}());
  GemmProblem problem = {.symbol = "gemm", .type = DataType::BF16, .n = 72, .k = 136};
  problem.experts = experts;
  problem.expertLayout = layout;
  problem.weighted = problem.unrounded = true;
  const Routing routing(tokens + 1, entries, experts, engine);
  const std::vector<int64_t> counts = routing.counts(experts);
  int64_t m = 0;
  for (int64_t count : counts)
    m = layout == kernel::ExpertLayout::Masked ? std::max(m, count * experts) : m + count;
  mlir::MLIRContext context;
  auto module = lowerGemm(context, problem, kernel);
  if (!module)
    return llvm::toString(module.takeError());
  GemmOperands operands(problem, m, /*spare=*/0, engine);
  operands.placeRows(problem, m, counts);
  if (llvm::Error error =
          interpret(*(*module)->getOps<kernel::FuncOp>().begin(), operands.allArguments(problem, m)))
    return llvm::toString(std::move(error));
  const Matrix lists = routing.lists(entries, operands.firstRows, engine);
  Matrix d;
  if (std::string wrong = runSum(operands.d, m, lists, kernel.architecture, DataType::BF16, d);
      !wrong.empty())
    return wrong;
  GemmReference whole;
  whole.rows = tokens;
  whole.columns = problem.n;
  whole.depth = problem.k + entries;
  whole.values.resize(tokens * problem.n);
  whole.magnitudes.resize(tokens * problem.n);
  std::vector<int64_t> next(experts);
  for (int64_t token = 0; token < tokens; ++token)
    for (int64_t expert : routing.experts[token]) {
      const int64_t row = operands.firstRows[expert] + next[expert]++;
      const Matrix weights = rowsOf(operands.rowWeights, row, 1);
      const GemmReference one =
          gemmReference(rowsOf(operands.a, row, 1), rowsOf(operands.w, expert * problem.n, problem.n), 1,
                        {.rowWeights = &weights});
      for (int64_t j = 0; j < problem.n; ++j) {
        whole.values[token * problem.n + j] += one.values[j];
        whole.magnitudes[token * problem.n + j] += one.magnitudes[j];
      }
    }
  return firstMismatch(d, whole).value_or("");
}

TEST(TokenSum, weightedRowsOfExpertsMeetInTheirToken) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel(), streamingKernel(), sm80Kernel(),
                                   streamingSm80Kernel(), wgmmaKernel()})
    for (kernel::ExpertLayout layout : {kernel::ExpertLayout::Contiguous, kernel::ExpertLayout::Masked})
      for (int64_t tokens : {1, 40})
        EXPECT_EQ(runBoth(kernel, layout, tokens, 4), "")
            << kernel.instruction << ", " << kernel::stringifyExpertLayout(layout).str() << ", " << tokens;
}

} // namespace
