// A model as it was read, and where each of its values comes from.
#pragma once

#include "codesign/Model/ModelSpec.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <string>
#include <vector>

namespace codesign {

/// Where a value stands, or the rule that derived it: "hidden_size / num_attention_heads".
struct Origin {
  SourceLocation location; // line 0 for derived values
  std::string rule;        // empty for values that stand in the file

  /// "config.json:8:18" or "derived: hidden_size / num_attention_heads".
  std::string str() const;
};

struct LoadedModel {
  ModelSpec model;
  /// By Hugging Face key, the family's own spelling unified: "hidden_size" also for GPT-2's n_embd.
  std::map<std::string, Origin> origins;
  std::vector<std::string> warnings;
  /// The config.json itself; keys that do not touch the shape are kept when the model is written out again.
  std::shared_ptr<const SourceFile> source;
};

} // namespace codesign
