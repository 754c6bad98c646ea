// RUN: codesign-opt %s -verify-diagnostics -split-input-file

arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{train has a seq_len and no context}}
  arch.workload "x" train batch 4 context 4096 type bf16 weight 1.0
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{decode has a context and no seq_len}}
  arch.workload "x" decode batch 4 seq_len 4096 type bf16 weight 1.0
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{only training has micro_batches}}
  arch.workload "x" prefill batch 4 seq_len 4096 micro_batches 2 type bf16 weight 1.0
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{is spread over 0 ranks; 1 to 1024 are possible}}
  arch.workload "x" prefill batch 4 seq_len 4096 type bf16 among [tensor 2, tensor 0] weight 1.0
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{no value lies between min 8.000000e+09 and max 7.000000e+09}}
  arch.budget params min 8.0e9 max 7.0e9
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{no value lies between min 4.000000e+00 and max 2.500000e+00}}
  arch.constraint "mlp_ratio" min 4.0 max 2.5
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{is off and has limits}}
  arch.constraint "mlp_ratio" min 4.0 off
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{there is no dimension 'head_dims'; did you mean 'head_dim'?}}
  arch.plan for "mi300x" chooses {head_dims = 64} because {}
}
