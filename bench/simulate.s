// Loops for the simulator's speed: a GEMM-like mix (16 MFMA, 8 LDS reads, 40 vector, 12 scalar) and MFMA alone.
.macro mix
  .rept 2
  ds_read_b128 v[40:43], v1
  ds_read_b128 v[44:47], v1 offset:1024
  ds_read_b128 v[48:51], v1 offset:2048
  ds_read_b128 v[52:55], v1 offset:3072
  .rept 20
  v_fma_f32 v60, v61, v62, v63
  .endr
  .rept 6
  s_add_u32 s8, s8, 1
  .endr
  s_waitcnt lgkmcnt(0)
  .rept 4
  v_mfma_f32_16x16x16_bf16 v[64:67], v[40:41], v[44:45], v[64:67]
  v_mfma_f32_16x16x16_bf16 v[68:71], v[42:43], v[46:47], v[68:71]
  .endr
  .endr
.endm
.macro begin name
.text
.p2align 8
.globl \name
.type \name,@function
\name:
  v_lshlrev_b32 v1, 4, v0
  v_and_b32 v1, 0x3ff, v1
  v_lshlrev_b32 v2, 6, v0
  v_and_b32 v2, 0xfff, v2
  s_mov_b32 s8, 0
  s_movk_i32 s9, 2000
  .irp r,40,41,42,43,44,45,46,47,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,92,93,94,95
  v_mov_b32 v\r, 0
  .endr
  .irp o,0,16,32,48
  ds_write_b128 v2, v[40:43] offset:\o
  .endr
  s_waitcnt lgkmcnt(0)
  s_barrier
.endm
.macro finish name
  s_sub_u32 s9, s9, 1
  s_cmp_lg_u32 s9, 0
  s_cbranch_scc1 \name\()_loop
  s_endpgm
.rodata
.p2align 6
.amdhsa_kernel \name
  .amdhsa_next_free_vgpr 128
  .amdhsa_next_free_sgpr 32
  .amdhsa_accum_offset 128
  .amdhsa_group_segment_fixed_size 8192
.end_amdhsa_kernel
.endm
begin mixed
mixed_loop:
  mix
finish mixed
begin matrix
matrix_loop:
  .rept 8
  v_mfma_f32_32x32x8_bf16 v[64:79], v[40:41], v[44:45], v[64:79]
  v_mfma_f32_32x32x8_bf16 v[80:95], v[42:43], v[46:47], v[80:95]
  .endr
finish matrix
