// The emitted CUDA compiles for its exact target, without spills where nvcc says so.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 n=4096 k=4096 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=128,128,32 waves=2,2 stages=4 pack=1 band=8 chiplets=1 lds=166912 registers=255},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_80 --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_80,code=sm_80 -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
module {}

// CHECK: extern "C" __global__ void __launch_bounds__(threads, 1) linear(
// CHECK-NEXT: const bf16 *a,
// CHECK:      extern __shared__ __align__(128) char sharedMemory[];
// CHECK:      for (int kTile = 0; kTile < kTiles - ahead; ++kTile) {
// CHECK-NEXT:   // Tile kTile has arrived, behind the barrier for all threads, and the slot of the tile before is free.
// CHECK-NEXT:   waitCopies<ahead - 1>();
// CHECK-NEXT:   barrier();
// CHECK-NEXT:   copyAsync<threads>(shared.aTile[(kTile + ahead) % stages], aRows, (kTile + ahead) * tileK);
// CHECK:        for (int k = 0; k < tileK; k += stepK) {
// CHECK-NEXT:     LeftOperands<Mma, mmasM> aPart(shared.aTile[kTile % stages], wave.row, k);
// CHECK-NEXT:     RightOperands<Mma, mmasN> wPart(shared.wTile[kTile % stages], wave.column, k);
// CHECK-NEXT:     sums.multiply(aPart, wPart);

// PTX: cp.async.cg.shared.global
// PTX: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// PTX: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
