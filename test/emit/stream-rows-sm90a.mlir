// Up to 64 rows: each wave copies its own operands to shared memory, four steps ahead; no barrier of the workgroup in the loop.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a n=4096 k=14336 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=64,64,128 waves=1,1,4 stages=4 pack=1 direct=true chiplets=1 lds=232448 registers=255},kernel-price,kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 n=96 k=520 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=48,32,64 waves=1,1,2 stages=2 pack=1 direct=true chiplets=1 lds=166912 registers=255},canonicalize,cse,kernel-check{rows=47})" -o /dev/null
module {}

// CHECK:      linear: 128 threads, 196608 bytes of LDS
// CHECK-NEXT:   registers: 128 accumulators, 64 fragments, 0 staging
// CHECK-NEXT:   main loop: 108 iterations of 64 matrix instructions a wave
// CHECK:        global: 32768 bytes, 16 loads a wave, 0 barriers

// CHECK:      SwizzledTile<bf16, waves * tileM, waveDepth> aTile[stages];
// CHECK-NEXT: SwizzledTile<bf16, waves * tileN, waveDepth> wTile[stages];
// CHECK:      // Each wave waits for its oldest step, multiplies it, and fills its slot with the step that comes a whole
// CHECK:      #pragma unroll 1
// CHECK-NEXT: for (int kTile = 0; kTile < kTiles - ahead; ++kTile) {
// CHECK-NEXT:   waitCopies<ahead - 1>();
// CHECK-NEXT:   waveBarrier();
// CHECK-NEXT:   LeftOperands<Mma, mmasN, mmasK> wPart(shared.wTile[kTile % stages], wave * tileN, 0);
// CHECK-NEXT:   RightOperands<Mma, mmasM, mmasK> aPart(shared.aTile[kTile % stages], wave * tileM, 0);
// CHECK-NEXT:   sums.multiply(wPart, aPart);
// CHECK-NEXT:   WaveRows<SwizzledTile<bf16, waves * tileN, waveDepth>, tileN>::copyWhole(shared.wTile[kTile % stages],
// CHECK-NEXT:       wave * tileN, wRows, (kTile + ahead) * tileK + wave * waveDepth);
// CHECK-NEXT:   WaveRows<SwizzledTile<bf16, waves * tileM, waveDepth>, tileM>::copy(shared.aTile[kTile % stages],
// CHECK-NEXT:       wave * tileM, aRows, (kTile + ahead) * tileK + wave * waveDepth);
// CHECK-NEXT:   commitCopies();
// CHECK-NEXT: }
// CHECK-NEXT: waitCopies<ahead - 1>();
// CHECK:      waitCopies<0>();
// CHECK:      sums.deposit(shared.waveSums);
// CHECK-NEXT: barrier();

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_90a bias=true activation=silu n=4096 k=14336 instruction=mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 tile=64,64,128 waves=1,1,4 stages=4 pack=1 direct=true chiplets=1 lds=232448 registers=255},kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a --cuda-feature=+ptx80 -nocudainc -nocudalib -Wno-unknown-cuda-version -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.cu -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file %t.ptx
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// PTX:   cp.async.cg.shared.global.L2::256B
// PTX:   bar.warp.sync
// PTX:   ldmatrix.sync.aligned.m8n8.x4
// PTX:   mma.sync.aligned.m16n8k16
// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
