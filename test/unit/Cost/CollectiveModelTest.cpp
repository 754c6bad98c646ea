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
