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

TEST(BorrowedCalibration, ProductsTakeConstantsAndCorrectionsButNotBandwidth) {
  // The same 132 units: what fills them carries over. A product that streams its weights follows HBM.
  const Profile h100 = shippedProfile("h100-sxm"), h200 = shippedProfile("h200");
  CostOptions inBursts;
  inBursts.sustained = false;
  const CostModel own(h100, inBursts), borrowed(h200, inBursts);
  const GemmShape computes{.m = 4096, .n = 8192, .k = 8192}, streams{.m = 16, .n = 28672, .k = 8192};
  EXPECT_EQ(borrowed.estimate(computes).source, EstimateSource::Datasheet);
  EXPECT_NEAR(own.time(computes) / borrowed.time(computes), h200.peakClock / h100.peakClock, 0.05);
  const double streamed = own.time(streams) / borrowed.time(streams);
  EXPECT_GT(streamed, 1.2);
  EXPECT_LT(streamed, 4.8 / 3.35 + 0.02);
  EXPECT_NE(termOf(borrowed.estimate(computes).breakdown, "measured neighbours"), 0);
  // 114 units fill up elsewhere.
  const Profile pcie = shippedProfile("h100-pcie");
  EXPECT_EQ(termOf(CostModel(pcie, inBursts).estimate(computes).breakdown, "measured neighbours"), 0);
}

TEST(BorrowedCalibration, SimulatedKernelsDoNotHideMeasuredLibraries) {
  // MI325X has sets of own kernels only; of its library's products MI300X's tell, on as many units at one
  // clock.
  const Profile mi300x = shippedProfile("mi300x"), mi325x = shippedProfile("mi325x");
  CostOptions inBursts;
  inBursts.sustained = false;
  const CostModel own(mi300x, inBursts), borrowed(mi325x, inBursts);
  for (const GemmShape &shape :
       {GemmShape{.m = 8192, .n = 8192, .k = 8192},
        GemmShape{
            .m = 8192, .n = 5120, .k = 4096, .input = DataType::F8E4M3FNUZ, .scaling = Scaling::Block128}}) {
    EXPECT_EQ(borrowed.estimate(shape).source, EstimateSource::Datasheet);
    EXPECT_NEAR(own.time(shape) / borrowed.time(shape), 1, 0.03);
  }
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
