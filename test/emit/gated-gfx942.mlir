// Gate, up and a residual behind the sums: in registers, and one store of half as many columns.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 tile=256,256,32 waves=2,4 gated=true activation=silu residual=true},kernel-emit)" | FileCheck %s
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8191 k=4096 tile=256,256,32 waves=2,4 gated=true activation=silu})" 2>&1 | FileCheck %s --check-prefix=ODD
module {}

// CHECK:      const bf16 *residual,
// CHECK-NEXT:      bf16 *d,
// CHECK-NEXT:      int m) {
// CHECK:      sums.gateDown(Silu{});
// CHECK-NEXT: const GlobalRows<bf16, layerN / 2> residualRows(residual, tile.row, tileM, m);
// CHECK-NEXT: sums.addHalvedTransposed(residualRows, wave.row, tile.column + wave.column);
// CHECK-NEXT: const GlobalRows<bf16, layerN / 2> dRows(d, tile.row, tileM, m);
// CHECK-NEXT: sums.storeHalvedTransposed(dRows, wave.row, tile.column + wave.column);
// ODD: a gated layer has an even number of columns

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=8192 k=4096 tile=256,256,32 waves=2,4 gated=true activation=silu residual=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// Two columns of D are one dword of a lane, of the residual and of the output.
// ASM:     buffer_load_dword v{{[0-9]+}},
// ASM:     buffer_store_dword v{{[0-9]+}},
// ASM-NOT: buffer_store_dwordx2
// ASM:     ScratchSize: 0
