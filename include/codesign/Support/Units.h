// Quantities with their unit in the type, so that bytes are never added to seconds.
#pragma once

#include <compare>

namespace codesign {

/// A double that carries its unit as a tag. Sums and comparisons stay within one unit; scaling is by a plain
/// number.
template <class Tag>
struct Quantity {
  double value = 0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value(value) {}

  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value + b.value); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value - b.value); }
  friend constexpr Quantity operator*(Quantity a, double factor) { return Quantity(a.value * factor); }
  friend constexpr Quantity operator*(double factor, Quantity a) { return Quantity(a.value * factor); }
  friend constexpr Quantity operator/(Quantity a, double divisor) { return Quantity(a.value / divisor); }
  /// The ratio of two equal units is a plain number.
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  friend constexpr auto operator<=>(Quantity a, Quantity b) = default;
  constexpr Quantity &operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity &operator-=(Quantity other) { return *this = *this - other; }
};

using Seconds = Quantity<struct SecondsTag>;
using Bytes = Quantity<struct BytesTag>;
/// Floating-point operations; a multiply-accumulate counts as two.
using Flops = Quantity<struct FlopsTag>;
using Cycles = Quantity<struct CyclesTag>;
using Hertz = Quantity<struct HertzTag>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag>;
using FlopsPerSecond = Quantity<struct FlopsPerSecondTag>;
using Joules = Quantity<struct JoulesTag>;
using Watts = Quantity<struct WattsTag>;
using Dollars = Quantity<struct DollarsTag>;

constexpr Seconds operator/(Bytes amount, BytesPerSecond rate) {
  return Seconds(amount.value / rate.value);
}
constexpr Seconds operator/(Flops amount, FlopsPerSecond rate) {
  return Seconds(amount.value / rate.value);
}
constexpr Seconds operator/(Cycles amount, Hertz clock) {
  return Seconds(amount.value / clock.value);
}
constexpr Joules operator*(Watts power, Seconds time) {
  return Joules(power.value * time.value);
}
constexpr Joules operator*(Seconds time, Watts power) {
  return power * time;
}

constexpr Seconds microseconds(double value) {
  return Seconds(value * 1e-6);
}
constexpr double toMicroseconds(Seconds time) {
  return time.value * 1e6;
}
constexpr double toMilliseconds(Seconds time) {
  return time.value * 1e3;
}

} // namespace codesign
