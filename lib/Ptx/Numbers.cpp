#include "Numbers.h"
#include "llvm/ADT/StringSwitch.h"

namespace codesign::ptx {

std::optional<DataType> smallOf(llvm::StringRef word) {
  word.consume_back("x2");
  return llvm::StringSwitch<std::optional<DataType>>(word)
      .Case("f16", DataType::F16)
      .Case("bf16", DataType::BF16)
      .Case("e4m3", DataType::F8E4M3)
      .Case("e5m2", DataType::F8E5M2)
      .Default(std::nullopt);
}

} // namespace codesign::ptx
