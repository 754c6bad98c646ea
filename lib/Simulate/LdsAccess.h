// Reads and stores of a wave's lanes in LDS.
#pragma once

#include "Access.h"

namespace codesign::simulate {

struct RawInstruction;

/// Whole dwords of the active lanes that start on a multiple of four, all within LDS.
bool allWhole(const uint32_t *addresses, uint64_t lanes, int bytes, size_t ldsBytes);

/// One access of all active lanes at register `data`, `offset` bytes from the addresses in the first source;
/// with `addsThreadId` from M0 + 4 · lane instead.
void accessLds(Wave &wave, const Instruction &instruction, const AccessShape &shape, LdsOperationId operation,
               int data, uint32_t offset, bool addsThreadId);

/// ds_append, ds_consume and ds_wrxchg2; false for others.
bool translateLdsExchange(const RawInstruction &raw, Instruction &result);

} // namespace codesign::simulate
