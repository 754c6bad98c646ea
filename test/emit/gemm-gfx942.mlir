// A double-buffered bf16 GEMM for gfx942: the source, and what clang makes of it.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16},kernel-emit)" -o /dev/null > %t.first
// RUN: FileCheck %s --input-file %t.first --strict-whitespace
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16},kernel-emit)" -o /dev/null > %t.second
// RUN: cmp %t.first %t.second
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=tileM n=4096 k=4096 tile=256,256,32 waves=2,4},kernel-emit)" 2>&1 | FileCheck %s --check-prefix=NAME
module {}

// NAME: a kernel cannot be named tileM, as a constant of its source is

// CHECK: // linear
// CHECK: // Target:   gfx942, 512 threads as 2 x 4 waves, 65536 bytes of LDS
// CHECK: #include "codesign_cdna.h"
// CHECK: constexpr int layerN = 4096, layerK = 4096; // the layer
// CHECK-NEXT: constexpr int tileM = 256, tileN = 256, tileK = 32; // the tile of a workgroup
// CHECK-NEXT: constexpr int kTiles = layerK / tileK;
// CHECK-NEXT: constexpr int wavesM = 2, wavesN = 4; // waves along m and n
// CHECK-NEXT: constexpr int waveM = tileM / wavesM, waveN = tileN / wavesN; // the part of a wave
// CHECK-NEXT: constexpr int waves = wavesM * wavesN, threads = waves * waveSize; // of a workgroup
// CHECK-NEXT: constexpr int mmaM = 16, mmaN = 16; // rows and columns of D that an instruction computes
// CHECK-NEXT: constexpr int mmasM = waveM / mmaM, mmasN = waveN / mmaN; // matrix instructions along both, of a wave
// CHECK-NEXT: constexpr int stages = 2; // slots of the rings
// CHECK-NEXT: constexpr int band = 4; // tile rows that are walked together
// CHECK-NEXT: constexpr int chiplets = 8, chipletRun = 16; // each chiplet is dealt so many tiles in a row
// CHECK: sum = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(bits(a.lo), bits(b.lo), sum, 0, 0, 0);
// CHECK: return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(bits(a.hi), bits(b.hi), sum, 0, 0, 0);
// CHECK: extern "C" __global__ WORKGROUP(threads, 2) void linear(const bf16 *a, const bf16 *w, bf16 *d, int m) {
// CHECK-NEXT:   const Origin tile = tileOrder<tileM, tileN, layerN, band, chiplets, chipletRun>(m);
// CHECK-NEXT:   const Origin wave = waveTile<waveM, waveN, wavesN>();
// CHECK-NEXT:   const GlobalRows<bf16, layerK> aRows(a, tile.row, tileM, m);
// CHECK-NEXT:   const GlobalRows<bf16, layerK> wRows(w, tile.column, tileN, layerN);
// CHECK-NEXT:   __shared__ SwizzledTile<bf16, tileM, tileK> aTile[stages];
// CHECK-NEXT:   __shared__ SwizzledTile<bf16, tileN, tileK> wTile[stages];
// CHECK:        for (int kTile = 0; kTile < kTiles - 2; ++kTile) {
// CHECK-NEXT:     LeftOperands<Mma, mmasN> wPart(wTile[kTile % stages], wave.column, 0);
// CHECK-NEXT:     RightOperands<Mma, mmasM> aPart(aTile[kTile % stages], wave.row, 0);
// CHECK:          aNext.store(aTile[(kTile + 1) % stages]);
// CHECK-NEXT:     wNext.store(wTile[(kTile + 1) % stages]);
// CHECK:          aNext.load(aRows, (kTile + 2) * tileK);
// CHECK-NEXT:     wNext.load(wRows, (kTile + 2) * tileK);
// CHECK:          sums.multiply(wPart, aPart);
// CHECK-NEXT:     // This tile has been read, and the next one is in LDS.
// CHECK-NEXT:     barrier();
// CHECK-NEXT:   }
// CHECK:        sums.storeTransposed(dRows, wave.row, tile.column + wave.column);
