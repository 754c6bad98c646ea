// Scales of blocks beside waves that take turns: two tiles of 64 of k share them, and additions stand among the products of the others.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=4,2 band=4 run=16 loop=ping-pong},kernel-price,kernel-emit)" | FileCheck %s
module {}

// CHECK:      linear: 512 threads, 65536 bytes of LDS
// CHECK:        main loop: 31 iterations of 128 matrix instructions a wave, 4096 clocks of a matrix core
// CHECK-NEXT:   LDS: 1536 read passes (0 from conflicts), 512 write passes (0 from conflicts)

// CHECK:        fallBehind<waves>();
// CHECK:        for (int kTile = 0; kTile < kTiles - 2; kTile += 2) {
// CHECK-NEXT:     auto scales = scalesNext.product();
// CHECK:          LeftOperands<Mma, mmasN> wPart(wTile[kTile % stages], wave.column, 0);
// CHECK-NEXT:     RightOperands<Mma, mmasM> aPart(aTile[kTile % stages], wave.row, 0);
// CHECK-NEXT:     scalesNext.load(aScales, wScaleRows, (tile.column + wave.column) / 128, (kTile + 2) / 2);
// CHECK-NEXT:     aNext.store(aTile[(kTile + 1) % stages]);
// CHECK:          priority<1>();
// CHECK-NEXT:     sums.multiplyMixed(wPart, aPart, scales);
// CHECK-NEXT:     priority<0>();
// CHECK:          barrier();
// CHECK:          wPart.load(wTile[(kTile + 1) % stages], wave.column, 0);
// CHECK-NOT:      scalesNext.load
// CHECK:          sums.multiplyMixed(wPart, aPart, scales);
// CHECK:        }
// CHECK:        catchUp<waves>();

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=4,2 band=4 run=16 loop=ping-pong},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// A round is two tiles; scales come with the first.
// ASM:          s_barrier
// ASM:          s_barrier
// ASM:          .LBB0_
// ASM-NOT:      {{v_mfma|s_barrier}}
// ASM-COUNT-5:  buffer_load_dword v
// ASM-NOT:      {{v_mfma|buffer_|s_barrier|ds_write}}
// ASM-COUNT-12: ds_read_b128
// ASM-NOT:      {{v_mfma|buffer_|ds_read|s_barrier}}
// ASM-COUNT-4:  ds_write_b128
// ASM-NOT:      {{v_mfma|ds_|s_barrier}}
// ASM-COUNT-4:  buffer_load_dwordx4
// ASM-NOT:      {{v_mfma|ds_|buffer_}}
// ASM:          s_barrier
// ASM:          s_setprio 1
// ASM-COUNT-64: v_mfma_f32_16x16x32_fp8_fp8
// ASM-NOT:      {{v_mfma|ds_|buffer_|s_waitcnt}}
// ASM:          s_setprio 0
// ASM:          s_barrier
// ASM-NOT:      {{v_mfma|buffer_|s_barrier}}
// ASM-COUNT-12: ds_read_b128
// ASM-NOT:      {{v_mfma|buffer_|ds_read|s_barrier}}
// ASM-COUNT-4:  ds_write_b128
// ASM-NOT:      {{v_mfma|ds_|buffer_load_dword v}}
// ASM-COUNT-4:  buffer_load_dwordx4
// ASM-NOT:      {{v_mfma|ds_|buffer_}}
// ASM:          s_barrier
// ASM:          s_setprio 1
// ASM-COUNT-64: v_mfma_f32_16x16x32_fp8_fp8
// ASM-NOT:      {{v_mfma|ds_|buffer_}}
// ASM:          s_setprio 0
// ASM:          s_cbranch
// ASM:          ScratchSize: 0

// One addition for each of the 128 sums of a lane and tile, packed or not.
// RUN: awk '/s_setprio 1/{n++} n == 2 && /v_pk_fma_f32/{f += 2} n == 2 && /v_fma_f32/{f++} n == 2 && /s_setprio 0/{print "additions:", f; exit}' %t.s | FileCheck %s --check-prefix=ADD
// ADD: additions: 128
