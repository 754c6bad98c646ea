// RUN: codesign-opt %s -verify-diagnostics -split-input-file

arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @hidden_size = 4096
  // expected-error @below {{refers to the unknown dimension @hiden_size; did you mean 'hidden_size'?}}
  arch.norm rms hidden @hiden_size
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @head_dim = 128
  // expected-error @below {{hidden_size is a constant or @hidden_size, not @head_dim}}
  arch.norm rms hidden @head_dim
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @num_attention_heads = 30
  arch.layers 2 {
    // expected-error @below {{num_attention_heads 30 is not a multiple of num_key_value_heads 8}}
    arch.attention hidden 4096 heads @num_attention_heads kv_heads 8 head_dim 128 rotary
  }
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{rotary positions need an even head_dim, not 65}}
  arch.attention hidden 4096 heads 32 kv_heads 8 head_dim 65 rotary
}

// -----
arch.model @a family "mixtral" type bf16 positions 8192 {
  // expected-error @below {{num_experts_per_tok 9 is larger than num_experts 8}}
  arch.moe swiglu hidden 4096 experts 8 top_k 9 intermediate 14336
}

// -----
arch.model @a family "mixtral" type bf16 positions 8192 {
  // expected-error @below {{has a shared_gate but no shared expert}}
  arch.moe swiglu hidden 4096 experts 8 top_k 2 intermediate 14336 shared_gate
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{attribute 'hidden_size' failed to satisfy constraint: a positive 64-bit constant or a dimension}}
  arch.norm rms hidden 0
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{intermediate_size 1000000 is larger than 262144}}
  arch.mlp swiglu hidden 4096 intermediate 1000000
}
