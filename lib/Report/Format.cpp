#include "codesign/Report/Format.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <array>
#include <cmath>

namespace codesign {

static std::string fixed(double value, int decimals) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*f", decimals, value);
  return text;
}

std::string formatNumber(double value) {
  double magnitude = std::fabs(value);
  if (magnitude != 0 && (magnitude >= 1e6 || magnitude < 1e-4)) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.2e", value);
    return text;
  }
  if (magnitude >= 99.95)
    return fixed(value, 0);
  if (magnitude >= 9.995)
    return fixed(value, 1);
  if (magnitude >= 0.9995 || magnitude == 0)
    return fixed(value, 2);
  return fixed(value, 3 - 1 - static_cast<int>(std::floor(std::log10(magnitude * 1.0005))));
}

/// Picks the largest unit that leaves at least one digit before the point.
static std::string scaled(double value, double step, llvm::ArrayRef<const char *> units) {
  size_t unit = 0;
  while (unit + 1 < units.size() && std::fabs(value) >= step * 0.9995) {
    value /= step;
    ++unit;
  }
  std::string number = unit == 0 && value == std::floor(value) ? fixed(value, 0) : formatNumber(value);
  return units[unit][0] == '\0' ? number : number + " " + units[unit];
}

std::string formatCount(double value) {
  static constexpr std::array<const char *, 5> units = {"", "K", "M", "B", "T"};
  return scaled(value, 1000, units);
}

std::string formatBytes(double bytes) {
  static constexpr std::array<const char *, 5> units = {"B", "KB", "MB", "GB", "TB"};
  return scaled(bytes, 1000, units);
}

std::string formatTime(double seconds) {
  if (seconds < 0.9995e-3)
    return formatNumber(seconds * 1e6) + " us";
  if (seconds < 0.9995)
    return formatNumber(seconds * 1e3) + " ms";
  return formatNumber(seconds) + " s";
}

std::string formatInteger(int64_t value) {
  std::string digits = std::to_string(value);
  const int first = value < 0 ? 1 : 0;
  for (int at = static_cast<int>(digits.size()) - 3; at > first; at -= 3)
    digits.insert(digits.begin() + at, ',');
  return digits;
}

std::string formatPercent(double share) {
  double percent = share * 100;
  return fixed(percent, std::fabs(percent) >= 99.95 ? 0 : 1) + "%";
}

std::string formatChange(double share) {
  std::string text = formatPercent(share);
  return share > 0 ? "+" + text : text;
}

std::string formatFactor(double factor) {
  return fixed(factor, factor >= 10 ? 1 : factor >= 1.995 ? 2 : 3) + "x";
}

} // namespace codesign
