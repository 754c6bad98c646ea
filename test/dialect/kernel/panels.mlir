// Operands whose k runs along the rows of their tile, on NVIDIA devices: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.copy_tensor %{{.*}}[%{{.*}}, %{{.*}}] to %{{.*}}[%{{.*}}] on %{{.*}}[%{{.*}}] : <?x4096xbf16, 64x64> to <64x128xbf16, lds, #kernel.panels> on <2>
// CHECK: kernel.wgmma %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], %{{.*}} : <64x64xbf16, lds, #kernel.swizzled>, <64x128xbf16, lds, #kernel.panels>
#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @panels(%w: !kernel.tensor_map<?x4096xbf16, 64x64>, %m: index)
    attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["w", "m"]} {
  %zero = arith.constant 0 : index
  %full = kernel.mbarriers "full" arrivals 1 : <2>
  %aRing = kernel.alloc "aTile" : <2x64x64xbf16, lds, #kernel.swizzled>
  %wRing = kernel.alloc "wTile" : <2x64x128xbf16, lds, #kernel.panels>
  %a = kernel.slot %aRing[%zero] : <2x64x64xbf16, lds, #kernel.swizzled> -> <64x64xbf16, lds, #kernel.swizzled>
  %tile = kernel.slot %wRing[%zero] : <2x64x128xbf16, lds, #kernel.panels> -> <64x128xbf16, lds, #kernel.panels>
  kernel.copy_tensor %w[%m, %zero] to %tile[%zero] on %full[%zero] : <?x4096xbf16, 64x64> to <64x128xbf16, lds, #kernel.panels> on <2>
  %sums = kernel.zero "sums" : <64x128xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss">
  %next = kernel.wgmma %a[%zero], %tile[%zero], %sums : <64x64xbf16, lds, #kernel.swizzled>, <64x128xbf16, lds, #kernel.panels>, <64x128xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss">
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @otherBox(%w: !kernel.tensor_map<?x4096xbf16, 32x64>, %m: index)
    attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["w", "m"]} {
  %full = kernel.mbarriers "full" arrivals 1 : <2>
  %ring = kernel.alloc "wTile" : <2x64x128xbf16, lds, #kernel.panels>
  %tile = kernel.slot %ring[%m] : <2x64x128xbf16, lds, #kernel.panels> -> <64x128xbf16, lds, #kernel.panels>
  // expected-error @below {{that are no panels of}}
  kernel.copy_tensor %w[%m, %m] to %tile[%m] on %full[%m] : <?x4096xbf16, 32x64> to <64x128xbf16, lds, #kernel.panels> on <2>
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @insideOfAPanel(%m: index) attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %ring = kernel.alloc "wTile" : <2x64x128xbf16, lds, #kernel.panels>
  %tile = kernel.slot %ring[%m] : <2x64x128xbf16, lds, #kernel.panels> -> <64x128xbf16, lds, #kernel.panels>
  %sums = kernel.zero "sums" : <64x96xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16.ss">
  // expected-error @below {{begins and ends inside of a panel}}
  %next = kernel.wgmma %tile[%m], %tile[%m], %sums : <64x128xbf16, lds, #kernel.panels>, <64x128xbf16, lds, #kernel.panels>, <64x96xf32, accumulator, "wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16.ss">
  kernel.return
}

// -----

#sm90 = #kernel.target<architecture = "sm_90a", waveSize = 32, sharedBytes = 232448, registersPerLane = 255, chiplets = 1>
kernel.func @narrow() attributes {target = #sm90, waves = array<i64: 1, 1>, argument_names = []} {
  // expected-error @below {{panels are 128 bytes of LDS rows wide}}
  %ring = kernel.alloc "wTile" : <2x64x96xbf16, lds, #kernel.panels>
  kernel.return
}

// -----

// CHECK: kernel.load_fragment "wPart" across %{{.*}}[%{{.*}}, %{{.*}}] : <32x64xbf16, lds, #kernel.swizzled> -> <64x16xbf16, b,
#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @turned(%m: index) attributes {target = #sm80, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %ring = kernel.alloc "wTile" : <2x32x64xbf16, lds, #kernel.swizzled>
  %tile = kernel.slot %ring[%m] : <2x32x64xbf16, lds, #kernel.swizzled> -> <32x64xbf16, lds, #kernel.swizzled>
  %part = kernel.load_fragment "wPart" across %tile[%m, %m] : <32x64xbf16, lds, #kernel.swizzled> -> <64x16xbf16, b, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 1>
  kernel.return
}

// -----

#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @larger(%m: index) attributes {target = #sm80, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %ring = kernel.alloc "wTile" : <2x32x64xbf16, lds, #kernel.swizzled>
  %tile = kernel.slot %ring[%m] : <2x32x64xbf16, lds, #kernel.swizzled> -> <32x64xbf16, lds, #kernel.swizzled>
  // expected-error @below {{is larger than}}
  %plain = kernel.load_fragment "wPart" %tile[%m, %m] : <32x64xbf16, lds, #kernel.swizzled> -> <64x16xbf16, b, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 1>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @notHere(%m: index) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %ring = kernel.alloc "wTile" : <1x32x64xbf16, lds, #kernel.swizzled>
  %tile = kernel.slot %ring[%m] : <1x32x64xbf16, lds, #kernel.swizzled> -> <32x64xbf16, lds, #kernel.swizzled>
  // expected-error @below {{gfx942 does not transpose 'bf16' on the way from LDS}}
  %part = kernel.load_fragment "wPart" across %tile[%m, %m] : <32x64xbf16, lds, #kernel.swizzled> -> <64x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  kernel.return
}
