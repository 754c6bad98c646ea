// A GEMM whose workgroups share k: each begins at its part, and the last to arrive stores.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=128,128,64 waves=2,2 band=4 run=16 split-k=4},kernel-emit)" -o /dev/null | FileCheck %s
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=128,128,64 waves=2,2 split-k=3},kernel-emit)" -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNEVEN
module {}

// UNEVEN: the 64 tiles of k = 4096 do not divide among 3 workgroups
// CHECK: // Grid:     ceil(m / 128) * 32 workgroups, by 4 that share the k of each tile
// CHECK: constexpr int kTiles = layerK / tileK / splitK;
// CHECK: extern "C" __global__ WORKGROUP(threads, 1) void linear(
// CHECK-NEXT: const bf16 *a,
// CHECK-NEXT: const bf16 *w,
// CHECK-NEXT: float *partials,
// CHECK-NEXT: int *arrivals,
// CHECK-NEXT: bf16 *d,
// CHECK-NEXT: int m) {
// CHECK:   const int part = partId();
// CHECK:   StagedTile<bf16, tileM, tileK, threads> aNext(aRows, part * kTiles * tileK);
// CHECK:     aNext.load(aRows, (part * kTiles + kTile + 2) * tileK);
// CHECK:   if (!sumParts<splitK, waves>(sums, partials, arrivals, part))
// CHECK-NEXT:     return; // another workgroup has the last part
// CHECK:   sums.storeTransposed(dRows, wave.row, tile.column + wave.column);
