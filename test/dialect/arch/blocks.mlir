// RUN: codesign-opt --allow-unregistered-dialect %s | codesign-opt --allow-unregistered-dialect | FileCheck %s
// RUN: codesign-opt --allow-unregistered-dialect %s --mlir-print-op-generic | codesign-opt --allow-unregistered-dialect | FileCheck %s

// CHECK: arch.model @small family "gpt2" type f16 positions 1024 template attributes {revision = "one"} {
arch.model @small family "gpt2" type f16 positions 1024 template attributes {revision = "one"} {
  // CHECK-NEXT: arch.embedding vocab 50257 hidden 768 positions 1024
  arch.embedding vocab 50257 hidden 768 positions 1024
  // CHECK-NEXT: arch.layers 9 {
  arch.layers 9 {
    // CHECK-NEXT: arch.norm layer hidden 768
    arch.norm layer hidden 768
    // CHECK-NEXT: arch.attention hidden 768 heads 12 kv_heads 12 head_dim 64 qkv_bias output_bias
    arch.attention hidden 768 heads 12 kv_heads 12 head_dim 64 qkv_bias output_bias
    // CHECK-NEXT: arch.mlp gelu hidden 768 intermediate 3072 bias
    arch.mlp gelu hidden 768 intermediate 3072 bias
  }
  // CHECK: arch.layers 3 {
  arch.layers 3 {
    // CHECK-NEXT: arch.attention hidden 768 heads 12 kv_heads 4 head_dim 64 window 4096 rotary qk_norm
    arch.attention hidden 768 heads 12 kv_heads 4 head_dim 64 window 4096 rotary qk_norm
    // CHECK-NEXT: arch.moe swiglu hidden 768 experts 64 top_k 6 intermediate 256 shared 512 shared_gate
    arch.moe swiglu hidden 768 experts 64 top_k 6 intermediate 256 shared 512 shared_gate
    // CHECK-NEXT: arch.moe relu hidden 768 experts 8 top_k 2 intermediate 1024
    arch.moe relu hidden 768 experts 8 top_k 2 intermediate 1024
  }
  // CHECK: arch.norm layer hidden 768 residual
  arch.norm layer hidden 768 residual
  // CHECK-NEXT: arch.head vocab 50257 hidden 768 tied
  arch.head vocab 50257 hidden 768 tied
  // CHECK-NEXT: arch.plan for "mi300x" chooses {head_dim = 64} because {
  // CHECK-NEXT:   schema = 1,
  // CHECK-NEXT:   best = [
  // CHECK-NEXT:     {speedup = 1.25, terms = -1.0e-06, verdict = "faster", tied = true, price = unit},
  // CHECK-NEXT:     {}
  // CHECK-NEXT:   ],
  // CHECK-NEXT:   from = [4096, -1]
  // CHECK-NEXT: }
  arch.plan for "mi300x" chooses {head_dim = 64} because {
    schema = 1, best = [{speedup = 1.25, terms = -1.0e-6, "verdict" = "faster", tied = true, price = unit}, {}],
    from = [4096, -1]
  }
}

// CHECK: "test.domains"() {a = #arch.values<[1, 2]>, b = #arch.range<1 to 9 step 2>,
// CHECK-SAME: c = #arch.ratio<0.5 to 1000.25 of @hidden_size>} : () -> ()
"test.domains"() {a = #arch.values<[1, 2]>, b = #arch.range<1 to 9 step 2>,
                  c = #arch.ratio<0.5 to 1000.25 of @hidden_size>} : () -> ()
