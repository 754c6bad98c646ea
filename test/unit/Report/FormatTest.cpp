#include "codesign/Report/Format.h"

#include <gtest/gtest.h>

using namespace codesign;

namespace {

TEST(Format, CountsKeepThreeDigits) {
  EXPECT_EQ(formatCount(8030261248.0), "8.03 B");
  EXPECT_EQ(formatCount(494032768.0), "494 M");
  EXPECT_EQ(formatCount(950), "950");
  EXPECT_EQ(formatCount(999999), "1.00 M");
}

TEST(Format, TimesChooseTheirUnit) {
  EXPECT_EQ(formatTime(3.4217e-6), "3.42 us");
  EXPECT_EQ(formatTime(0.8124), "812 ms");
  EXPECT_EQ(formatTime(1.2449), "1.24 s");
  EXPECT_EQ(formatTime(0.9999e-3), "1.00 ms");
}

TEST(Format, NumbersKeepThreeDigits) {
  EXPECT_EQ(formatNumber(512.4), "512");
  EXPECT_EQ(formatNumber(5.1249), "5.12");
  EXPECT_EQ(formatNumber(0.51249), "0.512");
  EXPECT_EQ(formatNumber(0.00197), "0.00197");
  EXPECT_EQ(formatNumber(0.09998), "0.100");
  EXPECT_EQ(formatNumber(0.000042), "4.20e-05");
  EXPECT_EQ(formatNumber(0), "0.00");
}

TEST(Format, SharesAndChanges) {
  EXPECT_EQ(formatPercent(0.1234), "12.3%");
  EXPECT_EQ(formatChange(-0.003), "-0.3%");
  EXPECT_EQ(formatChange(0.02), "+2.0%");
  EXPECT_EQ(formatFactor(1.0804), "1.080x");
}

TEST(Format, IntegersAreGrouped) {
  EXPECT_EQ(formatInteger(0), "0");
  EXPECT_EQ(formatInteger(999), "999");
  EXPECT_EQ(formatInteger(-1234567), "-1,234,567");
}

} // namespace
