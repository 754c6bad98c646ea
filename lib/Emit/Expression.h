// A piece of C++ with the precedence of its outermost operator, so that parentheses appear exactly where
// needed.
#pragma once

#include <string>

namespace codesign::emit {

/// Tighter binding is larger; the order of the C++ operator table.
enum class Precedence { Additive, Multiplicative, Primary };

struct Expression {
  std::string text;
  Precedence precedence = Precedence::Primary;

  /// The text as an operand that must bind at least as tightly as `context`.
  std::string in(Precedence context) const { return precedence < context ? "(" + text + ")" : text; }
};

/// left op right for a left-associative operator: the right operand must bind tighter.
inline Expression binary(const Expression &left, const char *op, const Expression &right,
                         Precedence precedence) {
  const auto tighter = precedence == Precedence::Additive ? Precedence::Multiplicative : Precedence::Primary;
  return {left.in(precedence) + " " + op + " " + right.in(tighter), precedence};
}

} // namespace codesign::emit
