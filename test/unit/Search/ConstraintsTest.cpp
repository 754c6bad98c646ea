#include "BruteForce.h"
#include "codesign/Model/Blocks.h"

#include "llvm/ADT/STLExtras.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::testing;

namespace {

Space spaceOf(ModelSpec model) {
  Space space;
  space.base = std::move(model);
  space.workloads = {{trainWorkload(4, 4096), {}}};
  return space;
}

const Constraint *constraintNamed(const std::vector<Constraint> &constraints, llvm::StringRef name) {
  auto found = llvm::find_if(constraints, [&](const Constraint &c) { return c.name == name; });
  return found == constraints.end() ? nullptr : &*found;
}

ModelSpec llama3() {
  return denseModel(4096, 32, 128, 32, 8, 14336, 128256);
}

TEST(Constraints, EveryGuardRailAdmitsTheBase) {
  // GPT-3 2.7B's head_dim of 80, MHA, an FFN of 2.69 and odd sizes break most rules of thumb.
  ModelSpec models[] = {llama3(), denseModel(2560, 32, 80, 32, 32, 10240, 50257),
                        denseModel(576, 30, 64, 9, 3, 1536, 49152, true),
                        moeModel(2880, 24, 64, 64, 8, 128, 4, 2880, 0, 201088),
                        moeModel(2048, 40, 128, 8, 2, 16, 1, 4096, 0, 262272)};
  for (const ModelSpec &model : models) {
    Space space = spaceOf(model);
    for (const Constraint &constraint : constraintsOf(space))
      EXPECT_TRUE(satisfies(space, constraint, baseVariant(space)))
          << constraint.name << ": " << constraint.text();
  }
}

TEST(Constraints, UnwidenedOnesNameWhatTheBaseBreaks) {
  Space space = spaceOf(denseModel(2560, 32, 80, 32, 32, 10240, 50257));
  std::vector<std::string> broken;
  for (const Constraint &constraint : constraintsOf(space, /*widened=*/false))
    if (!satisfies(space, constraint, baseVariant(space)))
      broken.push_back(constraint.name);
  EXPECT_THAT(broken, ::testing::ElementsAre("head_dim_menu", "heads_per_kv_head"));
}

TEST(Constraints, SwitchOffAndChange) {
  Space space = spaceOf(llama3());
  space.guardRails = {{"min_kv_heads", {}, {}, true}, {"depth_width_band", 100.0, {}, false}};
  std::vector<Constraint> constraints = constraintsOf(space);
  EXPECT_EQ(constraintNamed(constraints, "min_kv_heads"), nullptr);
  ASSERT_NE(constraintNamed(constraints, "depth_width_band"), nullptr);
  EXPECT_EQ(constraintNamed(constraints, "depth_width_band")->text(),
            "hidden_size / num_hidden_layers from 100 to 160");
}

TEST(Constraints, ANamedLimitHoldsAgainstTheBase) {
  Space space;
  space.base = denseModel(512, 4, 64, 8, 8, 1536, 1000);
  space.workloads = {{trainWorkload(1, 256, 1), {}}};
  const auto named = [&](llvm::StringRef name) {
    for (const Constraint &constraint : constraintsOf(space))
      if (constraint.name == name)
        return constraint.limits;
    return Range{};
  };
  EXPECT_LE(named("heads_per_kv_head").min, 1); // widened: the base has one head to each
  GuardRailChange change;
  change.name = "heads_per_kv_head";
  change.min = 2;
  space.guardRails = {change};
  EXPECT_EQ(named("heads_per_kv_head").min, 2);
  EXPECT_EQ(named("heads_per_kv_head").max, 8);
}

TEST(Constraints, AMultiHeadFamilyStaysSo) {
  Space space;
  space.base = denseModel(512, 4, 64, 8, 8, 1536, 1000);
  space.workloads = {{trainWorkload(1, 256, 1), {}}};
  const auto has = [&](llvm::StringRef name) {
    return llvm::any_of(constraintsOf(space),
                        [&](const Constraint &c) { return c.name == name && !c.guardRail; });
  };
  EXPECT_FALSE(has("multi_head"));
  for (LayerGroup &group : space.base.layers)
    for (auto &block : group.blocks)
      if (const auto *attention = dynamic_cast<const AttentionBlock *>(block.get())) {
        auto multiHead = std::make_shared<AttentionBlock>(*attention);
        multiHead->multiHead = true;
        block = multiHead;
      }
  EXPECT_TRUE(has("multi_head"));
  EXPECT_TRUE(has("heads_fill_hidden"));
}

TEST(Constraints, ListedHeadDimsAreAskedFor) {
  Space space = spaceOf(llama3());
  EXPECT_FALSE(constraintNamed(constraintsOf(space), "head_dim_menu")->admits(256));
  EXPECT_FALSE(constraintNamed(constraintsOf(space), "head_dim_menu")->admits(96));
  space.domain(Dimension::HeadDim) = ListDomain{{96, 256}};
  EXPECT_TRUE(constraintNamed(constraintsOf(space), "head_dim_menu")->admits(256));
  EXPECT_TRUE(constraintNamed(constraintsOf(space), "head_dim_menu")->admits(96));
}

TEST(Constraints, SmallModelsMayBeDeep) {
  EXPECT_EQ(constraintNamed(constraintsOf(spaceOf(denseModel(1024, 28, 128, 16, 8, 3072, 151936, true))),
                            "depth_width_band")
                ->limits.min,
            32);
  EXPECT_EQ(constraintNamed(constraintsOf(spaceOf(llama3())), "depth_width_band")->limits.min, 64);
}

TEST(Constraints, RowsPerExpertAskTrainAndPrefillOnly) {
  Space space = spaceOf(moeModel(2048, 48, 128, 32, 4, 128, 8, 768, 0, 151936));
  EXPECT_EQ(measure(space, Measure::RowsPerExpert, baseVariant(space)), 4 * 4096 * 8 / 128.0);
  space.workloads = {{decodeWorkload(8, 4096), {}}};
  EXPECT_EQ(measure(space, Measure::RowsPerExpert, baseVariant(space)),
            std::numeric_limits<double>::infinity());
}

TEST(Constraints, EveryGuardRailNameIsUsed) {
  Space dense = spaceOf(llama3()), experts = spaceOf(moeModel(2048, 48, 128, 32, 4, 128, 8, 768, 0, 151936));
  for (llvm::StringRef name : guardRailNames())
    EXPECT_TRUE(constraintNamed(constraintsOf(dense), name) || constraintNamed(constraintsOf(experts), name))
        << name.str();
  for (const Space *space : {&dense, &experts})
    for (const Constraint &constraint : constraintsOf(*space))
      EXPECT_EQ(constraint.guardRail, llvm::is_contained(guardRailNames(), constraint.name))
          << constraint.name;
}

} // namespace
