// RUN: codesign-opt %s --arch-list-operators -split-input-file -verify-diagnostics | FileCheck %s

// Eight experts on four ranks, the products of two local ones.
// CHECK-LABEL: arch.model @moe
arch.model @moe family "mixtral" type bf16 positions 8192 {
  arch.workload "prefill" prefill batch 1 seq_len 4096 type bf16 tensor 4 expert 4 weight 1
  // CHECK: arch.moe
  // CHECK-SAME: "1 x router: gemm m=4096 n=8 k=4096 bf16,
  // CHECK-SAME: grouped_gemm {{[^"]*}}n=28672 k=4096
  arch.moe swiglu hidden 4096 experts 8 top_k 2 intermediate 14336
}

// -----
arch.model @heads family "llama" type bf16 positions 8192 {
  // expected-error @below {{num_attention_heads 12 is not a multiple of tp 8}}
  arch.workload "train" train batch 4 seq_len 4096 type bf16 tensor 8 weight 1
  arch.layers 12 {
    arch.attention hidden 768 heads 12 kv_heads 12 head_dim 64
  }
}
