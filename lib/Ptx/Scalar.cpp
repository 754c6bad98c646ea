// Arithmetic of one lane.
#include "Machine.h"
#include "Numbers.h"
#include "Opcodes.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace codesign::ptx {

namespace {

int64_t signedOf(uint64_t value, Type type) {
  return llvm::SignExtend64(value, type.bits);
}

float flushed(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value;
}

/// Nothing for operations that are not executed.
std::optional<float> applyFloats(Op op, float a, float b, float c) {
  switch (op) {
  case Op::Abs:
    return std::fabs(a);
  case Op::Add:
    return a + b;
  case Op::Sub:
    return a - b;
  case Op::MulLo:
    return a * b;
  case Op::Div:
    return a / b;
  case Op::Fma:
    return std::fma(a, b, c);
  case Op::Max:
    return std::fmax(a, b);
  case Op::Min:
    return std::fmin(a, b);
  case Op::Neg:
    return -a;
  case Op::Ex2:
    return std::exp2(a);
  case Op::Lg2:
    return std::log2(a);
  case Op::Rcp:
    return 1 / a;
  case Op::Rsqrt:
    return 1 / std::sqrt(a);
  case Op::Sqrt:
    return std::sqrt(a);
  case Op::Tanh:
    return std::tanh(a);
  default:
    return std::nullopt;
  }
}

template <class T>
bool compares(llvm::StringRef how, T a, T b, bool &result) {
  // Without a u they are false of NaN, with it true.
  if (how == "eq")
    result = a == b;
  else if (how == "equ")
    result = !(a < b || a > b);
  else if (how == "ne")
    result = a < b || a > b;
  else if (how == "lt" || how == "lo")
    result = a < b;
  else if (how == "le" || how == "ls")
    result = a <= b;
  else if (how == "gt" || how == "hi")
    result = a > b;
  else if (how == "ge" || how == "hs")
    result = a >= b;
  else if (how == "neu")
    result = !(a == b);
  else if (how == "ltu")
    result = !(a >= b);
  else if (how == "leu")
    result = !(a > b);
  else if (how == "gtu")
    result = !(a <= b);
  else if (how == "geu")
    result = !(a < b);
  else if (how == "nan")
    result = a != a || b != b;
  else if (how == "num")
    result = a == a && b == b;
  else
    return false;
  return true;
}

/// Integers; nothing for operations and types that are not executed.
std::optional<uint64_t> applyIntegers(const Instruction &instruction, uint64_t a, uint64_t b, uint64_t c) {
  const Type type = instruction.type;
  const bool isSigned = type.kind == Kind::Signed;
  const uint64_t mask = type.mask();
  const int64_t left = signedOf(a, type), right = signedOf(b, type);
  switch (instruction.op) {
  case Op::Abs:
    return left < 0 ? -left : left;
  case Op::Add:
    return a + b;
  case Op::Sub:
    return a - b;
  case Op::MulLo:
    return a * b;
  case Op::MulHi: {
    if (isSigned)
      return static_cast<uint64_t>(static_cast<__int128>(left) * right >> type.bits);
    return static_cast<uint64_t>(static_cast<unsigned __int128>(a & mask) * (b & mask) >> type.bits);
  }
  case Op::MulWide:
    return isSigned ? static_cast<uint64_t>(left * right) : (a & mask) * (b & mask);
  case Op::MadLo:
    return a * b + c;
  case Op::MadWide:
    return (isSigned ? static_cast<uint64_t>(left * right) : (a & mask) * (b & mask)) + c;
  case Op::Div:
  case Op::Rem: {
    if ((b & mask) == 0 || (isSigned && right == -1 && type.bits == 64))
      return std::nullopt;
    const bool divides = instruction.op == Op::Div;
    if (isSigned)
      return static_cast<uint64_t>(divides ? left / right : left % right);
    return divides ? (a & mask) / (b & mask) : (a & mask) % (b & mask);
  }
  case Op::Max:
    return isSigned ? (left > right ? a : b) : std::max(a & mask, b & mask);
  case Op::Min:
    return isSigned ? (left < right ? a : b) : std::min(a & mask, b & mask);
  case Op::Neg:
    return -a;
  case Op::Not:
    return ~a;
  case Op::And:
    return a & b;
  case Op::Or:
    return a | b;
  case Op::Xor:
    return a ^ b;
  case Op::Shl:
    return (b & 0xffffffff) >= type.bits ? 0 : a << b;
  case Op::Shr: {
    const uint64_t by = std::min<uint64_t>(b & 0xffffffff, type.bits);
    if (isSigned)
      return static_cast<uint64_t>(left >> std::min<uint64_t>(by, type.bits - 1));
    return by == type.bits ? 0 : (a & mask) >> by;
  }
  case Op::Bfe: {
    const unsigned first = b & 255, count = c & 255;
    if (count == 0)
      return 0;
    if (first >= type.bits)
      return isSigned && left < 0 ? mask : 0;
    const unsigned bits = std::min<unsigned>(count, type.bits - first);
    const uint64_t field = (a & mask) >> first & llvm::maskTrailingOnes<uint64_t>(bits);
    return isSigned ? static_cast<uint64_t>(llvm::SignExtend64(field, bits)) : field;
  }
  case Op::Brev:
    return llvm::reverseBits(a & mask) >> (64 - type.bits);
  case Op::Clz:
    return static_cast<uint64_t>(llvm::countl_zero(a & mask)) - (64 - type.bits);
  case Op::Popc:
    return static_cast<uint64_t>(llvm::popcount(a & mask));
  case Op::Prmt: {
    const uint64_t bytes = (a & 0xffffffff) | b << 32;
    uint64_t result = 0;
    for (int i = 0; i < 4; ++i) {
      const uint64_t selector = c >> (4 * i) & 15;
      uint64_t byte = bytes >> (8 * (selector & 7)) & 255;
      if (selector & 8)
        byte = byte & 128 ? 255 : 0;
      result |= byte << (8 * i);
    }
    return result;
  }
  default:
    return std::nullopt;
  }
}

/// cvt.to.from; nothing for what is not executed.
std::optional<uint64_t> convert(const Instruction &instruction, uint64_t a, uint64_t b, bool hasTwo) {
  llvm::StringRef to, from;
  for (llvm::StringRef word : instruction.modifiers)
    if (typeOf(word))
      (to.empty() ? to : from) = word;
  const bool saturates = instruction.has("satfinite");
  const std::optional<DataType> toSmall = smallOf(to), fromSmall = smallOf(from);
  if (hasTwo) { // the first operand is the upper one
    if (!toSmall || from != "f32")
      return std::nullopt;
    return narrow(*toSmall, asFloat(b), saturates) | narrow(*toSmall, asFloat(a), saturates)
                                                         << bitWidth(*toSmall);
  }
  if (to == "f16x2" && fromSmall)
    return narrow(DataType::F16, widen(*fromSmall, a), false) |
           narrow(DataType::F16, widen(*fromSmall, a >> bitWidth(*fromSmall)), false) << 16;
  if (toSmall && from == "f32")
    return narrow(*toSmall, asFloat(a), saturates);
  if (to == "f32" && fromSmall)
    return asBits(widen(*fromSmall, a));
  const Type target = instruction.type, source = instruction.from;
  const bool fromInteger = source.kind == Kind::Unsigned || source.kind == Kind::Signed;
  if (fromInteger && (target.kind == Kind::Unsigned || target.kind == Kind::Signed))
    return source.kind == Kind::Signed ? static_cast<uint64_t>(signedOf(a, source)) : a & source.mask();
  if (fromInteger && to == "f32")
    return asBits(source.kind == Kind::Signed ? static_cast<float>(signedOf(a, source))
                                              : static_cast<float>(a & source.mask()));
  return std::nullopt;
}

} // namespace

bool Machine::executeScalar(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const Type type = instruction.type;
  const auto in = [&](size_t i) {
    if (i >= operands.size())
      return uint64_t(0);
    const uint64_t read = value(workgroup, lane, operands[i]);
    return operands[i].negated ? read ^ 1 : read;
  };
  const auto give = [&](uint64_t result, Type as) {
    assign(lane, operands[0], result, as);
    return true;
  };
  const auto unknown = [&] { return fail(workgroup, lane.thread, instruction, "is not executed"); };
  const bool isFloat32 = type.kind == Kind::Float && type.bits == 32;
  switch (instruction.op) {
  case Op::Mov:
    if (operands.size() == 2 && operands[0].kind == OperandKind::List) { // a register as its parts
      const unsigned bits = type.bits / operands[0].parts.size();
      for (auto [i, part] : llvm::enumerate(operands[0].parts))
        assign(lane, part, in(1) >> (bits * i), {Kind::Bits, static_cast<uint8_t>(bits)});
      return true;
    }
    if (operands[1].kind == OperandKind::List) {
      const unsigned bits = type.bits / operands[1].parts.size();
      uint64_t whole = 0;
      for (auto [i, part] : llvm::enumerate(operands[1].parts))
        whole |= (value(workgroup, lane, part) & ((1ull << bits) - 1)) << (bits * i);
      return give(whole, type);
    }
    return give(in(1), type);
  case Op::Selp:
    return give((in(3) & 1) ? in(1) : in(2), type);
  case Op::Setp: {
    bool result = false;
    const llvm::StringRef how = instruction.modifiers.front();
    const bool known = isFloat32 ? compares(how, asFloat(in(1)), asFloat(in(2)), result)
                       : type.kind == Kind::Signed
                           ? compares(how, signedOf(in(1), type), signedOf(in(2), type), result)
                           : compares(how, in(1) & type.mask(), in(2) & type.mask(), result);
    const bool isKnownType = isFloat32 || (type.kind != Kind::Float && type.kind != Kind::Bfloat);
    return known && isKnownType && operands.size() == 3 ? give(result, {Kind::Predicate, 1}) : unknown();
  }
  case Op::Cvt: {
    const std::optional<uint64_t> result = convert(instruction, in(1), in(2), operands.size() > 2);
    return result ? give(*result, type) : unknown();
  }
  case Op::Cvta: {
    const uint64_t window = instruction.space == Space::Shared  ? sharedWindow
                            : instruction.space == Space::Local ? localWindow
                            : instruction.space == Space::Param ? paramWindow
                                                                : 0;
    if (window == 0)
      return give(in(1), type);
    return give(instruction.has("to") ? inWindow(in(1)) : inWindow(in(1)) | window, type);
  }
  case Op::Mapa:
    // Workgroup r of the cluster has its shared memory at r + 1 times what a workgroup can have.
    return give((in(1) & 0xffffff) | (in(2) + 1) << 24, type);
  default:
    break;
  }
  if (type.kind == Kind::Float || type.kind == Kind::Bfloat) {
    if (!isFloat32)
      return unknown();
    const bool flushes = instruction.has("ftz");
    const auto number = [&](size_t i) { return flushes ? flushed(asFloat(in(i))) : asFloat(in(i)); };
    const std::optional<float> result = applyFloats(instruction.op, number(1), number(2), number(3));
    return result ? give(asBits(flushes ? flushed(*result) : *result), type) : unknown();
  }
  const std::optional<uint64_t> result = applyIntegers(instruction, in(1), in(2), in(3));
  if (!result)
    return unknown();
  const bool isWide = instruction.op == Op::MulWide || instruction.op == Op::MadWide;
  const bool counts = instruction.op == Op::Popc || instruction.op == Op::Clz;
  return give(*result, isWide   ? Type{type.kind, static_cast<uint8_t>(2 * type.bits)}
                       : counts ? Type{Kind::Bits, 32}
                                : type);
}

} // namespace codesign::ptx
