// The same as loops-gfx942.mlir on gfx950.
// RUN: %S/loop-counts.sh gfx950 "lds=163840 pack=1 instruction=v_mfma_f32_16x16x32_bf16 n=4096 k=4096 tile=256,256,64 waves=2,4" | FileCheck %s --match-full-lines --check-prefix=IN-STEP
// IN-STEP:      main loop:
// IN-STEP-NEXT: 8 buffer_load_dwordx4
// IN-STEP-NEXT: 24 ds_read_b128
// IN-STEP-NEXT: 8 ds_write_b128
// IN-STEP-NEXT: 1 s_barrier
// IN-STEP-NEXT: 64 v_mfma_f32_16x16x32_bf16
// IN-STEP-NEXT: {{[0-9]|1[01]}} vector instructions beside them
// IN-STEP-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx950 "lds=163840 pack=1 type=fp8 scaling=per-token instruction=v_mfma_f32_16x16x128_f8f6f4.fp8.fp8 n=4096 k=4096 tile=256,192,128 waves=2,4" | FileCheck %s --match-full-lines --check-prefix=BYTES
// BYTES:      main loop:
// BYTES-NEXT: 7 buffer_load_dwordx4
// BYTES-NEXT: 22 ds_read_b128
// BYTES-NEXT: 7 ds_write_b128
// BYTES-NEXT: 1 s_barrier
// BYTES-NEXT: 24 v_mfma_f32_16x16x128_f8f6f4
// BYTES-NEXT: {{[0-9]|1[0-3]}} vector instructions beside them
// BYTES-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx950 "lds=163840 pack=1 type=fp8 scaling=block-128 instruction=v_mfma_f32_16x16x128_f8f6f4.fp8.fp8 n=4096 k=4096 tile=128,128,128 waves=2,4" | FileCheck %s --match-full-lines --check-prefix=SCALES
// SCALES:      main loop:
// SCALES-NEXT: 5 buffer_load_dword
// SCALES-NEXT: 4 buffer_load_dwordx4
// SCALES-NEXT: 12 ds_read_b128
// SCALES-NEXT: 4 ds_write_b128
// SCALES-NEXT: 1 s_barrier
// SCALES-NEXT: 8 v_mfma_f32_16x16x128_f8f6f4
// SCALES-NEXT: {{[1-3]?[0-9]|4[0-4]}} vector instructions beside them
// SCALES-NEXT: 0 bytes of scratch
module {}
