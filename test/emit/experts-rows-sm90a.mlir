// Rows of A by a list: all threads of the producer's warpgroup copy them, one of them asks for the boxes of W.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=experts arch=sm_90a instruction=wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss n=1536 k=2048 tile=128,256,64 waves=2,1 stages=3 pack=1 chiplets=1 lds=232448 registers=255 role-registers=40,232 experts=128 gathered=true gated=true activation=silu},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
module {}

// CHECK: experts(
// CHECK-NEXT: const bf16 *a,
// CHECK-NEXT: const __grid_constant__ TensorMap w,
// CHECK-NEXT: const int *offsets,
// CHECK-NEXT: const int *aList,
// CHECK-NEXT: bf16 *d,
// CHECK-NEXT: int aCount,
// CHECK-NEXT: int m) {
// CHECK:      full.initialise(1 + warpgroupSize / waveSize);
// CHECK:      if (isProducer(warp)) {
// CHECK-NEXT:   // Copying takes few registers: those that multiply get the others.
// CHECK-NEXT:   releaseRegisters<72>();
// CHECK-NEXT:   const int tiles =
// CHECK:          const GatheredRows<CopiedTile<SwizzledTile<bf16, tileM, tileK>, warpgroupSize>, layerK> aRows(a, aCount,
// CHECK-NEXT:          aList, tile.row, tile.end);
// CHECK:          for (int kTile = lag; kTile < kTiles; ++kTile) {
// CHECK-NEXT:       const int use = firstUse + kTile;
// CHECK-NEXT:       empty.awaitPrevious(use);
// CHECK-NEXT:       const int slot = use % stages;
// CHECK-NEXT:       copyAsync<warpgroupSize>(shared.aTile[slot], aRows, kTile * tileK);
// CHECK-NEXT:       commitCopies();
// CHECK-NEXT:       if (isProducerLane()) {
// CHECK-NEXT:         full.expectBytes(use, sizeof(shared.wTile[0]));
// CHECK-NEXT:         copyTensor(shared.wTile[slot], 0, w,
// CHECK-NEXT:       }
// CHECK-NEXT:       // Rows asked for a step before are there: shown to the matrix cores, then handed over.
// CHECK-NEXT:       waitCopies<lag>();
// CHECK-NEXT:       fenceAsync();
// CHECK-NEXT:       full.arriveTogether(firstUse + kTile - lag);

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
