// Stream-K: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: %[[PIECES:.*]] = kernel.stream_k %{{.*}} by 64 tile [16, 16] band 1 chiplets 8 run 2 steps 9 of 2 among 304
// CHECK: scf.for %[[ROUND:.*]] =
// CHECK:   %[[PIECE:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} = kernel.stream_k_piece %[[ROUND]] of %[[PIECES]]
// CHECK:   kernel.sum_pieces %{{.*}} of %[[PIECE]] in %{{.*}}, %{{.*}} : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xi32, global>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @shared(%partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals", "m"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %pieces = kernel.stream_k %m by 64 tile [16, 16] band 1 chiplets 8 run 2 steps 9 of 2 among 304
  scf.for %round = %zero to %pieces step %one {
    %piece, %row, %column, %first, %count, %before = kernel.stream_k_piece %round of %pieces
    %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
    %total = kernel.sum_pieces %sums of %piece in %partials, %arrivals : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xi32, global>
  }
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @shortTiles(%m: index) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  // expected-error @below {{cuts no pieces of 4 steps or more from tiles of 3}}
  %pieces = kernel.stream_k %m by 64 tile [16, 16] band 1 chiplets 8 run 2 steps 3 of 4 among 304
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @nobody(%m: index) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  // expected-error @below {{is shared among one workgroup at least}}
  %pieces = kernel.stream_k %m by 64 tile [16, 16] band 1 chiplets 8 run 2 steps 3 of 2 among 0
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @someRounds(%m: index) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["m"]} {
  %one = arith.constant 1 : index
  %pieces = kernel.stream_k %m by 64 tile [16, 16] band 1 chiplets 8 run 2 steps 9 of 2 among 304
  scf.for %round = %one to %pieces step %one {
    // expected-error @below {{is the piece of a round of the loop over all pieces}}
    %piece, %row, %column, %first, %count, %before = kernel.stream_k_piece %round of %pieces
  }
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @inner(%partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>, %m: index)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals", "m"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %pieces = kernel.stream_k %m by 64 tile [16, 16] band 1 chiplets 8 run 2 steps 9 of 2 among 304
  scf.for %round = %zero to %pieces step %one {
    %piece, %row, %column, %first, %count, %before = kernel.stream_k_piece %round of %pieces
    scf.for %step = %zero to %count step %one {
      %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
      // expected-error @below {{ends the round of its piece, not a loop inside it}}
      %total = kernel.sum_pieces %sums of %piece in %partials, %arrivals : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xi32, global>
    }
  }
  kernel.return
}
