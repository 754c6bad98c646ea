// The emitted source compiles without ROCm, without scratch or spills, and its hot loop is MFMA, LDS and buffer loads.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -Rpass-analysis=kernel-resource-usage -S %t.hip -o %t.s 2> %t.usage
// RUN: FileCheck %s --check-prefix=USAGE --input-file %t.usage
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
module {}

// USAGE: ScratchSize [bytes/lane]: 0
// USAGE: Occupancy [waves/SIMD]: 2
// USAGE: SGPRs Spill: 0
// USAGE: VGPRs Spill: 0
// USAGE: LDS Size [bytes/block]: 65536

// The steady loop: 12 reads, 4 writes, 4 global loads, one barrier.
// ASM:      {{^}}.LBB0_3:
// ASM-COUNT-10: ds_read_b128
// ASM: v_mfma_f32_16x16x16_bf16
// ASM-COUNT-4: ds_write_b128
// ASM-COUNT-4: buffer_load_dwordx4
// ASM: s_barrier
// ASM-COUNT-40: v_mfma_f32_16x16x16_bf16
// ASM: s_cbranch_scc0 .LBB0_3
