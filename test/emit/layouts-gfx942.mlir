// Gradients of a layer: operands that are transposed in registers, in the loop of every other kernel.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear layout=NN n=4096 k=6144 tile=256,256,64 waves=2,4 stages=1},kernel-emit)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear layout=TN n=4096 k=6144 tile=256,256,64 waves=2,4 stages=1},kernel-emit,kernel-price)" | FileCheck %s --check-prefix=TN
// RUN: not codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear layout=NN n=4096 k=6144 tile=256,256,32 waves=2,4})" 2>&1 | FileCheck %s --check-prefix=SHALLOW
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear type=fp8_fnuz scaling=per-tensor layout=TN n=4096 k=6144 tile=256,256,128 waves=2,4 stages=1 instruction=v_mfma_f32_16x16x32_fp8_fp8},kernel-emit,kernel-price)" | FileCheck %s --check-prefix=BYTES
module {}

// CHECK:      constexpr int kTiles = layerK / tileK;
// CHECK:      __shared__ SwizzledTile<bf16, tileM, tileK> aTile[1];
// CHECK-NEXT: __shared__ BlockSwizzledTile<bf16, tileN, tileK> wTile[1];
// CHECK:      for (int kTile = 0; kTile < kTiles - 2; ++kTile) {
// CHECK:        aNext.load(aRows, (kTile + 2) * tileK);
// CHECK-NEXT:   wNext.load(GlobalRows<bf16, layerN>(w, (kTile + 2) * tileK, tileK, layerK), tile.column);

// TN:      const int kTiles = depthTiles<tileK, 2>(m);
// TN-NEXT: const Origin tile = tileOrder<tileM, tileN, layerN, band, chiplets, chipletRun>(layerK);
// TN:      StagedBlocks<bf16, tileK, tileM, threads> aNext(GlobalRows<bf16, layerK>(a, 0, tileK, m), tile.row);
// TN:        aNext.store(aTile[0]);
// TN:      linear: 512 threads, 65536 bytes of LDS
// TN:        LDS: 1536 read passes (0 from conflicts), 512 write passes (0 from conflicts)
// TN-NEXT:   global: 65536 bytes, 16 loads a wave, 2 barriers
// TN-NEXT:   transposed by 32 v_perm_b32 a wave

// The same bytes in LDS of twice the k, by twice the loads and permutations.
// BYTES:      StagedBlocks<fp8, tileK, tileM, threads> aNext(GlobalRows<fp8, layerK>(a, 0, tileK, m), tile.row);
// BYTES:      linear: 512 threads, 65536 bytes of LDS
// BYTES:        LDS: 1536 read passes (0 from conflicts), 512 write passes (0 from conflicts)
// BYTES-NEXT:   global: 65536 bytes, 32 loads a wave, 2 barriers
// BYTES-NEXT:   transposed by 64 v_perm_b32 a wave

// SHALLOW: NN tiles lie in rows of 128 bytes without padding, not of 32 elements

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear layout=TN n=4096 k=6144 tile=128,128,64 waves=2,2},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// ASM:     v_perm_b32
// ASM:     ds_write_b128
// ASM:     ScratchSize: 0

// What the price counts, in the compiled loop.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear type=fp8_fnuz scaling=per-tensor layout=TN n=4096 k=6144 tile=128,128,128 waves=2,2 instruction=v_mfma_f32_16x16x32_fp8_fp8},kernel-emit{inline-prelude=true})" -o /dev/null > %t.bytes.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.bytes.hip -o %t.bytes.s
// RUN: awk '/^.LBB0_/ {loop = ""} {loop = loop "\n" $0} /s_cbranch_scc0/ {print loop; exit}' %t.bytes.s > %t.loop
// RUN: grep -c v_perm_b32 %t.loop | FileCheck %s --check-prefix=PERMUTES
// RUN: grep -c v_mfma_f32_16x16x32_fp8_fp8 %t.loop | FileCheck %s --check-prefix=MFMA
// RUN: grep -c "buffer_load_dword " %t.loop | FileCheck %s --check-prefix=LOADS
// RUN: grep ScratchSize %t.bytes.s | FileCheck %s --check-prefix=SCRATCH
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear type=fp8_fnuz scaling=per-tensor layout=TN n=4096 k=6144 tile=128,128,128 waves=2,2 instruction=v_mfma_f32_16x16x32_fp8_fp8},kernel-price)" -o /dev/null | FileCheck %s --check-prefix=PRICE
// PRICE:    32 loads a wave
// PRICE:    transposed by 64 v_perm_b32 a wave
// PERMUTES: {{^}}64{{$}}
// MFMA:     {{^}}64{{$}}
// LOADS:    {{^}}32{{$}}
// SCRATCH:  ScratchSize: 0
