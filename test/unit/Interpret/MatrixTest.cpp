#include "codesign/Interpret/Matrix.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace codesign;

namespace {

TEST(Matrix, everyHalfSurvivesTheRoundTrip) {
  for (DataType type : {DataType::F16, DataType::BF16})
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      const float value = decodeElement(type, bits);
      if (std::isnan(value))
        EXPECT_TRUE(std::isnan(decodeElement(type, encodeElement(type, value))));
      else
        ASSERT_EQ(encodeElement(type, value), bits) << toString(type).str();
    }
}

TEST(Matrix, tiesGoToEven) {
  EXPECT_EQ(encodeElement(DataType::BF16, 1.0f + 0x1p-8f), 0x3f80u);
  EXPECT_EQ(encodeElement(DataType::BF16, 1.0f + 0x3p-8f), 0x3f82u);
  EXPECT_EQ(encodeElement(DataType::F16, 1.0f + 0x1p-11f), 0x3c00u);
  EXPECT_EQ(encodeElement(DataType::F16, 1.0f + 0x3p-11f), 0x3c02u);
  EXPECT_EQ(encodeElement(DataType::F16, 65519.0f), 0x7bffu);
  EXPECT_EQ(encodeElement(DataType::F16, 65520.0f), 0x7c00u);
  EXPECT_EQ(encodeElement(DataType::F16, 0x1p-25f), 0u);
  EXPECT_EQ(encodeElement(DataType::BF16, std::numeric_limits<float>::max()), 0x7f80u);
}

TEST(Matrix, poisonIsNan) {
  for (DataType type : {DataType::F32, DataType::F16, DataType::BF16})
    EXPECT_TRUE(std::isnan(Matrix(type, 2, 3, 0xff).at(1, 2)));
}

} // namespace
