// Few rows: the waves share k and stream both operands; no barrier in the loop, the loads of four steps under way.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=14336 tile=16,16,256 waves=1,1,4 stages=4},kernel-price,kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=520 tile=16,32,128 waves=1,1,4},canonicalize,cse,kernel-check{rows=17})" -o /dev/null
module {}

// CHECK:      linear: 256 threads, 4096 bytes of LDS
// CHECK-NEXT:   registers: 4 accumulators, 0 fragments, 64 staging
// CHECK-NEXT:   main loop: 13 iterations of 16 matrix instructions a wave
// CHECK:        global: 65536 bytes, 16 loads a wave, 0 barriers

// CHECK:      __shared__ PaddedTile<float, tileM * tileN / 4, 4, 0> waveSums[waves];
// CHECK:      // As many steps are under way as registers hold: each is multiplied in turn, and its registers ask
// CHECK:      for (int kTile = 0; kTile < kTiles - ahead; kTile += ahead) {
// CHECK-NEXT: #pragma unroll
// CHECK-NEXT:   for (int step = 0; step < ahead; ++step) {
// CHECK-NEXT:     sums.multiply(wParts[step], aParts[step]);
// CHECK-NEXT:     wParts[step].load(wRows, 0, (kTile + ahead + step) * tileK + wave * waveDepth);
// CHECK-NEXT:     aParts[step].load(aRows, 0, (kTile + ahead + step) * tileK + wave * waveDepth);
// CHECK-NEXT:     schedulingFence();
// CHECK-NOT:    barrier
// CHECK:      sums.deposit(waveSums);
// CHECK-NEXT: barrier();
// CHECK:      const Origin share = total.collect<waves>(waveSums);

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=14336 tile=16,16,256 waves=1,1,4 stages=4},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// The oldest loads are waited for while those of three more steps are under way.
// ASM:     s_waitcnt vmcnt(14)
// ASM:     v_mfma_f32_16x16x16_bf16
// ASM-NOT: v_and
// ASM:     s_cbranch
// ASM:     ScratchSize: 0
