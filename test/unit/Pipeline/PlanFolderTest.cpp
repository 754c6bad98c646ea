#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Package/Package.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Plan/PlanIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <fstream>
#include <gtest/gtest.h>

using namespace codesign;

namespace {

class PlanFolder : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-plan-folder", root));
    auto loaded =
        loadProfile(std::string(CODESIGN_SOURCE_DIR) + "/test/Inputs/hwprofiles/frozen-gfx942.yaml", {});
    ASSERT_TRUE(bool(loaded)) << llvm::toString(loaded.takeError());
    profile = std::move(*loaded);
    auto read = loadPlanRequest(std::string(CODESIGN_SOURCE_DIR) + "/examples/llama-3-8b/model.yaml");
    ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
    request = std::move(*read);
  }
  void TearDown() override { llvm::sys::fs::remove_directories(root); }
  std::string path(const std::string &name) const { return (root + "/" + name).str(); }

  llvm::SmallString<128> root;
  Profile profile;
  PlanRequest request;
};

TEST_F(PlanFolder, HoldsEverythingAndReadsBack) {
  auto planned = planModel(request, profile, {});
  ASSERT_TRUE(bool(planned)) << llvm::toString(planned.takeError());
  ASSERT_FALSE(bool(writePlanFolder(request, *planned, profile, path("out"))));

  auto file = readSourceFile(path("out/plan.json"));
  ASSERT_TRUE(bool(file));
  auto plan = readPlan(*file);
  ASSERT_TRUE(bool(plan)) << llvm::toString(plan.takeError());
  EXPECT_EQ(*plan, planned->plan);

  // plan.yaml is a request whose base is the chosen shape.
  auto again = loadPlanRequest(path("out/plan.yaml"));
  ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError());
  EXPECT_EQ(dimensionsOf(again->model.model), planned->chosen.dimensions);
  auto replanned = planModel(*again, profile, {});
  ASSERT_TRUE(bool(replanned)) << llvm::toString(replanned.takeError());
  EXPECT_EQ(replanned->chosen.dimensions, planned->chosen.dimensions);
  EXPECT_EQ(replanned->plan.certificate.legal, 1);

  auto manifest = readManifest(path("out/kernels"));
  ASSERT_TRUE(bool(manifest)) << llvm::toString(manifest.takeError());
  EXPECT_EQ(manifest->gemms.size(), planned->plan.kernels.size());

  // Emitting from the plan that was read gives the same package.
  ASSERT_FALSE(bool(emitKernels(*plan, profile, path("again"))));
  auto second = readManifest(path("again"));
  ASSERT_TRUE(bool(second));
  ASSERT_EQ(second->kernels.size(), manifest->kernels.size());
  for (size_t i = 0; i < manifest->kernels.size(); ++i)
    EXPECT_EQ(second->kernels[i].symbol, manifest->kernels[i].symbol);
}

TEST_F(PlanFolder, LeavesForeignFoldersAlone) {
  auto planned = planModel(request, profile, {});
  ASSERT_TRUE(bool(planned)) << llvm::toString(planned.takeError());
  ASSERT_FALSE(llvm::sys::fs::create_directory(path("mine")));
  std::ofstream(path("mine/thesis.txt")) << "irreplaceable";
  const auto refusal = [&](const std::string &folder) {
    return llvm::toString(writePlanFolder(request, *planned, profile, path(folder)));
  };
  EXPECT_NE(refusal("mine").find("holds 'thesis.txt', which is no part of a plan"), std::string::npos);
  EXPECT_TRUE(llvm::sys::fs::exists(path("mine/thesis.txt")));

  // A plan of the same model on the same device is replaced, another is not.
  EXPECT_EQ(refusal("out"), "");
  EXPECT_EQ(refusal("out"), "");
  planned->plan.model = "another";
  EXPECT_NE(
      refusal("out").find("holds the plan of llama-3-8b on frozen-gfx942, not of another on frozen-gfx942"),
      std::string::npos)
      << refusal("out");
  std::ofstream(path("out/plan.json")) << "{}";
  EXPECT_NE(refusal("out").find("is no plan"), std::string::npos);
}

} // namespace
