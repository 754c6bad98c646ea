// Waits that are missing, races in LDS, accesses out of bounds.
#include "Defects.h"

namespace codesign::simulate::test {

namespace {

constexpr FindingKind wait = FindingKind::MissingWait, race = FindingKind::LdsRace,
                      bounds = FindingKind::OutOfBounds;

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
};

} // namespace

llvm::ArrayRef<Defect> memoryDefects() {
  return defects;
}

} // namespace codesign::simulate::test
