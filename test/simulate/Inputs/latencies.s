// Three loops: memory round trips, LDS round trips, barriers.
.macro begin name
.text
.p2align 8
.globl \name
.type \name,@function
\name:
  s_load_dwordx2 s[4:5], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  v_mov_b32 v2, 0
  s_movk_i32 s9, 100
  s_waitcnt lgkmcnt(0)
.endm
.macro finish name
  s_sub_u32 s9, s9, 1
  s_cmp_lg_u32 s9, 0
  s_cbranch_scc1 \name\()_loop
  s_endpgm
.rodata
.p2align 6
.amdhsa_kernel \name
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_next_free_vgpr 64
  .amdhsa_next_free_sgpr 32
  .amdhsa_accum_offset 64
  .amdhsa_group_segment_fixed_size 4096
.end_amdhsa_kernel
.endm
begin loads
loads_loop:
  global_load_dword v2, v1, s[4:5]
  s_waitcnt vmcnt(0)
finish loads
begin shared
shared_loop:
  .rept 4
  ds_read_b32 v2, v1
  s_waitcnt lgkmcnt(0)
  .endr
finish shared
begin barriers
barriers_loop:
  .rept 8
  s_barrier
  .endr
finish barriers
