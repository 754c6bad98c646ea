// Products with scales of blocks of k: the round trip, and what is no part of a block.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.mma_scaled %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} mixed :
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @half(%rows: !kernel.tile<?x2xf32, global>, %blocks: !kernel.tile<32x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %tiles = kernel.alloc "tile" : <1x128x64xf8E4M3FNUZ, lds, #kernel.swizzled>
  %tile = kernel.slot %tiles[%zero] : <1x128x64xf8E4M3FNUZ, lds, #kernel.swizzled> -> <128x64xf8E4M3FNUZ, lds, #kernel.swizzled>
  %rowScales = kernel.rows "rowScales" %rows[%zero] of %m : <?x2xf32, global> -> <128x2xf32, global>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  %sums = kernel.zero "sums" : <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  %fetched = kernel.fetch_scales "fetched" %rowScales[%zero], %blockScales[%zero] at %zero : <128x2xf32, global>, <32x2xf32, global> -> <64>
  %scales = kernel.combine_scales "scales" %fetched : <64>
  %w = kernel.load_fragment "w" %tile[%zero, %zero] : <128x64xf8E4M3FNUZ, lds, #kernel.swizzled> -> <32x64xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  %a = kernel.load_fragment "a" %tile[%zero, %zero] : <128x64xf8E4M3FNUZ, lds, #kernel.swizzled> -> <64x64xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  %next = kernel.mma_scaled %w, %a, %scales, %sums mixed : <32x64xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64x64xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64>, <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @more(%rows: !kernel.tile<?x2xf32, global>, %blocks: !kernel.tile<32x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %tiles = kernel.alloc "tile" : <1x128x256xf8E4M3FNUZ, lds, #kernel.swizzled>
  %tile = kernel.slot %tiles[%zero] : <1x128x256xf8E4M3FNUZ, lds, #kernel.swizzled> -> <128x256xf8E4M3FNUZ, lds, #kernel.swizzled>
  %rowScales = kernel.rows "rowScales" %rows[%zero] of %m : <?x2xf32, global> -> <128x2xf32, global>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  %sums = kernel.zero "sums" : <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  %fetched = kernel.fetch_scales "fetched" %rowScales[%zero], %blockScales[%zero] at %zero : <128x2xf32, global>, <32x2xf32, global> -> <64>
  %scales = kernel.combine_scales "scales" %fetched : <64>
  %w = kernel.load_fragment "w" %tile[%zero, %zero] : <128x256xf8E4M3FNUZ, lds, #kernel.swizzled> -> <32x256xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  %a = kernel.load_fragment "a" %tile[%zero, %zero] : <128x256xf8E4M3FNUZ, lds, #kernel.swizzled> -> <64x256xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  // expected-error @below {{multiplies 256 of k, no even part of a block of 128}}
  %next = kernel.mma_scaled %w, %a, %scales, %sums : <32x256xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64x256xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64>, <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  kernel.return
}
