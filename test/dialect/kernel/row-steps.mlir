// Rotated heads and sums of squares: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.rotate transposed %{{.*}}, %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}] below 256 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <16x1xi32, global>, <512x128xf32, global>
// CHECK: kernel.row_squares transposed %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}] below 384 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x24xf32, global>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @both(%positions: !kernel.tile<?x1xi32, global>, %table: !kernel.tile<512x128xf32, global>,
                  %squares: !kernel.tile<?x24xf32, global>, %d: !kernel.tile<?x384xbf16, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["positions", "rotations", "rowSquares", "d", "m"]} {
  %zero = arith.constant 0 : index
  %at = kernel.rows "positionRows" %positions[%zero] of %m : <?x1xi32, global> -> <16x1xi32, global>
  %parts = kernel.rows "squareRows" %squares[%zero] of %m : <?x24xf32, global> -> <16x24xf32, global>
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x384xbf16, global> -> <16x384xbf16, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %turned = kernel.rotate transposed %sums, %at[%zero], %table[%zero] below 256 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <16x1xi32, global>, <512x128xf32, global>
  kernel.row_squares transposed %turned to %parts[%zero, %zero] below 384 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x24xf32, global>
  kernel.store transposed %turned to %rows[%zero, %zero] : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x384xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @partOfAHead(%positions: !kernel.tile<?x1xi32, global>, %table: !kernel.tile<512x128xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["positions", "rotations", "m"]} {
  %zero = arith.constant 0 : index
  %at = kernel.rows "positionRows" %positions[%zero] of %m : <?x1xi32, global> -> <16x1xi32, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{200 columns are no whole heads of 128}}
  %turned = kernel.rotate transposed %sums, %at[%zero], %table[%zero] below 200 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">, <16x1xi32, global>, <512x128xf32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @notTransposed(%squares: !kernel.tile<?x24xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["rowSquares", "m"]} {
  %zero = arith.constant 0 : index
  %parts = kernel.rows "squareRows" %squares[%zero] of %m : <?x24xf32, global> -> <16x24xf32, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{finds output columns in the rows of transposed sums}}
  kernel.row_squares %sums to %parts[%zero, %zero] below 384 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x24xf32, global>
  kernel.return
}

// -----

// CHECK: kernel.rotate %{{.*}}, %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}] below 256 : <16x32xf32, accumulator, "mma.sync
// CHECK: kernel.row_squares %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}] below 384 : <16x32xf32, accumulator, "mma.sync
#sm80 = #kernel.target<architecture = "sm_80", waveSize = 32, sharedBytes = 166912, registersPerLane = 255, chiplets = 1>
kernel.func @pairsInALane(%positions: !kernel.tile<?x1xi32, global>, %table: !kernel.tile<512x128xf32, global>,
                          %squares: !kernel.tile<?x12xf32, global>, %d: !kernel.tile<?x384xbf16, global>, %m: index)
    attributes {target = #sm80, waves = array<i64: 1, 1>, argument_names = ["positions", "rotations", "rowSquares", "d", "m"]} {
  %zero = arith.constant 0 : index
  %at = kernel.rows "positionRows" %positions[%zero] of %m : <?x1xi32, global> -> <16x1xi32, global>
  %parts = kernel.rows "squareRows" %squares[%zero] of %m : <?x12xf32, global> -> <16x12xf32, global>
  %rows = kernel.rows "dRows" %d[%zero] of %m : <?x384xbf16, global> -> <16x384xbf16, global>
  %sums = kernel.zero "sums" : <16x32xf32, accumulator, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32">
  %turned = kernel.rotate %sums, %at[%zero], %table[%zero] below 256 : <16x32xf32, accumulator, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32">, <16x1xi32, global>, <512x128xf32, global>
  kernel.row_squares %turned to %parts[%zero, %zero] below 384 : <16x32xf32, accumulator, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"> to <16x12xf32, global>
  kernel.store %turned to %rows[%zero, %zero] : <16x32xf32, accumulator, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"> to <16x384xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @tooEarly(%squares: !kernel.tile<?x24xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["rowSquares", "m"]} {
  %zero = arith.constant 0 : index
  %parts = kernel.rows "squareRows" %squares[%zero] of %m : <?x24xf32, global> -> <16x24xf32, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{is the last step before the store}}
  kernel.row_squares transposed %sums to %parts[%zero, %zero] below 384 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x24xf32, global>
  %late = kernel.activation relu %sums : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @otherWidth(%squares: !kernel.tile<?x12xf32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["rowSquares", "m"]} {
  %zero = arith.constant 0 : index
  %parts = kernel.rows "squareRows" %squares[%zero] of %m : <?x12xf32, global> -> <16x12xf32, global>
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{leaves 24 sums of 16 columns in a row, which has 12}}
  kernel.row_squares transposed %sums to %parts[%zero, %zero] below 384 : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> to <16x12xf32, global>
  kernel.return
}
