// Numbers as people read them: three significant digits and a unit.
#pragma once

#include "codesign/Support/Units.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace codesign {

/// 8030261248 -> "8.03 B", 494032768 -> "494 M", 950 -> "950".
std::string formatCount(double value);
/// "3.42 us", "812 ms", "1.24 s".
std::string formatTime(double seconds);
/// "1.5 GB" in powers of 1000.
std::string formatBytes(double bytes);
/// Three significant digits, without an exponent from 1e-4 to 1e6: "512", "51.2", "0.512", "0.00197".
std::string formatNumber(double value);
/// 1234567 -> "1,234,567".
std::string formatInteger(int64_t value);
/// 0.123 -> "12.3%"; with a sign for changes: "+1.2%".
std::string formatPercent(double share);
std::string formatChange(double share);
/// "1.08x".
std::string formatFactor(double factor);

} // namespace codesign
