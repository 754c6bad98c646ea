// Rows of experts: a lookup in front of the dense kernel, and weights of the expert that it finds.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=experts n=1536 k=2048 tile=128,128,32 waves=2,2 band=4 run=16 experts=128 gated=true activation=silu},kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=experts n=1536 k=2048 tile=16,16,256 waves=1,1,4 stages=4 run=4 experts=128 masked=true},kernel-emit)" | FileCheck %s --check-prefix=MASKED
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=experts n=1536 k=2048 tile=128,128,32 waves=2,2 band=4 run=16 experts=128 gathered=true weighted=true},kernel-emit)" | FileCheck %s --check-prefix=LISTED
module {}

// LISTED:      const int *offsets,
// LISTED-NEXT:      const int *aList,
// LISTED-NEXT:      const float *rowWeights,
// LISTED-NEXT:      bf16 *d,
// LISTED-NEXT:      int aCount,
// LISTED-NEXT:      int m) {
// LISTED:      const GatheredRows<StagedTile<bf16, tileM, tileK, threads>, layerK> aRows(a, aCount, aList, tile.row,
// LISTED-NEXT: tile.end);
// LISTED:      aNext.load(aRows, (kTile + 2) * tileK);
// LISTED:      const GlobalRows<float, 1> weightRows(rowWeights, tile.row, 128, tile.end);
// LISTED-NEXT: sums.scaleColumns(weightRows, wave.row);

// CHECK:      // Grid:     floor((m + min(m, 128) * 127) / 128) * 12 workgroups
// CHECK:      const int *offsets,
// CHECK-NEXT:      bf16 *d,
// CHECK-NEXT:      int m) {
// CHECK-NEXT: const ExpertTile tile = expertTile<ContiguousRows<layerExperts>, tileM, tileN, layerN, band, chiplets,
// CHECK-NEXT:     chipletRun>(offsets, m);
// CHECK-NEXT: if (tile.expert < 0)
// CHECK-NEXT:   return; // past the last tile
// CHECK:      const GlobalRows<bf16, layerK> aRows(a, tile.row, tileM, tile.end);
// CHECK-NEXT: const GlobalRows<bf16, layerK> wRows(w, tile.expert * layerN + tile.column, tileN,
// CHECK-NEXT:     tile.expert * layerN + layerN);
// CHECK:      sums.gateDown(Silu{});
// CHECK-NEXT: const GlobalRows<bf16, layerN / 2> dRows(d, tile.row, tileM, tile.end);

// MASKED: // Grid:     128 * ceil(m / 128 / 16) * 96 workgroups
// MASKED: const ExpertTile tile = expertTile<MaskedRows<layerExperts>, tileM, tileN, layerN, band, chiplets,
// MASKED-NEXT: chipletRun>(counts, m);

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=experts n=1536 k=2048 tile=128,128,32 waves=2,2 band=4 run=16 experts=128},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// The sum over the lanes passes no memory, and where the expert stands is a matter of scalar registers.
// ASM:     v_add_u32_dpp {{.*}} row_bcast:31
// ASM:     s_bcnt1_i32_b64
// ASM:     v_mfma_f32_16x16x16_bf16
// ASM:     ScratchSize: 0
