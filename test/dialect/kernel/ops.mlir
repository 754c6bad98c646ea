// Every operation, printed and parsed again.
// RUN: codesign-opt %s --verify-roundtrip | FileCheck %s

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>

// CHECK-LABEL: kernel.func @throughRegisters
kernel.func @throughRegisters(%a: !kernel.tile<?x64xbf16, global>, %bias: !kernel.tile<1x64xbf16, global>,
                              %d: !kernel.tile<?x64xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["a", "bias", "d", "m"]} {
  // CHECK: kernel.constant "tileK" = 32
  %tileK = kernel.constant "tileK" = 32
  // CHECK: kernel.tile_order %{{.*}} by 64 tile [16, 16] band 4 chiplets 8 run 16
  %row, %column = kernel.tile_order %m by 64 tile [16, 16] band 4 chiplets 8 run 16
  // CHECK: kernel.wave_tile [16, 16]
  %waveRow, %waveColumn = kernel.wave_tile [16, 16]
  // CHECK: kernel.rows "aRows" %{{.*}}[%{{.*}}] of %{{.*}} : <?x64xbf16, global> -> <16x64xbf16, global>
  %aRows = kernel.rows "aRows" %a[%row] of %m : <?x64xbf16, global> -> <16x64xbf16, global>
  %dRows = kernel.rows "dRows" %d[%row] of %m : <?x64xbf16, global> -> <16x64xbf16, global>
  // CHECK: kernel.alloc "aTile" : <2x16x32xbf16, lds, #kernel.swizzled>
  %ring = kernel.alloc "aTile" : <2x16x32xbf16, lds, #kernel.swizzled>
  // CHECK: kernel.alloc "padded" : <16x32xbf16, lds, #kernel.row_major<padding = 8>>
  %padded = kernel.alloc "padded" : <16x32xbf16, lds, #kernel.row_major<padding = 8>>
  // CHECK: kernel.slot
  %slot = kernel.slot %ring[%tileK] : <2x16x32xbf16, lds, #kernel.swizzled> -> <16x32xbf16, lds, #kernel.swizzled>
  // CHECK: kernel.fetch "aNext"
  %staged = kernel.fetch "aNext" %aRows[%tileK] : <16x64xbf16, global> -> <16x32xbf16>
  // CHECK: kernel.deposit
  kernel.deposit %staged to %slot : <16x32xbf16> to <16x32xbf16, lds, #kernel.swizzled>
  // CHECK: kernel.barrier
  kernel.barrier
  // CHECK: kernel.load_fragment "left" {{.*}} -> <16x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  %left = kernel.load_fragment "left" %slot[%waveRow, %waveColumn] : <16x32xbf16, lds, #kernel.swizzled> -> <16x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  %right = kernel.load_fragment "right" %padded[%waveRow, %waveColumn] : <16x32xbf16, lds, #kernel.row_major<padding = 8>> -> <16x32xbf16, b, "v_mfma_f32_16x16x16_bf16", 2>
  // CHECK: kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %zero = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // CHECK: kernel.mma
  %sums = kernel.mma %left, %right, %zero : <16x32xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>, <16x32xbf16, b, "v_mfma_f32_16x16x16_bf16", 2>, <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // CHECK: kernel.add_bias transposed
  %biased = kernel.add_bias transposed %sums, %bias[%column] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <1x64xbf16, global>
  // CHECK: kernel.activation gelu
  %active = kernel.activation gelu %biased : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // CHECK: kernel.add_matrix transposed %{{.*}}, %{{.*}}[
  %added = kernel.add_matrix transposed %active, %dRows[%waveRow, %column] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <16x64xbf16, global>
  // CHECK: kernel.gate transposed silu
  %gated = kernel.gate transposed silu %added : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // CHECK: kernel.add_matrix transposed halved
  %moved = kernel.add_matrix transposed halved %gated, %dRows[%waveRow, %column] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <16x64xbf16, global>
  // CHECK: kernel.store transposed halved
  kernel.store transposed halved %moved to %dRows[%waveRow, %column] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x64xbf16, global>
  // CHECK: kernel.store transposed %
  kernel.store transposed %active to %dRows[%waveRow, %column] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x64xbf16, global>
  kernel.return
}

// CHECK-LABEL: kernel.func @asynchronous
kernel.func @asynchronous(%a: !kernel.tile<?x64xf16, global>, %m: index)
    attributes {target = #sm80, waves = array<i64: 2, 2>, argument_names = ["a", "m"]} {
  %zero = arith.constant 0 : index
  %rows = kernel.rows "aRows" %a[%zero] of %m : <?x64xf16, global> -> <64x64xf16, global>
  %tile = kernel.alloc "aTile" : <64x32xf16, lds, #kernel.swizzled>
  // CHECK: kernel.copy_async
  kernel.copy_async %rows[%zero] to %tile : <64x64xf16, global> to <64x32xf16, lds, #kernel.swizzled>
  // CHECK: kernel.commit_copies
  kernel.commit_copies
  // CHECK: kernel.wait_copies 0
  kernel.wait_copies 0
  kernel.return
}
