// RUN: codesign-opt %s --arch-search="profile=%source/test/Inputs/hwprofiles/frozen-gfx942.yaml" -split-input-file -verify-diagnostics

// expected-error-re @below {{{{.*}}params_budget{{.*}}}}
arch.model @large family "llama" type bf16 positions 8192 {
  arch.dimension @intermediate_size = 4096 in 1024 to 8192 step 256
  arch.budget params min 1.0e12 max 1.1e12
  arch.workload "train" train batch 4 seq_len 4096 type bf16 weight 1
  arch.layers 12 {
    arch.attention hidden 1024 heads 8 kv_heads 4 head_dim 128 rotary
    arch.mlp swiglu hidden 1024 intermediate @intermediate_size
  }
}

// -----
// expected-error @below {{a search needs at least one workload}}
arch.model @nothing family "llama" type bf16 positions 8192 {
  arch.dimension @intermediate_size = 4096 in 1024 to 8192 step 256
  arch.mlp swiglu hidden 1024 intermediate @intermediate_size
}
