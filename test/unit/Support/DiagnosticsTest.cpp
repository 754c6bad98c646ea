#include "codesign/Support/Diagnostics.h"

#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace codesign;

namespace {

std::string render(llvm::Error error, ExitCode expected) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  EXPECT_EQ(reportError(std::move(error), stream), expected);
  return text;
}

SourceLocation place(std::string text, int line, int column) {
  return {std::make_shared<const SourceFile>(SourceFile{"model.yaml", std::move(text)}), line, column};
}

TEST(Diagnostics, CaretStandsUnderTheColumn) {
  EXPECT_EQ(render(inputError(place("a: 1\nbc: 2\n", 2, 5), "found 2"), ExitCode::BadInput),
            "model.yaml:2:5: error: found 2\n  bc: 2\n      ^\n");
}

TEST(Diagnostics, TabsAreKeptBeforeTheCaret) {
  EXPECT_EQ(render(inputError(place("\tx: 1", 1, 2), "no"), ExitCode::BadInput),
            "model.yaml:1:2: error: no\n  \tx: 1\n  \t^\n");
}

TEST(Diagnostics, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(render(inputError(place("\x1b[31mx", 1, 1), "no"), ExitCode::BadInput),
            "model.yaml:1:1: error: no\n  ?[31mx\n  ^\n");
}

TEST(Diagnostics, PositionsPastTheEndAreHarmless) {
  EXPECT_EQ(render(inputError(place("x", 7, 900), "gone"), ExitCode::BadInput),
            "model.yaml:7:900: error: gone\n  \n  ^\n");
}

TEST(Diagnostics, LongLinesAreCutAroundTheCaret) {
  std::string text = render(inputError(place(std::string(5000, 'x'), 1, 2500), "long"), ExitCode::BadInput);
  EXPECT_LT(text.size(), 500u);
}

TEST(Diagnostics, SuggestsOnlyNearNames) {
  EXPECT_EQ(didYouMean("hiden_size", {"hidden_size", "head_dim"}), "; did you mean 'hidden_size'?");
  EXPECT_EQ(didYouMean("colour", {"hidden_size", "head_dim"}), "");
}

TEST(Diagnostics, WorstExitCodeWins) {
  EXPECT_EQ(render(llvm::joinErrors(usageError("a"), infeasibleError("b")), ExitCode::Infeasible),
            "error: a\nerror: b\n");
}

TEST(Diagnostics, MissingFileIsBadInput) {
  auto file = readSourceFile("/nonexistent/model.yaml");
  ASSERT_FALSE(bool(file));
  EXPECT_NE(render(file.takeError(), ExitCode::BadInput).find("cannot read '/nonexistent/model.yaml'"),
            std::string::npos);
}

} // namespace
