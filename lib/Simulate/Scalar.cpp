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
  uint8_t firstDwords, secondDwords; // of the sources
  uint8_t resultDwords;              // 0: comparison
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
ScalarResult test(bool holds) {
  return {0, holds};
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
uint64_t doubled(uint32_t v) { // every bit twice
  uint64_t result = 0;
  for (int bit = 0; bit < 32; ++bit)
    result |= (uint64_t(v >> bit & 1) * 3) << (2 * bit);
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

#define ROW_READING(NAME, SCC, FIRST, SECOND, RESULT, READS_SCC, READS_OLD, ...)                             \
  {#NAME,                                                                                                    \
   {[]([[maybe_unused]] uint64_t a, [[maybe_unused]] uint64_t b, [[maybe_unused]] bool c,                    \
       [[maybe_unused]] uint64_t old) -> ScalarResult { return __VA_ARGS__; },                               \
    SccRule::SCC, FIRST, SECOND, RESULT, READS_SCC, READS_OLD}},
#define ROW(NAME, SCC, FIRST, SECOND, RESULT, ...)                                                           \
  ROW_READING(NAME, SCC, FIRST, SECOND, RESULT, false, false, __VA_ARGS__)
#define ROW_SCC(NAME, SCC, FIRST, SECOND, RESULT, ...)                                                       \
  ROW_READING(NAME, SCC, FIRST, SECOND, RESULT, true, false, __VA_ARGS__)
#define ROW_OLD(NAME, SCC, FIRST, SECOND, RESULT, ...)                                                       \
  ROW_READING(NAME, SCC, FIRST, SECOND, RESULT, false, true, __VA_ARGS__)
#define ROW_SCC_OLD(NAME, SCC, FIRST, SECOND, RESULT, ...)                                                   \
  ROW_READING(NAME, SCC, FIRST, SECOND, RESULT, true, true, __VA_ARGS__)

const llvm::StringMap<ScalarOperation> &scalarOperations() {
  static const llvm::StringMap<ScalarOperation> table = {
#include "ScalarOperations.def"
  };
  return table;
}
#undef ROW_READING

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
  uint64_t a = read(wave, instruction.sources[0], operation.firstDwords);
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
