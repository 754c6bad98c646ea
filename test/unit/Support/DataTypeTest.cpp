#include "codesign/Support/DataType.h"

#include <gtest/gtest.h>

using namespace codesign;

namespace {

TEST(DataType, EveryShortNameParsesBack) {
  for (int i = 0; i <= static_cast<int>(DataType::I4); ++i) {
    auto type = static_cast<DataType>(i);
    EXPECT_EQ(parseDataType(toString(type)), type) << toString(type).str();
  }
}

TEST(DataType, AcceptsHuggingFaceAndPyTorchSpellings) {
  EXPECT_EQ(parseDataType("bfloat16"), DataType::BF16);
  EXPECT_EQ(parseDataType("torch.float16"), DataType::F16);
  EXPECT_EQ(parseDataType("float8_e4m3fnuz"), DataType::F8E4M3FNUZ);
  EXPECT_EQ(parseDataType("bfloat17"), std::nullopt);
}

TEST(DataType, SizesInBytes) {
  EXPECT_EQ(bytesPerElement(DataType::F4E2M1), 0.5);
  EXPECT_EQ(bytesPerElement(DataType::F6E3M2), 0.75);
  EXPECT_EQ(bytesPerElement(DataType::BF16), 2.0);
}

} // namespace
