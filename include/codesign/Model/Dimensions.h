// The named sizes of a model that a search may choose. Names are those of Hugging Face's config.json.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <cstdint>
#include <optional>

namespace codesign {

enum class Dimension : uint8_t {
  HiddenSize,
  NumHiddenLayers,
  HeadDim,
  NumAttentionHeads,
  NumKeyValueHeads,
  IntermediateSize,
  NumExperts,
  NumExpertsPerToken,
  MoeIntermediateSize,
  SharedExpertIntermediateSize,
  VocabSize,
};
inline constexpr int numDimensions = 11;

/// "hidden_size", "num_hidden_layers", "head_dim", …
llvm::StringRef toString(Dimension dimension);
std::optional<Dimension> parseDimension(llvm::StringRef name);
llvm::ArrayRef<Dimension> allDimensions();

/// A value for each dimension; 0 where a model has no such dimension (experts of a dense model).
struct DimensionValues {
  std::array<int64_t, numDimensions> values{};

  int64_t operator[](Dimension d) const { return values[static_cast<size_t>(d)]; }
  int64_t &operator[](Dimension d) { return values[static_cast<size_t>(d)]; }
  bool operator==(const DimensionValues &) const = default;
};

} // namespace codesign
