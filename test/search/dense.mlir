// RUN: codesign-opt %s --arch-search="profile=%source/test/Inputs/hwprofiles/frozen-gfx942.yaml" | FileCheck %s
// RUN: codesign-opt %s --arch-search="profile=%source/test/Inputs/hwprofiles/frozen-gfx942.yaml" --arch-bind-dimensions --arch-count-parameters | FileCheck %s --check-prefix=BOUND

// CHECK: arch.model @"llama-3-8b"
// BOUND-NOT: arch.dimension
arch.model @"llama-3-8b" family "llama" type bf16 positions 8192 {
  arch.dimension @hidden_size = 4096 in [3840, 4096, 4352]
  arch.dimension @num_hidden_layers = 32 in 28 to 36
  arch.dimension @num_attention_heads = 32 in [30, 32, 34]
  arch.dimension @intermediate_size = 14336 in 2.5 to 4.0 of @hidden_size step 256
  arch.budget params min 7.9e9 max 8.1e9
  arch.workload "train" train batch 4 seq_len 4096 type bf16 weight 1
  arch.embedding vocab 128256 hidden @hidden_size
  // BOUND: arch.layers {{[0-9]+}} {
  arch.layers 32 of @num_hidden_layers {
    arch.norm rms hidden @hidden_size residual
    arch.attention hidden @hidden_size heads @num_attention_heads kv_heads 8 head_dim 128 rotary
    arch.norm rms hidden @hidden_size residual
    arch.mlp swiglu hidden @hidden_size intermediate @intermediate_size
  }
  arch.norm rms hidden @hidden_size residual
  arch.head vocab 128256 hidden @hidden_size
  // 30 and 34 heads are no multiple of 8 key-value heads.
  // CHECK: arch.plan for "frozen-gfx942" chooses {
  // CHECK-SAME: num_attention_heads = 32,
  // CHECK: certificate = {
  // CHECK: variants = {{[1-9][0-9]*}},
  // CHECK: {name = "head_grouping", {{.*}}removed = {{[1-9][0-9]*}}
  // CHECK: {name = "params_budget", {{.*}}removed = {{[1-9][0-9]*}}
  // CHECK: gap = 0{{(\.0)?}},
}
