#include "CostTestSupport.h"
#include "codesign/Cost/CostModel.h"

using namespace codesign;

namespace {

const CalibrationSet *setOf(const Profile &profile, llvm::StringRef kind) {
  for (const CalibrationSet &set : profile.calibration.sets)
    if (set.key.operatorKind == kind)
      return &set;
  return nullptr;
}

TEST(BorrowedCalibration, ComesFromTheNearestDevice) {
  Profile h200 = shippedProfile("h200"), mi300x = shippedProfile("mi300x"), mi325x = shippedProfile("mi325x");
  ASSERT_NE(setOf(h200, "decode"), nullptr);
  EXPECT_EQ(setOf(h200, "decode")->borrowedFrom, "h100-sxm");
  EXPECT_EQ(setOf(mi300x, "prefill")->borrowedFrom, "");
  EXPECT_EQ(setOf(mi300x, "decode")->borrowedFrom, "h100-sxm");
  EXPECT_EQ(setOf(mi325x, "prefill")->borrowedFrom, "mi300x");
  EXPECT_EQ(setOf(mi325x, "decode")->borrowedFrom, "h100-sxm");
}

TEST(BorrowedCalibration, SaysDatasheetWithAWiderBand) {
  Profile h100 = shippedProfile("h100-sxm"), h200 = shippedProfile("h200");
  CostModel own(h100, {}), borrowed(h200, {});
  DecodeAttentionShape shape{.batch = 64, .context = 8192, .heads = 32, .keyValueHeads = 8, .headDim = 128};
  Estimate from = own.estimate(shape), to = borrowed.estimate(shape);
  EXPECT_EQ(from.source, EstimateSource::Calibrated);
  EXPECT_EQ(to.source, EstimateSource::Datasheet);
  EXPECT_GT(to.band, from.band);
  EXPECT_EQ(borrowed.providerName(shape), "cuda libraries");
  // The cache streams at H200's bandwidth: 4.8 instead of 3.35 TB/s.
  EXPECT_NEAR(from.time() / to.time(), 4.8 / 3.35, 0.12);
}

TEST(BorrowedCalibration, AttentionPrefersItsOwnOtherType) {
  Profile mi300x = shippedProfile("mi300x");
  CostModel model(mi300x, {});
  AttentionShape shape{
      .batch = 1, .queryLength = 8192, .keyLength = 8192, .heads = 32, .keyValueHeads = 8, .headDim = 128};
  shape.type = shape.keyValueType = DataType::F8E4M3FNUZ;
  EXPECT_EQ(model.providerName(shape), "aiter");
  EXPECT_GT(model.time(shape).value, 0);
}

} // namespace
