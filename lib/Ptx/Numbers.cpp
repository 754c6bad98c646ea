#include "Numbers.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <vector>

namespace codesign::ptx {

bool parseSmall(llvm::StringRef word, Small &small) {
  word.consume_back("x2");
  const int found = llvm::StringSwitch<int>(word)
                        .Case("f16", static_cast<int>(Small::F16))
                        .Case("bf16", static_cast<int>(Small::Bf16))
                        .Case("e4m3", static_cast<int>(Small::E4m3))
                        .Case("e5m2", static_cast<int>(Small::E5m2))
                        .Default(-1);
  if (found >= 0)
    small = static_cast<Small>(found);
  return found >= 0;
}

static const llvm::fltSemantics &semanticsOf(Small small) {
  switch (small) {
  case Small::F16:
    return llvm::APFloat::IEEEhalf();
  case Small::Bf16:
    return llvm::APFloat::BFloat();
  case Small::E4m3:
    return llvm::APFloat::Float8E4M3FN();
  case Small::E5m2:
    return llvm::APFloat::Float8E5M2();
  }
  llvm_unreachable("every type is named");
}

static std::vector<float> tableOf(Small small) {
  std::vector<float> table(size_t(1) << bitsOf(small));
  for (size_t i = 0; i < table.size(); ++i)
    table[i] = llvm::APFloat(semanticsOf(small), llvm::APInt(bitsOf(small), i)).convertToFloat();
  return table;
}

float widen(Small small, uint32_t bits) {
  static const std::vector<float> tables[] = {tableOf(Small::F16), tableOf(Small::Bf16), tableOf(Small::E4m3),
                                              tableOf(Small::E5m2)};
  return tables[static_cast<int>(small)][bits];
}

uint32_t narrow(Small small, float value, bool saturates) {
  const llvm::fltSemantics &semantics = semanticsOf(small);
  llvm::APFloat number(value);
  bool losesInfo = false;
  if (saturates && !std::isnan(value)) {
    const llvm::APFloat largest = llvm::APFloat::getLargest(semantics);
    if (std::fabs(value) > largest.convertToFloat())
      return static_cast<uint32_t>(
          llvm::APFloat::getLargest(semantics, std::signbit(value)).bitcastToAPInt().getZExtValue());
  }
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint32_t>(number.bitcastToAPInt().getZExtValue());
}

} // namespace codesign::ptx
