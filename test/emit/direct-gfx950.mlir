// Copies past the registers: a lane asks for what belongs at its place of the swizzled tile, and the wait counts loads.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=gfx950 instruction=v_mfma_f32_16x16x32_bf16 pack=1 lds=163840 n=4096 k=4096 tile=128,128,64 waves=2,2 stages=3 direct},kernel-price,kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=200 tile=64,64,32 waves=2,2 stages=3 direct},canonicalize,cse,kernel-check{rows=65})" -o /dev/null
module {}

// CHECK:      linear: 256 threads, 98304 bytes of LDS
// CHECK-NEXT:   registers: 64 accumulators, 32 fragments, 0 staging
// CHECK-NEXT:   main loop: 62 iterations of 32 matrix instructions a wave, 512 clocks of a matrix core
// CHECK-NEXT:   LDS: 256 read passes (0 from conflicts), 256 write passes (0 from conflicts)
// CHECK-NEXT:   global: 32768 bytes, 8 loads a wave, 1 barriers

// CHECK:      for (int kTile = 0; kTile < kTiles - ahead; ++kTile) {
// CHECK-NEXT:   // Tile kTile has arrived, behind the barrier for all threads, and the slot of the tile before is free.
// CHECK-NEXT:   waitCopies<8>();
// CHECK-NEXT:   barrier();
// CHECK-NEXT:   DirectCopy<bf16, tileM, tileK, threads>::copy(aTile[(kTile + ahead) % stages], aRows,
// CHECK-NEXT:       (kTile + ahead) * tileK);
// CHECK-NEXT:   DirectCopy<bf16, tileN, tileK, threads>::copy(wTile[(kTile + ahead) % stages], wRows,
// CHECK-NEXT:       (kTile + ahead) * tileK);

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=gfx950 instruction=v_mfma_f32_16x16x32_bf16 pack=1 lds=163840 n=4096 k=4096 tile=128,128,64 waves=2,2 stages=3 direct},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx950 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// ASM:          s_waitcnt vmcnt(8)
// ASM-NEXT:     ;;#ASMEND
// ASM:          s_barrier
// ASM-NOT:      vmcnt
// ASM-COUNT-8:  buffer_load_dwordx4 {{.*}} offen lds
// ASM-NOT:      {{vmcnt|ds_write}}
// ASM:          s_cbranch
// ASM:          ScratchSize: 0
