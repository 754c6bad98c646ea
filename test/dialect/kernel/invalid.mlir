// What the hardware cannot do is rejected with the reason.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
// expected-error @below {{allocates 81920 bytes of LDS; a workgroup of gfx942 has 65536}}
kernel.func @lds() attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = []} {
  %tile = kernel.alloc "aTile" : <2x320x64xbf16, lds, #kernel.swizzled>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @instruction() attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = []} {
  // expected-error @below {{'v_mfma_f32_16x16x32_bf16' is no matrix instruction of gfx942}}
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x32_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @shape() attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = []} {
  // expected-error @below {{24x16 is no multiple of the 16x16 that operand accumulator of v_mfma_f32_16x16x16_bf16 takes}}
  %sums = kernel.zero "sums" : <24x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @registers() attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = []} {
  // expected-error @below {{needs 1024 registers per lane; gfx942 has 512}}
  %sums = kernel.zero "sums" : <256x256xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @async(%a: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["a", "m"]} {
  %rows = kernel.rows "aRows" %a[%m] of %m : <?x64xbf16, global> -> <64x64xbf16, global>
  %tile = kernel.alloc "aTile" : <64x32xbf16, lds, #kernel.row_major<padding = 8>>
  // expected-error @below {{gfx942 copies to consecutive LDS bytes, not to padded rows}}
  kernel.copy_async %rows[%m] to %tile : <64x64xbf16, global> to <64x32xbf16, lds, #kernel.row_major<padding = 8>>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @layouts() attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = []} {
  %zero = arith.constant 0 : index
  %tile = kernel.alloc "tile" : <16x32xbf16, lds, #kernel.swizzled>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %a = kernel.load_fragment "a" %tile[%zero, %zero] : <16x32xbf16, lds, #kernel.swizzled> -> <16x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  %b = kernel.load_fragment "b" %tile[%zero, %zero] : <16x32xbf16, lds, #kernel.swizzled> -> <16x32xbf16, b, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{a is packed by 2 and b by 1: their orders of the reduced dimension differ}}
  %result = kernel.mma %a, %b, %sums : <16x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>, <16x32xbf16, b, "v_mfma_f32_16x16x16_bf16">, <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
// expected-error @below {{'a; system("x")' is no identifier for emitted code}}
kernel.func @name(%m: index) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["a; system(\"x\")"]} {
  kernel.return
}

// -----

// expected-error @below {{a wave of "gfx942" has 64 lanes}}
#wave32 = #kernel.target<architecture = "gfx942", waveSize = 32, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
