// 8-bit operands: two instructions for the 16 bytes of a lane, scales right behind the sums, results in bf16.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=per-token instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=2,4},kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=per-tensor instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=2,4},kernel-emit)" | FileCheck %s --check-prefix=TENSOR
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=2,4})" 2>&1 | FileCheck %s --check-prefix=BLOCKS
module {}

// CHECK:      sum = __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(bits(a.lo), bits(b.lo), sum, 0, 0, 0);
// CHECK-NEXT: return __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(bits(a.hi), bits(b.hi), sum, 0, 0, 0);
// CHECK:      linear(
// CHECK-NEXT:      const fp8 *a,
// CHECK-NEXT:      const fp8 *w,
// CHECK-NEXT:      const float *aScale,
// CHECK-NEXT:      const float *wScale,
// CHECK-NEXT:      bf16 *d,
// CHECK-NEXT:      int m) {
// CHECK:      const GlobalRows<float, 1> aScaleRows(aScale, tile.row, tileM, m);
// CHECK-NEXT: sums.scaleColumns(aScaleRows, wave.row);
// CHECK-NEXT: sums.scaleDown<layerN>(wScale, tile.column + wave.column);
// CHECK-NEXT: const GlobalRows<bf16, layerN> dRows(d, tile.row, tileM, m);
// TENSOR:      sums.map(Times{*aScale});
// TENSOR-NEXT: sums.map(Times{*wScale});
// BLOCKS: a step of 64 of k is not the block of 128 that has a scale

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 type=fp8_fnuz scaling=per-token instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=256,256,64 waves=2,4},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: sed -n '/Loop Header/,/s_cbranch/p' %t.s | FileCheck %s --check-prefix=LOOP
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// Between two barriers: 64 products, twelve reads, four loads, four writes.
// RUN: sed -n '/Loop Header/,/s_cbranch/p' %t.s | grep -cE 'v_mfma' | FileCheck %s --check-prefix=PRODUCTS
// LOOP-COUNT-12: ds_read_b128
// PRODUCTS: 64
// ASM: ScratchSize: 0
