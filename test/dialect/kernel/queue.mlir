// Experts and shares of k by persistent workgroups: printed and parsed again, and what is refused.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

#sm90a = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
// CHECK-LABEL: kernel.func @walks
kernel.func @walks(%table: !kernel.tile<1x9xi32, global>, %partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>, %d: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #sm90a, waves = array<i64: 1, 1>, argument_names = ["table", "partials", "arrivals", "d", "m"]} {
  %zero = arith.constant 0 : index
  %ring = kernel.alloc "expertTiles" : <1x3x12xi32, lds, #kernel.row_major>
  %counts = kernel.slot %ring[%zero] : <1x3x12xi32, lds, #kernel.row_major> -> <3x12xi32, lds, #kernel.row_major>
  // CHECK: kernel.count_expert_tiles contiguous %{{.*}} of 8 in %{{.*}} by 64 tile [64, 64] band 2 to
  kernel.count_expert_tiles contiguous %table of 8 in %m by 64 tile [64, 64] band 2 to %counts : <1x9xi32, global> to <3x12xi32, lds, #kernel.row_major>
  // CHECK: kernel.expert_tile_count
  %tiles = kernel.expert_tile_count %counts of 8 : <3x12xi32, lds, #kernel.row_major>
  // CHECK: kernel.expert_tile_at
  %expert, %row, %end, %column = kernel.expert_tile_at %counts of 8 at %tiles by 64 tile [64, 64] band 2 : <3x12xi32, lds, #kernel.row_major>
  %sums = kernel.zero "sums" : <64x64xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss">
  // CHECK: kernel.sum_group_parts
  %all = kernel.sum_group_parts %sums of %tiles by %zero of 4 in %partials, %arrivals : <64x64xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss"> in <?x4xf32, global>, <?x1xi32, global>
  %panels = kernel.alloc "dPanels" : <1x64x64xbf16, lds, #kernel.swizzled>
  %rows = kernel.rows "dRows" %d[%row] of %end : <?x64xbf16, global> -> <64x64xbf16, global>
  // CHECK: kernel.store_panels
  kernel.store_panels %panels[%zero] count 1 to %rows[%zero, %column] : <1x64x64xbf16, lds, #kernel.swizzled> to <64x64xbf16, global>
  kernel.return
}

// -----

#sm90a = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @noRoom(%table: !kernel.tile<1x9xi32, global>, %m: index)
    attributes {target = #sm90a, waves = array<i64: 1, 1>, argument_names = ["table", "m"]} {
  %zero = arith.constant 0 : index
  %ring = kernel.alloc "expertTiles" : <1x3x8xi32, lds, #kernel.row_major>
  %counts = kernel.slot %ring[%zero] : <1x3x8xi32, lds, #kernel.row_major> -> <3x8xi32, lds, #kernel.row_major>
  // expected-error @below {{writes three rows of more than 8 i32 in LDS}}
  kernel.count_expert_tiles contiguous %table of 8 in %m by 64 tile [64, 64] band 2 to %counts : <1x9xi32, global> to <3x8xi32, lds, #kernel.row_major>
  kernel.return
}

// -----

#sm90a = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @oddRows(%d: !kernel.tile<?x63xbf16, global>, %m: index)
    attributes {target = #sm90a, waves = array<i64: 1, 1>, argument_names = ["d", "m"]} {
  %zero = arith.constant 0 : index
  %panels = kernel.alloc "dPanels" : <1x64x64xbf16, lds, #kernel.swizzled>
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x63xbf16, global> -> <64x63xbf16, global>
  // expected-error @below {{has rows that start at no multiple of 16 bytes}}
  kernel.store_panels %panels[%zero] count 1 to %rows[%zero, %zero] : <1x64x64xbf16, lds, #kernel.swizzled> to <64x63xbf16, global>
  kernel.return
}
