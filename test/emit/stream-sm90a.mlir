// The same with mma.sync: weights are the first operand, eight rows of activations the second.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a n=4096 k=14336 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=8,16,256 waves=1,1,4 stages=4 pack=2 chiplets=1 lds=232448 registers=255 residency=2},kernel-price,kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 n=96 k=520 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=16,32,128 waves=1,1,2 stages=2 pack=2 chiplets=1 lds=166912 registers=255},canonicalize,cse,kernel-check{rows=17})" -o /dev/null
module {}

// CHECK:      linear: 128 threads, 2048 bytes of LDS
// CHECK-NEXT:   registers: 4 accumulators, 0 fragments, 96 staging
// CHECK-NEXT:   main loop: 13 iterations of 16 matrix instructions a wave
// CHECK:        global: 49152 bytes, 24 loads a wave, 0 barriers

// CHECK:      __shared__ PaddedTile<float, tileM * tileN / 4, 4, 0> waveSums[waves];
// CHECK:      #pragma unroll 1
// CHECK-NEXT: for (int kTile = 0; kTile < kTiles - ahead; kTile += ahead) {
// CHECK-NEXT: #pragma unroll
// CHECK-NEXT:   for (int step = 0; step < ahead; ++step) {
// CHECK-NEXT:     sums.multiply(wParts[step], aParts[step]);
// CHECK-NEXT:     wParts[step].load(wRows, 0, (kTile + ahead + step) * tileK + wave * waveDepth);
// CHECK-NEXT:     aParts[step].load(aRows, 0, (kTile + ahead + step) * tileK + wave * waveDepth);
// CHECK-NOT:    barrier
// CHECK:      sums.deposit(waveSums);
// CHECK-NEXT: barrier();
// CHECK:      const Origin share = total.collect<waves>(waveSums);
// CHECK:      total.storeTransposed(

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a bias=true activation=silu n=4096 k=14336 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=8,16,256 waves=1,1,4 stages=4 pack=2 chiplets=1 lds=232448 registers=255 residency=2},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// PTX-COUNT-16: ld.global.nc.L1::no_allocate.L2::256B.v4.b32
// PTX:          mma.sync.aligned.m16n8k16
// PTX:          shfl.sync.bfly.b32
// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
