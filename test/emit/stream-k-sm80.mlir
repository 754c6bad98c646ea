// Stream-K for sm_80: compiles for its exact target, without spills where nvcc says so.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 n=4096 k=4096 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=128,128,32 waves=2,4 stages=4 pack=1 band=8 chiplets=1 lds=166912 registers=255 stream-k=108},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_80 --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_80,code=sm_80 -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
module {}

// CHECK: // Grid:     108 workgroups that share the 128 steps of each of the last tiles, up to two for each (Stream-K)
// CHECK: linear(
// CHECK-NEXT: const bf16 *a,
// CHECK-NEXT: const bf16 *w,
// CHECK-NEXT: float *partials,
// CHECK-NEXT: int *arrivals,
// CHECK-NEXT: bf16 *d,
// CHECK-NEXT: int m) {
// CHECK: const StreamK<tileM, tileN, layerN, band, kTiles, leastSteps, workgroups> work(m, dealtTile(workgroups));
// CHECK: for (int round = 0; round < work.pieces; ++round) {
// CHECK-NEXT: const Piece piece = work.piece(round);
// CHECK: // The tiles of the piece before have been read.
// CHECK-NEXT: barrier();
// CHECK-NEXT: // Fill the ring: these tiles are under way before the first product.
// CHECK-NEXT: #pragma unroll
// CHECK-NEXT: for (int step = 0; step < ahead; ++step) {
// CHECK-NEXT: copyAsync<threads>(shared.aTile[step], aRows, (piece.first + step) * tileK);
// CHECK: if (!sumPieces<waves>(sums, partials, arrivals, piece))
// CHECK-NEXT: continue; // another workgroup has the last piece

// PTX: atom.acq_rel.gpu.global.add.s32
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
