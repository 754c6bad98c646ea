// Rows of LDS that belong to one wave: the operations as they print, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | FileCheck %s

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
// CHECK: kernel.copy_wave_rows %{{.*}}[%{{.*}}] inside to %{{.*}}[%{{.*}}] : <64x512xbf16, global> to <256x32xbf16, lds>
// CHECK: kernel.copy_wave_rows %{{.*}}[%{{.*}}] whole to
// CHECK: kernel.wave_barrier
kernel.func @copies(%w: !kernel.tile<64x512xbf16, global>) attributes {target = #sm80, waves = array<i64: 1, 4>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global> -> <64x512xbf16, global>
  %ring = kernel.alloc "wTile" : <2x256x32xbf16, lds>
  %slot = kernel.slot %ring[%zero] : <2x256x32xbf16, lds> -> <256x32xbf16, lds>
  kernel.copy_wave_rows %rows[%zero] inside to %slot[%zero] : <64x512xbf16, global> to <256x32xbf16, lds>
  kernel.copy_wave_rows %rows[%zero] whole to %slot[%zero] : <64x512xbf16, global> to <256x32xbf16, lds>
  kernel.wave_barrier
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @fewRows(%w: !kernel.tile<64x512xbf16, global>) attributes {target = #sm80, waves = array<i64: 1, 4>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global> -> <64x512xbf16, global>
  %slot = kernel.alloc "wTile" : <64x32xbf16, lds>
  // expected-error @below {{copies '!kernel.tile<64x512xbf16, global>' for each of 4 waves, not into '!kernel.tile<64x32xbf16, lds>'}}
  kernel.copy_wave_rows %rows[%zero] to %slot[%zero] : <64x512xbf16, global> to <64x32xbf16, lds>
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @longRows(%w: !kernel.tile<64x512xbf16, global>) attributes {target = #sm80, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global> -> <64x512xbf16, global>
  %slot = kernel.alloc "wTile" : <64x512xbf16, lds>
  // expected-error @below {{cannot deal rows of 1024 bytes to the lanes of a wave}}
  kernel.copy_wave_rows %rows[%zero] to %slot[%zero] : <64x512xbf16, global> to <64x512xbf16, lds>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @sideBySide(%w: !kernel.tile<64x512xbf16, global>) attributes {target = #gfx942, waves = array<i64: 1, 4>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global> -> <64x512xbf16, global>
  %slot = kernel.alloc "wTile" : <256x32xbf16, lds>
  // expected-error @below {{is not for gfx942, whose lanes land side by side}}
  kernel.copy_wave_rows %rows[%zero] to %slot[%zero] : <64x512xbf16, global> to <256x32xbf16, lds>
  kernel.return
}
