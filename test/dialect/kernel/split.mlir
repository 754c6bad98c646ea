// Workgroups that share k: the round trip, and what does not fit.
// RUN: codesign-opt %s --split-input-file --verify-diagnostics | codesign-opt --split-input-file | FileCheck %s

// CHECK: kernel.part of 4
// CHECK: kernel.sum_parts %{{.*}} by %{{.*}} in %{{.*}}, %{{.*}} : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xi32, global>
#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @shared(%partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals"]} {
  %part = kernel.part of 4
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  %total = kernel.sum_parts %sums by %part in %partials, %arrivals : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xi32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @alone(%partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals"]} {
  // expected-error @below {{is one of at least two}}
  %part = kernel.part of 1
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @anyNumber(%partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals"]} {
  %part = arith.constant 0 : index
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{takes its part from kernel.part}}
  %total = kernel.sum_parts %sums by %part in %partials, %arrivals : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xi32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @wideRows(%partials: !kernel.tile<?x8xf32, global>, %arrivals: !kernel.tile<?x1xi32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals"]} {
  %part = kernel.part of 4
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{writes to ?x4xf32 in global memory}}
  %total = kernel.sum_parts %sums by %part in %partials, %arrivals : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x8xf32, global>, <?x1xi32, global>
  kernel.return
}

// -----

#gfx942 = #kernel.target<architecture = "gfx942", waveSize = 64, sharedBytes = 65536, registersPerLane = 512, chiplets = 8>
kernel.func @floatCounts(%partials: !kernel.tile<?x4xf32, global>, %arrivals: !kernel.tile<?x1xf32, global>)
    attributes {target = #gfx942, waves = array<i64: 1, 1>, argument_names = ["partials", "arrivals"]} {
  %part = kernel.part of 4
  %sums = kernel.zero "sums" : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16">
  // expected-error @below {{counts in ?x1xi32 in global memory}}
  %total = kernel.sum_parts %sums by %part in %partials, %arrivals : <16x16xf32, accumulator, "v_mfma_f32_16x16x16_bf16"> in <?x4xf32, global>, <?x1xf32, global>
  kernel.return
}
