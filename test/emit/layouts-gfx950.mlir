// Gradients of a layer on CDNA4: operands that the reads of LDS transpose.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=gfx950 lds=163840 type=fp8 scaling=per-tensor layout=TN n=4096 k=6144 tile=256,192,128 waves=2,4 pack=1 instruction=v_mfma_f32_16x16x128_f8f6f4.fp8.fp8},kernel-emit,kernel-price)" | FileCheck %s
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=gfx950 lds=163840 layout=NN n=4100 k=6144 tile=256,256,64 waves=2,4 pack=1 instruction=v_mfma_f32_16x16x32_bf16},kernel-emit)" | FileCheck %s --check-prefix=ODD
module {}

// CHECK:      __shared__ TransposableTile<fp8, tileK, tileM> aTile[stages];
// CHECK-NEXT: __shared__ TransposableTile<fp8, tileK, tileN> wTile[stages];
// CHECK:      StagedTile<fp8, tileK, tileM, threads> aNext(GlobalRows<fp8,
// CHECK:      LeftOperands<Mma, mmasN, readsK> wPart(wTile[kTile % stages], wave.column, 0, Across{});
// CHECK:      LDS: {{[0-9]+}} read passes (0 from conflicts), {{[0-9]+}} write passes (0 from conflicts)
// CHECK-NEXT: global: 57344 bytes, 7 loads a wave, 1 barriers
// CHECK-NOT:  v_perm

// Rows that do not start at multiples of 16 bytes are transposed in registers.
// ODD: BlockSwizzledTile<bf16, tileN, tileK> wTile[stages];
// ODD: StagedBlocks<bf16, tileK, tileN, threads> wNext

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=gfx950 lds=163840 type=fp8 scaling=per-tensor layout=TN n=4096 k=6144 tile=256,192,128 waves=2,4 pack=1 instruction=v_mfma_f32_16x16x128_f8f6f4.fp8.fp8},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx950 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: awk '/^.LBB0_/ {loop = ""} {loop = loop "\n" $0} /s_cbranch_scc0/ {print loop; exit}' %t.s > %t.loop
// RUN: grep -c ds_read_b64_tr_b8 %t.loop | FileCheck %s --check-prefix=READS
// RUN: grep -c v_mfma %t.loop | FileCheck %s --check-prefix=MFMA
// RUN: grep -c buffer_load_dwordx4 %t.loop | FileCheck %s --check-prefix=LOADS
// RUN: FileCheck %s --check-prefix=LOOP --allow-empty --input-file %t.loop
// RUN: grep ScratchSize %t.s | FileCheck %s --check-prefix=SCRATCH
// READS:    {{^}}44{{$}}
// MFMA:     {{^}}24{{$}}
// LOADS:    {{^}}7{{$}}
// LOOP-NOT: v_perm_b32
// SCRATCH:  ScratchSize: 0
