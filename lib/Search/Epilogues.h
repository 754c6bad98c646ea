// What kernels of linear layers do behind their product, as far as a plan can ask for it.
#pragma once

#include "codesign/Model/Blocks.h"
#include "codesign/Model/ModelSpec.h"
#include "codesign/Plan/Plan.h"

namespace codesign {

/// The end of a kernel; what it leaves out is the caller's.
struct Epilogue {
  std::string name = {}; // PlanKernel's
  int64_t topK = 0;      // rows of a token that are added up
  bool bias = false;
  RotaryEmbedding rotary = {};
  bool residual = false;  // the stream that the layer adds to
  bool quantised = false; // to the 8 bits that the next product reads, by a scale that is given
  bool operator==(const Epilogue &) const = default;
};

/// What a kernel may do for two layers of the same sizes.
Epilogue commonTo(const Epilogue &one, const Epilogue &other);

/// The ends of a plan's kernels.
class Epilogues {
public:
  /// The model must outlive this object.
  Epilogues(const ModelSpec &model, const std::vector<Workload> &workloads);

  /// Whether a workload trains, whose backward pass needs what was there before gates and weights of rows.
  bool trains() const { return training; }

  /// What the kernel of this operator alone may do. The operator is a GEMM or a grouped one.
  Epilogue of(const PlacedOperator &placed, const Workload &workload) const;

private:
  template <class Network>
  Epilogue activationOf(const PlacedOperator &placed, const Network &network) const;
  Epilogue sumOf(const GroupedGemmShape &shape, const Workload &workload) const;
  Epilogue projectionOf(const AttentionBlock &attention, const Workload &workload, int64_t columns) const;

  const ModelSpec &model;
  bool training = false;
  /// For which a table of rotations has rows: those of the model, or of the longest workload where that has
  /// more; 0 where the model's are not known.
  int64_t positions = 0;
};

} // namespace codesign
