#include "Fixture.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include <map>

using namespace codesign;
using namespace codesign::test;
using llvm::SmallString;
using testing::HasSubstr;

namespace {

class PackageTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-package", folder));
    target = (folder + "/pkg").str();
  }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  std::map<std::string, std::string> contents(const std::string &directory) {
    std::map<std::string, std::string> files;
    std::error_code code;
    for (llvm::sys::fs::recursive_directory_iterator at(directory, code), end; at != end && !code;
         at.increment(code))
      if (auto buffer = llvm::MemoryBuffer::getFile(at->path());
          buffer && at->type() == llvm::sys::fs::file_type::regular_file)
        files[at->path().substr(directory.size() + 1)] = (*buffer)->getBuffer().str();
    return files;
  }

  SmallString<128> folder;
  std::string target;
};

TEST_F(PackageTest, writesTheWholeTreeTwiceTheSame) {
  ASSERT_FALSE(writePackage(samplePackage(), target));
  auto first = contents(target);
  std::vector<std::string> names;
  for (auto &file : first)
    names.push_back(file.first);
  EXPECT_THAT(names,
              testing::ElementsAre("CMakeLists.txt", "codesign.manifest.json", "include/sample/sample.h",
                                   "src/dispatch.cpp", "src/images.S", "src/linear_128.hip",
                                   "src/linear_16.hip", "src/linear_split.hip", "src/linear_squares.hip",
                                   "src/linear_streamed.hip", "src/prelude.h", "src/token_sum.hip"));
  ASSERT_FALSE(writePackage(samplePackage(), target + "/"));
  EXPECT_EQ(contents(target), first);
  // Nothing is left beside it.
  std::error_code code;
  int entries = 0;
  for (llvm::sys::fs::directory_iterator at(folder, code), end; at != end; at.increment(code))
    ++entries;
  EXPECT_EQ(entries, 1);
}

TEST_F(PackageTest, theManifestReadsBack) {
  const PackageSpec spec = samplePackage();
  ASSERT_FALSE(writePackage(spec, target));
  auto read = readManifest(target);
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->model, spec.model);
  EXPECT_EQ(read->architecture, "gfx942");
  ASSERT_EQ(read->kernels.size(), 6u);
  EXPECT_EQ(read->kernels[2].splitK, 4);
  EXPECT_EQ(read->kernels[2].partialBytes, 16 * 128 * 4);
  EXPECT_EQ(arrivalBytes(*read), 4 * 8 * 4 * 4); // tiles, waves, bytes
  EXPECT_EQ(read->kernels[4].streamK.workgroups, 6);
  EXPECT_EQ(read->kernels[4].streamK.steps, 64);
  EXPECT_EQ(read->kernels[4].streamK.least, 2);
  EXPECT_EQ(read->kernels[4].streamK.chiplets, 8);
  EXPECT_EQ(read->kernels[4].streamK.run, 1);
  EXPECT_EQ(workgroupCount(read->gemms[12], read->kernels[4], 5000), 6);
  EXPECT_EQ(read->kernels[1].symbol, "linear_128");
  EXPECT_EQ(read->kernels[1].dynamicLdsBytes, 98304);
  EXPECT_EQ(read->kernels[1].predictedSeconds, 1.25e-5);
  ASSERT_EQ(read->gemms.size(), 15u);
  EXPECT_FALSE(read->gemms[1].gated || read->gemms[1].residual);
  EXPECT_TRUE(read->gemms[4].gated && read->gemms[4].residual);
  EXPECT_EQ(read->gemms[4].outputColumns(), 500);
  EXPECT_EQ(read->gemms[6].type, DataType::F8E4M3FNUZ);
  EXPECT_EQ(read->gemms[6].outputType, DataType::BF16);
  EXPECT_EQ(read->gemms[6].scaling, Scaling::PerToken);
  EXPECT_EQ(read->gemms[7].outputType, DataType::F8E4M3FNUZ);
  EXPECT_TRUE(read->gemms[7].quantised() && !read->gemms[6].quantised());
  EXPECT_TRUE(read->gemms[14].quantisedBlocks && !read->gemms[7].quantisedBlocks);
  EXPECT_EQ(read->gemms[8].layout, "tn");
  EXPECT_EQ(read->gemms[0].layout, "nt");
  EXPECT_EQ(read->gemms[9].rotary.headColumns, 128);
  EXPECT_EQ(read->gemms[9].rotary.columns, 5120);
  EXPECT_EQ(read->gemms[9].rotary.positions, 8192);
  EXPECT_TRUE(read->gemms[10].rowSquares && !read->gemms[9].rowSquares);
  EXPECT_EQ(read->kernels[3].squaresWidth, 32);
  EXPECT_TRUE(read->gemms[6].shuffledWeights && !read->gemms[0].shuffledWeights);
  EXPECT_EQ(read->gemms[7].leadingA, 4352);
  EXPECT_EQ(read->gemms[7].leadingW, 0);
  EXPECT_EQ(read->gemms[11].leadingW, 4224);
  EXPECT_EQ(read->gemms[2].experts, 8);
  EXPECT_TRUE(read->gemms[3].masked && !read->gemms[2].masked);
  EXPECT_TRUE(read->gemms[5].gathered && read->gemms[5].weighted && !read->gemms[2].gathered);
  EXPECT_EQ(read->gemms[13].topK, 2);
  EXPECT_EQ(read->gemms[13].sumSymbol, "token_sum");
  EXPECT_EQ(read->gemms[13].productType(), DataType::F32);
  EXPECT_EQ(read->gemms[5].topK, 0);
  EXPECT_EQ(read->gemms[5].productType(), DataType::BF16);
  EXPECT_EQ(read->gemms[2].weightRows(), 8000);
  EXPECT_EQ(read->gemms[0].weightRows(), 6144);
  EXPECT_EQ(read->gemms[0].ranges[1].minM, 65);
  EXPECT_TRUE(read->gemms[1].bias);
}

TEST_F(PackageTest, theHeaderSaysHowFarRowsAreApart) {
  ASSERT_FALSE(writePackage(samplePackage(), target));
  const std::string header = contents(target).at("include/sample/sample.h");
  EXPECT_THAT(
      header,
      HasSubstr("/// n = 1000, k = 4096, bf16, rows of w start 4224 elements apart (255744 bytes more)\n"));
  EXPECT_THAT(header, HasSubstr("shuffled weights\n"));
  EXPECT_THAT(header, HasSubstr("rows of a start 4352 elements apart"));
}

/// Tiles of 16 x 128 of 1000 columns, eight of them side by side.
TEST_F(PackageTest, workgroupsCoverTheTilesThatThereMayBe) {
  const PackageSpec spec = samplePackage();
  const PackagedKernel &kernel = spec.kernels[0];
  EXPECT_EQ(workgroupCount(spec.gemms[1], kernel, 33), 3 * 8);
  EXPECT_EQ(workgroupCount(spec.gemms[2], kernel, 33), (33 + 8 * 15) / 16 * 8);
  EXPECT_EQ(workgroupCount(spec.gemms[2], kernel, 2), 2 * 8);
  EXPECT_EQ(workgroupCount(spec.gemms[3], kernel, 8 * 17), 8 * 2 * 8);
  EXPECT_EQ(workgroupCount(spec.gemms[3], kernel, 7), 0);
  EXPECT_EQ(workgroupCount(spec.gemms[8], kernel, 7), 4096 / 16 * 6144 / 128); // k by n, for any m
}

TEST_F(PackageTest, theHashFollowsTheContent) {
  PackageSpec changed = samplePackage();
  changed.kernels[0].source += "// more\n";
  EXPECT_NE(packageHash(changed), packageHash(samplePackage()));
  EXPECT_EQ(packageHash(samplePackage()).size(), 8u);
}

TEST_F(PackageTest, namesAndRangesAreChecked) {
  auto message = [](auto change) {
    PackageSpec spec = samplePackage();
    change(spec);
    return llvm::toString(checkPackage(spec));
  };
  EXPECT_THAT(message([](auto &s) { s.name = "a b"; }), HasSubstr("is no identifier"));
  EXPECT_THAT(message([](auto &s) { s.kernels[0].symbol = "x\"); system(\"y"; }),
              HasSubstr("is no identifier"));
  EXPECT_THAT(message([](auto &s) { s.kernels[1].symbol = s.kernels[0].symbol; }), HasSubstr("not unique"));
  EXPECT_THAT(message([](auto &s) { s.gemms[0].name = "int"; }), HasSubstr("is no identifier"));
  EXPECT_THAT(message([](auto &s) { s.gemms[0].ranges[1].minM = 70; }), HasSubstr("gap"));
  EXPECT_THAT(message([](auto &s) { s.gemms[0].ranges[0].maxM = 0; }), HasSubstr("gap"));
  EXPECT_THAT(message([](auto &s) { s.gemms[0].ranges[0].symbol = "none"; }), HasSubstr("unknown kernel"));
  EXPECT_THAT(message([](auto &s) { s.gemms[4].n = 1001; }), HasSubstr("gated without"));
  EXPECT_THAT(message([](auto &s) { s.gemms[4].activation = ""; }), HasSubstr("gated without"));
  EXPECT_THAT(message([](auto &s) { s.gemms[2].experts = -1; }), HasSubstr("impossible number of experts"));
  EXPECT_THAT(message([](auto &s) { s.gemms[0].masked = true; }), HasSubstr("impossible number of experts"));
  EXPECT_THAT(message([](auto &s) { s.gemms[3].gathered = true; }), HasSubstr("gathers rows"));
  EXPECT_THAT(message([](auto &s) {
                s = samplePackage("sm_90a");
                s.gemms[2].gathered = true;
              }),
              HasSubstr("does not gather rows"));
  EXPECT_THAT(message([](auto &s) { s.architecture = "sm_80"; }), HasSubstr("no 8-bit kernels for sm_80"));
  EXPECT_THAT(message([](auto &s) { s.gemms[6].n = 1016; }), HasSubstr("cannot be shuffled"));
  EXPECT_THAT(message([](auto &s) { s.gemms[6].k = 4064; }), HasSubstr("cannot be shuffled"));
  EXPECT_THAT(message([](auto &s) { s.gemms[11].leadingW = 4088; }), HasSubstr("cannot start 4088 apart"));
  EXPECT_THAT(message([](auto &s) { s.gemms[11].leadingW = 4100; }), HasSubstr("cannot start 4100 apart"));
  EXPECT_THAT(message([](auto &s) { s.gemms[8].leadingA = 4224; }), HasSubstr("cannot start 4224 apart"));
  EXPECT_THAT(message([](auto &s) { s.gemms[6].leadingW = 4352; }), HasSubstr("rows cannot be padded"));
  EXPECT_THAT(message([](auto &s) {
                s = samplePackage("sm_90a");
                s.gemms[0].leadingW = 4224;
              }),
              HasSubstr("cannot start 4224 apart"));
  EXPECT_THAT(message([](auto &s) { s.gemms[11].ranges = {{1, 0, "linear_split"}}; }),
              HasSubstr("splits k for any number of rows"));
  EXPECT_THAT(message([](auto &s) { s.gemms[8].layout = "tt"; }), HasSubstr("layout that no kernel has"));
  EXPECT_THAT(message([](auto &s) { s.gemms[6].layout = "nn"; }), HasSubstr("layout that no kernel has"));
  EXPECT_THAT(message([](auto &s) {
                s.gemms[6].shuffledWeights = false;
                s.gemms[6].layout = "tn";
              }),
              HasSubstr("scales along its sum"));
  EXPECT_THAT(message([](auto &s) { s.gemms[9].rotary.columns = 100; }), HasSubstr("no heads"));
  EXPECT_THAT(message([](auto &s) { s.gemms[10].rowSquares = false; }), HasSubstr("sums of squares"));
  EXPECT_THAT(message([](auto &s) { s.gemms[7].outputType = DataType::F8E4M3; }),
              HasSubstr("types or scales"));
  EXPECT_THAT(message([](auto &s) { s.gemms[14].outputType = DataType::BF16; }),
              HasSubstr("scales of blocks of results"));
  EXPECT_THAT(message([](auto &s) { s.gemms[13].weighted = false; }), HasSubstr("no weighted rows"));
  EXPECT_THAT(message([](auto &s) { s.gemms[13].topK = 33; }), HasSubstr("no weighted rows"));
  EXPECT_THAT(message([](auto &s) { s.gemms[13].sumSymbol = "none"; }), HasSubstr("unknown kernel 'none'"));
  EXPECT_THAT(message([](auto &s) { s.kernels[2].partialBytes = 0; }), HasSubstr("impossible launch"));
  EXPECT_THAT(message([](auto &s) { s.kernels[4].streamK.least = 65; }), HasSubstr("impossible launch"));
  EXPECT_THAT(message([](auto &s) { s.kernels[4].splitK = 2; }), HasSubstr("impossible launch"));
  EXPECT_THAT(message([](auto &s) { s.gemms[12].layout = "nn"; }), HasSubstr("no Stream-K kernel"));
  EXPECT_THAT(message([](auto &s) { s.architecture = "gfx000"; }), HasSubstr("unknown architecture"));
  EXPECT_THAT(message([](auto &s) { s.preludeFile = "../x.h"; }), HasSubstr("plain file name"));
}

TEST_F(PackageTest, aForeignFolderIsLeftAlone) {
  ASSERT_FALSE(llvm::sys::fs::create_directory(target));
  {
    std::error_code code;
    llvm::raw_fd_ostream(target + "/thesis.txt", code) << "precious";
  }
  EXPECT_THAT(llvm::toString(writePackage(samplePackage(), target)), HasSubstr("is no package"));
  EXPECT_EQ(contents(target).at("thesis.txt"), "precious");
}

TEST_F(PackageTest, brokenManifestsAreNamed) {
  ASSERT_FALSE(writePackage(samplePackage(), target));
  const std::string good = contents(target).at("codesign.manifest.json");
  auto messageFor = [&](const std::string &text) {
    std::error_code code;
    llvm::raw_fd_ostream(target + "/codesign.manifest.json", code) << text;
    auto read = readManifest(target);
    return read ? std::string("accepted") : llvm::toString(read.takeError());
  };
  EXPECT_THAT(messageFor("{"), HasSubstr("codesign.manifest.json"));
  EXPECT_THAT(messageFor("{}"), HasSubstr("schema_version"));
  std::string version = good;
  version.replace(version.find("\"schema_version\": 8"), 19, "\"schema_version\": 9");
  EXPECT_THAT(messageFor(version), HasSubstr("unknown version"));
  std::string type = good;
  type.replace(type.find("\"bf16\""), 6, "\"bf17\"");
  EXPECT_THAT(messageFor(type), HasSubstr("unknown value at manifest.gemms[0].type"));
  std::string threads = good;
  threads.replace(threads.find("\"threads\": 256"), 14, "\"threads\": \"x\"");
  EXPECT_THAT(messageFor(threads), HasSubstr("threads"));
  EXPECT_EQ(messageFor(good), "accepted");
}

} // namespace
