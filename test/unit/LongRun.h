// Runs that `make test` has no time for: `make test-long` sets CODESIGN_TEST_LONG.
#pragma once

#include <cstdlib>

namespace codesign {

inline bool isLongRun() {
  return std::getenv("CODESIGN_TEST_LONG") != nullptr;
}

/// How often a randomised test repeats itself: twenty times as often in a long run.
inline int repetitions(int usual) {
  return isLongRun() ? 20 * usual : usual;
}

} // namespace codesign
