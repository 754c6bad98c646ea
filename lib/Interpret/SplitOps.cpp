// Workgroups that share the K loop of one tile.
#include "Interpreter.h"

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

Error Interpreter::run(PartOp op) {
  values[op.getResult()].index.assign(waves, part);
  return Error::success();
}

/// Workgroups run one after the other, so the waves of one are all the last to arrive, or none is.
Error Interpreter::run(SumPartsOp op) {
  Fragment fragment = takeFragment(op.getFragment());
  Matrix &partials = *values[op.getPartials()].tile.matrix, &arrivals = *values[op.getArrivals()].tile.matrix;
  const int64_t parts = op.getParts(), rows = op.getRowsPerWave(), columns = partials.columns;
  if (partials.rows < (workgroup + 1) * waves * parts * rows || arrivals.rows < (workgroup + 1) * waves)
    return fail(op, "has too small a workspace");
  auto visit = [&](int64_t wave, int64_t ofPart, auto function) {
    const int64_t first = ((workgroup * waves + wave) * parts + ofPart) * rows;
    for (int64_t i = 0; i < rows * columns; ++i)
      function(fragment[wave * rows * columns + i], first + i / columns, i % columns);
  };
  int64_t last = 0;
  for (int64_t wave = 0; wave < waves; ++wave) {
    visit(wave, part, [&](float sum, int64_t row, int64_t column) { partials.set(row, column, sum); });
    const int64_t place = workgroup * waves + wave;
    const auto before = static_cast<int64_t>(arrivals.at(place, 0));
    if (before < 0 || before >= parts)
      return fail(op, "finds arrivals that were not zero before the launch");
    arrivals.set(place, 0, static_cast<float>((before + 1) % parts));
    last += before + 1 == parts;
  }
  ended = last == 0;
  if (ended)
    return Error::success();
  if (last != waves)
    return fail(op, "is the last to arrive in some waves only");
  for (int64_t wave = 0; wave < waves; ++wave) {
    std::fill_n(fragment.begin() + wave * rows * columns, rows * columns, 0.0f);
    for (int64_t other = 0; other < parts; ++other)
      visit(wave, other, [&](float &sum, int64_t row, int64_t column) { sum += partials.at(row, column); });
  }
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

} // namespace codesign
