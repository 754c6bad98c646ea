// What the copy engine, mbarriers and wgmma cannot do is rejected with the reason.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @registers() attributes {target = #sm90, waves = array<i64: 2, 1>, argument_names = []} {
  // expected-error @below {{wants 520 registers for a lane of each warpgroup; a launch of 384 threads has 504}}
  kernel.roles producer registers 40 {
  } consumers registers 240 {
  }
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @ampere() attributes {target = #sm80, waves = array<i64: 2, 1>, argument_names = []} {
  // expected-error @below {{sm_80 has no copy engine for tensors (TMA)}}
  kernel.roles producer registers 0 {
  } consumers registers 0 {
  }
  kernel.return
}

// -----

// expected-error @below {{rows of 2046 bytes: the copy engine needs rows that start at multiples of 16}}
module attributes {kernel.pitch = !kernel.tensor_map<?x1023xbf16, 64x64>} {}

// -----

// expected-error @below {{a box of 320 rows; the copy engine moves 1 to 256}}
module attributes {kernel.box = !kernel.tensor_map<?x1024xbf16, 320x64>} {}

// -----

// expected-error @below {{box rows of 256 bytes; a swizzle spans 32, 64 or 128}}
module attributes {kernel.span = !kernel.tensor_map<?x1024xbf16, 64x128>} {}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @multicast(%a: !kernel.tensor_map<?x64xbf16, 64x64>, %m: index)
    attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["a", "m"]} {
  %tile = kernel.alloc "aTile" : <64x64xbf16, lds, #kernel.swizzled>
  %full = kernel.mbarriers "full" arrivals 1 : <2>
  // expected-error @below {{multicasts, but the kernel has no cluster}}
  kernel.copy_tensor multicast %a[%m, %m] to %tile[%m] on %full[%m] : <?x64xbf16, 64x64> to <64x64xbf16, lds, #kernel.swizzled> on <2>
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @layout(%m: index) attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %a = kernel.alloc "aTile" : <64x64xbf16, lds, #kernel.row_major<padding = 8>>
  %sums = kernel.zero "sums" : <64x64xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss">
  // expected-error @below {{takes swizzled rows of 32, 64 or 128 bytes}}
  %next = kernel.wgmma %a[%m], %a[%m], %sums : <64x64xbf16, lds, #kernel.row_major<padding = 8>>, <64x64xbf16, lds, #kernel.row_major<padding = 8>>, <64x64xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16.ss">
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @bytes(%m: index) attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %full = kernel.mbarriers "full" arrivals 1 : <2>
  // expected-error @below {{2097152 bytes; an mbarrier counts up to 1048575}}
  kernel.expect_bytes 2097152 on %full[%m] : <2>
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @oneLane(%a: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["a", "m"]} {
  %tile = kernel.alloc "aTile" : <64x64xbf16, lds, #kernel.swizzled>
  %rows = kernel.rows "aRows" %a[%m] of %m : <?x64xbf16, global> -> <64x64xbf16, global>
  kernel.roles producer registers 0 {
    // expected-error @below {{of the roles, a producer that is a whole warpgroup copies rows}}
    kernel.copy_async %rows[%m] to %tile : <64x64xbf16, global> to <64x64xbf16, lds, #kernel.swizzled>
  } consumers registers 0 {
  }
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @cluster() attributes {target = #sm90, waves = array<i64: 1, 1>, cluster = 2 : i64, argument_names = []} {
  // expected-error @below {{copies rows fills the shared memory of its own workgroup, not of a cluster}}
  kernel.roles producer whole registers 0 {
  } consumers registers 0 {
  }
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @producersGroup() attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = []} {
  kernel.roles uniform producer registers 0 {
    // expected-error @below {{of the roles, consumers have a number}}
    %group = kernel.group
  } consumers registers 0 {
  }
  kernel.return
}
