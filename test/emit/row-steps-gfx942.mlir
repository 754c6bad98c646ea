// Rotated heads and sums of squares behind the sums, in registers.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=6144 k=4096 tile=256,256,32 waves=2,4 bias=true rotary=128,5120,8192},kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 residual=true row-squares=true},kernel-emit)" | FileCheck %s --check-prefix=SQUARES
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=6144 k=4096 tile=256,256,32 waves=2,4 residual=true rotary=128,5120,8192})" 2>&1 | FileCheck %s --check-prefix=ORDER
module {}

// CHECK:      const int *positions,
// CHECK-NEXT:      const float *rotations,
// CHECK-NEXT:      bf16 *d,
// CHECK-NEXT:      int m) {
// CHECK:      sums.addBiasDown<layerN>(bias, tile.column + wave.column);
// CHECK-NEXT: const GlobalRows<int, 1> positionRows(positions, tile.row, tileM, m);
// CHECK-NEXT: sums.rotateDown<headColumns, rotaryColumns, rotaryPositions>(positionRows, wave.row, rotations,
// CHECK-NEXT:     tile.column + wave.column);

// SQUARES:      const bf16 *residual,
// SQUARES-NEXT:      float *rowSquares,
// SQUARES-NEXT:      bf16 *d,
// SQUARES-NEXT:      int m) {
// SQUARES:      sums.addTransposed(
// SQUARES-NEXT: const GlobalRows<float, 64> squareRows(rowSquares, tile.row, tileM, m);
// SQUARES-NEXT: sums.storeSquaresDown<layerN>(squareRows, wave.row, tile.column + wave.column);

// ORDER: rotated columns are queries and keys, with nothing but scales and a bias before

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=6144 k=4096 tile=256,256,32 waves=2,4 bias=true rotary=128,5120,8192},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// ASM:     v_pk_fma_f32
// ASM:     ScratchSize: 0
