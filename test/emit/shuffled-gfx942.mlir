// Weights in the order of the instruction: straight to registers, asked for anew as soon as they are multiplied; A through LDS.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,64 waves=2,4 band=4 run=16 shuffled},kernel-price,kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=224 tile=64,64,64 waves=2,2 shuffled},canonicalize,cse,kernel-check{rows=65})" -o /dev/null
module {}

// CHECK:      linear: 512 threads, 65536 bytes of LDS
// CHECK-NEXT:   registers: 128 accumulators, 32 fragments, 48 staging
// CHECK-NEXT:   main loop: 62 iterations of 128 matrix instructions a wave, 4096 clocks of a matrix core
// CHECK-NEXT:   LDS: 1024 read passes (0 from conflicts), 256 write passes (0 from conflicts)
// CHECK-NEXT:   global: 98304 bytes, 12 loads a wave, 1 barriers

// CHECK:      const ShuffledRows<bf16, layerK> wRows(w, tile.column, tileN, layerN);
// CHECK:      for (int kTile = 0; kTile < kTiles - 2; ++kTile) {
// CHECK-NEXT:   RightOperands<Mma, mmasM> aPart(aTile[kTile % stages], wave.row, 0);
// CHECK-NEXT:   aNext.store(aTile[(kTile + 1) % stages]);
// CHECK-NEXT:   aNext.load(aRows, (kTile + 2) * tileK);
// CHECK-NEXT:   sums.multiply(w0, aPart);
// CHECK-NEXT:   w0.load(wRows, wave.column, (kTile + 1) * tileK);
// CHECK-NEXT:   aPart.load(aTile[kTile % stages], wave.row, 32);
// CHECK-NEXT:   sums.multiply(w1, aPart);
// CHECK-NEXT:   w1.load(wRows, wave.column, (kTile + 1) * tileK + 32);
// CHECK-NEXT:   // This tile has been read, and the next one is in LDS.
// CHECK-NEXT:   barrier();

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,64 waves=2,4 band=4 run=16 shuffled},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: awk '/^.LBB0_/ {loop = ""} {loop = loop "\n" $0} /s_cbranch_scc0/ {print loop; exit}' %t.s > %t.loop
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// RUN: grep -c v_mfma_f32_16x16x16_bf16 %t.loop | FileCheck %s --check-prefix=MFMA
// RUN: grep -c buffer_load_dwordx4 %t.loop | FileCheck %s --check-prefix=LOADS
// RUN: grep -c ds_read_b128 %t.loop | FileCheck %s --check-prefix=READS
// RUN: grep -c ds_write_b128 %t.loop | FileCheck %s --check-prefix=WRITES
// RUN: grep -c s_barrier %t.loop | FileCheck %s --check-prefix=BARRIERS
// MFMA: {{^}}128{{$}}
// LOADS: {{^}}12{{$}}
// READS: {{^}}16{{$}}
// WRITES: {{^}}4{{$}}
// BARRIERS: {{^}}1{{$}}
// ASM: ScratchSize: 0
