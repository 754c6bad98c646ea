// Scales of blocks of results: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.reuse "rowMaxima" %{{.*}} : <1x64x64xbf16, lds, #{{.*}}> -> <4x32xf32, lds>
// CHECK: kernel.deposit_maxima transposed halved %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}] from %{{.*}} below 512 : <64x32xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <4x32xf32, lds>
// CHECK: kernel.quantise_blocks transposed halved %{{.*}} by %{{.*}} maxima %{{.*}}[%{{.*}}, %{{.*}}] : !kernel.tile<4x32xf32, lds> from %{{.*}} below 512 smallest {{.*}} to f8E4M3FNUZ : <64x32xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <32>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @blocks(%scales: !kernel.tile<?x2xf32, global, #kernel.column_major>, %d: !kernel.tile<?x256xf8E4M3FNUZ, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 4>, argument_names = ["dScale", "d", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x256xf8E4M3FNUZ, global> -> <32x256xf8E4M3FNUZ, global>
  %tiles = kernel.alloc "aTile" : <1x64x64xbf16, lds, #kernel.swizzled>
  %sums = kernel.zero "sums" : <64x32xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %maxima = kernel.reuse "rowMaxima" %tiles : <1x64x64xbf16, lds, #kernel.swizzled> -> <4x32xf32, lds>
  kernel.deposit_maxima transposed halved %sums to %maxima[%zero, %zero] from %zero below 512 : <64x32xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <4x32xf32, lds>
  kernel.barrier
  %places = kernel.locate_scales "dScales" %scales of %m[%zero] of %m : <?x2xf32, global, #kernel.column_major> -> <32>
  %narrow = kernel.quantise_blocks transposed halved %sums by %places maxima %maxima[%zero, %zero] : !kernel.tile<4x32xf32, lds> from %zero below 512 smallest 1.0e-4 to f8E4M3FNUZ : <64x32xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <32>
  kernel.store transposed halved %narrow to %rows[%zero, %zero] : <64x32xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <32x256xf8E4M3FNUZ, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @small(%m: index) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %tiles = kernel.alloc "aTile" : <1x16x32xbf16, lds, #kernel.swizzled>
  // expected-error @below {{has 2048 bytes}}
  %maxima = kernel.reuse "rowMaxima" %tiles : <1x16x32xbf16, lds, #kernel.swizzled> -> <4x128xf32, lds>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @odd(%scales: !kernel.tile<?x1xf32, global, #kernel.column_major>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["dScale", "m"]} {
  %zero = arith.constant 0 : index
  %sums = kernel.zero "sums" : <48x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %places = kernel.locate_scales "dScales" %scales of %m[%zero] of %m : <?x1xf32, global, #kernel.column_major> -> <16>
  // expected-error @below {{48 output columns of a wave are neither whole blocks of 128 nor an even part of one}}
  %narrow = kernel.quantise_blocks transposed %sums by %places from %zero below 128 smallest 1.0e-4 to f8E4M3FNUZ : <48x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <16>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @alone(%scales: !kernel.tile<?x1xf32, global, #kernel.column_major>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["dScale", "m"]} {
  %zero = arith.constant 0 : index
  %sums = kernel.zero "sums" : <64x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %places = kernel.locate_scales "dScales" %scales of %m[%zero] of %m : <?x1xf32, global, #kernel.column_major> -> <16>
  // expected-error @below {{needs what the other waves of a block have found}}
  %narrow = kernel.quantise_blocks transposed %sums by %places from %zero below 128 smallest 1.0e-4 to f8E4M3FNUZ : <64x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <16>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @blocksOfOthers(%scales: !kernel.tile<?x3xf32, global, #kernel.column_major>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["dScale", "m"]} {
  %zero = arith.constant 0 : index
  %sums = kernel.zero "sums" : <128x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %places = kernel.locate_scales "dScales" %scales of %m[%zero] of %m : <?x3xf32, global, #kernel.column_major> -> <16>
  // expected-error @below {{256 columns have 2 blocks, the scales have 3}}
  %narrow = kernel.quantise_blocks transposed %sums by %places from %zero below 256 smallest 1.0e-4 to f8E4M3FNUZ : <128x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> by <16>
  kernel.return
}
