// x[i] = x[i] * factor + shift for one workgroup; arguments x, factor (f32), shift (i32).
.text
.p2align 8
.globl scale
.type scale,@function
scale:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v0, 2, v0
  s_waitcnt lgkmcnt(0)
  v_cvt_f32_i32 v2, s7
  global_load_dword v1, v0, s[4:5]
  s_waitcnt vmcnt(0)
  v_fma_f32 v1, v1, s6, v2
  global_store_dword v0, v1, s[4:5]
  s_endpgm
.rodata
.p2align 6
.amdhsa_kernel scale
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_next_free_vgpr 8
  .amdhsa_next_free_sgpr 16
  .amdhsa_accum_offset 8
  .amdhsa_kernarg_size 16
.end_amdhsa_kernel
