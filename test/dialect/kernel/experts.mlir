// Tiles of experts: the round trip, and tables that do not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
// CHECK: kernel.expert_tile contiguous %{{.*}} of 8 in %{{.*}} by 4096 tile [128, 256] band 4 chiplets 8 run 16 : <1x9xi32, global>
// CHECK: kernel.expert_tile masked %{{.*}} of 8 in %{{.*}} by 4096 tile [128, 256] band 4 chiplets 8 run 16 : <1x8xi32, global>
kernel.func @placed(%offsets: !kernel.tile<1x9xi32, global>, %counts: !kernel.tile<1x8xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["offsets", "counts", "m"]} {
  %0:4 = kernel.expert_tile contiguous %offsets of 8 in %m by 4096 tile [128, 256] band 4 chiplets 8 run 16 : <1x9xi32, global>
  %1:4 = kernel.expert_tile masked %counts of 8 in %m by 4096 tile [128, 256] band 4 chiplets 8 run 16 : <1x8xi32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @tooShort(%offsets: !kernel.tile<1x8xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["offsets", "m"]} {
  // expected-error @below {{takes a table of 1x9xi32 in global memory}}
  %0:4 = kernel.expert_tile contiguous %offsets of 8 in %m by 4096 tile [128, 256] band 4 chiplets 8 run 16 : <1x8xi32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @noExpert(%counts: !kernel.tile<1x8xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["counts", "m"]} {
  // expected-error @below {{has at least one expert}}
  %0:4 = kernel.expert_tile masked %counts of 0 in %m by 4096 tile [128, 256] band 4 chiplets 8 run 16 : <1x8xi32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @written(%a: !kernel.tile<?x64xbf16, global>, %list: !kernel.tile<?x1xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["a", "list", "m"]} {
  %row = arith.constant 0 : index
  // expected-error @below {{is for fetches, copies and scales of rows only}}
  %rows = kernel.gather_rows "rows" %a of %m by %list[%row] of %m : <?x64xbf16, global> by <?x1xi32, global> -> <16x64xbf16, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.store %sums to %rows[%row, %row] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x64xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
// CHECK-LABEL: kernel.func @sum
kernel.func @sum(%rows: !kernel.tile<?x512xf32, global>, %lists: !kernel.tile<?x4xi32, global>, %d: !kernel.tile<?x512xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["rows", "lists", "d", "m"]} {
  %zero = arith.constant 0 : index
  %ofTokens = kernel.rows "ofTokens" %lists[%zero] of %m : <?x4xi32, global> -> <2x4xi32, global>
  %dRows = kernel.rows "dRows" %d[%zero] of %m : <?x512xbf16, global> -> <2x512xbf16, global>
  // CHECK: kernel.sum_listed_rows %{{.*}} of %{{.*}} by %{{.*}} to %{{.*}}[%{{.*}}] : <?x512xf32, global> by <2x4xi32, global> to <2x512xbf16, global>
  kernel.sum_listed_rows %rows of %m by %ofTokens to %dRows[%zero] : <?x512xf32, global> by <2x4xi32, global> to <2x512xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @roundedBefore(%rows: !kernel.tile<?x512xbf16, global>, %lists: !kernel.tile<?x4xi32, global>, %d: !kernel.tile<?x512xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 2, 2>, argument_names = ["rows", "lists", "d", "m"]} {
  %zero = arith.constant 0 : index
  %ofTokens = kernel.rows "ofTokens" %lists[%zero] of %m : <?x4xi32, global> -> <2x4xi32, global>
  %dRows = kernel.rows "dRows" %d[%zero] of %m : <?x512xbf16, global> -> <2x512xbf16, global>
  // expected-error @below {{adds up rows of fp32, as long as those of}}
  kernel.sum_listed_rows %rows of %m by %ofTokens to %dRows[%zero] : <?x512xbf16, global> by <2x4xi32, global> to <2x512xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @wavesWithoutARow(%rows: !kernel.tile<?x512xf32, global>, %lists: !kernel.tile<?x4xi32, global>, %d: !kernel.tile<?x512xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 4, 2>, argument_names = ["rows", "lists", "d", "m"]} {
  %zero = arith.constant 0 : index
  %ofTokens = kernel.rows "ofTokens" %lists[%zero] of %m : <?x4xi32, global> -> <2x4xi32, global>
  %dRows = kernel.rows "dRows" %d[%zero] of %m : <?x512xbf16, global> -> <2x512xbf16, global>
  // expected-error @below {{has no row for each of 4 waves}}
  kernel.sum_listed_rows %rows of %m by %ofTokens to %dRows[%zero] : <?x512xf32, global> by <2x4xi32, global> to <2x512xbf16, global>
  kernel.return
}
