// RUN: codesign-opt %s --arch-count-parameters | FileCheck %s --check-prefix=COUNT
// RUN: codesign-opt %s --arch-list-operators | FileCheck %s --check-prefix=LIST
// RUN: codesign-opt %s --arch-bind-dimensions="values=hidden_size=2048,num_hidden_layers=20" | FileCheck %s --check-prefix=BIND
// RUN: codesign-opt %s --arch-bind-dimensions --arch-count-parameters | FileCheck %s --check-prefix=BASE
// RUN: not codesign-opt %s --arch-bind-dimensions="values=hiden_size=2048" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not codesign-opt %s --arch-bind-dimensions="hardware=h100" 2>&1 | FileCheck %s --check-prefix=PLAN

// Llama-3-8B: 8,030,261,248 parameters, published.
// COUNT: arch.model @"llama-3-8b" {{.*}} attributes {arch.parameters = [8030261248, 8030261248]}
// BASE: arch.model @"llama-3-8b" {{.*}} attributes {arch.parameters = [8030261248, 8030261248]}
// NAME: error: has no dimension 'hiden_size'; did you mean 'hidden_size'?
// PLAN: error: has no plan for 'h100'
arch.model @"llama-3-8b" family "llama" type bf16 positions 8192 {
  // BIND-NOT: arch.dimension
  // BIND-NOT: arch.objective
  arch.dimension @hidden_size = 4096 in 1024 to 8192 step 128
  arch.dimension @num_hidden_layers = 32 in 16 to 40
  arch.objective time
  arch.workload "train" train batch 4 seq_len 4096 type bf16 tensor 2 weight 0.5
  arch.workload "decode" decode batch 64 context 8192 type bf16 weight 0.5
  // COUNT: arch.embedding {{.*}} {arch.parameters = [525336576, 525336576]}
  arch.embedding vocab 128256 hidden @hidden_size
  // Half of the layers were here, half will be.
  // BIND: arch.layers 10 {
  arch.layers 16 of @num_hidden_layers {
    // BIND-NEXT: arch.norm rms hidden 2048 residual
    arch.norm rms hidden @hidden_size residual
    // COUNT: arch.attention {{.*}} {arch.parameters = [41943040, 41943040]}
    // LIST: arch.attention {{.*}} {arch.operators = {
    // LIST-SAME: decode = ["1 x qkv_proj: gemm m=64 n=6144 k=4096 bf16, 3221225472 flops, 51642368 bytes"
    // LIST-SAME: "1 x attention: decode_attention batch=64 context=8192 heads=32/8 head_dim=128 kv bf16
    // LIST-SAME: train = ["1 x qkv_proj: gemm m=16384 n=3072 k=4096 bf16, 412316860416 flops, 260046848 bytes"
    // LIST-SAME: "1 x qkv_proj.dgrad: gemm m=16384 n=4096 k=3072 bf16
    // LIST-SAME: "1 x qkv_proj.wgrad: gemm m=3072 n=4096 k=16384 bf16
    // LIST-SAME: "1 x o_proj.all_reduce: collective all_reduce bytes=134217728 ranks=2, 0 flops, 0 bytes"
    arch.attention hidden @hidden_size heads 32 kv_heads 8 head_dim 128 rotary
    arch.norm rms hidden @hidden_size residual
    // COUNT: arch.mlp {{.*}} {arch.parameters = [176160768, 176160768]}
    // BIND: arch.mlp swiglu hidden 2048 intermediate 14336
    arch.mlp swiglu hidden @hidden_size intermediate 14336
  }
  // BIND: arch.layers 10 {
  arch.layers 16 of @num_hidden_layers {
    arch.norm rms hidden @hidden_size residual
    arch.attention hidden @hidden_size heads 32 kv_heads 8 head_dim 128 rotary
    arch.norm rms hidden @hidden_size residual
    arch.mlp swiglu hidden @hidden_size intermediate 14336
  }
  arch.norm rms hidden @hidden_size residual
  // BIND: arch.head vocab 128256 hidden 2048
  arch.head vocab 128256 hidden @hidden_size
}
