#include "codesign/Cost/KindOfChange.h"
#include "CostTestSupport.h"
#include "codesign/Cost/CostModel.h"
#include "codesign/Cost/Measurements.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace codesign;

namespace {

TEST(KindOfChange, TellsWhetherBothSizesFillMacroTiles) {
  EXPECT_EQ(kindOfChange("n", 4096, 4224), "n, aligned");
  EXPECT_EQ(kindOfChange("n", 4096, 4160), "n, unaligned");
  EXPECT_EQ(kindOfChange("m", 1, 128), "m, unaligned");
  EXPECT_EQ(kindOfChange("heads", 32, 40), "heads"); // no macro-tile cuts heads
}

TEST(KindOfChange, NamesTheDimensionsThatMoved) {
  const GemmShape gemm{.m = 512, .n = 4096, .k = 4096};
  GemmShape moved = gemm;
  EXPECT_TRUE(changesBetween(gemm, moved).empty());
  moved.n = 5120;
  moved.k = 2048;
  const auto changes = changesBetween(gemm, moved);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].names.front(), "n");
  EXPECT_EQ(changes[0].from, 4096);
  EXPECT_EQ(changes[0].to, 5120);
  EXPECT_EQ(changes[1].names.front(), "k");
  // Self-attention has one sequence length.
  const AttentionShape attention{
      .batch = 1, .queryLength = 4096, .keyLength = 4096, .heads = 32, .keyValueHeads = 8, .headDim = 128};
  AttentionShape longer = attention;
  longer.queryLength = longer.keyLength = 8192;
  EXPECT_EQ(changesBetween(attention, longer).size(), 1u);
}

/// The names here and those of the tables are two lists: each step between neighbouring rows must go by the
/// name that the table has for it.
TEST(KindOfChange, AgreesWithTheCoordinatesOfMeasuredTables) {
  // What no shape has: storage order, how a layer was split, and fp16 instead of bf16.
  const llvm::StringSet<> outsideShapes = {"layout", "tp", "type"};
  llvm::StringSet<> seen;
  for (auto [file, device] :
       {std::pair("gemm_h100-sxm.csv", "h100-sxm"), std::pair("gemm_mi300x_iree.csv", "mi300x"),
        std::pair("prefill_h100-sxm.csv", "h100-sxm"), std::pair("attention_aiter_tflops.csv", "mi300x"),
        std::pair("decode_h100-sxm.csv", "h100-sxm"), std::pair("moe_h100-sxm.csv", "h100-sxm"),
        std::pair("collective_h100-sxm.csv", "h100-sxm")}) {
    const std::string path = std::string(CODESIGN_SOURCE_DIR "/test/unit/Cost/Inputs/") + file;
    const MeasurementTable table = llvm::cantFail(readMeasurements(path));
    const auto kind = llvm::cantFail(kindOf(table));
    const std::vector<MeasuredRow> rows = kind->read(table, shippedProfile(device));
    for (const NeighbourPair &pair : neighbours(rows, kind->coordinateNames())) {
      const MeasuredRow &a = rows[pair.first], &b = rows[pair.second];
      if (!(a.key == b.key) || outsideShapes.contains(pair.change))
        continue;
      seen.insert(pair.change);
      bool named = false;
      for (auto [partA, partB] : llvm::zip_equal(a.parts, b.parts))
        for (const DimensionChange &change : changesBetween(partA, partB))
          named |= llvm::is_contained(change.names, pair.change);
      EXPECT_TRUE(named) << file << ": " << pair.change << " of " << describe(a.parts.front());
    }
  }
  for (const char *name : {"m", "n", "k", "batch", "seq", "context", "heads", "kv_heads", "bytes", "tokens"})
    EXPECT_TRUE(seen.contains(name)) << name;
}

/// A profile whose only calibration is the given one of bf16 products.
Profile withRatioBands(std::vector<ErrorBand> bands) {
  Profile profile = frozenProfile();
  CalibrationSet set;
  set.key = {"gemm", "hipblaslt", DataType::BF16};
  set.evidence = "measured";
  set.absoluteBands = {{"all", 0.92, 1.08, 0.8, 1000}};
  set.ratioBands = std::move(bands);
  profile.calibration.sets = {set};
  return profile;
}

TEST(CostModel, TheRatioBandIsThatOfTheChange) {
  const Profile profile = withRatioBands({{"all", 0.95, 1.04, 0.8, 1000},
                                          {"k", 0.98, 1.01, 0.8, 1000},
                                          {"n", 0.97, 1.02, 0.8, 1000},
                                          {"n, aligned", 0.99, 1.01, 0.8, 1000},
                                          {"n, unaligned", 0.94, 1.07, 0.8, 1000}});
  const CostModel model(profile, {});
  const GemmShape base{.m = 4096, .n = 4096, .k = 4096};
  const auto band = [&](auto change) {
    GemmShape moved = base;
    change(moved);
    return model.ratioBand(base, moved);
  };
  EXPECT_NEAR(band([](GemmShape &s) { s.n = 5120; }), 0.01, 1e-12);
  EXPECT_NEAR(band([](GemmShape &s) { s.n = 4100; }), 0.07, 1e-12);
  EXPECT_NEAR(band([](GemmShape &s) { s.k = 5120; }), 0.02, 1e-12); // no finer kind: the dimension's
  EXPECT_NEAR(band([](GemmShape &s) { s.m = 5120; }), 0.05, 1e-12); // neither: all
  EXPECT_NEAR(band([](GemmShape &) {}), 0.05, 1e-12);
  EXPECT_NEAR(band([](GemmShape &s) { s.n = s.k = 5120; }), std::hypot(0.01, 0.02), 1e-12);
  EXPECT_NEAR(band([](GemmShape &s) { s.n = 4100, s.k = s.m = 5120; }), std::hypot(0.07, 0.02, 0.05), 1e-12);
  // Another type has no calibration here: the bands of both predictions.
  EXPECT_NEAR(band([](GemmShape &s) { s.input = DataType::F8E4M3FNUZ; }), std::hypot(0.08, 0.30), 1e-12);
  const NormShape norm{.rows = 64, .columns = 4096};
  EXPECT_NEAR(model.ratioBand(base, norm), std::hypot(0.08, 0.30), 1e-12);
}

TEST(CostModel, TheRatioBandNeverExceedsThatOfTwoPredictions) {
  const Profile profile = withRatioBands({{"all", 0.8, 1.2, 0.8, 1000}});
  const CostModel model(profile, {});
  const GemmShape base{.m = 4096, .n = 4096, .k = 4096}, moved{.m = 4096, .n = 5120, .k = 4096};
  EXPECT_NEAR(model.ratioBand(base, moved), std::hypot(0.08, 0.08), 1e-12);
  // Without any calibration it is an assumption.
  const Profile bare = frozenProfile();
  EXPECT_NEAR(CostModel(bare, {}).ratioBand(base, moved), 0.10, 1e-12);
}

} // namespace
