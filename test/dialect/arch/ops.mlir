// RUN: codesign-opt %s | codesign-opt | FileCheck %s
// RUN: codesign-opt %s --mlir-print-op-generic | codesign-opt | FileCheck %s

// CHECK: arch.model @dense family "llama" type bf16 positions 8192 {
arch.model @dense family "llama" type bf16 positions 8192 {
  // CHECK-NEXT: arch.dimension @hidden_size = 4096 in 3072 to 5120 step 64
  arch.dimension @hidden_size = 4096 in 3072 to 5120 step 64
  // CHECK-NEXT: arch.dimension @num_hidden_layers = 32 in 24 to 40
  arch.dimension @num_hidden_layers = 32 in 24 to 40 step 1
  // CHECK-NEXT: arch.dimension @head_dim = 128 in [64, 128]
  arch.dimension @head_dim = 128 in [64, 128]
  // CHECK-NEXT: arch.dimension @num_attention_heads = 32
  arch.dimension @num_attention_heads = 32
  // CHECK-NEXT: arch.dimension @intermediate_size = 14336 in 2.5 to 4.0 of @hidden_size step 64
  arch.dimension @intermediate_size = 14336 in 2.5 to 4 of @hidden_size step 64

  // CHECK-NEXT: arch.budget params min 7.84e+09 max 8.16e+09
  arch.budget params min 7.84e9 max 8160000000
  // CHECK-NEXT: arch.budget memory_bytes max 8.0e+10
  arch.budget memory_bytes max 8.0e10
  // CHECK-NEXT: arch.constraint "depth_width_band" min 64.0 max 160.0
  arch.constraint "depth_width_band" min 64.0 max 160.0
  // CHECK-NEXT: arch.constraint "head_dim_menu" off
  arch.constraint "head_dim_menu" off
  // CHECK-NEXT: arch.workload "train" train batch 4 seq_len 4096 micro_batches 16 type bf16 weight 0.7
  arch.workload "train" train batch 4 seq_len 4096 micro_batches 16 type bf16 weight 0.7
  // CHECK-NEXT: arch.workload "decode" decode batch 64 context 8192 type f8E4M3FN kv_type bf16 scaling block128
  // CHECK-SAME: tensor 8 expert 2 pipeline 4 among [tensor 1, tensor 8 expert 8, tensor 2 pipeline 2] weight 0.3
  arch.workload "decode" decode batch 64 context 8192 type f8E4M3FN kv_type bf16 scaling block128
    tensor 8 expert 2 pipeline 4 among [tensor 1, tensor 8 expert 8, tensor 2 pipeline 2] weight 0.3
  // CHECK-NEXT: arch.objective energy
  arch.objective energy

  // CHECK-NEXT: arch.embedding vocab 128256 hidden @hidden_size
  arch.embedding vocab 128256 hidden @hidden_size
  // CHECK-NEXT: arch.layers 32 of @num_hidden_layers {
  arch.layers 32 of @num_hidden_layers {
    // CHECK-NEXT: arch.norm rms hidden @hidden_size residual
    arch.norm rms hidden @hidden_size residual
    // CHECK-NEXT: arch.attention hidden @hidden_size heads @num_attention_heads kv_heads 8 head_dim @head_dim rotary
    arch.attention hidden @hidden_size heads @num_attention_heads kv_heads 8 head_dim @head_dim rotary
    // CHECK-NEXT: arch.mlp swiglu hidden @hidden_size intermediate @intermediate_size
    arch.mlp swiglu hidden @hidden_size intermediate @intermediate_size
  }
  // CHECK: arch.head vocab 128256 hidden @hidden_size
  arch.head vocab 128256 hidden @hidden_size
}
