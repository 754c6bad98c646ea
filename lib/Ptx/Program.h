// A parsed kernel: instructions with their operands resolved to registers, numbers and addresses.
#pragma once

#include "codesign/Ptx/Ptx.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

namespace codesign::ptx {

/// Where generic addresses of the other state spaces begin; global memory lies where DeviceMemory has it.
constexpr uint64_t sharedWindow = 1ull << 56, localWindow = 2ull << 56, paramWindow = 3ull << 56;
constexpr uint64_t windowOf(uint64_t address) {
  return address >> 56 << 56;
}
constexpr uint64_t inWindow(uint64_t address) {
  return address & ((1ull << 56) - 1);
}

enum class Kind : uint8_t { Unsigned, Signed, Bits, Float, Bfloat, Predicate };

/// Of a value: f32, s64, bf16, …; packed ones such as bf16x2 and e4m3x2 are read as bits.
struct Type {
  Kind kind = Kind::Bits;
  uint8_t bits = 32;
  uint64_t mask() const { return bits == 64 ? ~0ull : (1ull << bits) - 1; }
};

enum class Space : uint8_t { Generic, Global, Shared, Local, Param };

enum class OperandKind : uint8_t { Register, Number, Address, List, Special, Ignored };
enum class Special : uint8_t { ThreadX, ThreadCountX, BlockX, BlockY, BlockCountX, ClusterRank, LaneId };

struct Operand {
  OperandKind kind = OperandKind::Ignored;
  Special special = Special::ThreadX;
  bool negated = false;       // of a predicate
  int slot = -1;              // of a register, or of an address's base (-1: none)
  uint64_t number = 0;        // its value, or an address's offset with what a symbol stands for
  std::vector<Operand> parts; // of {…}: elements; of [map, {…}]: the list of coordinates
};

enum class Op : uint8_t {
  // clang-format off
  Abs, Add, And, Bfe, Brev, Clz, Cvt, Cvta, Div, Ex2, Fma, Lg2, MadLo, MadWide, Max, Min, Mov, MulHi,
  MulLo, MulWide, Neg, Not, Or, Popc, Prmt, Rcp, Rem, Rsqrt, Selp, Setp, Shl, Shr, Sqrt, Sub, Tanh, Xor,
  Load, Store, Atom, Reduce, Mapa,
  Branch, Return, Nothing,
  Barrier, BarrierReduce, ClusterArrive, ClusterWait,
  // of a warp:
  WarpBarrier, Shuffle, Vote, Elect, LoadMatrix, StoreMatrix, Mma, WarpNothing,
  WgmmaProduct, WgmmaCommit, WgmmaWait,
  // under way:
  CopyAsync, CopyCommit, CopyWait, TensorLoad, TensorStore, BulkCommit, BulkWait,
  MbarrierInit, MbarrierArrive, MbarrierExpect, MbarrierTest,
  // clang-format on
};
inline bool isOfWarp(Op op) {
  return op >= Op::WarpBarrier && op <= Op::WgmmaWait;
}

struct Instruction {
  Op op = Op::Nothing;
  Type type, from; // of the result, and of what is converted
  Space space = Space::Generic;
  int predicate = -1; // slot of its guard
  bool guardNegated = false;
  int target = -1;                        // of a branch
  std::vector<llvm::StringRef> modifiers; // parts of its name, in order
  llvm::SmallVector<Operand, 4> operands;
  llvm::StringRef text;
  int line = 0;

  bool has(llvm::StringRef modifier) const { return llvm::is_contained(modifiers, modifier); }
};

struct Parameter {
  uint32_t offset = 0, bytes = 0;
};

struct Function {
  std::vector<Instruction> code;
  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0, localBytes = 0;
  int slots = 0;               // registers of a thread
  std::vector<uint8_t> widths; // bits of each register; 1: a predicate
};

class Program {
public:
  std::string text;
  llvm::StringMap<Function> functions;
  uint32_t staticSharedBytes = 0; // before dynamic shared memory
};

} // namespace codesign::ptx
