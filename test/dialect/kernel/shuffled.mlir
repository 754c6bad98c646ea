// Matrices in the order of matrix instructions: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.rows "wRows" %{{.*}} : <64x512xbf16, global, #kernel.shuffled> -> <32x512xbf16, global, #kernel.shuffled>
// CHECK: kernel.fetch_fragment "w0" %{{.*}} inside : <32x512xbf16, global, #kernel.shuffled> -> <32x64xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @whole(%w: !kernel.tile<64x512xbf16, global, #kernel.shuffled>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global, #kernel.shuffled> -> <32x512xbf16, global, #kernel.shuffled>
  %part = kernel.fetch_fragment "w0" %rows[%zero, %zero] inside : <32x512xbf16, global, #kernel.shuffled> -> <32x64xbf16, a, "v_mfma_f32_16x16x16_bf16", 2>
  kernel.return
}

// -----

// expected-error @below {{cut in blocks of 16 rows by 64 bytes, and has 60 rows of 1024}}
kernel.func @partOfABlock(%w: !kernel.tile<60x512xbf16, global, #kernel.shuffled>) {
}

// -----

// expected-error @below {{only global matrices are shuffled}}
kernel.func @inLds(%w: !kernel.tile<2x64x512xbf16, lds, #kernel.shuffled>) {
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @throughLds(%w: !kernel.tile<64x512xbf16, global, #kernel.shuffled>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global, #kernel.shuffled> -> <32x512xbf16, global, #kernel.shuffled>
  // expected-error @below {{takes rows of a row-major matrix, not of a shuffled one}}
  %next = kernel.fetch "wNext" %rows[%zero] : <32x512xbf16, global, #kernel.shuffled> -> <32x64xbf16>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @otherOrder(%w: !kernel.tile<64x512xbf16, global, #kernel.shuffled>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  // expected-error @below {{cuts rows of the same length, type and order}}
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global, #kernel.shuffled> -> <32x512xbf16, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @moreRows(%w: !kernel.tile<64x512xbf16, global, #kernel.shuffled>) attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["w"]} {
  %zero = arith.constant 0 : index
  %end = arith.constant 64 : index
  %rows = kernel.rows "wRows" %w[%zero] of %end : <64x512xbf16, global, #kernel.shuffled> -> <32x512xbf16, global, #kernel.shuffled>
  // expected-error @below {{blocks of 16 rows are not how}}
  %part = kernel.fetch_fragment "w0" %rows[%zero, %zero] : <32x512xbf16, global, #kernel.shuffled> -> <32x16xbf16, a, "v_mfma_f32_32x32x8_bf16", 2>
  kernel.return
}
