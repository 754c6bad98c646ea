// RUN: codesign-opt %s -verify-diagnostics -split-input-file

arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{there is no dimension 'hiden_size'; did you mean 'hidden_size'?}}
  arch.dimension @hiden_size = 4096
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{the domain is empty}}
  arch.dimension @head_dim = 64 in []
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{the domain is empty: 4096 to 2048}}
  arch.dimension @hidden_size = 4096 in 4096 to 2048 step 64
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{bounds and step of a range are positive}}
  arch.dimension @hidden_size = 4096 in 1024 to 2048 step 0
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{a range has integer bounds; for a ratio, say 'of @dimension'}}
  arch.dimension @hidden_size = 4096 in 2.5 to 4.0 step 64
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{the domain has the value -1; sizes are not negative}}
  arch.dimension @head_dim = 64 in [64, -1]
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  arch.dimension @hidden_size = 512
  // expected-error @below {{the domain is empty at every value of @hidden_size}}
  arch.dimension @intermediate_size = 14336 in 2.0 to 2.1 of @hidden_size step 1000
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{refers to the unknown dimension @hidden_size}}
  arch.dimension @intermediate_size = 14336 in 2.0 to 4.0 of @hidden_size
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{hidden_size 1099511627776 is larger than 262144}}
  arch.dimension @hidden_size = 1099511627776
}

// -----
arch.model @a family "llama" type bf16 positions 8192 {
  // expected-error @below {{cannot be 0}}
  arch.dimension @head_dim = 64 in [0, 64]
}
