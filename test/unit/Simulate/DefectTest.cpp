// Programs with one planted defect each: the checks find it, and stay silent on the clean twin. Lines that
// start with
// '+' are only in the defective program, lines that start with '-' only in the clean one.
#include "TestSupport.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <numeric>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

struct Defect {
  const char *name;
  FindingKind kind;
  int block;
  const char *body;
  const char *arch = "gfx942";
};

// s[4:5] input and s[6:7] output of 4096 bytes each, v1 = 4 * work-item, v2 = 4 * lane.
const char *const prelude = R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  v_and_b32 v2, 0xfc, v1
  s_waitcnt lgkmcnt(0)
)";
const char *const storeV10 = "\n  global_store_dword v1, v10, s[6:7]\n";

constexpr FindingKind wait = FindingKind::MissingWait, race = FindingKind::LdsRace,
                      bounds = FindingKind::OutOfBounds, undefined = FindingKind::Uninitialized,
                      hazard = FindingKind::Hazard, divergent = FindingKind::DivergentBarrier;

const Defect defects[] = {
    // Missing waits.
    {"scalarLoadUsed", wait, 64, R"(
  s_load_dword s8, s[4:5], 0x0
- s_waitcnt lgkmcnt(0)
  s_add_u32 s9, s8, 1
  v_mov_b32 v10, s9)"},
    {"globalLoadUsed", wait, 64, R"(
  global_load_dword v3, v1, s[4:5]
- s_waitcnt vmcnt(0)
  v_add_u32 v10, v3, v3)"},
    {"secondLoadUsed", wait, 64, R"(
  global_load_dword v3, v1, s[4:5]
  global_load_dword v4, v1, s[4:5] offset:256
+ s_waitcnt vmcnt(1)
- s_waitcnt vmcnt(0)
  v_add_u32 v10, v4, v4)"},
    {"storeCountsToo", wait, 64, R"(
  global_load_dword v3, v1, s[4:5]
  global_store_dword v1, v0, s[6:7] offset:256
+ s_waitcnt vmcnt(2)
- s_waitcnt vmcnt(1)
  v_mov_b32 v10, v3)"},
    // What s_setvskip discards uses nothing.
    {"skippedInstructionUsesNothing", wait, 64, R"(
  ds_write_b32 v1, v0
  ds_read_b32 v3, v1
  v_mov_b32 v10, 0
- s_mov_b32 s8, 1
- s_setvskip s8, 0
  v_mov_b32 v11, v3
- s_setvskip s8, 1
  s_nop 0)"},
    // Nor does what no lane executes; matrix instructions ignore EXEC, readers of lanes do too.
    {"instructionOfNoLaneUsesNothing", wait, 64, R"(
  ds_write_b32 v1, v0
  ds_read_b32 v3, v1
  v_mov_b32 v10, 0
- s_mov_b64 exec, 0
  v_mov_b32 v11, v3
- s_mov_b64 exec, -1
  s_nop 0)"},
    {"readlaneOfNoLaneReads", wait, 64, R"(
  ds_write_b32 v1, v0
  ds_read_b32 v3, v1
  v_mov_b32 v10, 0
- s_waitcnt lgkmcnt(0)
  s_mov_b64 exec, 0
  v_readlane_b32 s8, v3, 0
  s_mov_b64 exec, -1)"},
    // lgkmcnt counts to 15: the operation after that issues only when the first has finished.
    {"sixteenthReadWaits", wait, 64, R"(
  ds_write_b32 v1, v0
  s_waitcnt lgkmcnt(0)
  ds_read_b32 v3, v1
  ds_read_b32 v20, v1
  ds_read_b32 v21, v1
  ds_read_b32 v22, v1
  ds_read_b32 v23, v1
  ds_read_b32 v24, v1
  ds_read_b32 v25, v1
  ds_read_b32 v26, v1
  ds_read_b32 v27, v1
  ds_read_b32 v28, v1
  ds_read_b32 v29, v1
  ds_read_b32 v30, v1
  ds_read_b32 v31, v1
  ds_read_b32 v32, v1
  ds_read_b32 v33, v1
- ds_read_b32 v34, v1
  v_mov_b32 v10, v3)"},
    {"ldsReadUsed", wait, 64, R"(
  ds_write_b32 v1, v0
  ds_read_b32 v3, v1
- s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, v3)"},
    {"secondLdsReadUsed", wait, 64, R"(
  ds_write_b32 v1, v0
  ds_read_b32 v3, v1
  ds_read_b32 v4, v1
+ s_waitcnt lgkmcnt(1)
- s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, v4)"},
    {"scalarLoadsOutOfOrder", wait, 64, R"(
  s_load_dword s8, s[4:5], 0x0
  s_load_dword s9, s[4:5], 0x40
+ s_waitcnt lgkmcnt(1)
- s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, s8)"},
    {"accumulatorLoadUsed", wait, 64, R"(
  global_load_dword a0, v1, s[4:5]
- s_waitcnt vmcnt(0)
  v_accvgpr_read_b32 v10, a0)"},
    {"directLoadReadBack", wait, 64, R"(
  s_mov_b32 m0, 0
  s_nop 0
  global_load_lds_dword v1, s[4:5]
- s_waitcnt vmcnt(0)
  ds_read_b32 v10, v1
  s_waitcnt lgkmcnt(0))"},
    {"flatNeedsBothCounters", wait, 64, R"(
  v_mov_b32 v4, s4
  v_mov_b32 v5, s5
  flat_load_dword v3, v[4:5]
+ s_waitcnt vmcnt(0)
- s_waitcnt vmcnt(0) lgkmcnt(0)
  v_mov_b32 v10, v3)"},
    {"atomicResultUsed", wait, 64, R"(
  global_atomic_add v3, v1, v0, s[4:5] sc0
- s_waitcnt vmcnt(0)
  v_mov_b32 v10, v3)"},
    {"loadIntoMatrixOperand", wait, 64, R"(
  global_load_dwordx2 v[4:5], v2, s[4:5]
- s_waitcnt vmcnt(0)
  v_mfma_f32_16x16x16_f16 v[20:23], v[4:5], v[4:5], 0
  s_nop 15
  v_mov_b32 v10, v20)"},
    {"permuteResultUsed", wait, 64, R"(
  ds_bpermute_b32 v3, v2, v0
- s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, v3)"},
    {"pendingRegisterOverwritten", wait, 64, R"(
  global_load_dword v10, v1, s[4:5]
- s_waitcnt vmcnt(0)
  v_mov_b32 v10, 0
  s_waitcnt vmcnt(0))"},
    {"bufferLoadUsed", wait, 64, R"(
  s_mov_b32 s8, s4
  s_mov_b32 s9, s5
  s_movk_i32 s10, 0x1000
  s_mov_b32 s11, 0x00020000
  buffer_load_dword v3, v1, s[8:11], 0 offen
- s_waitcnt vmcnt(0)
  v_mov_b32 v10, v3)"},
    // LDS races; two waves unless noted. Wave 1 works on the other wave's half.
    {"barrierDropped", race, 128, R"(
  ds_write_b32 v1, v0
  v_xor_b32 v3, 0x100, v1
  s_waitcnt lgkmcnt(0)
- s_barrier
  ds_read_b32 v10, v3
  s_waitcnt lgkmcnt(0))"},
    {"writeNotWaitedBeforeBarrier", race, 128, R"(
  ds_write_b32 v1, v0
  v_xor_b32 v3, 0x100, v1
- s_waitcnt lgkmcnt(0)
  s_barrier
  ds_read_b32 v10, v3
  s_waitcnt lgkmcnt(0))"},
    {"readThenOverwritten", race, 128, R"(
  ds_write_b32 v1, v0
  v_xor_b32 v3, 0x100, v1
  s_waitcnt lgkmcnt(0)
  s_barrier
  ds_read_b32 v10, v3
  s_waitcnt lgkmcnt(0)
- s_barrier
  ds_write_b32 v1, v10)"},
    {"twoWritersOfOneByte", race, 128, R"(
- ds_write_b32 v1, v0
+ ds_write_b32 v2, v0
  v_mov_b32 v10, 0)"},
    {"directLoadNotWaitedBeforeBarrier", race, 128, R"(
  v_readfirstlane_b32 s8, v1
  s_mov_b32 m0, s8
  s_nop 4
  global_load_lds_dword v1, s[4:5]
  v_xor_b32 v3, 0x100, v1
- s_waitcnt vmcnt(0)
  s_barrier
  ds_read_b32 v10, v3
  s_waitcnt vmcnt(0) lgkmcnt(0))"},
    {"overlappingDirectLoads", race, 128, R"(
  v_readfirstlane_b32 s8, v1
- s_mov_b32 m0, s8
+ s_mov_b32 m0, 0
  s_nop 4
  global_load_lds_dword v1, s[4:5]
  s_waitcnt vmcnt(0)
  v_mov_b32 v10, 0)"},
    {"wrongSwizzle", race, 128, R"(
- v_xor_b32 v3, 0x40, v1
+ v_xor_b32 v3, 0x140, v1
  ds_write_b32 v1, v0
  ds_read_b32 v10, v3
  s_waitcnt lgkmcnt(0))"},
    {"neighbourBeyondTheWave", race, 128, R"(
  ds_write_b32 v1, v0
- v_and_b32 v3, 0x1fc, v1
+ v_add_u32 v3, 4, v1
+ v_and_b32 v3, 0x1fc, v3
  ds_read_b32 v10, v3
  s_waitcnt lgkmcnt(0))"},
    {"atomicAgainstPlainRead", race, 128, R"(
  v_mov_b32 v3, 0
  v_mov_b32 v4, 0
  ds_write_b32 v4, v3
  s_waitcnt lgkmcnt(0)
  s_barrier
  ds_add_u32 v4, v0
  s_waitcnt lgkmcnt(0)
- s_barrier
  ds_read_b32 v10, v4
  s_waitcnt lgkmcnt(0))"},
    {"singleBufferLoop", race, 128, R"(
  v_xor_b32 v3, 0x100, v1
  s_mov_b32 s8, 2
loop_%=:
  ds_write_b32 v1, v0
  s_waitcnt lgkmcnt(0)
  s_barrier
  ds_read_b32 v10, v3
  s_waitcnt lgkmcnt(0)
- s_barrier
  s_sub_u32 s8, s8, 1
  s_cmp_lg_u32 s8, 0
  s_cbranch_scc1 loop_%=)"},
    // Bounds.
    {"loadPastTheEnd", bounds, 64, R"(
- global_load_dword v10, v1, s[4:5] offset:3840
+ global_load_dword v10, v1, s[4:5] offset:3844
  s_waitcnt vmcnt(0))"},
    {"storeBeforeTheStart", bounds, 64, R"(
- global_store_dword v1, v0, s[6:7]
+ global_store_dword v1, v0, s[6:7] offset:-4
  v_mov_b32 v10, 0)"},
    {"wideLoadPastTheEnd", bounds, 64, R"(
- v_lshlrev_b32 v3, 4, v0
+ v_lshlrev_b32 v3, 6, v0
+ v_add_u32 v3, 56, v3
  global_load_dwordx4 v[4:7], v3, s[4:5]
  s_waitcnt vmcnt(0)
  v_mov_b32 v10, v4)"},
    {"ldsReadPastTheEnd", bounds, 64, R"(
  ds_write_b32 v1, v0 offset:3840
- ds_read_b32 v10, v1 offset:3840
+ ds_read_b32 v10, v1 offset:4096
  s_waitcnt lgkmcnt(0))"},
    {"ldsWriteOneTooFar", bounds, 64, R"(
  v_lshlrev_b32 v3, 4, v0
  v_mov_b32 v4, 0
  v_mov_b32 v5, 0
- ds_write_b64 v3, v[4:5] offset:3080
+ ds_write_b64 v3, v[4:5] offset:3084
  v_mov_b32 v10, 0)"},
    {"scratchPastTheEnd", bounds, 64, R"(
- scratch_store_dword off, v0, off offset:12
+ scratch_store_dword off, v0, off offset:16
  v_mov_b32 v10, 0)"},
    {"scalarLoadPastTheEnd", bounds, 64, R"(
- s_load_dwordx2 s[8:9], s[4:5], 0xff8
+ s_load_dwordx2 s[8:9], s[4:5], 0xffc
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, s8)"},
    {"atomicPastTheEnd", bounds, 64, R"(
- global_atomic_add v1, v0, s[4:5] offset:3840
+ global_atomic_add v1, v0, s[4:5] offset:4092
  v_mov_b32 v10, 0)"},
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

std::string bodyOf(const Defect &defect, bool isDefective) {
  std::string text = prelude, label = std::string(defect.name) + (isDefective ? "_bad" : "_good");
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(defect.body).split(lines, '\n');
  for (llvm::StringRef line : lines) {
    if (line.starts_with(isDefective ? "-" : "+"))
      continue;
    std::string plain = line.ltrim("+-").str();
    if (size_t at = plain.find("%="); at != std::string::npos)
      plain.replace(at, 2, label);
    text += plain + "\n";
  }
  return text + "  s_nop 7" + storeV10;
}

class DefectTest : public ::testing::TestWithParam<Defect> {
protected:
  static void SetUpTestSuite() {
    std::map<std::string, std::string> source;
    for (const Defect &defect : defects)
      for (bool isDefective : {true, false})
        source[defect.arch] += assemblyKernel({std::string(defect.name) + (isDefective ? "_bad" : "_good"),
                                               bodyOf(defect, isDefective), 4096, 16});
    for (const auto &[arch, text] : source)
      objects[arch] = loadAssembly(text, arch);
  }
  static void TearDownTestSuite() { objects.clear(); }
  RunReport runOne(const CodeObject &object, const std::string &name, int block, uint64_t seed) {
    DeviceMemory memory;
    std::vector<uint32_t> values(1024);
    std::iota(values.begin(), values.end(), 1);
    uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 4096);
    RunOptions options;
    options.seed = seed;
    return runChecked(object,
                      {name, {1}, {static_cast<uint32_t>(block)}, KernelArguments().pointer(in).pointer(out)},
                      memory, options);
  }
  static std::map<std::string, CodeObjectPointer> objects; // by architecture
};
std::map<std::string, CodeObjectPointer> DefectTest::objects;

TEST_P(DefectTest, IsFoundAndItsTwinIsSilent) {
  const Defect &defect = GetParam();
  const CodeObjectPointer object = objects[defect.arch];
  ASSERT_TRUE(object);
  for (uint64_t seed : {1, 2, 3}) { // whatever the order of the waves
    RunReport bad = runOne(*object, std::string(defect.name) + "_bad", defect.block, seed);
    EXPECT_GE(bad.count(defect.kind), 1u) << describe(bad);
    for (const Finding &finding : bad.findings) {
      // A lost race may read LDS that was never written.
      bool follows = defect.kind == race && finding.kind == undefined;
      EXPECT_TRUE(finding.kind == defect.kind || follows) << describe(bad);
      EXPECT_FALSE(finding.message.empty());
      EXPECT_FALSE(finding.site.text.empty());
      if (!follows && (defect.kind == wait || defect.kind == race || defect.kind == hazard)) {
        EXPECT_GE(finding.other.index, 0) << describe(bad); // both sides are named
      }
    }
    RunReport good = runOne(*object, std::string(defect.name) + "_good", defect.block, seed);
    EXPECT_TRUE(good.findings.empty()) << describe(good);
  }
}

void PrintTo(const Defect &defect, std::ostream *stream) {
  *stream << defect.name;
}

INSTANTIATE_TEST_SUITE_P(All, DefectTest, ::testing::ValuesIn(defects),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
