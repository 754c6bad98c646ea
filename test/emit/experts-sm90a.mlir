// Experts by persistent workgroups: tiles counted once, looked up by either role, rows that end where the expert's end.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=experts arch=sm_90a instruction=wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16.ss n=1536 k=2048 tile=128,128,64 waves=2,1 stages=4 pack=1 chiplets=1 lds=232448 registers=255 role-registers=40,232 experts=128 weighted=true residual=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
module {}

// CHECK: // Grid:     floor((m + min(m, 128) * 127) / 128) * 12 workgroups, or fewer that compute several tiles each
// CHECK:      PaddedTile<int, 3, 132, 0> expertTiles[1];
// CHECK: experts(
// CHECK-NEXT: const __grid_constant__ TensorMap a,
// CHECK-NEXT: const __grid_constant__ TensorMap w,
// CHECK-NEXT: const bf16 *residual,
// CHECK-NEXT: const int *offsets,
// CHECK-NEXT: const float *rowWeights,
// CHECK-NEXT: bf16 *d,
// CHECK-NEXT: int m) {
// CHECK: countExpertTiles<ContiguousRows<layerExperts>, tileM, tileN, layerN>(shared.expertTiles[0], offsets, m);
// CHECK:      clusterBarrier<1>();
// CHECK:      if (isProducerLane()) {
// CHECK-NEXT:   const int tiles = expertTileCount<layerExperts>(shared.expertTiles[0]);
// CHECK:          const ExpertTile tile = expertTileAt<layerExperts, tileM, tileN, layerN, band>(shared.expertTiles[0],
// CHECK-NEXT:          cluster.index + round * cluster.count);
// CHECK:            copyTensor(shared.wTile[slot], 0, w, tile.expert * layerN + tile.column, kTile * tileK, full, use);
// CHECK:      sums.scaleRows(weightRows, wave.row);
// CHECK:      sums.addMatrix(residualRows, wave.row, tile.column + wave.column);
// CHECK:      groupBarrier();
// CHECK-NEXT: sums.stage(&shared.dPanels[firstPanel]);
// CHECK-NEXT: groupBarrier();
// CHECK-NEXT: const GlobalRows<bf16, layerN> dRows(d, tile.row, tileM, tile.end);
// CHECK-NEXT: storePanels<panelsPerGroup>(&shared.dPanels[firstPanel], dRows, wave.row, tile.column + wave.column);

// PTX:   shfl.sync.up.b32
// PTX:   cp.async.bulk.tensor.2d
// PTX:   wgmma.mma_async.sync.aligned.m64n128k16
// PTX:   st.global.v4.b32
// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
