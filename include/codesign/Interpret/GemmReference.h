// A GEMM in float64 and the bound that a kernel's result must keep to it.
#pragma once

#include "codesign/Interpret/Matrix.h"
#include "dialects/Kernel/Kernel.h"
#include <optional>
#include <string>
#include <vector>

namespace codesign {

struct GemmReference {
  int64_t rows = 0, columns = 0, depth = 0;
  std::vector<double> values;
  /// (|A|·|W|ᵀ + |bias|) per element: what rounding errors scale with. Of a gated layer, what the errors of
  /// gate and up make of their product; a residual adds its own magnitude.
  std::vector<double> magnitudes;
};

/// What belongs to the products and what follows them; each part is optional.
struct GemmEpilogue {
  /// fp32 scales of the operands: one, or one for each row of A below one another and one for each row of W
  /// side by side.
  const Matrix *aScale = nullptr, *wScale = nullptr;
  /// Scales have a column for each 128 of k instead; those of W a row for each 128 rows of it, where it is
  /// gated one for 128 gates and one for their up, and W begins with row `firstColumn` of the first of them.
  bool blockScales = false;
  int64_t firstColumn = 0;
  const Matrix *bias = nullptr; // one row
  std::optional<kernel::Activation> activation = std::nullopt;
  /// Columns 2j and 2j + 1 of the product make column j of the result: activation(gate) · up.
  bool gated = false;
  const Matrix *rowWeights = nullptr; // fp32, a column: what its row of the result is multiplied by
  const Matrix *residual = nullptr;   // of the result's shape
  /// Columns (2j, 2j + 1) below column `rotatedColumns` of the whole product, of which this is what begins
  /// with `firstRotated`, are turned by the angles that the row of `rotations` for the position of their row
  /// has: cosine and sine of each pair of a head in turn.
  const Matrix *positions = nullptr, *rotations = nullptr;
  int64_t rotatedColumns = 0, firstRotated = 0;
  /// What the result is divided by before it is saturated to `quantised`: one fp32.
  const Matrix *dScale = nullptr;
  std::optional<DataType> quantised = std::nullopt;
};

/// (rowWeights · activation(scales · A·Wᵀ + bias) + residual) / dScale of the first `rows` rows of A, in
/// float64.
GemmReference gemmReference(const Matrix &a, const Matrix &w, int64_t rows,
                            const GemmEpilogue &epilogue = {});

/// For each token the sum of the rows that its list names, in float64; an entry that is negative, or not
/// below `count`, names none. The depth is that of a list.
GemmReference tokenSumReference(const Matrix &rows, int64_t count, const Matrix &lists, int64_t tokens);

/// The constant c of the bound |out − ref| ≤ ½ulp(out)·|ref| + c·√k·2⁻²⁴·(|A|·|W|ᵀ): for fp32 sums of exact
/// products the error grows like √k for random signs; 4 covers the order in which any of our kernels adds.
constexpr double gemmErrorConstant = 4;

/// The first element of `out` beyond the bound, or that is not finite where the reference is; empty if all is
/// well. Rows of `out` past the reference's must still hold 0xff bytes: nothing outside was written.
std::optional<std::string> firstMismatch(const Matrix &out, const GemmReference &reference,
                                         double errorConstant = gemmErrorConstant);

/// The same of sums of squares: element (i, p) is that of columns [p · width, (p + 1) · width) of row i.
std::optional<std::string> firstSquaresMismatch(const Matrix &squares, const GemmReference &reference,
                                                int64_t width, double errorConstant = gemmErrorConstant);

/// Of D with a scale for each row and 128 columns that follows from them: what such scales, [rows, blocks],
/// have against them, or nothing; the reference becomes what D is to be, divided by these scales and
/// saturated to `type`.
std::optional<std::string> takeBlockScales(GemmReference &reference, const Matrix &scales, DataType type,
                                           double errorConstant = gemmErrorConstant);

/// The matrix with rows and columns exchanged: what A or W is where its k runs along rows.
Matrix transposedOf(const Matrix &matrix);

/// The largest error of `out` where the reference is finite, as a share of the bound: at most 1 where all is
/// well.
double largestErrorShare(const Matrix &out, const GemmReference &reference,
                         double errorConstant = gemmErrorConstant);

} // namespace codesign
