// RUN: codesign-opt %s --canonicalize | FileCheck %s

// CHECK: arch.model @fixed
arch.model @fixed family "llama" type bf16 positions 8192 {
  // A single value that is the model's own leaves nothing to choose.
  // CHECK-NEXT: arch.dimension @hidden_size = 4096{{ *$}}
  arch.dimension @hidden_size = 4096 in [4096, 4096]
  // Another single value is still a change.
  // CHECK-NEXT: arch.dimension @head_dim = 128 in [64]
  arch.dimension @head_dim = 128 in 64 to 120 step 64
  // Values are sorted and distinct.
  // CHECK-NEXT: arch.dimension @num_key_value_heads = 8 in [2, 4, 8]
  arch.dimension @num_key_value_heads = 8 in [8, 4, 8, 2]
  // A range ends at its last value.
  // CHECK-NEXT: arch.dimension @num_hidden_layers = 32 in 24 to 39 step 5
  arch.dimension @num_hidden_layers = 32 in 24 to 40 step 5
  // A ratio of a fixed dimension is a range.
  // CHECK-NEXT: arch.dimension @intermediate_size = 14336 in 10240 to 16384 step 1024
  arch.dimension @intermediate_size = 14336 in 2.4 to 4.1 of @hidden_size step 1024
}

// CHECK: arch.model @open
arch.model @open family "llama" type bf16 positions 8192 {
  // CHECK-NEXT: arch.dimension @hidden_size = 4096 in [4096, 5120]
  arch.dimension @hidden_size = 4096 in [4096, 5120]
  // CHECK-NEXT: arch.dimension @intermediate_size = 14336 in 2.5 to 4.0 of @hidden_size step 64
  arch.dimension @intermediate_size = 14336 in 2.5 to 4.0 of @hidden_size step 64
}
