// Scales of rows and 128 columns that follow from the results: two warpgroups side by side share each block behind a gate.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a lds=232448 registers=255 chiplets=1 n=8192 k=4096 type=fp8 instruction=wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3.ss tile=64,256,128 waves=1,2 stages=4 pack=1 scaling=block-128 gated=true activation=silu quantised-blocks=true role-registers=40,232},kernel-emit)" | FileCheck %s
module {}

// CHECK:      RowMaxima<groupsN, tileM> rowMaxima[2];
// CHECK:      float *dScale,
// CHECK:      maximaLeft.initialise(consumerWarps); // arrivals: each warp that multiplies, having left its maxima
// CHECK:      sums.gateAcross(Silu{});
// CHECK-NEXT: depositMaxima<2, layerN>(sums, shared.rowMaxima[round % 2], wave.column / groupN,
// CHECK:      maximaLeft.arrive<1>(round);
// CHECK-NEXT: maximaLeft.await(round);
// CHECK:      quantiseBlocks<448, 2, layerN>(sums, dScales, shared.rowMaxima[round % 2], wave.column / groupN,
// CHECK:      sums.storeHalved(dRows, wave.row, tile.column + wave.column);

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a lds=232448 registers=255 chiplets=1 n=8192 k=4096 type=fp8 instruction=wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3.ss tile=64,256,128 waves=1,2 stages=4 pack=1 scaling=block-128 gated=true activation=silu quantised-blocks=true role-registers=40,232},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
