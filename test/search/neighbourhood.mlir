// RUN: codesign-opt %s --arch-default-neighbourhood | codesign-opt | FileCheck %s

// CHECK: arch.model @small
arch.model @small family "llama" type bf16 positions 8192 {
  // CHECK-NEXT: arch.dimension @hidden_size = 2048 in {{.*}}
  arch.dimension @hidden_size = 2048
  // CHECK-NEXT: arch.dimension @intermediate_size = 8192 in {{.*}}
  arch.dimension @intermediate_size = 8192
  // CHECK: arch.budget params min {{.*}} max {{.*}}
  arch.workload "train" train batch 4 seq_len 4096 type bf16 weight 1
  arch.layers 16 {
    arch.attention hidden @hidden_size heads 16 kv_heads 4 head_dim 128 rotary
    arch.mlp swiglu hidden @hidden_size intermediate @intermediate_size
  }
}
