// Scales of rows and 128 columns that follow from the results: largest magnitudes of waves that share a block meet in the LDS of the ring.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 type=fp8_fnuz instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=2,4 loop=ping-pong scaling=block-128 gated=true activation=silu quantised-blocks=true},kernel-emit)" | FileCheck %s
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 tile=64,64,32 waves=2,2 quantised-blocks=true})" 2>&1 | FileCheck %s --check-prefix=NARROW
module {}

// CHECK:      float *dScale,
// CHECK-NEXT:      fp8 *d,
// CHECK-NEXT:      int m) {
// CHECK:      sums.gateDown(Silu{});
// CHECK:      barrier();
// CHECK-NEXT: auto &rowMaxima = reuse<RowMaxima<wavesN, tileM>>(aTile);
// CHECK-NEXT: depositMaxima<2, layerN>(sums, rowMaxima, wave.column / waveN, wave.row, tile.column + wave.column);
// CHECK-NEXT: barrier();
// CHECK-NEXT: const ScalePlaces<Mma, mmasM> dScales(dScale, m, tile.row + wave.row, m);
// CHECK:      quantiseBlocks<240, 2, layerN>(sums, dScales, rowMaxima, wave.column / waveN, wave.row,
// CHECK-NEXT: tile.column + wave.column, 0.0001f);
// CHECK-NEXT: const GlobalRows<fp8, layerN / 2> dRows(d, tile.row, tileM, m);
// CHECK-NEXT: sums.storeHalvedTransposed(dRows, wave.row, tile.column + wave.column);
// NARROW: a tile with 64 columns of the output has no whole blocks of 128

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 type=fp8_fnuz instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=2,4 loop=ping-pong scaling=block-128 gated=true activation=silu quantised-blocks=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// ASM:     ds_bpermute_b32
// ASM:     v_cvt_pk_fp8_f32
// ASM:     ScratchSize: 0
