// A double-buffered bf16 GEMM for gfx942: the source, and what clang makes of it.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16},kernel-emit)" -o /dev/null > %t.first
// RUN: FileCheck %s --input-file %t.first --strict-whitespace
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16},kernel-emit)" -o /dev/null > %t.second
// RUN: cmp %t.first %t.second
module {}

// CHECK: // linear
// CHECK: // Target:   gfx942, 512 threads as 2 x 4 waves, 65536 bytes of LDS
// CHECK: #include "codesign_cdna.h"
// CHECK: constexpr int tileK = 32;
// CHECK: sum = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(bits(a.lo), bits(b.lo), sum, 0, 0, 0);
// CHECK: return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(bits(a.hi), bits(b.hi), sum, 0, 0, 0);
// CHECK: extern "C" __global__ WORKGROUP(512, 2) void linear(const bf16 *a, const bf16 *w, bf16 *d, int m) {
// CHECK-NEXT:   const Origin tile = tileOrder<256, 256, 4096, 4, 8, 16>(m);
// CHECK-NEXT:   const Origin wave = waveTile<128, 64, 4>();
// CHECK-NEXT:   const GlobalRows<bf16, 4096> aRows(a, tile.row, 256, m);
// CHECK-NEXT:   const GlobalRows<bf16, 4096> wRows(w, tile.column, 256, 4096);
// CHECK-NEXT:   __shared__ SwizzledTile<bf16, 256, 32> aTile[2];
// CHECK-NEXT:   __shared__ SwizzledTile<bf16, 256, 32> wTile[2];
// CHECK:        for (int kTile = 0; kTile < kTiles - 2; ++kTile) {
// CHECK-NEXT:     LeftOperands<Mma, 4, 1> wPart(wTile[kTile % 2], wave.column, 0);
// CHECK-NEXT:     RightOperands<Mma, 8, 1> aPart(aTile[kTile % 2], wave.row, 0);
// CHECK:          aNext.store(aTile[(kTile + 1) % 2]);
// CHECK-NEXT:     wNext.store(wTile[(kTile + 1) % 2]);
// CHECK:          aNext.load(aRows, (kTile + 2) * tileK);
// CHECK-NEXT:     wNext.load(wRows, (kTile + 2) * tileK);
// CHECK:          sums.multiply(wPart, aPart);
// CHECK-NEXT:     // This tile has been read, and the next one is in LDS.
// CHECK-NEXT:     barrier();
// CHECK-NEXT:   }
// CHECK:        sums.storeTransposed(dRows, wave.row, tile.column + wave.column);
