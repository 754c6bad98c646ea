// SALU: SOP1, SOP2, SOPC, SOPK. One table row per opcode.
#include "Definedness.h"
#include "Translate.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>

namespace codesign::simulate {
namespace {

/// What a scalar operation computes; scc is written only where `setsScc` is.
struct ScalarResult {
  uint64_t value = 0;
  bool scc = false;
};
using ScalarFunction = ScalarResult (*)(uint64_t a, uint64_t b, bool scc, uint64_t old);

enum class SccRule : uint8_t { Keep, NonZero, Computed };

struct ScalarOperation {
  ScalarFunction function;
  SccRule scc;
  uint8_t sourceDwords; // of each source
  uint8_t resultDwords; // 0: comparison
  uint8_t secondDwords; // of the second source, if it differs
  bool readsScc, readsOld;
};

constexpr uint32_t low(uint64_t v) {
  return static_cast<uint32_t>(v);
}
constexpr int32_t sign(uint64_t v) {
  return static_cast<int32_t>(static_cast<uint32_t>(v));
}
template <class T>
ScalarResult value(T v) {
  return {static_cast<uint64_t>(v), false};
}
ScalarResult sum(uint64_t wide) {
  return {low(wide), (wide >> 32) != 0};
}
ScalarResult signedSum(int64_t wide) {
  return {low(wide), wide != static_cast<int32_t>(wide)};
}
uint64_t field(uint64_t a, unsigned offset, unsigned width, bool isSigned, unsigned size) {
  if (offset >= size || width == 0)
    return 0;
  width = std::min(width, size - offset);
  uint64_t bits = (a >> offset) & (width >= 64 ? ~0ull : (1ull << width) - 1);
  if (isSigned && (bits >> (width - 1)) & 1)
    bits |= width >= 64 ? 0 : ~0ull << width;
  return bits;
}
uint64_t reversed(uint64_t v, int size) {
  uint64_t result = 0;
  for (int bit = 0; bit < size; ++bit)
    result |= ((v >> bit) & 1) << (size - 1 - bit);
  return result;
}
uint64_t wholeQuads(uint64_t v) {
  uint64_t result = 0;
  for (int quad = 0; quad < 16; ++quad)
    if ((v >> (4 * quad)) & 15)
      result |= 15ull << (4 * quad);
  return result;
}
uint64_t quadMask(uint64_t v) {
  uint64_t result = 0;
  for (int quad = 0; quad < 16; ++quad)
    result |= uint64_t(((v >> (4 * quad)) & 15) != 0) << quad;
  return result;
}
uint64_t leadingSignBits(int64_t v, int size) {
  uint64_t bits = static_cast<uint64_t>(v < 0 ? ~v : v) & (size == 32 ? 0xffffffffull : ~0ull);
  return bits ? std::countl_zero(bits) - (64 - size) : ~0ull;
}

#define F [](uint64_t a, uint64_t b, bool c, uint64_t old)->ScalarResult
#define UNUSED (void)a, (void)b, (void)c, (void)old
// NOLINTNEXTLINE(readability-identifier-naming): columns of the tables below.
constexpr SccRule K = SccRule::Keep, N = SccRule::NonZero, C = SccRule::Computed;

#define OP32(NAME, RULE, EXPRESSION)                                                                         \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, 1, 1, 1, false, false                                                                          \
    }                                                                                                        \
  }
#define OP64(NAME, RULE, EXPRESSION)                                                                         \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, 2, 2, 2, false, false                                                                          \
    }                                                                                                        \
  }
#define SHIFT64(NAME, RULE, EXPRESSION)                                                                      \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, 2, 2, 1, false, false                                                                          \
    }                                                                                                        \
  }
#define FROM64(NAME, RULE, EXPRESSION)                                                                       \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, 2, 1, 2, false, false                                                                          \
    }                                                                                                        \
  }
#define TO64(NAME, RULE, EXPRESSION)                                                                         \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, 1, 2, 1, false, false                                                                          \
    }                                                                                                        \
  }
#define WITHSCC(NAME, RULE, D, EXPRESSION)                                                                   \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, D, D, D, true, false                                                                           \
    }                                                                                                        \
  }
#define WITHOLD(NAME, RULE, S, D, EXPRESSION)                                                                \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return EXPRESSION;                                                                                   \
      }                                                                                                      \
      , RULE, S, D, 1, false, true                                                                           \
    }                                                                                                        \
  }
#define TEST32(NAME, EXPRESSION)                                                                             \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return {0, static_cast<bool>(EXPRESSION)};                                                           \
      }                                                                                                      \
      , C, 1, 0, 1, false, false                                                                             \
    }                                                                                                        \
  }
#define TEST64(NAME, S2, EXPRESSION)                                                                         \
  {                                                                                                          \
    NAME, {                                                                                                  \
      F {                                                                                                    \
        UNUSED;                                                                                              \
        return {0, static_cast<bool>(EXPRESSION)};                                                           \
      }                                                                                                      \
      , C, 2, 0, S2, false, false                                                                            \
    }                                                                                                        \
  }

const llvm::StringMap<ScalarOperation> &scalarOperations() {
  static const llvm::StringMap<ScalarOperation> table = {
      OP32("S_MOV_B32", K, value(a)), OP64("S_MOV_B64", K, value(a)), OP32("S_MOVK_I32", K, value(a)),
      OP32("S_ADD_U32", C, sum(a + b)), OP32("S_SUB_U32", C, (ScalarResult{low(a - b), a < b})),
      OP32("S_ADD_I32", C, signedSum(int64_t(sign(a)) + sign(b))),
      OP32("S_SUB_I32", C, signedSum(int64_t(sign(a)) - sign(b))),
      WITHSCC("S_ADDC_U32", C, 1, sum(a + b + c)),
      WITHSCC("S_SUBB_U32", C, 1, (ScalarResult{low(a - b - c), a < b + c})),
      WITHOLD("S_ADDK_I32", C, 1, 1, signedSum(int64_t(sign(old)) + sign(a))),
      WITHOLD("S_MULK_I32", K, 1, 1, value(low(old * a))), OP32("S_MUL_I32", K, value(low(a * b))),
      OP32("S_MUL_HI_U32", K, value((a * b) >> 32)),
      OP32("S_MUL_HI_I32", K, value(low(static_cast<uint64_t>(int64_t(sign(a)) * sign(b)) >> 32))),
      OP32("S_MIN_U32", C, (ScalarResult{std::min(a, b), a < b})),
      OP32("S_MAX_U32", C, (ScalarResult{std::max(a, b), a > b})),
      OP32("S_MIN_I32", C, (ScalarResult{low(std::min(sign(a), sign(b))), sign(a) < sign(b)})),
      OP32("S_MAX_I32", C, (ScalarResult{low(std::max(sign(a), sign(b))), sign(a) > sign(b)})),
      OP32("S_ABS_I32", N, value(low(sign(a) < 0 ? -a : a))),
      OP32("S_ABSDIFF_I32", N, value(low(sign(a) < sign(b) ? b - a : a - b))),
      OP32("S_AND_B32", N, value(a & b)), OP64("S_AND_B64", N, value(a & b)),
      OP32("S_OR_B32", N, value(a | b)), OP64("S_OR_B64", N, value(a | b)),
      OP32("S_XOR_B32", N, value(a ^ b)), OP64("S_XOR_B64", N, value(a ^ b)),
      OP32("S_ANDN2_B32", N, value(a & ~b)), OP64("S_ANDN2_B64", N, value(a & ~b)),
      OP32("S_ORN2_B32", N, value(low(a | ~b))), OP64("S_ORN2_B64", N, value(a | ~b)),
      OP32("S_NAND_B32", N, value(low(~(a & b)))), OP64("S_NAND_B64", N, value(~(a & b))),
      OP32("S_NOR_B32", N, value(low(~(a | b)))), OP64("S_NOR_B64", N, value(~(a | b))),
      OP32("S_XNOR_B32", N, value(low(~(a ^ b)))), OP64("S_XNOR_B64", N, value(~(a ^ b))),
      OP32("S_NOT_B32", N, value(low(~a))), OP64("S_NOT_B64", N, value(~a)),
      OP32("S_LSHL_B32", N, value(low(a << (b & 31)))), SHIFT64("S_LSHL_B64", N, value(a << (b & 63))),
      OP32("S_LSHR_B32", N, value(a >> (b & 31))), SHIFT64("S_LSHR_B64", N, value(a >> (b & 63))),
      OP32("S_ASHR_I32", N, value(low(sign(a) >> (b & 31)))),
      SHIFT64("S_ASHR_I64", N, value(static_cast<int64_t>(a) >> (b & 63))),
      OP32("S_LSHL1_ADD_U32", C, sum((a << 1) + b)), OP32("S_LSHL2_ADD_U32", C, sum((a << 2) + b)),
      OP32("S_LSHL3_ADD_U32", C, sum((a << 3) + b)), OP32("S_LSHL4_ADD_U32", C, sum((a << 4) + b)),
      OP32("S_BFM_B32", K, value(low(((1ull << (a & 31)) - 1) << (b & 31)))),
      TO64("S_BFM_B64", K, value(((1ull << (a & 63)) - 1) << (b & 63))),
      OP32("S_BFE_U32", N, value(field(a, b & 31, (b >> 16) & 127, false, 32))),
      OP32("S_BFE_I32", N, value(low(field(a, b & 31, (b >> 16) & 127, true, 32)))),
      SHIFT64("S_BFE_U64", N, value(field(a, b & 63, (b >> 16) & 127, false, 64))),
      SHIFT64("S_BFE_I64", N, value(field(a, b & 63, (b >> 16) & 127, true, 64))),
      OP32("S_BREV_B32", K, value(reversed(a, 32))), OP64("S_BREV_B64", K, value(reversed(a, 64))),
      OP32("S_BCNT0_I32_B32", N, value(32 - std::popcount(low(a)))),
      FROM64("S_BCNT0_I32_B64", N, value(64 - std::popcount(a))),
      OP32("S_BCNT1_I32_B32", N, value(std::popcount(low(a)))),
      FROM64("S_BCNT1_I32_B64", N, value(std::popcount(a))),
      OP32("S_FF1_I32_B32", K, value(a ? std::countr_zero(a) : 0xffffffffll)),
      FROM64("S_FF1_I32_B64", K, value(a ? std::countr_zero(a) : 0xffffffffll)),
      OP32("S_FF0_I32_B32", K, value(low(~a) ? std::countr_zero(low(~a)) : 0xffffffffll)),
      FROM64("S_FF0_I32_B64", K, value(~a ? std::countr_zero(~a) : 0xffffffffll)),
      OP32("S_FLBIT_I32_B32", K, value(low(a) ? std::countl_zero(low(a)) : 0xffffffffll)),
      FROM64("S_FLBIT_I32_B64", K, value(a ? std::countl_zero(a) : 0xffffffffll)),
      OP32("S_FLBIT_I32", K, value(low(leadingSignBits(sign(a), 32)))),
      FROM64("S_FLBIT_I32_I64", K, value(low(leadingSignBits(static_cast<int64_t>(a), 64)))),
      OP32("S_SEXT_I32_I8", K, value(low(static_cast<int8_t>(a)))),
      OP32("S_SEXT_I32_I16", K, value(low(static_cast<int16_t>(a)))),
      OP32("S_WQM_B32", N, value(low(wholeQuads(a)))), OP64("S_WQM_B64", N, value(wholeQuads(a))),
      OP32("S_QUADMASK_B32", N, value(quadMask(a) & 0xff)), OP64("S_QUADMASK_B64", N, value(quadMask(a))),
      WITHOLD("S_BITSET0_B32", K, 1, 1, value(old & ~(1ull << (a & 31)))),
      WITHOLD("S_BITSET1_B32", K, 1, 1, value(old | (1ull << (a & 31)))),
      WITHOLD("S_BITSET0_B64", K, 1, 2, value(old & ~(1ull << (a & 63)))),
      WITHOLD("S_BITSET1_B64", K, 1, 2, value(old | (1ull << (a & 63)))),
      OP32("S_PACK_LL_B32_B16", K, value((a & 0xffff) | low(b << 16))),
      OP32("S_PACK_LH_B32_B16", K, value((a & 0xffff) | (b & 0xffff0000))),
      OP32("S_PACK_HH_B32_B16", K, value((a >> 16) | (b & 0xffff0000))),
      WITHSCC("S_CSELECT_B32", K, 1, value(c ? a : b)), WITHSCC("S_CSELECT_B64", K, 2, value(c ? a : b)),
      {"S_CMOV_B32", {F{UNUSED;
  return value(c ? a : old);
}
, K, 1, 1, 1, true, true
} // namespace
} // namespace codesign::simulate
, {"S_CMOV_B64", {F{UNUSED;
return value(c ? a : old);
}
, K, 2, 2, 2, true, true
}
}
, {"S_CMOVK_I32", {F{UNUSED;
return value(c ? a : old);
}
, K, 1, 1, 1, true, true
}
}
, TEST32("S_CMP_EQ_I32", a == b), TEST32("S_CMP_LG_I32", a != b), TEST32("S_CMP_GT_I32", sign(a) > sign(b)),
    TEST32("S_CMP_GE_I32", sign(a) >= sign(b)), TEST32("S_CMP_LT_I32", sign(a) < sign(b)),
    TEST32("S_CMP_LE_I32", sign(a) <= sign(b)), TEST32("S_CMP_EQ_U32", a == b),
    TEST32("S_CMP_LG_U32", a != b), TEST32("S_CMP_GT_U32", a > b), TEST32("S_CMP_GE_U32", a >= b),
    TEST32("S_CMP_LT_U32", a < b), TEST32("S_CMP_LE_U32", a <= b), TEST64("S_CMP_EQ_U64", 2, a == b),
    TEST64("S_CMP_LG_U64", 2, a != b), TEST32("S_BITCMP0_B32", !((a >> (b & 31)) & 1)),
    TEST32("S_BITCMP1_B32", (a >> (b & 31)) & 1), TEST64("S_BITCMP0_B64", 1, !((a >> (b & 63)) & 1)),
    TEST64("S_BITCMP1_B64", 1, (a >> (b & 63)) & 1), OP64("AND", N, value(a &b)), OP64("OR", N, value(a | b)),
    OP64("XOR", N, value(a ^ b)), OP64("ANDN2", N, value(a & ~b)), OP64("ORN2", N, value(a | ~b)),
    OP64("NAND", N, value(~(a &b))), OP64("NOR", N, value(~(a | b))), OP64("XNOR", N, value(~(a ^ b))),
    OP64("ANDN1", N, value(~a &b)), OP64("ORN1", N, value(~a | b)),
}
;
return table;
}
#undef F

uint64_t read(const Wave &wave, const Operand &operand, int dwords) {
  return dwords == 2 ? wave.read64(operand) : wave.read32(operand);
}

/// Bits of a bitwise operation that depend on undefined source bits: those on which the four extreme choices
/// of the undefined bits disagree.
uint64_t undefinedBitwise(const ScalarOperation &operation, uint64_t a, uint64_t undefinedA, uint64_t b,
                          uint64_t undefinedB, bool scc) {
  uint64_t ones = ~0ull, any = 0;
  for (uint64_t x : {a & ~undefinedA, a | undefinedA})
    for (uint64_t y : {b & ~undefinedB, b | undefinedB}) {
      uint64_t result = operation.function(x, y, scc, 0).value;
      ones &= result;
      any |= result;
    }
  return any & ~ones;
}

/// Undefined bits of the result: bit-exact for moves, selections and logic, everything for arithmetic.
uint64_t undefinedResult(const Wave &wave, const Instruction &instruction, const ScalarOperation &operation,
                         uint64_t a, uint64_t b) {
  uint64_t undefined[2] = {};
  for (int k = 0; k < instruction.sourceCount; ++k)
    undefined[k] = undefinedBits(wave, instruction.sources[k]);
  if (operation.readsScc && wave.checks.sccUndefined)
    return ~0ull;
  bool bitwise = instruction.extra[0] == 1;
  if (operation.readsOld && undefinedBits(wave, instruction.destination))
    return ~0ull;
  if (!(undefined[0] | undefined[1]))
    return 0;
  return bitwise ? undefinedBitwise(operation, a, undefined[0], b, undefined[1], wave.scc) : ~0ull;
}

void executeScalar(Wave &wave, const Instruction &instruction) {
  const auto &operation = *static_cast<const ScalarOperation *>(instruction.details);
  uint64_t a = read(wave, instruction.sources[0], operation.sourceDwords);
  uint64_t b = instruction.sourceCount > 1 ? read(wave, instruction.sources[1], operation.secondDwords) : 0;
  uint64_t old = operation.readsOld ? read(wave, instruction.destination, operation.resultDwords) : 0;
  ScalarResult result = operation.function(a, b, wave.scc, old);
  if (wave.group->checking) {
    uint64_t undefined = undefinedResult(wave, instruction, operation, a, b);
    if (operation.resultDwords) {
      setScalarUndefined(wave, instruction.destination, undefined);
      if (instruction.destination.index >= scalar::exec)
        checkScalarUse(wave, instruction, undefined, "EXEC");
    }
    if (operation.scc != SccRule::Keep)
      wave.checks.sccUndefined = undefined != 0;
  }
  if (operation.resultDwords == 2)
    wave.write64(instruction.destination, result.value);
  else if (operation.resultDwords == 1)
    wave.write32(instruction.destination, low(result.value));
  if (operation.scc == SccRule::NonZero)
    wave.scc = operation.resultDwords == 2 ? result.value != 0 : low(result.value) != 0;
  else if (operation.scc == SccRule::Computed)
    wave.scc = result.scc;
}

/// s_and_saveexec_b64 and its kin: old EXEC to the destination (wrexec: the new one), EXEC = source op EXEC.
void executeSaveExec(Wave &wave, const Instruction &instruction) {
  const auto &operation = *static_cast<const ScalarOperation *>(instruction.details);
  uint64_t exec = wave.exec(), source = wave.read64(instruction.sources[0]);
  uint64_t next = operation.function(source, exec, wave.scc, 0).value;
  if (wave.group->checking) {
    uint64_t undefined = undefinedBits(wave, instruction.sources[0]);
    if (undefined)
      checkScalarUse(wave, instruction, undefinedBitwise(operation, source, undefined, exec, 0, wave.scc),
                     "EXEC");
    setScalarUndefined(wave, instruction.destination, 0);
    wave.checks.sccUndefined = false;
  }
  wave.write64(instruction.destination, instruction.extra[1] ? next : exec);
  wave.setExec(next);
  wave.scc = next != 0;
}

} // namespace

bool translateScalar(const RawInstruction &raw, Instruction &result) {
  llvm::StringRef base = raw.base;
  const auto &table = scalarOperations();
  for (llvm::StringRef suffix : {"_SAVEEXEC_B64", "_WREXEC_B64"}) {
    if (!base.ends_with(suffix) || raw.definitions.empty() || raw.uses.empty())
      continue;
    auto found = table.find(base.drop_front(2).drop_back(suffix.size()));
    if (found == table.end())
      return false;
    result.details = &found->second;
    result.execute = executeSaveExec;
    result.destination = raw.definitions[0];
    result.sources[0] = raw.uses[0];
    result.sourceCount = 1;
    result.extra[1] = suffix == "_WREXEC_B64";
    return true;
  }
  bool isCompareK = base.consume_front("S_CMPK_");
  std::string name = isCompareK ? ("S_CMP_" + base).str() : base.str();
  auto found = table.find(name);
  if (found == table.end())
    return false;
  const ScalarOperation &operation = found->second;
  result.details = &operation;
  result.execute = executeScalar;
  if (operation.resultDwords) {
    if (raw.definitions.empty() || !raw.definitions[0].isScalar())
      return false;
    result.destination = raw.definitions[0];
  }
  for (const Operand &use : raw.uses)
    if (result.sourceCount < 2)
      result.sources[result.sourceCount++] = use;
  bool hasK = llvm::StringRef(name).contains("K_I32") || isCompareK;
  if (hasK && raw.controls.size() == 1) { // simm16, not yet extended
    Operand constant;
    constant.kind = Operand::Kind::Constant;
    bool isUnsigned = isCompareK && base.ends_with("U32");
    constant.value = isUnsigned ? static_cast<uint16_t>(raw.controls[0])
                                : static_cast<uint32_t>(static_cast<int16_t>(raw.controls[0]));
    result.sources[result.sourceCount++] = constant;
  }
  if (!result.sourceCount)
    return false;
  for (int k = 0; k < result.sourceCount; ++k) // 32-bit literals of signed 64-bit operands
    if (result.sources[k].isConstant() && raw.name.contains("_I64") && result.sources[k].value >> 31 == 1)
      result.sources[k].value = static_cast<uint64_t>(static_cast<int32_t>(result.sources[k].value));
  llvm::StringRef text(name);
  static const llvm::StringRef bitwise[] = {"S_MOV_", "S_AND_",  "S_OR_",  "S_XOR_",  "S_ANDN2_",  "S_ORN2_",
                                            "S_NOT_", "S_NAND_", "S_NOR_", "S_XNOR_", "S_CSELECT_"};
  result.extra[0] = llvm::any_of(bitwise, [&](llvm::StringRef prefix) { return text.starts_with(prefix); });
  return true;
}

} // namespace codesign::simulate
