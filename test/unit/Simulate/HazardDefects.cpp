// Wait states that are missing.
#include "Defects.h"

namespace codesign::simulate::test {

namespace {

constexpr FindingKind hazard = FindingKind::Hazard;

const Defect defects[] = {
    // Wait states.
    {"matrixResultTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], 0
- s_nop 6
+ s_nop 4
  v_mov_b32 v10, v20)"},
    {"matrixResultAsOperand", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], 0
- s_nop 6
  v_mfma_f32_16x16x16_f16 v[24:27], v[20:21], v[4:5], 0
  s_nop 15
  v_mov_b32 v10, v24)"},
    {"matrixOperandTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
- s_nop 1
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], 0
  s_nop 15
  v_mov_b32 v10, v20)"},
    {"scalarBaseTooEarly", hazard, 64, R"(
  v_readfirstlane_b32 s8, v0
  s_mov_b32 s10, s4
  s_mov_b32 s11, s5
+ s_nop 1
- s_nop 2
  buffer_load_dword v10, v1, s[4:7], s8 offen
  s_waitcnt vmcnt(0))"},
    {"divisionFlagTooEarly", hazard, 64, R"(
  v_mov_b32 v3, 1.0
  v_cmp_eq_f32 vcc, v3, v3
- s_nop 3
  v_div_fmas_f32 v10, v3, v3, v3)"},
    {"dppSourceTooEarly", hazard, 64, R"(
  v_mov_b32 v3, v0
- s_nop 1
  v_mov_b32_dpp v10, v3 row_newbcast:0 row_mask:0xf bank_mask:0xf)"},
    {"transcendentalTooEarly", hazard, 64, R"(
  v_rcp_f32 v3, v0
- s_nop 0
  v_add_f32 v10, v3, v3)"},
    {"laneSelectTooEarly", hazard, 64, R"(
  v_readfirstlane_b32 s8, v0
+ s_nop 2
- s_nop 3
  v_readlane_b32 s9, v0, s8
  s_nop 1
  v_mov_b32 v10, s9)"},
    // The other half merges in the register file at once, a reader needs a wait state.
    {"halvesMergeUntilTheyAreRead", hazard, 64, R"(
  v_mov_b32_sdwa v10, v0 dst_sel:WORD_0 dst_unused:UNUSED_PRESERVE src0_sel:WORD_0
  v_mov_b32_sdwa v10, v0 dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:WORD_0
- s_nop 0
  v_mov_b32 v11, v10)"},
    {"partialResultTooEarly", hazard, 64, R"(
  v_mov_b32 v3, 0
  v_mov_b32_sdwa v3, v0 dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:WORD_0
- s_nop 0
  v_mov_b32 v10, v3)"},
    // What no compiler writes and AMD's kernels rely on: results of the matrix core behind a branch or behind
    // another matrix instruction, and rows swapped twice.
    {"matrixResultBehindBranch", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f32_32x32x8_f16 v[20:35], v[4:5], v[4:5], 0
+ s_nop 9
- s_nop 2
- s_branch next_%=
-next_%=:
  v_mov_b32 v10, v20)"},
    {"matrixResultBehindAnother", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f32_32x32x8_f16 v[20:35], v[4:5], v[4:5], 0
- v_mfma_f32_32x32x8_f16 v[36:51], v[4:5], v[4:5], 0
+ s_nop 0
  s_nop 2
  v_mov_b32 v10, v20)"},
    {"swapBetweenSwaps", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  v_mov_b32 v6, 0
  v_mov_b32 v7, 0
  v_mov_b32 v8, 0
  s_nop 1
  v_permlane32_swap_b32 v4, v5
- v_permlane32_swap_b32 v6, v7
+ s_nop 0
  v_permlane16_swap_b32 v8, v4
  v_mov_b32 v10, v8)",
     "gfx950"},
    {"directLoadBaseTooEarly", hazard, 64, R"(
  s_mov_b32 m0, 0
- s_nop 0
  global_load_lds_dword v1, s[4:5]
  s_waitcnt vmcnt(0)
  v_mov_b32 v10, 0)"},
    {"accumulatorOverwrittenTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  v_mov_b32 v12, 0
  v_mov_b32 v13, 0
  v_mov_b32 v14, 0
  v_mov_b32 v15, 0
  s_nop 1
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], v[12:15]
- s_nop 2
  v_mov_b32 v13, 1
  s_nop 15
  v_mov_b32 v10, v20)"},
    {"accumulatorLoadedTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], 0
  s_nop 15
  v_mfma_f32_16x16x16_f16 v[24:27], v[4:5], v[4:5], v[20:23]
- s_nop 2
  global_load_dword v21, v1, s[4:5]
  s_waitcnt vmcnt(0)
  s_nop 15
  v_mov_b32 v10, v24)"},
    {"overlappingAccumulatorTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  v_mov_b32 v24, 0
  v_mov_b32 v25, 0
  s_nop 1
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], 0
- s_nop 4
+ s_nop 3
  v_mfma_f32_16x16x16_f16 v[28:31], v[4:5], v[4:5], v[22:25]
  s_nop 15
  v_mov_b32 v10, v28)"},
    {"floatMatrixResultTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  s_nop 1
  v_mfma_f32_16x16x4_f32 v[20:23], v4, v4, 0
- s_nop 9
+ s_nop 8
  v_mov_b32 v10, v20)"},
    {"doubleMatrixResultStoredTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f64_16x16x4_f64 v[20:27], v[4:5], v[4:5], 0
- s_nop 1
  s_nop 15
  global_store_dword v1, v20, s[6:7] offset:256
  v_mov_b32 v10, 0)"},
    {"dotResultTooEarly", hazard, 64, R"(
  v_dot4_i32_i8 v3, v0, v0, v0
- s_nop 2
  v_add_u32 v10, v3, v3)"},
    {"storedDataOverwrittenTooEarly", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  v_mov_b32 v6, 0
  v_mov_b32 v7, 0
  v_and_b32 v3, 0x3f0, v1
  global_store_dwordx4 v3, v[4:7], s[6:7] offset:1024
- s_nop 1
  v_mov_b32 v5, 1
  v_mov_b32 v10, v0)"},
    {"modeReadTooEarly", hazard, 64, R"(
  s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0
- s_nop 1
  s_getreg_b32 s8, hwreg(HW_REG_MODE)
  v_mov_b32 v10, s8)"},
    {"threadAddressBaseTooEarly", hazard, 64, R"(
  s_mov_b32 m0, 0
- s_nop 0
  ds_write_addtid_b32 v0
  v_mov_b32 v10, 0
  s_waitcnt lgkmcnt(0))"},
    {"matrixResultTooEarlyOnGfx950", hazard, 64, R"(
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
  s_nop 1
  v_mfma_f32_32x32x8_f16 v[20:35], v[4:5], v[4:5], 0
- s_nop 11
+ s_nop 10
  v_mov_b32 v10, v20)",
     "gfx950"},
    {"swappedRowsTooEarly", hazard, 64, R"(
  v_mov_b32 v3, v0
  v_mov_b32 v10, v0
- s_nop 1
  v_permlane32_swap_b32 v3, v10)",
     "gfx950"},
};

} // namespace

llvm::ArrayRef<Defect> hazardDefects() {
  return defects;
}

} // namespace codesign::simulate::test
