// Rows of W that start 256 bytes further apart than they are long: another constant in the addresses, nothing else in the loop.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 leading-w=4224 tile=256,256,32 waves=2,4 band=4 run=16},kernel-price,kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=96 k=232 leading-a=240 leading-w=360 tile=64,64,64 waves=2,2},canonicalize,cse,kernel-check{rows=65})" -o /dev/null
module {}

// CHECK:      linear: 512 threads, 65536 bytes of LDS
// CHECK:        global: 32768 bytes, 4 loads a wave, 1 barriers
// CHECK:      // Padding:  rows of w are 4096 elements long and start 4224 apart
// CHECK:      const GlobalRows<bf16, layerK> aRows(a, tile.row, tileM, m);
// CHECK-NEXT: const GlobalRows<bf16, layerK, pitchW> wRows(w, tile.column, tileN, layerN);

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 leading-w=4224 tile=256,256,32 waves=2,4 band=4 run=16},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: awk '/^.LBB0_/ {loop = ""} {loop = loop "\n" $0} /s_cbranch_scc0/ {print loop; exit}' %t.s > %t.loop
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// RUN: grep -c v_mfma_f32_16x16x16_bf16 %t.loop | FileCheck %s --check-prefix=MFMA
// RUN: grep -c buffer_load_dwordx4 %t.loop | FileCheck %s --check-prefix=LOADS
// MFMA: {{^}}64{{$}}
// LOADS: {{^}}4{{$}}
// ASM: ScratchSize: 0
