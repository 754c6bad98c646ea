#include "OperatorList.h"

namespace codesign {

DataType OperatorList::activationType() const {
  return bitWidth(workload.type) < 16 ? DataType::BF16 : workload.type;
}

void OperatorList::keep(double bytes) {
  if (training())
    operators.back().kept = Bytes(bytes);
}

void OperatorList::addGemms(llvm::StringRef name, GemmShape forward) {
  add(name, forward);
  keep(double(forward.m) * double(forward.k) * bytesPerElement(forward.input));
  if (!training())
    return;
  GemmShape dataGradient = forward;
  dataGradient.n = forward.k;
  dataGradient.k = forward.n;
  dataGradient.pass = Pass::DataGradient;
  add(name + ".dgrad", dataGradient);
  GemmShape weightGradient = forward;
  weightGradient.m = forward.n;
  weightGradient.n = forward.k;
  weightGradient.k = forward.m;
  weightGradient.pass = Pass::WeightGradient;
  add(name + ".wgrad", weightGradient);
}

void OperatorList::addLinear(llvm::StringRef name, int64_t rows, int64_t out, int64_t in) {
  if (bitWidth(workload.type) == 8)
    add(name + ".quantize", ElementwiseShape{rows * in, 2, 1});
  addGemms(name, GemmShape{.m = rows,
                           .n = out,
                           .k = in,
                           .input = workload.type,
                           .output = activationType(),
                           .scaling = workload.scaling});
}

void OperatorList::addUnquantizedLinear(llvm::StringRef name, int64_t rows, int64_t out, int64_t in) {
  addGemms(name,
           GemmShape{.m = rows, .n = out, .k = in, .input = activationType(), .output = activationType()});
}

void OperatorList::addGroupedLinear(llvm::StringRef name, const GroupedGemmShape &forward) {
  if (bitWidth(workload.type) == 8)
    add(name + ".quantize", ElementwiseShape{forward.rows * forward.k, 2, 1});
  add(name, forward);
  keep(double(forward.rows) * double(forward.k) * bytesPerElement(forward.input));
  if (!training())
    return;
  GroupedGemmShape dataGradient = forward;
  std::swap(dataGradient.n, dataGradient.k);
  dataGradient.pass = Pass::DataGradient;
  add(name + ".dgrad", dataGradient);
  // Per expert: dW[n][k] = dyᵀ·x with its rows as the inner dimension; the shape keeps n, k and rows of the
  // layer.
  GroupedGemmShape weightGradient = forward;
  weightGradient.pass = Pass::WeightGradient;
  add(name + ".wgrad", weightGradient);
}

void OperatorList::addActivation(llvm::StringRef name, int64_t rows, int64_t columns, bool gated) {
  double bytes = bytesPerElement(activationType());
  double inputs = gated ? 2 : 1;
  add(name, ElementwiseShape{rows * columns, inputs * bytes, bytes});
  keep(double(rows) * double(columns) * inputs * bytes);
  if (training())
    add(name + ".backward", ElementwiseShape{rows * columns, (inputs + 1) * bytes, inputs * bytes});
}

void OperatorList::addNorm(llvm::StringRef name, int64_t rows, int64_t columns, bool residual) {
  double forward = residual ? 2 : 1;
  add(name, NormShape{rows, columns, forward, forward, activationType()});
  keep(double(rows) * double(columns) * bytesPerElement(activationType()));
  if (training())
    add(name + ".backward", NormShape{rows, columns, residual ? 3.0 : 2.0, 1, activationType()});
}

void OperatorList::addElementwise(llvm::StringRef name, int64_t elements, double reads, double writes) {
  double bytes = bytesPerElement(activationType());
  add(name, ElementwiseShape{elements, reads * bytes, writes * bytes});
  if (training())
    add(name + ".backward", ElementwiseShape{elements, reads * bytes, writes * bytes});
}

void OperatorList::addCollective(const llvm::Twine &name, CollectiveKind kind, int64_t bytes, int64_t ranks) {
  if (ranks > 1)
    add(name, CollectiveShape{kind, bytes, ranks});
}

void OperatorList::addAllReduce(llvm::StringRef name, int64_t rows, int64_t columns) {
  int64_t bytes = rows * columns * bitWidth(activationType()) / 8;
  addCollective(name, CollectiveKind::AllReduce, bytes, tensorRanks());
  if (training())
    addCollective(name + ".backward", CollectiveKind::AllReduce, bytes, tensorRanks());
}

} // namespace codesign
