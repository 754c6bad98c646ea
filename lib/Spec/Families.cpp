#include "Families.h"

#include "codesign/Spec/HuggingFace.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign {

llvm::ArrayRef<Family> families() {
  using W = WindowRule;
  using E = ExpertRule;
  static const Family all[] = {
      // name, architecture, q/k/v bias, bias keys, q/k norm, window, experts;
      // absent: num_key_value_heads, head_dim, sliding_window, max_position_embeddings
      {"llama", "LlamaForCausalLM", false, true, false, W::None, E::None, 0, 0, 0, 2048},
      {"mistral", "MistralForCausalLM", false, false, false, W::Direct, E::None, 8, 0, 4096, 131072},
      {"mixtral", "MixtralForCausalLM", false, false, false, W::Direct, E::EveryLayer, 8, 0, 0, 131072},
      {"qwen2", "Qwen2ForCausalLM", true, false, false, W::WithFlag, E::None, 32, 0, 4096, 32768},
      {"qwen3", "Qwen3ForCausalLM", false, true, true, W::WithFlag, E::None, 32, 128, 4096, 32768},
      {"qwen3_moe", "Qwen3MoeForCausalLM", false, true, true, W::WithFlag, E::SparseSteps, 4, 0, 4096, 32768},
      {"gpt2", "GPT2LMHeadModel", true, false, false, W::None, E::None, 0, 0, 0, 1024},
  };
  return all;
}

const Family *findFamily(llvm::StringRef name) {
  const auto *found = llvm::find_if(families(), [&](const Family &family) { return family.name == name; });
  return found == families().end() ? nullptr : found;
}

llvm::ArrayRef<llvm::StringRef> supportedFamilies() {
  static const std::vector<llvm::StringRef> names = [] {
    std::vector<llvm::StringRef> result;
    for (const Family &family : families())
      result.push_back(family.name);
    return result;
  }();
  return names;
}

llvm::ArrayRef<UnsupportedKey> unsupportedKeys() {
  static constexpr UnsupportedKey all[] = {
      {"kv_lora_rank", "multi-head latent attention"},
      {"q_lora_rank", "multi-head latent attention"},
      {"qk_rope_head_dim", "multi-head latent attention"},
      {"n_routed_experts", "DeepSeek's routing"},
      {"n_shared_experts", "DeepSeek's shared experts"},
      {"first_k_dense_replace", "leading dense layers"},
      {"moe_layer_freq", "experts in some layers"},
      {"num_nextn_predict_layers", "multi-token prediction"},
      {"mamba_d_state", "state-space layers"},
      {"mamba_num_heads", "state-space layers"},
      {"state_size", "state-space layers"},
      {"ssm_state_size", "state-space layers"},
      {"layers_block_type", "hybrid layers"},
      {"hybrid_override_pattern", "hybrid layers"},
      {"attn_layer_period", "hybrid layers"},
      {"full_attention_interval", "linear attention"},
      {"linear_num_key_heads", "linear attention"},
      {"linear_num_value_heads", "linear attention"},
      {"cross_attention_layers", "cross-attention"},
      {"shared_expert_intermediate_size", "a shared expert in this family"},
      {"attn_logit_softcapping", "soft-capped attention"},
      {"block_configs", "layers of different widths"},
      {"add_cross_attention", "cross-attention"},
  };
  return all;
}

llvm::ArrayRef<llvm::StringRef> shapeKeys() {
  static constexpr llvm::StringRef all[] = {"model_type",
                                            "architectures",
                                            "vocab_size",
                                            "hidden_size",
                                            "intermediate_size",
                                            "num_hidden_layers",
                                            "num_attention_heads",
                                            "num_key_value_heads",
                                            "head_dim",
                                            "max_position_embeddings",
                                            "tie_word_embeddings",
                                            "attention_bias",
                                            "mlp_bias",
                                            "sliding_window",
                                            "use_sliding_window",
                                            "max_window_layers",
                                            "layer_types",
                                            "num_experts",
                                            "num_local_experts",
                                            "num_experts_per_tok",
                                            "moe_intermediate_size",
                                            "decoder_sparse_step",
                                            "mlp_only_layers",
                                            "n_embd",
                                            "n_layer",
                                            "n_head",
                                            "n_positions",
                                            "n_ctx",
                                            "n_inner",
                                            "dtype",
                                            "torch_dtype",
                                            "hidden_act",
                                            "activation_function",
                                            "name"};
  return all;
}

} // namespace codesign
