// A Stream-K GEMM: workgroups go through pieces of tiles; the last to arrive at a cut tile stores it.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=128,128,64 waves=2,2 band=4 run=38 stream-k=304},kernel-emit)" -o /dev/null | FileCheck %s
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 loop=ping-pong stream-k=304},kernel-emit)" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LOOP
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=128,128,64 waves=2,2 stream-k=304},kernel-price{rows=1536})" -o /dev/null | FileCheck %s --check-prefix=PRICE
module {}

// LOOP: ping-pong loops are not cut in pieces
// PRICE: main loop: 62 iterations of 64 matrix instructions a wave, 1024 clocks of a matrix core
// PRICE: Stream-K at m = 1536: 80 to 82 steps a workgroup, 256 of 384 tiles cut in up to 2 parts, 33554432 bytes of sums written, 16777216 read

// CHECK: // Grid:     304 workgroups that share the 64 steps of each of the last tiles, up to two for each (Stream-K)
// CHECK: extern "C" __global__ WORKGROUP(threads, 1) void linear(
// CHECK-NEXT: const bf16 *a,
// CHECK-NEXT: const bf16 *w,
// CHECK-NEXT: float *partials,
// CHECK-NEXT: int *arrivals,
// CHECK-NEXT: bf16 *d,
// CHECK-NEXT: int m) {
// CHECK-NEXT:   const StreamK<tileM, tileN, layerN, band, kTiles, leastSteps, workgroups> work(m,
// CHECK-NEXT:     dealtTile<chiplets, chipletRun>(workgroups));
// CHECK-NEXT:   const Origin wave = waveTile<waveM, waveN, wavesN>();
// CHECK-NEXT:   __shared__ SwizzledTile<bf16, tileM, tileK> aTile[stages];
// CHECK-NEXT:   __shared__ SwizzledTile<bf16, tileN, tileK> wTile[stages];
// CHECK-NEXT:   for (int round = 0; round < work.pieces; ++round) {
// CHECK-NEXT:     const Piece piece = work.piece(round);
// CHECK-NEXT:     const GlobalRows<bf16, layerK> aRows(a, piece.row, tileM, m);
// CHECK:          StagedTile<bf16, tileM, tileK, threads> aNext(aRows, piece.first * tileK);
// CHECK:          // The tiles of the piece before have been read.
// CHECK-NEXT:     barrier();
// CHECK-NEXT:     aNext.store(aTile[0]);
// CHECK:          for (int kTile = 0; kTile < piece.count - 2; ++kTile) {
// CHECK:            aNext.load(aRows, (piece.first + kTile + 2) * tileK);
// CHECK:          if (!sumPieces<waves>(sums, partials, arrivals, piece))
// CHECK-NEXT:       continue; // another workgroup has the last piece
// CHECK-NEXT:     const GlobalRows<bf16, layerN> dRows(d, piece.row, tileM, m);
// CHECK-NEXT:     sums.storeTransposed(dRows, wave.row, piece.column + wave.column);
// CHECK-NEXT:   }
// CHECK-NEXT: }
