// What the dotted name of an instruction says.
#pragma once

#include "Program.h"

namespace codesign::ptx {

/// u32, s64, b16, f32, bf16x2, pred, …; nothing for other words.
std::optional<Type> typeOf(llvm::StringRef word);
std::optional<Special> specialOf(llvm::StringRef name);
/// Operation, types and state space of `add.s32`, `ld.global.v4.b32`, …; false for what is not executed.
bool decodeName(llvm::StringRef name, Instruction &instruction);
/// Operands that it has at least.
size_t leastOperands(Op op);

} // namespace codesign::ptx
