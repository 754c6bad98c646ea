// 8-bit products on sm_90a: from zero in every step of 128 of k, then added in fp32, here with scales of blocks.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8 scaling=block-128 arch=sm_90a lds=232448 registers=255 chiplets=1 instruction=wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3.ss tile=128,128,128 waves=2,1 stages=4 pack=1 role-registers=40,232},kernel-emit)" | FileCheck %s
module {}

// CHECK:      "%64, %65, 1, 1, 1;"
// CHECK:      DEVICE void applyAnew(
// CHECK:      "%64, %65, 0, 1, 1;"
// CHECK:      linear(
// CHECK-NEXT:      const __grid_constant__ TensorMap a,
// CHECK-NEXT:      const __grid_constant__ TensorMap w,
// CHECK-NEXT:      const float *aScale,
// CHECK-NEXT:      const float *wScale,
// CHECK-NEXT:      const __grid_constant__ TensorMap d,
// CHECK-NEXT:      int m) {
// CHECK:      for (int kTile = 0; kTile < unknown(kTiles); ++kTile) {
// CHECK-NEXT:   const int use = firstUse + kTile;
// CHECK-NEXT:   auto scales = scalesNext.product();
// CHECK-NEXT:   scalesNext.load(aScales, wScaleRows, (tile.column + wave.column) / 128, kTile + 1);
// CHECK-NEXT:   // Both operands of this step have arrived.
// CHECK-NEXT:   full.await(use);
// CHECK-NEXT:   const int slot = use % stages;
// CHECK-NEXT:   products.multiplyAnew(
// CHECK-NEXT:   products.wait<0>();
// CHECK-NEXT:   empty.arrive<1>(use);
// CHECK-NEXT:   sums.add(products, scales);
