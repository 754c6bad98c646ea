#include "codesign/Cost/CollectiveModel.h"
#include "CostTestSupport.h"

using namespace codesign;

namespace {

CollectiveModel modelOf(const Profile &profile) {
  return CollectiveModel(profile, {});
}

TEST(CollectiveModel, CountsBytesOnTheWire) {
  EXPECT_EQ(CollectiveModel::bytesOnWire({CollectiveKind::AllReduce, 800, 8}), 1400);
  EXPECT_EQ(CollectiveModel::bytesOnWire({CollectiveKind::AllGather, 800, 8}), 700);
  EXPECT_EQ(CollectiveModel::bytesOnWire({CollectiveKind::ReduceScatter, 800, 4}), 600);
  EXPECT_EQ(CollectiveModel::bytesOnWire({CollectiveKind::AllToAll, 800, 2}), 400);
  EXPECT_EQ(CollectiveModel::bytesOnWire({CollectiveKind::SendReceive, 800, 2}), 800);
}

TEST(CollectiveModel, OneRankIsFree) {
  EXPECT_EQ(modelOf(frozenProfile()).time({CollectiveKind::AllReduce, 1 << 20, 1}).value, 0);
}

TEST(CollectiveModel, TwoGpusOfAMeshUseOneOfSevenLinks) {
  // MI300X measurements: 47.7 GB/s of bus bandwidth between two GPUs, 312.9 among eight.
  CollectiveModel model = modelOf(shippedProfile("mi300x"));
  auto busBandwidth = [&](int64_t ranks) {
    CollectiveShape shape{CollectiveKind::AllReduce, int64_t(1) << 30, ranks};
    return CollectiveModel::bytesOnWire(shape) / model.time(shape).value;
  };
  EXPECT_NEAR(busBandwidth(2), 47.7e9, 0.2 * 47.7e9);
  EXPECT_NEAR(busBandwidth(8), 312.9e9, 0.2 * 312.9e9);
  EXPECT_NEAR(busBandwidth(4) / busBandwidth(2), 3, 0.2);
  EXPECT_GT(busBandwidth(8), 5.5 * busBandwidth(2));
  // The same buffer is reduced sooner by eight GPUs than by two, although more bytes move.
  EXPECT_GT(model.time({CollectiveKind::AllReduce, int64_t(1) << 28, 2}).value,
            model.time({CollectiveKind::AllReduce, int64_t(1) << 28, 8}).value);
}

TEST(CollectiveModel, ASwitchGivesAnyGroupAllLinks) {
  CollectiveModel model = modelOf(shippedProfile("h100-sxm"));
  auto busBandwidth = [&](int64_t ranks) {
    CollectiveShape shape{CollectiveKind::AllReduce, int64_t(1) << 30, ranks};
    return CollectiveModel::bytesOnWire(shape) / model.time(shape).value;
  };
  EXPECT_GT(busBandwidth(2), 0.6 * busBandwidth(8));
}

TEST(CollectiveModel, RanksBehindASwitchCopyTheirOwnPart) {
  CollectiveConstants constants;
  constants.ownPart = 0.5;
  constants.simpleRankExponent = constants.simpleRamp = 0;
  const Profile h100 = shippedProfile("h100-sxm"), mi300x = shippedProfile("mi300x");
  std::array<CollectiveConstants, 5> all;
  all.fill(constants);
  auto transfer = [&](const Profile &profile, CollectiveKind kind, int64_t ranks) {
    const CollectiveShape shape{kind, int64_t(1) << 30, ranks};
    const Breakdown result = CollectiveModel(profile, all).breakdown(shape);
    return termOf(result, "links") / resourceOf(result, "links") * constants.simpleBandwidth;
  };
  EXPECT_NEAR(transfer(h100, CollectiveKind::AllGather, 2), 1.5, 1e-9);
  EXPECT_NEAR(transfer(h100, CollectiveKind::AllGather, 8), 1 + 0.5 / 7, 1e-9);
  EXPECT_NEAR(transfer(h100, CollectiveKind::SendReceive, 2), 1, 1e-9);
  EXPECT_NEAR(transfer(mi300x, CollectiveKind::AllGather, 2), 1, 1e-9);
}

TEST(CollectiveModel, AFirstChunkPassesEveryRankBesideTheTransfers) {
  CollectiveConstants constants;
  constants.simpleFillPerRank = 10e-6;
  std::array<CollectiveConstants, 5> all;
  all.fill(constants);
  constants.simpleFillPerRank = 0;
  std::array<CollectiveConstants, 5> none;
  none.fill(constants);
  const Profile h100 = shippedProfile("h100-sxm");
  auto fill = [&](int64_t bytes) {
    const CollectiveShape shape{CollectiveKind::AllGather, bytes, 8};
    return CollectiveModel(h100, all).time(shape).value - CollectiveModel(h100, none).time(shape).value;
  };
  EXPECT_GT(fill(16 << 20), 30e-6); // seven hops of 10 us, of which transfers hide some
  EXPECT_LT(fill(16 << 20), 70e-6);
  EXPECT_LT(fill(int64_t(1) << 30), 2e-6);
}

TEST(CollectiveModel, ARuleTakesTheChunkedProtocolFromASizePerFurtherRankOn) {
  CollectiveConstants constants;
  constants.simpleLatency = 200e-6; // far dearer at these sizes
  std::array<CollectiveConstants, 5> all;
  all.fill(constants);
  const Profile h100 = shippedProfile("h100-sxm");
  auto isChunked = [&](int64_t bytes, int64_t ranks) {
    const Breakdown result = CollectiveModel(h100, all).breakdown({CollectiveKind::AllGather, bytes, ranks});
    return termOf(result, "links") > 0;
  };
  EXPECT_FALSE(isChunked(16'000'000, 8));
  all[static_cast<size_t>(CollectiveKind::AllGather)].simpleFromBytesPerRank = 2e6;
  EXPECT_TRUE(isChunked(14'000'001, 8)); // seven further ranks
  EXPECT_FALSE(isChunked(14'000'000, 8));
  EXPECT_TRUE(isChunked(2'000'001, 2));
  EXPECT_FALSE(isChunked(2'000'000, 2));
}

TEST(CollectiveModel, TakesTheCheapestProtocol) {
  CollectiveModel model = modelOf(frozenProfile());
  double previous = 0;
  for (int64_t bytes = 256; bytes < (int64_t(1) << 32); bytes *= 2) {
    Breakdown result = model.breakdown({CollectiveKind::AllReduce, bytes, 8});
    EXPECT_GE(result.time().value, previous);
    previous = result.time().value;
    EXPECT_LE(resourceOf(result, "links"), result.time().value);
  }
  EXPECT_GT(termOf(model.breakdown({CollectiveKind::AllReduce, 1024, 8}), "links, flag per word"), 0);
  EXPECT_GT(termOf(model.breakdown({CollectiveKind::AllReduce, int64_t(1) << 30, 8}), "links"), 0);
}

} // namespace
