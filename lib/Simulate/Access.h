// Memory accesses of a wave: shapes read off the mnemonic, bounds, definedness, statistics.
#pragma once

#include "Definedness.h"
#include "Wave.h"
#include "llvm/ADT/StringRef.h"

namespace codesign::simulate {

enum class AtomicKind : uint8_t {
  None,
  Swap,
  CompareSwap,
  Add,
  Sub,
  ReverseSub,
  SignedMin,
  UnsignedMin,
  SignedMax,
  UnsignedMax,
  And,
  Or,
  Xor,
  Inc,
  Dec,
  AddF32,
  AddF64,
  MinF64,
  MaxF64,
  MinF32,
  MaxF32,
  PackedAddF16,
  PackedAddBf16,
  MaskedOr,
  WrapSubtract,        // ds_wrap: minus the first operand, or plus the second where that would be negative
  ConditionalExchange, // ds_condxchg32: halves whose top bit is set are stored without it
};

/// Whether two values come with the address.
constexpr bool takesSecondOperand(AtomicKind kind) {
  return kind == AtomicKind::CompareSwap || kind == AtomicKind::MaskedOr || kind == AtomicKind::WrapSubtract;
}

/// What one lane moves.
struct AccessShape {
  uint8_t bytes = 4;  // in memory
  uint8_t dwords = 1; // in registers
  bool isStore = false;
  bool isSigned = false;       // 8- and 16-bit loads
  bool keepsOtherHalf = false; // d16: 16 bits of the register are written
  bool highHalf = false;
  bool toLds = false; // direct load to LDS
  AtomicKind atomic = AtomicKind::None;
  bool returns = false; // the old value comes back
};

/// Reads the part after "BUFFER_", "GLOBAL_", "FLAT_" or "SCRATCH_": "LOAD_DWORDX4", "ATOMIC_ADD_X2", …
/// False if the simulator does not know it.
bool parseAccess(llvm::StringRef text, AccessShape &shape);

/// Addresses of one access, in lane order; lanes outside the mask are not touched.
struct LaneAddresses {
  uint64_t lanes = 0;
  alignas(64) uint64_t address[laneCount];
};

/// Performs a load, store, atomic or direct-to-LDS load on device memory. `data` is the register of stored or
/// loaded values. `ldsBase` is the LDS byte of lane 0 for direct loads. Returns the number of the LDS
/// operation, 0 for none.
uint32_t accessGlobal(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                      const LaneAddresses &addresses, const Operand &data, const Operand &result,
                      uint32_t ldsBase, uint64_t readsAsZero = 0);

/// One lane's value into its registers, as the shape says.
void putLane(Wave &wave, const AccessShape &shape, int reg, int lane, const uint8_t *bytes);
/// A lane's value from its registers.
void getLane(const Wave &wave, const AccessShape &shape, int reg, int lane, uint8_t *bytes);
/// Undefined bytes of stored data; reports them.
void checkStoredData(Wave &wave, const Instruction &instruction, const AccessShape &shape,
                     const Operand &data, uint64_t lanes);
/// Marks loaded registers defined, or their bytes as `undefined` says.
void defineLoaded(Wave &wave, const AccessShape &shape, int reg, uint64_t lanes);

/// Bytes an operation combines; old value in, new value out. `size` is 4 or 8.
void applyAtomic(AtomicKind kind, uint8_t *memory, const uint8_t *operand, int size);
/// The same on memory other threads may touch; returns the old bytes in `old`.
void applyAtomicShared(AtomicKind kind, uint8_t *memory, const uint8_t *operand, int size, uint8_t *old);

} // namespace codesign::simulate
