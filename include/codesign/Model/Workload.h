// What a model is used for: a phase, its sizes, and how it is spread over GPUs.
#pragma once

#include "codesign/Model/Operators.h"
#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstdint>
#include <string>

namespace codesign {

enum class Phase : uint8_t { Train, Prefill, Decode };

/// Ranks within one model replica. Tensor and expert ranks share the same GPUs: experts are spread over
/// `expert` ranks, everything else over `tensor` ranks; the layers over `pipeline` stages.
struct Parallelism {
  int64_t tensor = 1;
  int64_t expert = 1;
  int64_t pipeline = 1;
  bool operator==(const Parallelism &) const = default;
};

/// One use of the model. Train and prefill: `batch` sequences of `sequenceLength` tokens per step on one
/// replica, with ep > tp on each of its ep ÷ tp attention groups; decode: one new token for each of `batch`
/// sequences with `context` tokens in the cache.
struct Workload {
  std::string name; // "train", "decode", "decode-2", … unique within a plan
  Phase phase = Phase::Train;
  int64_t batch = 1;          // the micro-batch in training
  int64_t sequenceLength = 0; // train, prefill
  int64_t context = 0;        // decode
  int64_t microBatches = 8;   // per optimiser step, for the pipeline bubble
  DataType type = DataType::BF16;
  DataType keyValueType = DataType::BF16;
  Scaling scaling = Scaling::None; // of 8-bit linear layers
  Parallelism parallelism = {};
  double weight = 1;

  /// Tokens that one step processes in one attention group of `tensor` ranks: batch × sequenceLength, or
  /// batch in decode.
  int64_t tokens() const { return phase == Phase::Decode ? batch : batch * sequenceLength; }
  /// Tokens of one step of a replica: with more expert than tensor ranks, each of the expert ÷ tensor
  /// attention groups has a batch of its own.
  int64_t replicaTokens() const {
    return tokens() * std::max<int64_t>(1, parallelism.expert / parallelism.tensor);
  }
  bool operator==(const Workload &) const = default;
};

llvm::StringRef toString(Phase phase);
/// "train seq 4096 batch 4 bf16", "decode batch 64 context 8192 fp8 tp 8".
std::string describe(const Workload &workload);

} // namespace codesign
