// The sum of a token's rows: all loads under way before the first addition, no branch between them.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-token-sum{n=2048 entries=8},kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-token-sum{n=2048 entries=8},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o - | FileCheck %s --check-prefix=ASM
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-token-sum{arch=sm_90a registers=255 n=2048 entries=8 type=fp16},kernel-emit)" | FileCheck %s --check-prefix=CUDA
module {}

// CHECK:      // Target:   gfx942, 512 threads as 1 x 8 waves, 0 bytes of LDS
// CHECK-NEXT: // Tile:     1 x 2048 of the output for each workgroup
// CHECK-NEXT: // Grid:     ceil(m / 1) * 1 workgroups
// CHECK:      sum(
// CHECK-NEXT:      const float *rows,
// CHECK-NEXT:      const int *lists,
// CHECK-NEXT:      bf16 *d,
// CHECK-NEXT:      int count,
// CHECK-NEXT:      int m) {
// CHECK-NEXT: const Origin tile = tileOrder<tileM, tileN, layerN, band>(m);
// CHECK-NEXT: const GlobalRows<int, 8> tokenLists(lists, tile.row, tileM, m);
// CHECK-NEXT: const GlobalRows<bf16, layerN> dRows(d, tile.row, tileM, m);
// CHECK-NEXT: sumListedRows<8>(rows, count, tokenLists, dRows, tile.column);

// ASM:           buffer_load_dword v
// ASM-COUNT-8:   buffer_load_dwordx4
// ASM-NOT:       buffer_load
// ASM:           buffer_store_dwordx2
// ASM:           ScratchSize: 0

// CUDA: sum(
// CUDA-NEXT: const float *rows,
// CUDA-NEXT: const int *lists,
// CUDA-NEXT: f16 *d,
// CUDA-NEXT: int count,
// CUDA-NEXT: int m) {
// CUDA: sumListedRows<16>(rows, count, tokenLists, dRows, tile.column);
