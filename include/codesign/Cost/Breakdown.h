// The time of one kernel as a short list of named summands, without allocation.
#pragma once

#include "codesign/Support/Units.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <cassert>

namespace codesign {

/// A named part of a time, or a resource with the time it needs by itself. Names are string literals.
struct NamedSeconds {
  llvm::StringRef name;
  Seconds time;
};

/// Summands (their sum is the predicted time) and resources (lower bounds that overlap; the largest one
/// limits).
class Breakdown {
public:
  void add(llvm::StringRef name, double seconds) {
    if (seconds == 0)
      return;
    assert(termCount < termStorage.size());
    termStorage[termCount++] = {name, Seconds(seconds)};
  }
  void addResource(llvm::StringRef name, double seconds) {
    assert(resourceCount < resourceStorage.size());
    resourceStorage[resourceCount++] = {name, Seconds(seconds)};
  }

  llvm::ArrayRef<NamedSeconds> terms() const { return {termStorage.data(), termCount}; }
  llvm::ArrayRef<NamedSeconds> resources() const { return {resourceStorage.data(), resourceCount}; }

  Seconds time() const {
    Seconds sum;
    for (const NamedSeconds &term : terms())
      sum += term.time;
    return sum;
  }

  /// The name of the longest resource or, where a summand such as a fixed cost is longer than each of them,
  /// of that.
  llvm::StringRef limiter() const {
    NamedSeconds longest;
    for (const NamedSeconds &resource : resources())
      if (resource.time > longest.time)
        longest = resource;
    for (const NamedSeconds &term : terms())
      if (term.time > longest.time)
        longest = term;
    return longest.name;
  }

private:
  std::array<NamedSeconds, 12> termStorage{};
  std::array<NamedSeconds, 6> resourceStorage{};
  size_t termCount = 0, resourceCount = 0;
};

} // namespace codesign
