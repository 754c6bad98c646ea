// Persistent workgroups that share the k of a tile: work items are parts, and a group that is not the last goes on.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a instruction=wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss n=1536 k=2048 tile=128,128,64 waves=2,1 stages=4 pack=1 chiplets=1 lds=232448 registers=255 role-registers=40,232 split-k=4},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
module {}

// CHECK: linear(
// CHECK-NEXT: const __grid_constant__ TensorMap a,
// CHECK-NEXT: const __grid_constant__ TensorMap w,
// CHECK-NEXT: float *partials,
// CHECK-NEXT: int *arrivals,
// CHECK-NEXT: const __grid_constant__ TensorMap d,
// CHECK-NEXT: int m) {
// CHECK: copyTensor(shared.aTile[slot], 0, a, tile.row, (part * kTiles + kTile) * tileK, full, use);
// CHECK:      if (!sumGroupParts<splitK, groupsM * groupsN>(sums, partials, arrivals, tileIndex, part))
// CHECK-NEXT:   continue; // another workgroup has the last part
// CHECK-NEXT: const int firstPanel = group(warp) * panelsPerGroup;
// CHECK-NEXT: // The panels are free: the tile before has left them.
// CHECK-NEXT: waitStores();

// PTX:   st.relaxed.gpu.global.v2.f32
// PTX:   atom.acq_rel.gpu.global.add.s32
// PTX:   bar.red.or.pred
// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
