// Values that nobody wrote, and barriers that not all waves reach.
#include "Defects.h"

namespace codesign::simulate::test {

namespace {

constexpr FindingKind undefined = FindingKind::Uninitialized, divergent = FindingKind::DivergentBarrier;

const Defect defects[] = {
    // Undefined values.
    {"undefinedStored", undefined, 64, R"(
- v_mov_b32 v10, 0
+ v_add_u32 v10, v30, v0)"},
    {"undefinedAddress", undefined, 64, R"(
- v_mov_b32 v30, 0
  v_and_b32 v3, 0xfc, v30
  global_load_dword v10, v3, s[4:5]
  s_waitcnt vmcnt(0))"},
    {"undefinedBranch", undefined, 64, R"(
- s_mov_b32 s30, 0
  v_mov_b32 v10, 0
  s_cmp_eq_u32 s30, 5
  s_cbranch_scc1 skip_%=
  s_nop 0
skip_%=:)"},
    {"undefinedLds", undefined, 64, R"(
- ds_write_b32 v1, v0
  ds_read_b32 v10, v1
  s_waitcnt lgkmcnt(0))"},
    {"undefinedExec", undefined, 64, R"(
- v_mov_b32 v30, 0
  v_mov_b32 v10, 0
  v_cmp_gt_u32 vcc, 8, v30
  s_and_saveexec_b64 s[8:9], vcc
  s_or_b64 exec, exec, s[8:9])"},
    {"highHalfUndefined", undefined, 64, R"(
- v_mov_b32 v10, 0
  global_load_short_d16 v10, v1, s[4:5]
  s_waitcnt vmcnt(0))"},
    {"undefinedAccumulator", undefined, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
- v_accvgpr_write_b32 a0, 0
- v_accvgpr_write_b32 a1, 0
- v_accvgpr_write_b32 a2, 0
- v_accvgpr_write_b32 a3, 0
  s_nop 4
  v_mfma_f32_16x16x16_f16 a[0:3], v[4:5], v[4:5], a[0:3]
  s_nop 15
  v_accvgpr_read_b32 v10, a2)"},
    {"undefinedByteThroughPermute", undefined, 64, R"(
- v_mov_b32 v30, 0
  s_mov_b32 s8, 0x07060100
  v_perm_b32 v10, v30, v0, s8)"},
    {"undefinedDescriptor", undefined, 64, R"(
  s_mov_b32 s8, s4
  s_mov_b32 s9, s5
- s_movk_i32 s10, 0x1000
  s_mov_b32 s11, 0x00020000
  buffer_load_dword v10, v1, s[8:11], 0 offen
  s_waitcnt vmcnt(0))"},
    // Half of a packed pair was never written.
    {"packedHighUndefined", undefined, 64, R"(
  v_mov_b32 v4, 1.0
+ v_pk_mul_f32 v[20:21], v[4:5], v[4:5]
- v_pk_mul_f32 v[20:21], v[4:5], v[4:5] op_sel_hi:[0,0]
  v_mov_b32 v10, v21)"},
    {"packedLowUndefined", undefined, 64, R"(
  v_mov_b32 v5, 1.0
+ v_pk_fma_f32 v[20:21], v[4:5], v[4:5], v[4:5] op_sel:[1,1,0]
- v_pk_fma_f32 v[20:21], v[4:5], v[4:5], v[4:5] op_sel:[1,1,1]
  v_mov_b32 v10, v20)"},
    {"packedHalfUndefined", undefined, 64, R"(
  v_mov_b32_sdwa v3, v0 dst_sel:WORD_0 dst_unused:UNUSED_PRESERVE src0_sel:WORD_0
  s_nop 0
+ v_pk_add_f16 v10, v3, v3
- v_pk_add_f16 v10, v3, v3 op_sel_hi:[0,0])"},
    {"mixedHalfUndefined", undefined, 64, R"(
  v_mov_b32_sdwa v3, v0 dst_sel:WORD_0 dst_unused:UNUSED_PRESERVE src0_sel:WORD_0
  s_nop 0
+ v_fma_mix_f32 v10, v3, v3, v3 op_sel:[0,1,0] op_sel_hi:[1,1,1]
- v_fma_mix_f32 v10, v3, v3, v3 op_sel_hi:[1,1,1])"},
    // Barriers.
    {"barrierInBranch", divergent, 128, R"(
  v_mov_b32 v10, 0
  v_cmp_gt_u32 vcc, 32, v0
  s_and_saveexec_b64 s[8:9], vcc
- s_or_b64 exec, exec, s[8:9]
  s_barrier
  s_or_b64 exec, exec, s[8:9])"},
    {"barrierSkippedByOneWave", divergent, 128, R"(
  v_mov_b32 v10, 0
  v_readfirstlane_b32 s8, v0
  s_cmp_lg_u32 s8, 0
+ s_cbranch_scc1 skip_%=
  s_barrier
skip_%=:)"},
};

} // namespace

llvm::ArrayRef<Defect> valueDefects() {
  return defects;
}

} // namespace codesign::simulate::test
