// What tells one Hugging Face family from another, as data.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace codesign {

enum class WindowRule : uint8_t {
  None,     // no sliding attention
  Direct,   // sliding_window applies to every layer
  WithFlag, // only with use_sliding_window, from layer max_window_layers on
};

enum class ExpertRule : uint8_t {
  None,
  EveryLayer,  // num_local_experts experts of intermediate_size
  SparseSteps, // decoder_sparse_step and mlp_only_layers decide which layers have experts of
               // moe_intermediate_size
};

struct Family {
  llvm::StringRef name;         // model_type
  llvm::StringRef architecture; // class written out
  bool queryKeyValueBias;       // without a key of its own
  bool biasKeys;                // attention_bias and mlp_bias decide
  bool queryKeyNorm;
  WindowRule window;
  ExpertRule experts;
  // What Transformers' configuration class takes for a key that the file does not have; a null in the file
  // says otherwise. 0 is "derived from the number of heads" or "none".
  int64_t keyValueHeads, headDim, slidingWindow, maxPositions;
};

llvm::ArrayRef<Family> families();

/// The family of that name, or null.
const Family *findFamily(llvm::StringRef name);

/// A key of a mechanism that changes shapes and is not modelled.
struct UnsupportedKey {
  llvm::StringRef key, mechanism;
};
llvm::ArrayRef<UnsupportedKey> unsupportedKeys();

/// Keys that decide shapes in any supported family; everything else passes through unread.
llvm::ArrayRef<llvm::StringRef> shapeKeys();

} // namespace codesign
