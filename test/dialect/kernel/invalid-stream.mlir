// Operations of kernels whose waves share k: what does not fit is rejected with the reason.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @narrowLoad(%w: !kernel.tile<64x512xbf16, global>) attributes {target = #gfx942, waves = array<i64: 1, 4>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global> -> <16x512xbf16, global>
  // expected-error @below {{does not hold 16 consecutive bytes}}
  %part = kernel.fetch_fragment "w0" %rows[%zero, %zero] : <16x512xbf16, global> -> <16x16xbf16, a, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @tooManyRows(%w: !kernel.tile<64x512xbf16, global>) attributes {target = #gfx942, waves = array<i64: 1, 4>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global> -> <16x512xbf16, global>
  // expected-error @below {{loads '!kernel.fragment<32x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>' from '!kernel.tile<16x512xbf16, global>'}}
  %part = kernel.fetch_fragment "w0" %rows[%zero, %zero] : <16x512xbf16, global> -> <32x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @fewSlots() attributes {target = #gfx942, waves = array<i64: 1, 4>, argument_names = []} {
  %slots = kernel.alloc "waveSums" : <2x64x4xf32, lds>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{takes a ring in LDS of one slot for each wave, in rows of four sums}}
  kernel.deposit_sums %sums to %slots : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <2x64x4xf32, lds>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @smallSlots() attributes {target = #gfx942, waves = array<i64: 1, 4>, argument_names = []} {
  %slots = kernel.alloc "waveSums" : <4x32x4xf32, lds>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{does not fill a slot}}
  kernel.deposit_sums %sums to %slots : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <4x32x4xf32, lds>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @unevenShares() attributes {target = #gfx942, waves = array<i64: 1, 2>, argument_names = []} {
  %slots = kernel.alloc "waveSums" : <2x192x4xf32, lds>
  // expected-error @below {{do not divide}}
  %total, %first, %second = kernel.collect_sums "total" %slots : <2x192x4xf32, lds> -> <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}
