// RUN: codesign-opt %s -verify-diagnostics -split-input-file

arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @num_hidden_layers = 32
  arch.layers 16 of @num_hidden_layers {
    arch.norm rms hidden 64
  }
  arch.norm rms hidden 64
  // expected-error @below {{comes after a block outside of layers; all layer groups stand together}}
  arch.layers 16 of @num_hidden_layers {
    arch.norm rms hidden 64
  }
}

// -----
// expected-error @below {{has groups of 30 layers in all, but @num_hidden_layers is 32}}
arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @num_hidden_layers = 32
  arch.layers 30 of @num_hidden_layers {
    arch.norm rms hidden 64
  }
}

// -----
// expected-error @below {{mixes layer groups with a constant count and groups 'of @num_hidden_layers'}}
arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @num_hidden_layers = 2
  arch.layers 2 of @num_hidden_layers {
    arch.norm rms hidden 64
  }
  arch.layers 3 {
    arch.norm rms hidden 64
  }
}

// -----
// expected-error @below {{has the element type 'i1'; use bf16, f16, f32, f8E4M3FN or another type of tensors}}
arch.model @a family "llama" type i1 positions 8192 {
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  arch.layers 2 {
    // expected-error @below {{'arch.objective' op expects parent op 'arch.model'}}
    arch.objective time
  }
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-note @below {{the first one is here}}
  arch.workload "x" train batch 4 seq_len 4096 type bf16 weight 1.0
  // expected-error @below {{repeats a workload's name}}
  arch.workload "x" train batch 8 seq_len 4096 type bf16 weight 1.0
}
