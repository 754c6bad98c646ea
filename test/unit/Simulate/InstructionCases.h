// One instruction at a time, from assembly, on random values, against results that a test computes.
#pragma once

#include "TestSupport.h"
#include <bit>
#include <functional>

namespace codesign::simulate::test {

inline float f(uint64_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits));
}
inline uint64_t u(float value) {
  return std::bit_cast<uint32_t>(value);
}
inline double d(uint64_t bits) {
  return std::bit_cast<double>(bits);
}
inline uint64_t u(double value) {
  return std::bit_cast<uint64_t>(value);
}
inline int32_t s(uint64_t bits) {
  return static_cast<int32_t>(bits);
}

/// What a lane sees: a in v[4:5], b in v[6:7], c in v[8:9]; the result is v[10:11], which starts as
/// 0x11111111.
struct Lane {
  uint64_t a, b, c;
  int lane;
  const uint64_t *allA; // a of every lane
};
using Reference = std::function<uint64_t(const Lane &)>;

struct Case {
  const char *text;
  Reference expected;
  bool isFloat32 = false; // compare with one unit in the last place and NaN equal to NaN
  bool isFloat64 = false;
};

/// A kernel of 256 bytes of LDS that loads the operands, runs the text and stores v[10:11]; the result starts
/// as 0x11111111 and 0.
std::string kernelFor(const char *text, size_t index);

/// Runs every case four times on 64 lanes of random and special values, and expects no findings.
void expectCases(const std::vector<Case> &cases, llvm::StringRef arch = "gfx942");

} // namespace codesign::simulate::test
