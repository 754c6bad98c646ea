// A dozen rounds of k: nvcc would unroll the loop whole and run out of registers.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a n=50304 k=768 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=16,192,64 waves=1,4 stages=5 pack=1 band=8 chiplets=1 lds=232448 registers=255},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a n=50304 k=4096 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=16,192,64 waves=1,4 stages=5 pack=1 band=8 chiplets=1 lds=232448 registers=255},kernel-emit)" -o /dev/null | FileCheck %s --check-prefix=LONG
module {}

// CHECK:      const bf16 *a
// CHECK:      #pragma unroll 1
// CHECK-NEXT: for (int kTile = 0; kTile < kTiles - ahead; ++kTile) {

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads

// LONG:     const bf16 *a
// LONG-NOT: unroll 1
// LONG:     for (int kTile = 0; kTile < kTiles - ahead; ++kTile) {
