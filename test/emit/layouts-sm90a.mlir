// Gradients on NVIDIA devices: operands whose k runs along rows, turned by wgmma's descriptors and by ldmatrix.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a layout=NN n=4096 k=6144 instruction=wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss tile=128,256,64 waves=2,1 stages=3 pack=1 chiplets=1 lds=232448 registers=255 cluster=2,1 role-registers=40,232},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a layout=TN n=4096 k=6144 instruction=wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss tile=128,256,64 waves=2,1 stages=3 pack=1 chiplets=1 lds=232448 registers=255 role-registers=40,232},kernel-price,kernel-emit)" | FileCheck %s --check-prefix=TN
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 layout=TN n=4096 k=6144 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=128,128,32 waves=2,2 stages=4 pack=1 chiplets=1 lds=166912 registers=255},kernel-price,kernel-emit)" | FileCheck %s --check-prefix=SM80
module {}

// CHECK:      PanelTile<bf16, tileK, tileN> wTile[stages]
// CHECK:      copyTensor(shared.aTile[slot], 0, a, row, kTile * tileK, full,
// CHECK-NEXT: const int wShare = cluster.rank * shareN;
// CHECK-NEXT: copyTensorToAll<clusterSize>(shared.wTile[slot], wShare, w, kTile * tileK, tile.column + wShare,
// CHECK-NEXT: full, use);

// TN:        main loop: 1 iterations of 4 matrix instructions a wave, 1024 clocks of a matrix core
// TN-NEXT:   LDS: 640 read passes (0 from conflicts), 384 write passes (0 from conflicts)
// TN-NEXT:   global: 49152 bytes, 6 loads a wave, 0 barriers
// TN:      const int kTiles = depthTiles<tileK, 1>(m);
// TN:      copyTensor(shared.aTile[slot], 0, a, kTile * tileK, tile.row, full,
// TN-NEXT: copyTensor(shared.wTile[slot], 0, w, kTile * tileK, tile.column, full,

// SM80:      (0 from conflicts), {{[0-9]+}} write passes (0 from conflicts)
// SM80:      const int kTiles = depthTiles<tileK, ahead>(m);
// SM80:      for (int kTile = 0; kTile < kTiles - ahead; ++kTile) {
// SM80:        copyAsync<threads>(shared.aTile[(kTile + ahead) % stages],
// SM80-NEXT:        GlobalRows<bf16, layerK>(a, (kTile + ahead) * tileK, tileK, m), tile.row);
// SM80:          LeftOperands<Mma, mmasM> aPart(shared.aTile[kTile % stages], wave.row, k, Across{});
// SM80-NEXT:     RightOperands<Mma, mmasN> wPart(shared.wTile[kTile % stages], wave.column, k, Across{});

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
