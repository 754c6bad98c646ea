// A linear layer becomes kernel IR; the interpreter holds it to float64, and Price counts it.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=104 tile=64,64,32 waves=2,2 band=2 run=4},kernel-check{rows=65},kernel-price)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=104 tile=64,64,32 waves=2,2},canonicalize,cse,kernel-check{rows=7})" -o /dev/null
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=100 tile=64,64,32 waves=2,2})" 2>&1 | FileCheck %s --check-prefix=UNALIGNED
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=128 tile=256,256,64 waves=2,4})" 2>&1 | FileCheck %s --check-prefix=TOOBIG
module {}

// CHECK:      linear: 256 threads, 16384 bytes of LDS
// CHECK-NEXT:   registers: 16 accumulators, 16 fragments, 8 staging
// CHECK-NEXT:   main loop: 2 iterations of 8 matrix instructions a wave, 128 clocks of a matrix core
// CHECK-NEXT:   LDS: 128 read passes (0 from conflicts), 64 write passes (0 from conflicts)
// CHECK-NEXT:   global: 8192 bytes, 2 loads a wave, 1 barriers

// CHECK:      kernel.tile_order %{{.*}} by 96 tile [64, 64] band 2 chiplets 8 run 4
// CHECK:      kernel.fetch "aNext"
// CHECK:      kernel.deposit
// CHECK:      kernel.barrier
// CHECK:      scf.for
// CHECK:        kernel.load_fragment "wPart"
// CHECK-NEXT:   kernel.slot
// CHECK-NEXT:   kernel.load_fragment "aPart"
// CHECK:        kernel.deposit
// CHECK:        kernel.fetch
// CHECK:        kernel.mma
// CHECK-NEXT:   kernel.barrier
// CHECK:      kernel.store transposed

// UNALIGNED: k = 100 is no multiple of 8: rows of A and W would not start at multiples of 16 bytes; pad k to 104
// TOOBIG: allocates 131072 bytes of LDS; a workgroup of gfx942 has 65536
