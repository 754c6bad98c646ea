// Results of 8 bits: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.quantise %{{.*}} by %{{.*}} to f8E4M3FNUZ : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <1x1xf32, global>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @narrow(%scale: !kernel.tile<1x1xf32, global>, %d: !kernel.tile<?x64xf8E4M3FNUZ, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["dScale", "d", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x64xf8E4M3FNUZ, global> -> <16x64xf8E4M3FNUZ, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %narrow = kernel.quantise %sums by %scale to f8E4M3FNUZ : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <1x1xf32, global>
  kernel.store transposed %narrow to %rows[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x64xf8E4M3FNUZ, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @unsaturated(%d: !kernel.tile<?x64xf8E4M3FNUZ, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["d", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x64xf8E4M3FNUZ, global> -> <16x64xf8E4M3FNUZ, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{writes 8 bits of sums that kernel.quantise has not saturated}}
  kernel.store transposed %sums to %rows[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x64xf8E4M3FNUZ, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @otherEncoding(%scale: !kernel.tile<1x1xf32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["dScale"]} {
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{gfx942 rounds to fp8_fnuz, not to 'f8E4M3FN'}}
  %narrow = kernel.quantise %sums by %scale to f8E4M3FN : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <1x1xf32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @tooEarly(%scale: !kernel.tile<1x1xf32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["dScale"]} {
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{is the last step before the store}}
  %narrow = kernel.quantise %sums by %scale to f8E4M3FNUZ : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <1x1xf32, global>
  %late = kernel.activation silu %narrow : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @noInstruction(%scale: !kernel.tile<1x1xf32, global>)
    attributes {target = #sm80, waves = array<i64: 1, 1>, argument_names = ["dScale"]} {
  %sums = kernel.zero "sums" : <16x8xf32, accumulator, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32">
  // expected-error @below {{sm_80 has no instruction that rounds to 8 bits}}
  %narrow = kernel.quantise %sums by %scale to f8E4M3FN : <16x8xf32, accumulator, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"> by <1x1xf32, global>
  kernel.return
}
