// A block of a model: parameters and operator shapes as functions of its dimensions. The only copy of these
// formulas.
#pragma once

#include "codesign/Model/Dimensions.h"
#include "codesign/Model/Operators.h"
#include "codesign/Model/Workload.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <vector>

namespace codesign {

/// Parameter counts. `active` counts what one token uses: top-k experts instead of all, everything else in
/// full.
struct ParameterCount {
  int64_t total = 0;
  int64_t active = 0;

  ParameterCount &operator+=(ParameterCount other) {
    total += other.total;
    active += other.active;
    return *this;
  }
  friend ParameterCount operator*(int64_t count, ParameterCount p) {
    return {count * p.total, count * p.active};
  }
  bool operator==(const ParameterCount &) const = default;
};

/// A distinct part of a model. Immutable and shared; a new architecture is a new subclass, nothing else
/// changes.
class Block {
public:
  virtual ~Block() = default;

  /// "attention", "mlp", "moe", "norm", "embedding", "head".
  virtual llvm::StringRef kind() const = 0;

  virtual ParameterCount parameters() const = 0;

  /// Appends what one rank runs for one step of `workload`: the forward pass, and for training the backward
  /// pass (data and weight gradients), collectives included. Requires
  /// whyNotDivisible(workload.parallelism).empty().
  virtual void appendOperators(const Workload &workload, std::vector<Operator> &operators) const = 0;

  /// Bytes of key-value cache per token of context and per rank, 0 for blocks without one.
  virtual Bytes cacheBytesPerToken(const Workload &) const { return Bytes(0); }

  /// Parameters stored on one rank of the workload's tensor and expert ranks.
  virtual int64_t parametersPerRank(const Parallelism &parallelism) const = 0;

  /// Empty if the block can be split as asked, else the reason: "num_attention_heads 30 is not a multiple of
  /// tp 8".
  virtual std::string whyNotDivisible(const Parallelism &) const { return {}; }

  /// The dimensions that the block depends on.
  virtual llvm::ArrayRef<Dimension> dimensions() const = 0;

  /// Writes the block's own values into `values`.
  virtual void readDimensions(DimensionValues &values) const = 0;

  /// The same block with its dimensions taken from `values`.
  virtual std::shared_ptr<const Block> withDimensions(const DimensionValues &values) const = 0;
};

} // namespace codesign
