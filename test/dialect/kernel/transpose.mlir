// Operands whose k runs along rows: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.depth_tiles "kTiles" = %{{.*}} by 64 least 2
// CHECK: kernel.fetch_across "wNext" %{{.*}}[%{{.*}}] : <64x4096xbf16, global> -> <64x256xbf16>
// CHECK: kernel.deposit_transposed %{{.*}} to %{{.*}} : <64x256xbf16> to <256x64xbf16, lds, #kernel.block_swizzled>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @turned(%w: !kernel.tile<?x4096xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %tiles = kernel.depth_tiles "kTiles" = %m by 64 least 2
  %rows = kernel.rows "wRows" %w[%zero] of %m : <?x4096xbf16, global> -> <64x4096xbf16, global>
  %ring = kernel.alloc "wTile" : <1x256x64xbf16, lds, #kernel.block_swizzled>
  %slot = kernel.slot %ring[%zero] : <1x256x64xbf16, lds, #kernel.block_swizzled> -> <256x64xbf16, lds, #kernel.block_swizzled>
  %next = kernel.fetch_across "wNext" %rows[%zero] : <64x4096xbf16, global> -> <64x256xbf16>
  kernel.deposit_transposed %next to %slot : <64x256xbf16> to <256x64xbf16, lds, #kernel.block_swizzled>
  kernel.return
}

// -----

// CHECK: kernel.deposit_transposed %{{.*}} to %{{.*}} : <128x256xf8E4M3FNUZ> to <256x128xf8E4M3FNUZ, lds, #kernel.block_swizzled>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @bytes(%w: !kernel.tile<?x4096xf8E4M3FNUZ, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "wRows" %w[%zero] of %m : <?x4096xf8E4M3FNUZ, global> -> <128x4096xf8E4M3FNUZ, global>
  %slot = kernel.alloc "wTile" : <256x128xf8E4M3FNUZ, lds, #kernel.block_swizzled>
  %next = kernel.fetch_across "wNext" %rows[%zero] : <128x4096xf8E4M3FNUZ, global> -> <128x256xf8E4M3FNUZ>
  kernel.deposit_transposed %next to %slot : <128x256xf8E4M3FNUZ> to <256x128xf8E4M3FNUZ, lds, #kernel.block_swizzled>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @conflicts(%w: !kernel.tile<?x4096xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "wRows" %w[%zero] of %m : <?x4096xbf16, global> -> <64x4096xbf16, global>
  %ring = kernel.alloc "wTile" : <1x256x64xbf16, lds, #kernel.swizzled>
  %slot = kernel.slot %ring[%zero] : <1x256x64xbf16, lds, #kernel.swizzled> -> <256x64xbf16, lds, #kernel.swizzled>
  %next = kernel.fetch_across "wNext" %rows[%zero] : <64x4096xbf16, global> -> <64x256xbf16>
  // expected-error @below {{writes without bank conflicts in #kernel.block_swizzled only}}
  kernel.deposit_transposed %next to %slot : <64x256xbf16> to <256x64xbf16, lds, #kernel.swizzled>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @notTurned() attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = []} {
  // expected-error @below {{a block-swizzled row is 128 bytes of LDS}}
  %ring = kernel.alloc "wTile" : <1x256x32xbf16, lds, #kernel.block_swizzled>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @words(%w: !kernel.tile<?x4096xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "wRows" %w[%zero] of %m : <?x4096xf32, global> -> <32x4096xf32, global>
  // expected-error @below {{blocks are transposed of 16-bit and 8-bit elements}}
  %next = kernel.fetch_across "wNext" %rows[%zero] : <32x4096xf32, global> -> <32x256xf32>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @bytesOfK(%w: !kernel.tile<?x4096xf8E4M3FNUZ, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "wRows" %w[%zero] of %m : <?x4096xf8E4M3FNUZ, global> -> <8x4096xf8E4M3FNUZ, global>
  // expected-error @below {{staged blocks are whole ones of 16 rows by 4 columns}}
  %next = kernel.fetch_across "wNext" %rows[%zero] : <8x4096xf8E4M3FNUZ, global> -> <8x256xf8E4M3FNUZ>
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @otherVendor(%w: !kernel.tile<?x4096xbf16, global>, %m: index)
    attributes {target = #sm80, waves = array<i64: 2, 2>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "wRows" %w[%zero] of %m : <?x4096xbf16, global> -> <64x4096xbf16, global>
  // expected-error @below {{sm_80 transposes on the way from LDS, not on the way to it}}
  %next = kernel.fetch_across "wNext" %rows[%zero] : <64x4096xbf16, global> -> <64x256xbf16>
  kernel.return
}
