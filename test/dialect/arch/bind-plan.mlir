// RUN: codesign-opt %s --arch-bind-dimensions="hardware=mi300x" | FileCheck %s
// RUN: codesign-opt %s --arch-bind-dimensions="hardware=mi300x values=hidden_size=3072" | FileCheck %s --check-prefix=VALUES
// RUN: not codesign-opt %s --arch-bind-dimensions 2>&1 | FileCheck %s --check-prefix=WHICH

// WHICH: error: has several plans; name one with the option 'hardware'
arch.model @moe family "qwen3_moe" type bf16 positions 8192 {
  // CHECK-NOT: arch.dimension
  arch.dimension @hidden_size = 2048 in [2048, 2560]
  arch.dimension @num_hidden_layers = 12 in 8 to 16
  arch.dimension @shared_expert_intermediate_size = 512 in [0, 512]
  arch.budget params min 0.9e9 max 1.1e9
  // Nine to three of twelve layers are 7.5 to 2.5 of ten; the first group rounds up.
  // CHECK: arch.layers 8 {
  arch.layers 9 of @num_hidden_layers {
    // The chosen model has no shared expert.
    // CHECK-NEXT: arch.moe swiglu hidden 2560 experts 64 top_k 8 intermediate 768{{ *$}}
    // VALUES: arch.moe swiglu hidden 3072 experts 64 top_k 8 intermediate 768{{ *$}}
    arch.moe swiglu hidden @hidden_size experts 64 top_k 8 intermediate 768 shared @shared_expert_intermediate_size
  }
  // CHECK: arch.layers 2 {
  arch.layers 3 of @num_hidden_layers {
    arch.moe swiglu hidden @hidden_size experts 64 top_k 8 intermediate 1536 shared @shared_expert_intermediate_size
  }
  // The plan stays as the record of why.
  // CHECK: arch.plan for "mi300x"
  arch.plan for "mi300x" chooses {hidden_size = 2560, num_hidden_layers = 10, shared_expert_intermediate_size = 0} because {}
  arch.plan for "h100-sxm" chooses {hidden_size = 2048} because {}
}
