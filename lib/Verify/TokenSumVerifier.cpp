#include "LaunchVerifier.h"

#include "RandomOperands.h"
#include "codesign/Interpret/GemmReference.h"
#include "llvm/Support/MathExtras.h"
#include <chrono>

namespace codesign {

namespace {

/// Lists of the rows of tokens: most are full, some entries name none.
std::vector<int32_t> randomLists(int64_t tokens, int64_t topK, int64_t rows, RandomEngine &engine) {
  std::vector<int32_t> lists(size_t(tokens * topK));
  for (int32_t &entry : lists)
    entry = rows == 0 || engine() % 4 == 0 ? -1 : int32_t(engine() % uint64_t(rows));
  if (tokens > 1) // a token without any
    std::fill_n(lists.begin(), topK, -1);
  return lists;
}

} // namespace

llvm::Expected<VerifiedLaunch> verifyTokenSum(const PackagedGemm &gemm, const PackagedKernel &kernel,
                                              const DeviceCode &code, const VerifyOptions &options,
                                              int64_t tokens) {
  const auto start = std::chrono::steady_clock::now();
  RandomEngine engine(options.seed);
  simulate::DeviceMemory memory;
  const int64_t rows = tokens * gemm.topK / 2 + 1;
  const uint64_t from = allocateRandom(memory, "rows", DataType::F32, uint64_t(rows * gemm.n), engine);
  const uint64_t by =
      memory.allocateValues<int32_t>("token_rows", randomLists(tokens, gemm.topK, rows, engine));
  const uint64_t d = allocatePoisoned(memory, "d", uint64_t(tokens * gemm.n) * bitWidth(gemm.outputType) / 8);
  ptx::Launch request;
  request.kernel = kernel.symbol;
  request.gridX = uint32_t(llvm::divideCeil(tokens, kernel.tileM) * llvm::divideCeil(gemm.n, kernel.tileN));
  request.threads = uint32_t(kernel.threads);
  request.arguments = {ptx::pointer(from), ptx::pointer(by), ptx::pointer(d), ptx::number(int32_t(rows)),
                       ptx::number(int32_t(tokens))};
  VerifiedLaunch launch;
  launch.gemm = gemm.name;
  launch.kernel = kernel.symbol;
  launch.m = tokens;
  launch.n = gemm.n;
  launch.k = gemm.topK;
  launch.workgroupsOfGrid = request.gridX;
  if (llvm::Error error = code.run(request, memory, options, 0, request.gridX, launch))
    return error;
  const GemmReference reference =
      tokenSumReference(rowsOf(memory, from, DataType::F32, gemm.n, 0, rows), rows,
                        rowsOf(memory, by, DataType::I32, gemm.topK, 0, tokens), tokens);
  const Matrix out = rowsOf(memory, d, gemm.outputType, gemm.n, 0, tokens);
  launch.errorShare = largestErrorShare(out, reference);
  launch.wrong = firstMismatch(out, reference).value_or("");
  launch.hostSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return launch;
}

} // namespace codesign
