// A persistent kernel with roles: the source, its PTX, and ptxas: no spills, no serialised products.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a n=4096 k=4096 instruction=wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss tile=128,256,64 waves=2,1 stages=3 pack=1 band=8 chiplets=1 lds=232448 registers=255 cluster=2,1 role-registers=40,232},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --input-file %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
module {}

// CHECK: // Target:   sm_90a, 384 threads as one producer and 2 x 1 consumer warpgroups
// CHECK: // Tile:     256 x 256 of the output for each cluster of 2 workgroups
// CHECK: __launch_bounds__(threads, 1) __cluster_dims__(clusterSize, 1, 1) linear(
// CHECK-NEXT: const __grid_constant__ TensorMap a,
// CHECK-NEXT: const __grid_constant__ TensorMap w,
// CHECK-NEXT: const __grid_constant__ TensorMap d,
// CHECK-NEXT: int m) {
// CHECK:      full.initialise(1);
// CHECK:      empty.initialise(clusterSize * consumerWarps);
// CHECK-NEXT: // Nobody arrives at a barrier that is not initialised.
// CHECK-NEXT: clusterBarrier<clusterSize>();
// CHECK-NEXT: // What follows from this number stays in uniform registers, descriptors among it.
// CHECK-NEXT: const int warp = uniformWarp();
// CHECK-NEXT: if (isProducer(warp)) {
// CHECK-NEXT:   // Copying takes few registers: those that multiply get the others.
// CHECK-NEXT:   releaseRegisters<40>();
// CHECK-NEXT:   if (isProducerLane()) {
// CHECK:          empty.awaitPrevious(use);
// CHECK-NEXT:     full.expectBytes(use, sizeof(shared.aTile[0]) + sizeof(shared.wTile[0]));
// CHECK-NEXT:     const int slot = use % stages;
// CHECK-NEXT:     copyTensor(shared.aTile[slot], 0, a, row, kTile * tileK, full,
// CHECK-NEXT:     const int wShare = cluster.rank * shareN;
// CHECK-NEXT:     copyTensorToAll<clusterSize>(shared.wTile[slot], wShare, w,
// CHECK:      } else {
// CHECK-NEXT:   claimRegisters<232>();
// CHECK:        for (int kTile = 1; kTile < kTiles; ++kTile) {
// CHECK-NEXT:     const int use = firstUse + kTile;
// CHECK-NEXT:     full.await(use);
// CHECK-NEXT:     const int slot = use % stages;
// CHECK-NEXT:     sums.multiply(
// CHECK-NEXT:     sums.wait<1>();
// CHECK-NEXT:     empty.arrive<clusterSize>(use - 1);
// CHECK:        sums.wait<0>();
// CHECK:        sums.stage(&shared.dPanels[firstPanel]);
// CHECK-NEXT:   // What was staged becomes visible to the copy engine.
// CHECK-NEXT:   fenceAsync();
// CHECK-NEXT:   groupBarrier();
// CHECK-NEXT:   // The copy engine writes them while the next tile is multiplied.
// CHECK-NEXT:   storeTensor<panelsPerGroup>(

// PTX-DAG: setmaxnreg.dec.sync.aligned.u32 40;
// PTX-DAG: setmaxnreg.inc.sync.aligned.u32 232;
// PTX-DAG: cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
// PTX-DAG: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// PTX-DAG: stmatrix.sync.aligned.m8n8.x4.shared.b16
// PTX-DAG: cp.async.bulk.tensor.2d.global.shared::cta.bulk_group

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// PTXAS: Used 168 registers
