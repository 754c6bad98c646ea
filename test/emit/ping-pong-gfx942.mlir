// Eight waves in two halves that take turns at memory and matrix cores: the source, its counts, and the loop as clang leaves it.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16 loop=ping-pong},kernel-price,kernel-emit)" | FileCheck %s
module {}

// CHECK:      linear: 512 threads, 65536 bytes of LDS
// CHECK-NEXT:   registers: 128 accumulators, 48 fragments, 16 staging
// CHECK-NEXT:   main loop: 126 iterations of 64 matrix instructions a wave, 2048 clocks of a matrix core
// CHECK-NEXT:   LDS: 768 read passes (0 from conflicts), 256 write passes (0 from conflicts)
// CHECK-NEXT:   global: 32768 bytes, 4 loads a wave, 2 barriers

// CHECK:        fallBehind<waves>();
// CHECK-NEXT:   // Tile kTile is multiplied, the next one goes from registers to LDS, the one after is asked for: loads have
// CHECK-NEXT:   // a whole step to arrive.
// CHECK-NEXT:   for (int kTile = 0; kTile < kTiles - 2; ++kTile) {
// CHECK-NEXT:     // Memory phase: operands of this step, and what moves of the tiles to come.
// CHECK-NEXT:     LeftOperands<Mma, mmasN> wPart(wTile[kTile % stages], wave.column, 0);
// CHECK-NEXT:     RightOperands<Mma, mmasM> aPart(aTile[kTile % stages], wave.row, 0);
// CHECK-NEXT:     aNext.store(aTile[(kTile + 1) % stages]);
// CHECK-NEXT:     wNext.store(wTile[(kTile + 1) % stages]);
// CHECK-NEXT:     aNext.load(aRows, (kTile + 2) * tileK);
// CHECK-NEXT:     wNext.load(wRows, (kTile + 2) * tileK);
// CHECK-NEXT:     // Matrix phase: the operands have arrived, so that products wait for nothing.
// CHECK-NEXT:     barrier();
// CHECK-NEXT:     // Products first: what the other wave of the SIMD issues fills the gaps between them.
// CHECK-NEXT:     priority<1>();
// CHECK-NEXT:     sums.multiply(wPart, aPart);
// CHECK-NEXT:     priority<0>();
// CHECK-NEXT:     // The next tile is in LDS two phases from here.
// CHECK-NEXT:     barrier();
// CHECK-NEXT:   }
// CHECK:        catchUp<waves>();

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16 loop=ping-pong},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// The half that is behind meets its barrier; then the loop.
// ASM:          s_barrier
// ASM:          s_barrier
// ASM:          .LBB0_
// ASM-NOT:      {{v_mfma|s_barrier}}
// ASM-COUNT-12: ds_read_b128
// ASM-NOT:      {{v_mfma|ds_read|s_barrier}}
// ASM-COUNT-4:  ds_write_b128
// ASM-NOT:      {{v_mfma|ds_|s_barrier}}
// ASM-COUNT-4:  buffer_load_dwordx4
// ASM-NOT:      {{v_mfma|ds_|buffer_}}
// ASM:          s_barrier
// ASM-NOT:      {{v_|ds_|buffer_}}
// ASM:          s_setprio 1
// ASM-COUNT-64: v_mfma_f32_16x16x16_bf16
// ASM-NOT:      {{v_|ds_|buffer_}}
// ASM:          s_setprio 0
// ASM:          s_barrier
// ASM-NOT:      {{v_mfma|ds_|buffer_}}
// ASM:          s_cbranch
// ASM:          ScratchSize: 0
