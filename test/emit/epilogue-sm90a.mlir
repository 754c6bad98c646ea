// Rotated heads, sums of squares and results of 8 bits behind wgmma and mma.sync, as ptxas takes them.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a n=6144 k=4096 instruction=wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss tile=128,256,64 waves=2,1 stages=3 pack=1 chiplets=1 lds=232448 registers=255 role-registers=40,232 bias=true rotary=128,5120,8192 quantised=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 n=4096 k=4096 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=128,128,32 waves=2,4 stages=4 pack=1 chiplets=1 lds=166912 registers=255 residual=true row-squares=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.squares.cu
// RUN: FileCheck %s --check-prefix=SQUARES --input-file %t.squares.cu
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_80,code=sm_80 -cubin -Xptxas -v %t.squares.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
module {}

// CHECK:      SwizzledTile<fp8, groupM, panelColumns> dPanels[
// CHECK:      linear(
// CHECK-NEXT:      const __grid_constant__ TensorMap a,
// CHECK-NEXT:      const __grid_constant__ TensorMap w,
// CHECK-NEXT:      const bf16 *bias,
// CHECK-NEXT:      const int *positions,
// CHECK-NEXT:      const float *rotations,
// CHECK-NEXT:      const float *dScale,
// CHECK-NEXT:      const __grid_constant__ TensorMap d,
// CHECK-NEXT:      int m) {
// CHECK:      sums.addBiasPairs<layerN>(
// CHECK-NEXT: const GlobalRows<int, 1> positionRows(positions, tile.row, tileM, m);
// CHECK-NEXT: sums.rotateAcross<headColumns, rotaryColumns, rotaryPositions>(positionRows, wave.row, rotations,
// CHECK-NEXT:     tile.column + wave.column);
// CHECK-NEXT: sums.map(Quantise<448>{1 / *dScale});
// CHECK-NEXT: const int firstPanel = group(warp) * panelsPerGroup;
// CHECK-NEXT: // The panels are free: the tile before has left them.
// CHECK-NEXT: waitStores();
// CHECK:      sums.stage(&shared.dPanels[firstPanel]);

// PTX: cvt.rn.satfinite.e4m3x2.f32

// SQUARES:      sums.addMatrix(
// SQUARES-NEXT: const GlobalRows<float, 128> squareRows(rowSquares, tile.row, tileM, m);
// SQUARES-NEXT: sums.storeSquaresAcross<layerN>(squareRows, wave.row, tile.column + wave.column);

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
