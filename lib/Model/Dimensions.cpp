#include "codesign/Model/Dimensions.h"

#include <algorithm>

namespace codesign {

static constexpr std::array<const char *, numDimensions> names = {
    "hidden_size",
    "num_hidden_layers",
    "head_dim",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "num_experts",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "shared_expert_intermediate_size",
    "vocab_size",
};

static constexpr auto makeAll() {
  std::array<Dimension, numDimensions> all{};
  for (int i = 0; i < numDimensions; ++i)
    all[i] = static_cast<Dimension>(i);
  return all;
}

llvm::StringRef toString(Dimension dimension) {
  return names[static_cast<size_t>(dimension)];
}

std::optional<Dimension> parseDimension(llvm::StringRef name) {
  const auto *found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return std::nullopt;
  return static_cast<Dimension>(found - names.begin());
}

llvm::ArrayRef<Dimension> allDimensions() {
  static constexpr std::array<Dimension, numDimensions> all = makeAll();
  return all;
}

} // namespace codesign
