// Appends the operators that blocks share: linear layers with their gradients, activations, collectives.
#pragma once

#include "codesign/Model/Operators.h"
#include "codesign/Model/Workload.h"
#include "llvm/ADT/Twine.h"
#include <vector>

namespace codesign {

class OperatorList {
public:
  OperatorList(const Workload &workload, std::vector<Operator> &operators)
      : workload(workload), operators(operators) {}

  bool training() const { return workload.phase == Phase::Train; }
  int64_t tokens() const { return workload.tokens(); }
  int64_t tensorRanks() const { return workload.parallelism.tensor; }
  /// Type of activations between linear layers: 8-bit workloads keep them in bf16.
  DataType activationType() const;

  void add(const llvm::Twine &name, OperatorShape shape) {
    operators.push_back({name.str(), std::move(shape), 1});
  }

  /// y[rows][out] = x[rows][in]·Wᵀ, its two gradients in training, and the quantisation of x for 8-bit types.
  void addLinear(llvm::StringRef name, int64_t rows, int64_t out, int64_t in);
  /// The same in the activations' own type: routers, which libraries keep out of 8-bit.
  void addUnquantizedLinear(llvm::StringRef name, int64_t rows, int64_t out, int64_t in);
  /// One product per expert with its gradients.
  void addGroupedLinear(llvm::StringRef name, const GroupedGemmShape &forward);
  /// The activation between up and down projection: SwiGLU (gated) or GELU.
  void addActivation(llvm::StringRef name, int64_t rows, int64_t columns, bool gated);
  /// Normalisation of rows, with its backward pass in training.
  /// The operator added last has inputs that the backward pass needs: their bytes, counted in training only.
  void keep(double bytes);
  void addNorm(llvm::StringRef name, int64_t rows, int64_t columns, bool residual);
  /// A pointwise kernel with traffic in activation elements, repeated in training's backward pass.
  void addElementwise(llvm::StringRef name, int64_t elements, double reads, double writes);
  /// A tensor-parallel sum of an activation tensor after a row-parallel layer; its mirror in backward.
  void addAllReduce(llvm::StringRef name, int64_t rows, int64_t columns);
  void addCollective(const llvm::Twine &name, CollectiveKind kind, int64_t bytes, int64_t ranks);

  const Workload &workload;

private:
  void addGemms(llvm::StringRef name, GemmShape forward);
  std::vector<Operator> &operators;
};

} // namespace codesign
