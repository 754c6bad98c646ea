#include "codesign/Cost/DecodeModel.h"
#include "CostTestSupport.h"
#include <cmath>

using namespace codesign;

namespace {

DecodeAttentionShape decode(int64_t batch, int64_t context, int64_t heads, int64_t keyValueHeads,
                            int64_t headDim) {
  return {
      .batch = batch, .context = context, .heads = heads, .keyValueHeads = keyValueHeads, .headDim = headDim};
}

TEST(DecodeModel, ChoosesTheGroupedKernelAsMeasured) {
  DecodeModel model(shippedProfile("h100-sxm"), {});
  // One key-value head flips between 4k and 8k keys in all, eight of them between 511 and 1023.
  EXPECT_FALSE(model.usesGroupedKernel(decode(1, 4095, 8, 1, 128)));
  EXPECT_TRUE(model.usesGroupedKernel(decode(1, 8191, 8, 1, 128)));
  EXPECT_FALSE(model.usesGroupedKernel(decode(1, 511, 32, 8, 128)));
  EXPECT_TRUE(model.usesGroupedKernel(decode(1, 1023, 64, 8, 128)));
  // Never for one query head per key-value head, nor for more than 32.
  EXPECT_FALSE(model.usesGroupedKernel(decode(64, 8191, 32, 32, 128)));
  EXPECT_FALSE(model.usesGroupedKernel(decode(64, 8191, 64, 1, 128)));
  DecodeAttentionShape narrow = decode(1, 16, 32, 8, 128);
  narrow.keyValueType = DataType::F8E4M3;
  EXPECT_TRUE(model.usesGroupedKernel(narrow));
}

TEST(DecodeModel, LongContextsStreamTheCache) {
  Profile profile = frozenProfile();
  DecodeConstants constants;
  constants.groupedBandwidth = 0.8;
  DecodeModel model(profile, constants);
  Breakdown result = model.breakdown(decode(256, 8192, 32, 8, 128));
  const double cache = 2.0 * 256 * 8192 * 8 * 128 * 2, queries = 4.0 * 256 * 32 * 128;
  const double bandwidth = profile.memory.datasheetBandwidth.value;
  EXPECT_NEAR(termOf(result, "hbm"), (cache + queries) / (0.8 * bandwidth), 1e-9);
  EXPECT_EQ(result.limiter(), "hbm");
}

TEST(DecodeModel, FewerKeyValueHeadsAreFaster) {
  DecodeModel model(frozenProfile(), {});
  double previous = 1e9;
  for (int64_t keyValueHeads : {16, 8, 4, 2}) {
    double time = model.time(decode(128, 4096, 32, keyValueHeads, 128)).value;
    EXPECT_LT(time, previous) << keyValueHeads;
    previous = time;
  }
}

TEST(DecodeModel, MoreThan32QueryHeadsPerGroupLoseTheGroupedKernel) {
  DecodeModel model(frozenProfile(), {});
  EXPECT_GT(model.time(decode(64, 4096, 64, 1, 128)).value,
            3 * model.time(decode(64, 4096, 32, 1, 128)).value);
}

TEST(DecodeModel, GrowsWithBatchAndShrinksWithAWindow) {
  DecodeModel model(frozenProfile(), {});
  double previous = 0;
  for (int64_t batch = 32; batch <= 2048; batch *= 2) {
    double time = model.time(decode(batch, 4096, 32, 8, 128)).value;
    EXPECT_GT(time, previous);
    previous = time;
  }
  DecodeAttentionShape windowed = decode(128, 8192, 32, 8, 128);
  windowed.window = 128;
  EXPECT_LT(model.time(windowed).value, 0.3 * model.time(decode(128, 8192, 32, 8, 128)).value);
}

TEST(DecodeModel, TermsSumToTheTime) {
  DecodeModel model(frozenProfile(), {});
  for (int64_t batch : {1, 4, 32, 256, 2048})
    for (int64_t keyValueHeads : {1, 8, 32})
      for (int64_t context : {1, 63, 1023, 65535}) {
        Breakdown result = model.breakdown(decode(batch, context, 32, keyValueHeads, 128));
        double sum = 0;
        for (const NamedSeconds &term : result.terms()) {
          EXPECT_GE(term.time.value, 0) << term.name.str();
          sum += term.time.value;
        }
        EXPECT_EQ(sum, result.time().value);
        for (const NamedSeconds &resource : result.resources())
          EXPECT_LE(resource.time.value, result.time().value * (1 + 1e-12)) << resource.name.str();
      }
}

} // namespace
