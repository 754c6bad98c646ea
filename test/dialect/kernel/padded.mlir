// Rows that start further apart than they are long: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.rows "wRows" %{{.*}} : <64x96xbf16, global, #kernel.row_major<padding = 128>> -> <32x96xbf16, global, #kernel.row_major<padding = 128>>
// CHECK: kernel.fetch "wNext" %{{.*}} : <32x96xbf16, global, #kernel.row_major<padding = 128>> -> <32x64xbf16>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @padded(%w: !kernel.tile<64x96xbf16, global, #kernel.row_major<padding = 128>>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x96xbf16, global, #kernel.row_major<padding = 128>> -> <32x96xbf16, global, #kernel.row_major<padding = 128>>
  %next = kernel.fetch "wNext" %rows[%zero] : <32x96xbf16, global, #kernel.row_major<padding = 128>> -> <32x64xbf16>
  kernel.return
}

// -----

// expected-error @below {{rows of 96 elements cannot start 88 apart}}
kernel.func @tooNear(%w: !kernel.tile<64x96xbf16, global, #kernel.row_major<padding = -8>>) {
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @betweenChunks(%w: !kernel.tile<64x96xbf16, global, #kernel.row_major<padding = 4>>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x96xbf16, global, #kernel.row_major<padding = 4>> -> <32x96xbf16, global, #kernel.row_major<padding = 4>>
  // expected-error @below {{rows of 100 elements do not start at multiples of 16 bytes}}
  %next = kernel.fetch "wNext" %rows[%zero] : <32x96xbf16, global, #kernel.row_major<padding = 4>> -> <32x64xbf16>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @otherDistance(%w: !kernel.tile<64x96xbf16, global, #kernel.row_major<padding = 128>>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  // expected-error @below {{cuts rows of the same length, type and order}}
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x96xbf16, global, #kernel.row_major<padding = 128>> -> <32x96xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @stored(%d: !kernel.tile<64x96xf32, global, #kernel.row_major<padding = 32>>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["d"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "dRows" %d[%zero] of %end : <64x96xf32, global, #kernel.row_major<padding = 32>> -> <16x96xf32, global, #kernel.row_major<padding = 32>>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{takes rows without gaps}}
  kernel.store %sums to %rows[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x96xf32, global, #kernel.row_major<padding = 32>>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
// expected-error @below {{and whole, as if it had no gaps}}
kernel.func @whole(%scales: !kernel.tile<1x96xf32, global, #kernel.row_major<padding = 32>>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["scales"]} {
  %zero = arith.constant 0 : index
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %scaled = kernel.scale_columns %sums, %scales[%zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <1x96xf32, global, #kernel.row_major<padding = 32>>
  kernel.return
}
