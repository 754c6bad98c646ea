#include "dialects/Kernel/Kernel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/KernelEnums.cpp.inc"
#include "dialects/Kernel/KernelInterfaces.cpp.inc"

using namespace mlir;

namespace codesign::kernel {

std::optional<DataType> dataTypeOf(Type type) {
  return llvm::TypeSwitch<Type, std::optional<DataType>>(type)
      .Case<Float32Type>([](auto) { return DataType::F32; })
      .Case<Float16Type>([](auto) { return DataType::F16; })
      .Case<BFloat16Type>([](auto) { return DataType::BF16; })
      .Case<Float8E4M3FNType>([](auto) { return DataType::F8E4M3; })
      .Case<Float8E5M2Type>([](auto) { return DataType::F8E5M2; })
      .Case<Float8E4M3FNUZType>([](auto) { return DataType::F8E4M3FNUZ; })
      .Case<Float8E5M2FNUZType>([](auto) { return DataType::F8E5M2FNUZ; })
      .Case<IntegerType>([](IntegerType integer) {
        return integer.isSignlessInteger(32) ? std::optional(DataType::I32) : std::nullopt;
      })
      .Default([](Type) { return std::nullopt; });
}

Type mlirTypeOf(MLIRContext *context, DataType type) {
  switch (type) {
  case DataType::F32:
    return Float32Type::get(context);
  case DataType::F16:
    return Float16Type::get(context);
  case DataType::BF16:
    return BFloat16Type::get(context);
  case DataType::F8E4M3:
    return Float8E4M3FNType::get(context);
  case DataType::F8E5M2:
    return Float8E5M2Type::get(context);
  case DataType::F8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case DataType::F8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case DataType::I32:
    return IntegerType::get(context, 32);
  default:
    return {};
  }
}

BlockExtents transposedBlock(Type type) {
  return {chunkLength(type), 4};
}

int64_t chunkLength(Type type) {
  return chunkBytes * 8 / type.getIntOrFloatBitWidth();
}

int64_t shuffledOffset(int64_t row, int64_t byte, int64_t rowBytes) {
  const int64_t chunk = byte % shuffledBytes / chunkBytes;
  return row / shuffledRows * shuffledRows * rowBytes + byte / shuffledBytes * shuffledRows * shuffledBytes +
         (chunk * shuffledRows + row % shuffledRows) * chunkBytes + byte % chunkBytes;
}

bool isSafeIdentifier(StringRef name) {
  static const llvm::StringSet<> reserved = {
      "asm",       "auto",     "bool",    "break",     "case",   "char",     "class",    "const",
      "constexpr", "continue", "default", "delete",    "do",     "double",   "else",     "enum",
      "explicit",  "extern",   "false",   "float",     "for",    "friend",   "goto",     "if",
      "inline",    "int",      "long",    "namespace", "new",    "nullptr",  "operator", "private",
      "public",    "register", "return",  "short",     "signed", "sizeof",   "static",   "struct",
      "switch",    "template", "this",    "throw",     "true",   "try",      "typedef",  "typename",
      "union",     "unsigned", "using",   "virtual",   "void",   "volatile", "while",    "main"};
  if (name.empty() || name.size() > 128 || !(llvm::isAlpha(name.front()) || name.front() == '_'))
    return false;
  return llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; }) && !reserved.contains(name);
}

} // namespace codesign::kernel
