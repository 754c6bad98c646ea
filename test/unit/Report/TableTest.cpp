#include "codesign/Report/Table.h"

#include <gtest/gtest.h>

using namespace codesign;

namespace {

std::string print(const Table &table) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  table.print(stream, 1);
  return text;
}

TEST(Table, ColumnsLineUpWithMultiByteText) {
  Table table({Align::Left, Align::Right});
  table.addRow({"band", "±2 %"});
  table.addRow({"time", "10 us"});
  EXPECT_EQ(print(table), " band   ±2 %\n time  10 us\n");
}

TEST(Table, RulesSpanTheColumns) {
  Table table({Align::Left, Align::Left});
  table.addRow({"ab", "c"});
  table.addRule();
  EXPECT_EQ(print(table), " ab  c\n -----\n");
}

TEST(Table, StaysWithinAWidth) {
  Table table({Align::Left, Align::Left, Align::Left});
  table.addRow({"rows", "tile", "a few words"});
  const auto within = [&](unsigned width) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    table.print(stream, 0, width);
    return text;
  };
  EXPECT_EQ(within(23), "rows  tile  a few words\n");
  EXPECT_EQ(within(21), "rows tile a few words\n");
  EXPECT_EQ(within(20), "rows  tile  a few\n            words\n");
}

TEST(Table, WrapsAtSpacesOnly) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  printWrapped(stream, "one two three", 4, 11, "- ");
  EXPECT_EQ(text, "  - one two\n    three\n");
}

} // namespace
