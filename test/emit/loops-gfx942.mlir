// What stands in the main loops on gfx942 as clang leaves them: exactly so many matrix, LDS and memory instructions and barriers, and no
// more vector instructions beside them than those of addresses (and of block scales, an addition for two sums).
// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16" | FileCheck %s --match-full-lines --check-prefix=IN-STEP
// IN-STEP:      main loop:
// IN-STEP-NEXT: 4 buffer_load_dwordx4
// IN-STEP-NEXT: 12 ds_read_b128
// IN-STEP-NEXT: 4 ds_write_b128
// IN-STEP-NEXT: 1 s_barrier
// IN-STEP-NEXT: 64 v_mfma_f32_16x16x16_bf16
// IN-STEP-NEXT: {{[0-4]}} vector instructions beside them
// IN-STEP-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 tile=256,256,32 waves=2,4 band=4 run=16 loop=ping-pong" | FileCheck %s --match-full-lines --check-prefix=PING-PONG
// PING-PONG:      main loop:
// PING-PONG-NEXT: 4 buffer_load_dwordx4
// PING-PONG-NEXT: 12 ds_read_b128
// PING-PONG-NEXT: 4 ds_write_b128
// PING-PONG-NEXT: 2 s_barrier
// PING-PONG-NEXT: 64 v_mfma_f32_16x16x16_bf16
// PING-PONG-NEXT: {{[0-4]}} vector instructions beside them
// PING-PONG-NEXT: 0 bytes of scratch

// Five of them copy accumulators: sums, operands and tiles under way fill the registers.
// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 tile=256,256,32 waves=2,2 band=4 run=16 loop=interleaved" | FileCheck %s --match-full-lines --check-prefix=MIXED
// MIXED:      main loop:
// MIXED-NEXT: 8 buffer_load_dwordx4
// MIXED-NEXT: 16 ds_read_b128
// MIXED-NEXT: 8 ds_write_b128
// MIXED-NEXT: 1 s_barrier
// MIXED-NEXT: 128 v_mfma_f32_16x16x16_bf16
// MIXED-NEXT: {{[0-9]}} vector instructions beside them
// MIXED-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 tile=128,128,64 waves=2,2 band=4 run=16 direct" | FileCheck %s --match-full-lines --check-prefix=DIRECT
// DIRECT:      main loop:
// DIRECT-NEXT: 32 buffer_load_dword to LDS
// DIRECT-NEXT: 16 ds_read_b128
// DIRECT-NEXT: 1 s_barrier
// DIRECT-NEXT: 64 v_mfma_f32_16x16x16_bf16
// DIRECT-NEXT: {{[0-5]}} vector instructions beside them
// DIRECT-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 tile=128,128,64 waves=2,2 band=4 run=38 stream-k=304" | FileCheck %s --match-full-lines --check-prefix=STREAM-K
// STREAM-K:      main loop:
// STREAM-K-NEXT: 8 buffer_load_dwordx4
// STREAM-K-NEXT: 16 ds_read_b128
// STREAM-K-NEXT: 8 ds_write_b128
// STREAM-K-NEXT: 1 s_barrier
// STREAM-K-NEXT: 64 v_mfma_f32_16x16x16_bf16
// STREAM-K-NEXT: {{[0-8]}} vector instructions beside them
// STREAM-K-NEXT: 0 bytes of scratch

// A lane adds 32 products of one block to its sums, two at a time where clang packs them.
// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=128,128,128 waves=2,4" | FileCheck %s --match-full-lines --check-prefix=SCALES
// SCALES:      main loop:
// SCALES-NEXT: 5 buffer_load_dword
// SCALES-NEXT: 4 buffer_load_dwordx4
// SCALES-NEXT: 12 ds_read_b128
// SCALES-NEXT: 4 ds_write_b128
// SCALES-NEXT: 1 s_barrier
// SCALES-NEXT: 32 v_mfma_f32_16x16x32_fp8_fp8
// SCALES-NEXT: {{[12]?[0-9]|3[0-5]}} vector instructions beside them
// SCALES-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx942 "n=4096 k=4096 type=fp8_fnuz scaling=block-128 instruction=v_mfma_f32_16x16x32_fp8_fp8 tile=96,256,128 waves=2,2 shuffled" | FileCheck %s --match-full-lines --check-prefix=SHUFFLED
// SHUFFLED:      main loop:
// SHUFFLED-NEXT: 4 buffer_load_dword
// SHUFFLED-NEXT: 19 buffer_load_dwordx4
// SHUFFLED-NEXT: 6 ds_read_b128
// SHUFFLED-NEXT: 3 ds_write_b128
// SHUFFLED-NEXT: 1 s_barrier
// SHUFFLED-NEXT: 96 v_mfma_f32_16x16x32_fp8_fp8
// SHUFFLED-NEXT: {{[1-6]?[0-9]|7[0-6]}} vector instructions beside them
// SHUFFLED-NEXT: 0 bytes of scratch

// Gradients: blocks of W, or of both operands, are transposed by 16 or 32 v_perm_b32.
// RUN: %S/loop-counts.sh gfx942 "layout=NN n=4096 k=6144 tile=256,256,64 waves=2,4 stages=1 fenced" | FileCheck %s --match-full-lines --check-prefix=NN
// NN:      main loop:
// NN-NEXT: 8 buffer_load_dwordx2
// NN-NEXT: 4 buffer_load_dwordx4
// NN-NEXT: 24 ds_read_b128
// NN-NEXT: 8 ds_write_b128
// NN-NEXT: 2 s_barrier
// NN-NEXT: 128 v_mfma_f32_16x16x16_bf16
// NN-NEXT: {{1?[0-9]|2[0-4]}} vector instructions beside them
// NN-NEXT: 0 bytes of scratch

// RUN: %S/loop-counts.sh gfx942 "layout=TN n=4096 k=6144 tile=128,128,64 waves=2,2" | FileCheck %s --match-full-lines --check-prefix=TN
// TN:      main loop:
// TN-NEXT: 16 buffer_load_dwordx2
// TN-NEXT: 16 ds_read_b128
// TN-NEXT: 8 ds_write_b128
// TN-NEXT: 1 s_barrier
// TN-NEXT: 64 v_mfma_f32_16x16x16_bf16
// TN-NEXT: {{[1-6]?[0-9]|7[0-5]}} vector instructions beside them
// TN-NEXT: 0 bytes of scratch
module {}
