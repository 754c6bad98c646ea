#include "Access.h"
#include "Lanes/SmallFloat.h"
#include <algorithm>
#include <cstring>

namespace codesign::simulate {
namespace {

template <class Bits, class Signed, class Float>
Bits combine(AtomicKind kind, Bits old, Bits value, Bits second) {
  auto floating = [](Bits bits) { return std::bit_cast<Float>(bits); };
  switch (kind) {
  case AtomicKind::Swap:
    return value;
  case AtomicKind::CompareSwap:
    return old == second ? value : old; // the compared value follows the new one
  case AtomicKind::Add:
    return old + value;
  case AtomicKind::Sub:
    return old - value;
  case AtomicKind::ReverseSub:
    return value - old;
  case AtomicKind::SignedMin:
    return std::min<Signed>(old, value);
  case AtomicKind::SignedMax:
    return std::max<Signed>(old, value);
  case AtomicKind::UnsignedMin:
    return std::min(old, value);
  case AtomicKind::UnsignedMax:
    return std::max(old, value);
  case AtomicKind::And:
    return old & value;
  case AtomicKind::Or:
    return old | value;
  case AtomicKind::Xor:
    return old ^ value;
  case AtomicKind::Inc:
    return old >= value ? 0 : old + 1;
  case AtomicKind::Dec:
    return old == 0 || old > value ? value : old - 1;
  case AtomicKind::MaskedOr:
    return (old & ~value) | second;
  case AtomicKind::WrapSubtract:
    return old >= value ? old - value : old + second;
  case AtomicKind::ConditionalExchange: {
    const uint64_t taken = (value >> 31 & 1) * 0xffffffffull | (uint64_t(value) >> 63) * 0xffffffffull << 32;
    return static_cast<Bits>((old & ~taken) | (value & taken & 0x7fffffff7fffffffull));
  }
  case AtomicKind::AddF32:
  case AtomicKind::AddF64:
    return std::bit_cast<Bits>(floating(old) + floating(value));
  case AtomicKind::MinF32:
  case AtomicKind::MinF64:
    return floating(value) < floating(old) ? value : old;
  case AtomicKind::MaxF32:
  case AtomicKind::MaxF64:
    return floating(value) > floating(old) ? value : old;
  case AtomicKind::PackedAddF16:
    return floatToHalf(halfToFloat(old) + halfToFloat(value)) |
           floatToHalf(halfToFloat(old >> 16) + halfToFloat(value >> 16)) << 16;
  case AtomicKind::PackedAddBf16:
    return floatToBfloat(bfloatToFloat(old & 0xffff) + bfloatToFloat(value & 0xffff)) |
           floatToBfloat(bfloatToFloat(old >> 16) + bfloatToFloat(value >> 16)) << 16;
  case AtomicKind::None:
    break;
  }
  return old;
}

template <class Bits>
Bits loadBits(const uint8_t *from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof(bits));
  return bits;
}

uint32_t next32(AtomicKind kind, uint32_t old, const uint8_t *operand) {
  return combine<uint32_t, int32_t, float>(kind, old, loadBits<uint32_t>(operand),
                                           takesSecondOperand(kind) ? loadBits<uint32_t>(operand + 4) : 0);
}
uint64_t next64(AtomicKind kind, uint64_t old, const uint8_t *operand) {
  return combine<uint64_t, int64_t, double>(kind, old, loadBits<uint64_t>(operand),
                                            takesSecondOperand(kind) ? loadBits<uint64_t>(operand + 8) : 0);
}

template <class Bits, class Next>
void exchange(uint8_t *memory, uint8_t *oldBytes, Next next) {
  Bits old;
  if (reinterpret_cast<uintptr_t>(memory) % sizeof(Bits)) { // misaligned: no host atomic covers it
    old = loadBits<Bits>(memory);
    Bits value = next(old);
    std::memcpy(memory, &value, sizeof(value));
  } else {
    auto *word = reinterpret_cast<Bits *>(memory);
    old = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(word, &old, next(old), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
  }
  std::memcpy(oldBytes, &old, sizeof(old));
}

} // namespace

void applyAtomic(AtomicKind kind, uint8_t *memory, const uint8_t *operand, int size) {
  if (size == 8) {
    uint64_t value = next64(kind, loadBits<uint64_t>(memory), operand);
    std::memcpy(memory, &value, 8);
  } else {
    uint32_t value = next32(kind, loadBits<uint32_t>(memory), operand);
    std::memcpy(memory, &value, 4);
  }
}

void applyAtomicShared(AtomicKind kind, uint8_t *memory, const uint8_t *operand, int size, uint8_t *old) {
  if (size == 8)
    exchange<uint64_t>(memory, old, [&](uint64_t value) { return next64(kind, value, operand); });
  else
    exchange<uint32_t>(memory, old, [&](uint32_t value) { return next32(kind, value, operand); });
}

} // namespace codesign::simulate
