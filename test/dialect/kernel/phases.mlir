// Waves a phase apart: the round trip, and what races or does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.fall_behind
// CHECK: kernel.priority 1
// CHECK: kernel.catch_up
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
#ring = #kernel.swizzled
kernel.func @apart(%a: !kernel.tile<?x4096xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["a", "m"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %end = arith.constant 9 : index
  %rows = kernel.rows "aRows" %a[%zero] of %m : <?x4096xbf16, global> -> <128x4096xbf16, global>
  %tiles = kernel.alloc "aTile" : <2x128x32xbf16, lds, #ring>
  %first = kernel.slot %tiles[%zero] : <2x128x32xbf16, lds, #ring> -> <128x32xbf16, lds, #ring>
  %staged = kernel.fetch "aNext" %rows[%zero] : <128x4096xbf16, global> -> <128x32xbf16>
  kernel.deposit %staged to %first : <128x32xbf16> to <128x32xbf16, lds, #ring>
  kernel.barrier
  kernel.fall_behind
  scf.for %k = %zero to %end step %one {
    %next = arith.addi %k, %one : index
    %now = kernel.slot %tiles[%k] : <2x128x32xbf16, lds, #ring> -> <128x32xbf16, lds, #ring>
    %then = kernel.slot %tiles[%next] : <2x128x32xbf16, lds, #ring> -> <128x32xbf16, lds, #ring>
    %part = kernel.load_fragment "aPart" %now[%zero, %zero] : <128x32xbf16, lds, #ring> -> <64x32xbf16, b, "v_mfma_f32_16x16x16_bf16", 2>
    kernel.deposit %staged to %then : <128x32xbf16> to <128x32xbf16, lds, #ring>
    kernel.barrier
    kernel.priority 1
    kernel.priority 0
    kernel.barrier
  }
  kernel.catch_up
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
#ring = #kernel.swizzled
kernel.func @oneBarrierForEachTile(%a: !kernel.tile<?x4096xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["a", "m"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %end = arith.constant 900 : index
  %rows = kernel.rows "aRows" %a[%zero] of %m : <?x4096xbf16, global> -> <128x4096xbf16, global>
  %tiles = kernel.alloc "aTile" : <2x128x32xbf16, lds, #ring>
  %first = kernel.slot %tiles[%zero] : <2x128x32xbf16, lds, #ring> -> <128x32xbf16, lds, #ring>
  %staged = kernel.fetch "aNext" %rows[%zero] : <128x4096xbf16, global> -> <128x32xbf16>
  kernel.deposit %staged to %first : <128x32xbf16> to <128x32xbf16, lds, #ring>
  kernel.barrier
  kernel.fall_behind
  scf.for %k = %zero to %end step %one {
    %next = arith.addi %k, %one : index
    %now = kernel.slot %tiles[%k] : <2x128x32xbf16, lds, #ring> -> <128x32xbf16, lds, #ring>
    %then = kernel.slot %tiles[%next] : <2x128x32xbf16, lds, #ring> -> <128x32xbf16, lds, #ring>
    // expected-error @below {{reads slot 0 of 'aTile' while the waves ahead write it: no barrier stands between}}
    %part = kernel.load_fragment "aPart" %now[%zero, %zero] : <128x32xbf16, lds, #ring> -> <64x32xbf16, b, "v_mfma_f32_16x16x16_bf16", 2>
    kernel.deposit %staged to %then : <128x32xbf16> to <128x32xbf16, lds, #ring>
    kernel.barrier
  }
  kernel.catch_up
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @fourWaves() attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = []} {
  // expected-error @below {{4 waves: half of them take turns with the others, one of each on each of 4 SIMDs}}
  kernel.fall_behind
  kernel.catch_up
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @behindForGood() attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = []} {
  // expected-error @below {{waves fall behind once and catch up once}}
  kernel.fall_behind
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @lengthOfTheLaunch(%m: index) attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = ["m"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  kernel.fall_behind
  // expected-error @below {{has bounds that the IR does not tell, while waves are one phase apart}}
  scf.for %k = %zero to %m step %one {
    kernel.barrier
  }
  kernel.catch_up
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @otherVendor() attributes {target = #sm80, waves = array<i64: 2, 4>, argument_names = []} {
  // expected-error @below {{sm_80 has no priorities of waves}}
  kernel.priority 1
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @high() attributes {target = #gfx942, waves = array<i64: 2, 4>, argument_names = []} {
  // expected-error @below {{priority 4; there are 0 to 3}}
  kernel.priority 4
  kernel.return
}
