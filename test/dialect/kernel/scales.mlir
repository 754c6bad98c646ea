// Products with scales of blocks of k: the round trip, and what is no part of a block.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.mma_scaled %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} mixed :
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @half(%rows: !kernel.tile<?x2xf32, global, #kernel.column_major>, %blocks: !kernel.tile<32x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %tiles = kernel.alloc "tile" : <1x128x64xf8E4M3FNUZ, lds, #kernel.swizzled>
  %tile = kernel.slot %tiles[%zero] : <1x128x64xf8E4M3FNUZ, lds, #kernel.swizzled> -> <128x64xf8E4M3FNUZ, lds, #kernel.swizzled>
  %places = kernel.locate_scales "places" %rows of %m[%zero] of %m : <?x2xf32, global, #kernel.column_major> -> <64>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  %sums = kernel.zero "sums" : <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  %fetched = kernel.fetch_scales "fetched" %places, %blockScales[%zero] at %zero : <64>, <32x2xf32, global> -> <64>
  %scales = kernel.combine_scales "scales" %fetched : <64>
  %w = kernel.load_fragment "w" %tile[%zero, %zero] : <128x64xf8E4M3FNUZ, lds, #kernel.swizzled> -> <32x64xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  %a = kernel.load_fragment "a" %tile[%zero, %zero] : <128x64xf8E4M3FNUZ, lds, #kernel.swizzled> -> <64x64xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  %next = kernel.mma_scaled %w, %a, %scales, %sums mixed : <32x64xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64x64xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64>, <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  kernel.return
}

// -----

// CHECK: kernel.locate_scales "places" %{{.*}} of %{{.*}} by %{{.*}} : !kernel.tile<?x1xi32, global>[%{{.*}}] of %{{.*}} : <?x2xf32, global, #kernel.column_major> -> <64>
// CHECK: kernel.fetch_scales "fetched" %{{.*}}, %{{.*}}[%{{.*}}] at %{{.*}} : <64>, <32x2xf32, global> -> <64, 2>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @turns(%rows: !kernel.tile<?x2xf32, global, #kernel.column_major>, %blocks: !kernel.tile<32x2xf32, global>, %list: !kernel.tile<?x1xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "list", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %places = kernel.locate_scales "places" %rows of %m by %list : !kernel.tile<?x1xi32, global>[%zero] of %m : <?x2xf32, global, #kernel.column_major> -> <64>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  %fetched = kernel.fetch_scales "fetched" %places, %blockScales[%zero] at %zero : <64>, <32x2xf32, global> -> <64, 2>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @more(%rows: !kernel.tile<?x2xf32, global, #kernel.column_major>, %blocks: !kernel.tile<32x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %tiles = kernel.alloc "tile" : <1x128x256xf8E4M3FNUZ, lds, #kernel.swizzled>
  %tile = kernel.slot %tiles[%zero] : <1x128x256xf8E4M3FNUZ, lds, #kernel.swizzled> -> <128x256xf8E4M3FNUZ, lds, #kernel.swizzled>
  %places = kernel.locate_scales "places" %rows of %m[%zero] of %m : <?x2xf32, global, #kernel.column_major> -> <64>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  %sums = kernel.zero "sums" : <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  %fetched = kernel.fetch_scales "fetched" %places, %blockScales[%zero] at %zero : <64>, <32x2xf32, global> -> <64>
  %scales = kernel.combine_scales "scales" %fetched : <64>
  %w = kernel.load_fragment "w" %tile[%zero, %zero] : <128x256xf8E4M3FNUZ, lds, #kernel.swizzled> -> <32x256xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  %a = kernel.load_fragment "a" %tile[%zero, %zero] : <128x256xf8E4M3FNUZ, lds, #kernel.swizzled> -> <64x256xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>
  // expected-error @below {{multiplies 256 of k, no even part of a block of 128}}
  %next = kernel.mma_scaled %w, %a, %scales, %sums : <32x256xf8E4M3FNUZ, a, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64x256xf8E4M3FNUZ, b, "v_mfma_f32_16x16x32_fp8_fp8", 2>, <64>, <32x64xf32, accumulator, "v_mfma_f32_16x16x32_fp8_fp8">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @order(%rows: !kernel.tile<?x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "m"]} {
  %zero = arith.constant 0 : index
  // expected-error @below {{takes a column-major matrix, which '!kernel.tile<?x2xf32, global>' is not}}
  %places = kernel.locate_scales "places" %rows of %m[%zero] of %m : <?x2xf32, global> -> <64>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @fewer(%rows: !kernel.tile<?x2xf32, global, #kernel.column_major>, %blocks: !kernel.tile<32x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %places = kernel.locate_scales "places" %rows of %m[%zero] of %m : <?x2xf32, global, #kernel.column_major> -> <64>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  // expected-error @below {{fetches 32 of the scales of 64 rows}}
  %fewer = kernel.fetch_scales "fewer" %places, %blockScales[%zero] at %zero : <64>, <32x2xf32, global> -> <32>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
// expected-error @below {{column-major are global matrices of fp32}}
kernel.func @halves(%rows: !kernel.tile<?x2xbf16, global, #kernel.column_major>)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows"]} {
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @three(%rows: !kernel.tile<?x2xf32, global, #kernel.column_major>, %blocks: !kernel.tile<32x2xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["rows", "blocks", "m"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 32 : index
  %places = kernel.locate_scales "places" %rows of %m[%zero] of %m : <?x2xf32, global, #kernel.column_major> -> <64>
  %blockScales = kernel.rows "blockScales" %blocks[%zero] of %end : <32x2xf32, global> -> <32x2xf32, global>
  // expected-error @below {{columns take turns by two or not at all, not by 3}}
  %fetched = kernel.fetch_scales "fetched" %places, %blockScales[%zero] at %zero : <64>, <32x2xf32, global> -> <64, 3>
  kernel.return
}
