// Expressions of emitted sources: zeros and literals folded, parentheses where C++ needs them.
#include "lib/Emit/Expression.h"
#include "gtest/gtest.h"

using namespace codesign::emit;

namespace {

Expression name(const char *text) {
  return {text};
}
Expression literal(int64_t value) {
  return Expression::ofLiteral(value);
}

TEST(Expression, literalsOfSumsJoin) {
  const Expression lessTwo = difference(name("count"), literal(2));
  EXPECT_EQ(lessTwo.text, "count - 2");
  EXPECT_EQ(sum(lessTwo, literal(1)).text, "count - 1");
  EXPECT_EQ(sum(lessTwo, literal(2)).text, "count");
  EXPECT_EQ(sum(lessTwo, literal(5)).text, "count + 3");
  EXPECT_EQ(sum(name("first"), sum(name("kTile"), literal(2))).text, "first + kTile + 2");
  EXPECT_EQ(sum(sum(name("a"), literal(1)), sum(name("b"), literal(2))).text, "a + b + 3");
  EXPECT_EQ(difference(name("a"), sum(name("b"), literal(2))).text, "a - (b + 2)");
  EXPECT_EQ(sum(literal(3), literal(4)).text, "7");
}

TEST(Expression, nothingIsAddedAndNothingMultipliedByOne) {
  EXPECT_EQ(sum(literal(0), name("x")).text, "x");
  EXPECT_EQ(sum(name("x"), literal(0)).text, "x");
  EXPECT_EQ(product(name("x"), literal(1)).text, "x");
  EXPECT_EQ(product(literal(1), name("x")).text, "x");
  EXPECT_EQ(product(literal(0), name("x")).text, "0");
  EXPECT_EQ(quotient(name("x"), literal(1)).text, "x");
  EXPECT_EQ(remainder(name("x"), literal(1)).text, "0");
  EXPECT_EQ(remainder(literal(7), literal(4)).text, "3");
}

TEST(Expression, parenthesesStandWhereTheyAreNeeded) {
  const Expression next = sum(name("kTile"), literal(2));
  EXPECT_EQ(product(next, name("tileK")).text, "(kTile + 2) * tileK");
  EXPECT_EQ(remainder(sum(next, literal(-1)), literal(2)).text, "(kTile + 1) % 2");
  EXPECT_EQ(product(name("a"), product(name("b"), name("c"))).text, "a * (b * c)");
  EXPECT_EQ(remainder(product(name("a"), name("b")), literal(3)).text, "a * b % 3");
  // What a literal was taken from keeps its own precedence.
  const Expression scaled = sum(product(name("a"), name("b")), literal(1));
  EXPECT_EQ(product(sum(scaled, literal(-1)), name("c")).text, "a * b * c");
}

} // namespace
