#include "GemmOperands.h"
#include "codesign/Interpret/GemmReference.h"

namespace codesign::test {

/// Products of gate and up, and those with weights of rows, stay inside fp16's range.
static int spreadOf(const GemmProblem &problem) {
  return (problem.gated || problem.weighted) && problem.type == DataType::F16 ? 0 : 4;
}

std::vector<int64_t> randomExpertRows(const GemmProblem &problem, int64_t m, std::mt19937 &engine) {
  const bool masked = problem.expertLayout == kernel::ExpertLayout::Masked;
  std::vector<int64_t> counts(problem.experts);
  int64_t left = m;
  for (int64_t &count : counts) {
    const int64_t most = masked ? m / problem.experts : left;
    const unsigned draw = engine() % 8;
    count = draw < 2   ? 0
            : draw < 3 ? std::min<int64_t>(most, 1)
                       : std::min(most, int64_t(engine() % (most + 1)));
    left -= count;
  }
  std::shuffle(counts.begin(), counts.end(), engine);
  return counts;
}

GemmOperands::GemmOperands(const GemmProblem &problem, int64_t m, int64_t spare, std::mt19937 &engine) {
  const int spread = spreadOf(problem);
  const DataType type = problem.type, out = problem.wideType();
  a = randomMatrix(type, problem.gathered ? m / 2 + 3 : m, problem.k, engine, spread);
  aList = Matrix(DataType::I32, problem.gathered ? m : 0, 1);
  for (int64_t i = 0; i < aList.rows; ++i)
    aList.set(i, 0, float(engine() % a.rows));
  rowWeights = randomMatrix(DataType::F32, m, 1, engine);
  const bool overRows = problem.layout == GemmLayout::TN;
  summedRows = overRows ? problem.k : 0;
  if (overRows || problem.layout == GemmLayout::NN)
    w = randomMatrix(type, overRows ? m : problem.k, problem.n, engine, spread);
  else
    w = randomMatrix(type, problem.weightRows(), problem.k, engine, spread);
  if (problem.leadingA > 0)
    paddedA = paddedRows(a, problem.leadingA);
  if (problem.shuffledWeights || problem.leadingW > 0)
    storedW = problem.shuffledWeights ? shuffledCopy(w) : paddedRows(w, problem.leadingW);
  const bool perToken = problem.scaling == Scaling::PerToken;
  const int64_t weights = std::max<int64_t>(1, problem.experts);
  const int64_t steps = llvm::divideCeil(problem.k, kernel::scaledBlock);
  if (problem.scaling == Scaling::Block128) {
    aScale = randomMatrix(DataType::F32, steps, a.rows, engine);
    wScale = randomMatrix(DataType::F32, weights * problem.weightScaleRows(), steps, engine);
  } else {
    aScale = randomMatrix(DataType::F32, perToken ? a.rows : 1, 1, engine);
    wScale = randomMatrix(DataType::F32, 1, perToken ? problem.weightRows() : 1, engine);
  }
  bias = randomMatrix(out, 1, problem.weightRows(), engine);
  residual = randomMatrix(out, problem.outputRows(m), problem.outputColumns(), engine);
  if (problem.rotary) {
    rotations = Matrix(DataType::F32, problem.rotary->positions, problem.rotary->headColumns);
    std::uniform_real_distribution<float> angle(-4, 4);
    for (int64_t i = 0; i < rotations.rows; ++i)
      for (int64_t j = 0; j < rotations.columns; j += 2) {
        const float turn = angle(engine);
        rotations.set(i, j, std::cos(turn));
        rotations.set(i, j + 1, std::sin(turn));
      }
    positions = Matrix(DataType::I32, m, 1);
    for (int64_t i = 0; i < m; ++i)
      positions.set(i, 0, float(engine() % rotations.rows));
  }
  dScale = Matrix(DataType::F32, 1, 1);
  // Small enough for some results to saturate, large enough for some to be subnormal.
  dScale.set(0, 0, std::ldexp(1.3f, int(engine() % 6)));
  if (problem.quantisedBlocks)
    dScale = Matrix(DataType::F32, problem.outputBlocks(), m, 0xff);
  d = Matrix(problem.outputType(), problem.outputRows(m) + (overRows ? 0 : spare), problem.outputColumns(),
             0xff);
  placeRows(problem, m,
            problem.experts > 0 ? randomExpertRows(problem, m, engine) : std::vector{problem.outputRows(m)});
}

void GemmOperands::placeRows(const GemmProblem &problem, int64_t m, std::vector<int64_t> counts) {
  const bool masked = problem.expertLayout == kernel::ExpertLayout::Masked;
  expertRows = std::move(counts);
  firstRows.clear();
  int64_t next = 0;
  for (size_t expert = 0; expert < expertRows.size(); ++expert) {
    firstRows.push_back(masked ? int64_t(expert) * (m / problem.experts) : next);
    next += expertRows[expert];
  }
  if (problem.experts == 0)
    return;
  table = Matrix(DataType::I32, 1, problem.experts + !masked);
  for (int64_t expert = 0; expert < problem.experts; ++expert)
    table.set(0, expert, float(masked ? expertRows[expert] : firstRows[expert]));
  if (!masked)
    table.set(0, problem.experts, float(next));
}

void GemmOperands::makeWorkspace(kernel::FuncOp function, int64_t m) {
  m = summedRows > 0 ? summedRows : m;
  function.walk([&](kernel::RowSquaresOp op) {
    squaresWidth = op.getWidth();
    rowSquares = Matrix(DataType::F32, d.rows, op.getPartials().getType().getColumns(), 0xff);
  });
  function.walk([&](kernel::SumPartsOp sum) {
    int64_t tiles = 0;
    function.walk([&](kernel::PlacementOpInterface order) { tiles = order.getWorkgroupCount(m); });
    partials = Matrix(DataType::F32, tiles * sum.getParts() * sum.getBytesPerWorkgroup() / 16, 4, 0xff);
    arrivals = Matrix(DataType::I32, tiles * function.getWaveCount(), 1);
  });
  function.walk([&](kernel::SumPiecesOp sum) {
    kernel::StreamKOp work = sum.getPieceOp().getWork();
    partials = Matrix(DataType::F32, work.getPartialPlaces() * sum.getBytesPerWorkgroup() / 16, 4, 0xff);
    arrivals = Matrix(DataType::I32, int64_t(work.getWorkgroups()) * function.getWaveCount(), 1);
  });
  function.walk([&](kernel::SumGroupPartsOp sum) {
    int64_t tiles = 0;
    function.walk([&](kernel::PlacementOpInterface order) { tiles = order.getWorkgroupCount(m); });
    partials =
        Matrix(DataType::F32, tiles * int64_t(sum.getParts()) * sum.getBytesPerWorkgroup() / 16, 4, 0xff);
    arrivals = Matrix(DataType::I32, tiles * function.getWaveCount(), 1);
  });
}

std::vector<Matrix *> GemmOperands::arguments(const GemmProblem &problem) {
  std::vector<Matrix *> list = {problem.leadingA > 0 ? &paddedA : &a,
                                problem.shuffledWeights || problem.leadingW > 0 ? &storedW : &w};
  if (problem.scaling != Scaling::None)
    list.insert(list.end(), {&aScale, &wScale});
  if (problem.bias)
    list.push_back(&bias);
  if (problem.residual)
    list.push_back(&residual);
  if (problem.experts > 0)
    list.push_back(&table);
  if (problem.gathered)
    list.push_back(&aList);
  if (problem.weighted)
    list.push_back(&rowWeights);
  if (problem.rotary)
    list.insert(list.end(), {&positions, &rotations});
  if (problem.rowSquares)
    list.push_back(&rowSquares);
  if (problem.quantised)
    list.push_back(&dScale);
  if (arrivals.columns > 0)
    list.insert(list.end(), {&partials, &arrivals});
  list.push_back(&d);
  return list;
}

std::string GemmOperands::mismatch(const GemmProblem &problem) const {
  std::vector<Matrix> rest = {d, rowSquares}; // what no expert has stays as it was
  if (problem.quantisedBlocks)
    rest.push_back(transposedOf(dScale));
  for (size_t expert = 0; expert < expertRows.size(); ++expert) {
    const int64_t first = firstRows[expert], count = expertRows[expert];
    for (Matrix &matrix : rest) {
      const int64_t bytes = matrix.columns * matrix.elementBytes();
      std::fill_n(matrix.bytes.begin() + first * bytes, count * bytes, uint8_t(0xff));
    }
    const std::string wrong = mismatchOf(problem, int64_t(expert), first, count);
    if (!wrong.empty())
      return "expert " + std::to_string(expert) + ", " + wrong;
  }
  if (llvm::any_of(arrivals.bytes, [](uint8_t byte) { return byte != 0; }))
    return "arrivals are not zero afterwards";
  const bool untouched = llvm::all_of(rest, [](const Matrix &matrix) {
    return llvm::all_of(matrix.bytes, [](uint8_t byte) { return byte == 0xff; });
  });
  return untouched ? "" : "rows of no expert were written";
}

Matrix GemmOperands::listedRows(const Matrix &matrix, int64_t first, int64_t count) const {
  if (aList.rows == 0)
    return rowsOf(matrix, first, count);
  Matrix rows(matrix.type, count, matrix.columns);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < matrix.columns; ++j)
      rows.set(i, j, matrix.at(int64_t(aList.bitsAt(first + i, 0)), j));
  return rows;
}

std::string GemmOperands::mismatchOf(const GemmProblem &problem, int64_t expert, int64_t first,
                                     int64_t count) const {
  const bool scaled = problem.scaling != Scaling::None, blocks = problem.scaling == Scaling::Block128;
  const bool perToken = problem.scaling == Scaling::PerToken;
  const int64_t n = problem.n;
  const Matrix left = problem.layout == GemmLayout::TN ? transposedOf(a) : listedRows(a, first, count);
  const Matrix right = problem.layout == GemmLayout::NT ? rowsOf(w, expert * n, n) : transposedOf(w);
  const Matrix weights = rowsOf(rowWeights, first, count);
  const Matrix added = columnsOf(bias, expert * n, n), stream = rowsOf(residual, first, count);
  const Matrix ofRows = blocks     ? listedRows(transposedOf(aScale), first, count)
                        : perToken ? listedRows(aScale, first, count)
                                   : aScale;
  const int64_t blockRows = problem.weightScaleRows();
  const Matrix ofColumns = blocks     ? rowsOf(wScale, expert * blockRows, blockRows)
                           : perToken ? columnsOf(wScale, expert * n, n)
                                      : wScale;
  GemmReference reference =
      gemmReference(left, right, count,
                    {.aScale = scaled ? &ofRows : nullptr,
                     .wScale = scaled ? &ofColumns : nullptr,
                     .blockScales = blocks,
                     .bias = problem.bias ? &added : nullptr,
                     .activation = problem.activation,
                     .gated = problem.gated,
                     .rowWeights = problem.weighted ? &weights : nullptr,
                     .residual = problem.residual ? &stream : nullptr,
                     .positions = problem.rotary ? &positions : nullptr,
                     .rotations = problem.rotary ? &rotations : nullptr,
                     .rotatedColumns = problem.rotary ? problem.rotary->columns : 0,
                     .dScale = problem.quantised && !problem.quantisedBlocks ? &dScale : nullptr,
                     .quantised = problem.quantised});
  if (problem.rowSquares)
    if (std::optional<std::string> wrong =
            firstSquaresMismatch(rowsOf(rowSquares, first, count), reference, squaresWidth))
      return *wrong;
  if (problem.quantisedBlocks)
    if (std::optional<std::string> wrong =
            takeBlockScales(reference, rowsOf(transposedOf(dScale), first, count), *problem.quantised))
      return *wrong;
  return firstMismatch(rowsOf(d, first, count), reference).value_or("");
}

} // namespace codesign::test
