// What the steps behind the sums refuse.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @halves(%d: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["d", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x64xbf16, global> -> <16x64xbf16, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{halves transposed sums only}}
  kernel.store halved %sums to %rows[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x64xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @wholeMatrix(%d: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["d", "m"]} {
  %zero = arith.constant 0 : index
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{takes rows of a global matrix, cut out by kernel.rows}}
  %added = kernel.add_matrix transposed %sums, %d[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <?x64xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @pairs() attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = []} {
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{finds pairs of columns in the rows of transposed sums}}
  %gated = kernel.gate silu %sums : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @acrossLanes(%d: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["d", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x64xbf16, global> -> <16x64xbf16, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{is added to transposed sums}}
  %added = kernel.add_matrix %sums, %rows[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <16x64xbf16, global>
  kernel.return
}
