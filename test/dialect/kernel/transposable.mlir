// Operands that are transposed by the reads of LDS: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.load_fragment "wPart" across %{{.*}}[%{{.*}}, %{{.*}}] : <128x256xf8E4M3FN, lds, #kernel.transposable>
#gfx950 = #kernel.target<architecture = "gfx950", waveSize = 64, sharedBytes = 163840, registersPerLane = 512, chiplets = 8>
kernel.func @read(%m: index) attributes {target = #gfx950, waves = array<i64: 2, 2>, argument_names = ["m"]} {
  %zero = arith.constant 0 : index
  %tile = kernel.alloc "wTile" : <128x256xf8E4M3FN, lds, #kernel.transposable>
  %part = kernel.load_fragment "wPart" across %tile[%zero, %zero] : <128x256xf8E4M3FN, lds, #kernel.transposable> -> <64x128xf8E4M3FN, a, "v_mfma_f32_16x16x128_f8f6f4.fp8.fp8">
  kernel.return
}

// -----

#gfx950 = #kernel.target<architecture = "gfx950", waveSize = 64, sharedBytes = 163840, registersPerLane = 512, chiplets = 8>
kernel.func @otherLayout(%m: index) attributes {target = #gfx950, waves = array<i64: 2, 2>, argument_names = ["m"]} {
  %zero = arith.constant 0 : index
  %tile = kernel.alloc "wTile" : <128x256xf8E4M3FN, lds, #kernel.swizzled>
  // expected-error @below {{reads rows of k out of #kernel.transposable, and nothing else}}
  %part = kernel.load_fragment "wPart" across %tile[%zero, %zero] : <128x256xf8E4M3FN, lds, #kernel.swizzled> -> <64x128xf8E4M3FN, a, "v_mfma_f32_16x16x128_f8f6f4.fp8.fp8">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @notThere(%m: index) attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["m"]} {
  %zero = arith.constant 0 : index
  %tile = kernel.alloc "wTile" : <64x256xbf16, lds, #kernel.transposable>
  // expected-error @below {{gfx942 does not transpose 'bf16' on the way from LDS}}
  %part = kernel.load_fragment "wPart" across %tile[%zero, %zero] : <64x256xbf16, lds, #kernel.transposable> -> <64x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  kernel.return
}

// -----

#gfx950 = #kernel.target<architecture = "gfx950", waveSize = 64, sharedBytes = 163840, registersPerLane = 512, chiplets = 8>
kernel.func @narrowRows() attributes {target = #gfx950, waves = array<i64: 2, 2>, argument_names = []} {
  // expected-error @below {{8-bit or 16-bit elements, multiples of 16, in LDS}}
  %tile = kernel.alloc "wTile" : <128x24xf8E4M3FN, lds, #kernel.transposable>
  kernel.return
}
