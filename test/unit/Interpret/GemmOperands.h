// The operands of a small GEMM, random, and its result held to float64.
#pragma once

#include "TestMatrices.h"
#include "codesign/Interpret/Interpret.h"
#include "codesign/Lowering/Gemm.h"
#include "dialects/Kernel/Kernel.h"

namespace codesign::test {

/// How many of m rows each expert has: none, one, or any number; where rows are contiguous, some may be left
/// over behind the last expert.
std::vector<int64_t> randomExpertRows(const GemmProblem &problem, int64_t m, std::mt19937 &engine);

/// The operands of one launch on m rows; D is poisoned, with `spare` rows behind the last that must stay so.
struct GemmOperands {
  Matrix a, w, paddedA, storedW, aScale, wScale, bias, residual, table, aList, rowWeights, positions,
      rotations, rowSquares, dScale, partials, arrivals, d;
  int64_t squaresWidth = 0, summedRows = 0;   // of D, where it is a sum over the m rows
  std::vector<int64_t> firstRows, expertRows; // of each expert; without experts, of the one matrix

  GemmOperands(const GemmProblem &problem, int64_t m, int64_t spare, std::mt19937 &engine);

  /// Gives the experts so many of m rows each.
  void placeRows(const GemmProblem &problem, int64_t m, std::vector<int64_t> counts);

  /// What workgroups that share tiles need: places for their sums, poisoned, and numbers that are zero; and
  /// the squares that the kernel leaves, poisoned.
  void makeWorkspace(kernel::FuncOp function, int64_t m);

  /// What follows them: the rows of A where they are gathered, and m.
  std::vector<int64_t> numbers(const GemmProblem &problem, int64_t m) const {
    return problem.gathered ? std::vector<int64_t>{a.rows, m} : std::vector<int64_t>{m};
  }
  std::vector<KernelArgument> allArguments(const GemmProblem &problem, int64_t m) {
    std::vector<KernelArgument> all;
    for (Matrix *matrix : arguments(problem))
      all.push_back(matrix);
    for (int64_t number : numbers(problem, m))
      all.push_back(number);
    return all;
  }

  /// The matrices in the order of the kernel's arguments.
  std::vector<Matrix *> arguments(const GemmProblem &problem);

  /// What is wrong with D after the launch, or nothing.
  std::string mismatch(const GemmProblem &problem) const;

private:
  /// Rows of A, or of its scales, as the list names them.
  Matrix listedRows(const Matrix &matrix, int64_t first, int64_t count) const;

  std::string mismatchOf(const GemmProblem &problem, int64_t expert, int64_t first, int64_t count) const;
};

} // namespace codesign::test
