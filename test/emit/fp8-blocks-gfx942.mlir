// Scales of blocks: asked for a step ahead and before the tiles, and multiplied to the products of one block of k.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=128,128,128 waves=2,4})" | FileCheck %s --check-prefix=IR
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=128,128,128 waves=2,4},kernel-emit)" | FileCheck %s
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=128,96,128 waves=2,1})" 2>&1 | FileCheck %s --check-prefix=COLUMNS
module {}

// IR:      func @linear(%{{.*}}, %[[OF_A:.*]]: !kernel.tile<?x32xf32, global, #kernel.column_major>, %{{.*}}: !kernel.tile<32x32xf32, global>, %{{.*}}, %[[M:.*]]: index)
// IR:      %[[PLACES:.*]] = kernel.locate_scales "aScales" %[[OF_A]] of %[[M]][%{{.*}}] of %{{.*}} : <?x32xf32, global, #kernel.column_major> -> <64>
// IR:      %[[SCALES:.*]] = kernel.combine_scales "scales" %{{.*}} : <64>
// IR:      kernel.fetch_scales "scalesNext" %[[PLACES]], %{{.*}} : <64>, <32x32xf32, global> -> <64>
// IR:      kernel.mma_scaled %{{.*}}, %{{.*}}, %[[SCALES]], %{{.*}} : <32x128xf8E4M3FNUZ, a,

// CHECK:      const ScalePlaces<Mma, mmasM> aScales(aScale, m, tile.row + wave.row, m);
// CHECK:      for (int kTile = 0; kTile < kTiles - 2; ++kTile) {
// CHECK-NEXT:   auto scales = scalesNext.product();
// CHECK-NEXT:   LeftOperands<Mma, mmasN, readsK> wPart(wTile[kTile % stages], wave.column, 0);
// CHECK-NEXT:   RightOperands<Mma, mmasM, readsK> aPart(aTile[kTile % stages], wave.row, 0);
// CHECK-NEXT:   scalesNext.load(aScales, wScaleRows, (tile.column + wave.column) / 128, kTile + 1);
// CHECK-NEXT:   aNext.store(aTile[(kTile + 1) % stages]);
// CHECK:        sums.multiply(wPart, aPart, scales);
// COLUMNS: the 96 columns of a wave do not divide a block of 128
