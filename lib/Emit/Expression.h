// A piece of C++ with the precedence of its outermost operator, so that parentheses appear exactly where
// needed, and literals are added up as a person would.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace codesign::emit {

/// Tighter binding is larger; the order of the C++ operator table.
enum class Precedence { Additive, Multiplicative, Primary };

struct Expression {
  std::string text;
  Precedence precedence = Precedence::Primary;
  std::optional<int64_t> literal = std::nullopt;
  // Of "x + 2": "x", its precedence, and 2. Nothing is added to other texts.
  std::string base = {};
  Precedence basePrecedence = Precedence::Primary;
  int64_t addend = 0;

  static Expression ofLiteral(int64_t value) {
    return {std::to_string(value), value < 0 ? Precedence::Additive : Precedence::Primary, value};
  }
  /// What stands before the literal that is added to it.
  Expression withoutAddend() const { return addend == 0 ? *this : Expression{base, basePrecedence}; }
  /// This plus a literal, which joins the one that is there.
  Expression plus(int64_t value) const {
    if (literal)
      return ofLiteral(*literal + value);
    const Expression before = withoutAddend();
    const int64_t sum = addend + value;
    if (sum == 0)
      return before;
    return {before.text + (sum < 0 ? " - " : " + ") + std::to_string(std::abs(sum)),
            Precedence::Additive,
            std::nullopt,
            before.text,
            before.precedence,
            sum};
  }
  /// The text as an operand that must bind at least as tightly as `context`.
  std::string in(Precedence context) const { return precedence < context ? "(" + text + ")" : text; }
};

/// left op right for a left-associative operator: the right operand must bind tighter.
inline Expression binary(const Expression &left, const char *op, const Expression &right,
                         Precedence precedence) {
  const auto tighter = precedence == Precedence::Additive ? Precedence::Multiplicative : Precedence::Primary;
  return {left.in(precedence) + " " + op + " " + right.in(tighter), precedence};
}

/// left + right. Sums need no parentheses in a sum.
inline Expression sum(const Expression &left, const Expression &right) {
  if (right.literal)
    return left.plus(*right.literal);
  if (left.literal)
    return right.plus(*left.literal);
  const Expression first = left.withoutAddend(), second = right.withoutAddend();
  return Expression{first.text + " + " + second.text, Precedence::Additive}.plus(left.addend + right.addend);
}

/// left - right.
inline Expression difference(const Expression &left, const Expression &right) {
  if (right.literal)
    return left.plus(-*right.literal);
  return binary(left, "-", right, Precedence::Additive);
}

/// left * right.
inline Expression product(const Expression &left, const Expression &right) {
  if (left.literal && right.literal)
    return Expression::ofLiteral(*left.literal * *right.literal);
  if (left.literal == 0 || right.literal == 0)
    return Expression::ofLiteral(0);
  if (left.literal == 1)
    return right;
  return right.literal == 1 ? left : binary(left, "*", right, Precedence::Multiplicative);
}

/// left / right, of numbers that are not negative.
inline Expression quotient(const Expression &left, const Expression &right) {
  if (left.literal && right.literal.value_or(0) != 0)
    return Expression::ofLiteral(*left.literal / *right.literal);
  return right.literal == 1 ? left : binary(left, "/", right, Precedence::Multiplicative);
}

/// left % right, of numbers that are not negative.
inline Expression remainder(const Expression &left, const Expression &right) {
  if (left.literal && right.literal.value_or(0) != 0)
    return Expression::ofLiteral(*left.literal % *right.literal);
  return right.literal == 1 ? Expression::ofLiteral(0) : binary(left, "%", right, Precedence::Multiplicative);
}

} // namespace codesign::emit
