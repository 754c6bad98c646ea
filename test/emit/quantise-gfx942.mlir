// Results of 8 bits: scaled, saturated and rounded in registers, four columns in one dword.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 tile=256,256,32 waves=2,4 quantised=true},kernel-emit)" | FileCheck %s
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=sm_80 n=8192 k=4096 tile=128,128,32 waves=2,2 quantised=true})" 2>&1 | FileCheck %s --check-prefix=SM80
module {}

// CHECK:      const float *dScale,
// CHECK-NEXT:      fp8 *d,
// CHECK-NEXT:      int m) {
// CHECK:      sums.map(Quantise<240>{1 / *dScale});
// CHECK-NEXT: const GlobalRows<fp8, layerN> dRows(d, tile.row, tileM, m);
// CHECK-NEXT: sums.storeTransposed(dRows, wave.row, tile.column + wave.column);
// SM80: sm_80 has no instruction that rounds to 8 bits

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 tile=256,256,32 waves=2,4 quantised=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// ASM:     v_med3_f32
// ASM:     v_cvt_pk_fp8_f32
// ASM:     v_cvt_pk_fp8_f32 {{.*}} op_sel:[0,0,1]
// ASM:     buffer_store_dword v{{[0-9]+}},
// ASM:     ScratchSize: 0
