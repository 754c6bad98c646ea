#include "CostTestSupport.h"
#include "codesign/Cost/Calibrate.h"
#include "codesign/Cost/CollectiveModel.h"
#include "codesign/Cost/Validate.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"

using namespace codesign;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A file that exists as long as the object.
class TemporaryFile {
public:
  explicit TemporaryFile(llvm::StringRef text) {
    int descriptor;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("measurements", "csv", descriptor, path));
    llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << text;
  }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
  llvm::SmallString<128> path;
};

std::string messageOf(llvm::Error error) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  reportError(std::move(error), stream);
  return text;
}

TEST(Measurements, ReadsQuotedCells) {
  TemporaryFile file("a,b\n1,\"x,\"\"y\"\"\"\r\n\n2,z\n");
  MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
  EXPECT_THAT(table.columns, ElementsAre("a", "b"));
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.text(0, "b"), "x,\"y\"");
  EXPECT_EQ(table.number(1, "a"), 2);
  EXPECT_EQ(table.lines[1], 4);
  EXPECT_TRUE(std::isnan(table.number(1, "b")));
  EXPECT_EQ(table.column("c"), -1);
}

TEST(Measurements, RejectsRowsOfAnotherWidth) {
  TemporaryFile file("a,b\n1,2\n1,2,3\n");
  auto table = readMeasurements(file.path);
  ASSERT_FALSE(bool(table));
  std::string message = messageOf(table.takeError());
  EXPECT_THAT(message, HasSubstr(":3:1"));
  EXPECT_THAT(message, HasSubstr("3 cells"));
}

TEST(Measurements, NamesTheKindsItKnows) {
  TemporaryFile file("a,b\n1,2\n");
  MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
  auto validation = validate(frozenProfile(), table);
  ASSERT_FALSE(bool(validation));
  EXPECT_THAT(messageOf(validation.takeError()), HasSubstr("prefill"));
}

constexpr char decodeHeader[] =
    "hw,provider,dtype,kv_dtype,batch,context,heads,kv_heads,head_dim,window,us\n";

TEST(Measurements, CollapsesEqualShapesToTheirMedian) {
  TemporaryFile file(std::string(decodeHeader) + "frozen-gfx942,lib,bfloat16,bfloat16,1,100,8,8,64,0,10\n"
                                                 "frozen-gfx942,lib,bfloat16,bfloat16,1,100,8,8,64,0,30\n"
                                                 "frozen-gfx942,lib,bfloat16,bfloat16,1,100,8,8,64,0,12\n"
                                                 "frozen-gfx942,lib,bfloat16,bfloat16,1,100,8,8,64,0,\n"
                                                 "other,lib,bfloat16,bfloat16,1,100,8,8,64,0,99\n");
  MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
  auto kind = llvm::cantFail(kindOf(table));
  EXPECT_EQ(kind->name(), "decode");
  std::vector<MeasuredRow> rows = kind->read(table, frozenProfile());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NEAR(rows[0].seconds, 12e-6, 1e-15);
}

TEST(Measurements, NamesTheDevicesOfATableWithoutThisOne) {
  TemporaryFile file(std::string(decodeHeader) + "h100-sxm,lib,bfloat16,bfloat16,1,100,8,8,64,0,10\n");
  MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
  auto validation = validate(frozenProfile(), table);
  ASSERT_FALSE(bool(validation));
  EXPECT_THAT(messageOf(validation.takeError()), HasSubstr("h100-sxm"));
}

/// Collectors call one device by several names; another form of it is another device.
TEST(Measurements, KnowsADeviceByItsOtherNames) {
  const auto rowsOf = [](const char *device, const char *word) {
    TemporaryFile file(std::string("hw,provider,dtype,m,n,k,us\n") + word +
                       ",trtllm,bfloat16,64,4096,4096,20\n");
    auto validation = validate(shippedProfile(device), llvm::cantFail(readMeasurements(file.path)));
    if (validation)
      return validation->keys.front().slices.front().model.rows;
    llvm::consumeError(validation.takeError());
    return 0;
  };
  for (const char *word : {"h200", "H200", "h200-sxm", "h200_sxm", "NVIDIA H200"})
    EXPECT_EQ(rowsOf("h200", word), 1) << word;
  for (const char *word : {"h100-sxm", "h100_sxm", "h100", "NVIDIA H100 80GB HBM3"}) {
    EXPECT_EQ(rowsOf("h100-sxm", word), 1) << word;
    EXPECT_EQ(rowsOf("h100-pcie", word), 0) << word;
  }
  EXPECT_EQ(rowsOf("h100-pcie", "NVIDIA H100 PCIe"), 1);
  EXPECT_EQ(rowsOf("h100-sxm", "h200"), 0);
}

TEST(Measurements, NeighboursDifferInOneCoordinate) {
  std::vector<MeasuredRow> rows(4);
  rows[0].coordinates = {1, 10};
  rows[1].coordinates = {4, 10};
  rows[2].coordinates = {2, 10};
  rows[3].coordinates = {2, 20};
  llvm::StringRef names[] = {"batch", "seq"};
  std::vector<NeighbourPair> pairs = neighbours(rows, names);
  ASSERT_EQ(pairs.size(), 3u); // 1–2 and 2–4 along the batch, 10–20 along the sequence
  EXPECT_EQ(pairs[0].first, 0);
  EXPECT_EQ(pairs[0].second, 2);
  EXPECT_EQ(pairs[1].second, 1);
  EXPECT_EQ(pairs[2].change, "seq");
}

TEST(Measurements, WritesPredictionsBesideTheirRows) {
  TemporaryFile file(std::string(decodeHeader) + "other,lib,bfloat16,bfloat16,1,100,8,8,64,0,99\n"
                                                 "frozen-gfx942,lib,bfloat16,bfloat16,1,100,8,8,64,0,10\n");
  MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
  Validation validation = llvm::cantFail(validate(frozenProfile(), table));
  std::string text;
  llvm::raw_string_ostream stream(text);
  writePredictions(table, validation, stream);
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n', -1, false);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[0].ends_with("us,predicted_us,terms_us,low_us,high_us"));
  EXPECT_TRUE(lines[1].ends_with(",99,,,,"));
  EXPECT_TRUE(lines[2].contains("launch="));
}

/// Times made by a model with known constants: a fit must find constants that reproduce them.
TEST(Measurements, RowsWithoutASizeAreLeftOut) {
  const Profile h100 = shippedProfile("h100-sxm");
  auto rowsIn = [&](llvm::StringRef text) {
    TemporaryFile file(text);
    const MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
    return llvm::cantFail(kindOf(table))->read(table, h100);
  };
  const std::string attention = "hw,provider,dtype,kv_dtype,batch,seq,heads,kv_heads,head_dim,window,us\n";
  EXPECT_EQ(rowsIn(attention + "h100-sxm,trtllm,bfloat16,bfloat16,1,512,8,8,128,0,40\n").size(), 1u);
  EXPECT_TRUE(rowsIn(attention + "h100-sxm,trtllm,bfloat16,bfloat16,1,512,,8,128,0,40\n").empty());
  EXPECT_TRUE(rowsIn(attention + "h100-sxm,trtllm,bfloat16,bfloat16,1,512,8,,128,0,40\n").empty());
  EXPECT_TRUE(rowsIn(attention + "a100-sxm,trtllm,bfloat16,bfloat16,1,512,8,8,128,0,40\n").empty());
  const std::string collective = "hw,provider,op,dtype,gpus,message_elements,us\n";
  EXPECT_EQ(rowsIn(collective + "h100-sxm,nccl,all_gather,half,2,1024,9\n").size(), 1u);
  EXPECT_TRUE(rowsIn(collective + "h100-sxm,nccl,all_gather,half,,1024,9\n").empty());
  EXPECT_TRUE(rowsIn(collective + "h100-sxm,nccl,all_gather,half,1,1024,9\n").empty());
  // Rates: no time follows from none.
  const std::string rates = "batch,q_heads,kv_heads,seq_q,seq_kv,hdim,causal,fwd_tflops_h100-sxm\n";
  EXPECT_EQ(rowsIn(rates + "1,32,8,1024,1024,128,1,300\n").size(), 1u);
  EXPECT_TRUE(rowsIn(rates + "1,32,8,1024,1024,128,1,0\n").empty());
  EXPECT_TRUE(rowsIn(rates + "1,32,8,1024,1024,128,1,\n").empty());
}

TEST(Calibrate, StatesHeldOutErrorsOfExpertsByRouting) {
  const MeasurementTable table =
      llvm::cantFail(readMeasurements(CODESIGN_SOURCE_DIR "/test/unit/Cost/Inputs/moe_h100-sxm.csv"));
  CalibrateOptions options;
  options.fit.evaluations = 100;
  options.fit.folds = 2;
  for (const FittedSet &set : llvm::cantFail(calibrate(shippedProfile("h100-sxm"), table, options))) {
    ASSERT_EQ(set.heldOutByRouting.size(), 2u);
    const Errors &balanced = set.heldOutByRouting.at("balanced"), &skewed = set.heldOutByRouting.at("skewed");
    EXPECT_EQ(balanced.rows + skewed.rows, set.heldOut.rows);
    EXPECT_NEAR(balanced.rows * balanced.mean + skewed.rows * skewed.mean,
                set.heldOut.rows * set.heldOut.mean, 1e-9);
  }
}

TEST(Calibrate, ReproducesTimesOfAKnownModel) {
  Profile profile = frozenProfile();
  CollectiveConstants truth;
  truth.simpleBandwidth = 0.6;
  truth.llLatency = 9e-6;
  CollectiveModel model(profile, {truth, truth, truth, truth, truth});
  std::string text = "hw,provider,op,dtype,gpus,message_elements,us\n";
  for (int64_t ranks : {2, 4, 8})
    for (int64_t elements = 512; elements <= (int64_t(1) << 28); elements *= 4) {
      CollectiveShape shape{CollectiveKind::AllReduce, 2 * elements, ranks};
      text += "frozen-gfx942,rccl,all_reduce,half," + std::to_string(ranks) + ',' + std::to_string(elements) +
              ',' + std::to_string(toMicroseconds(model.time(shape))) + '\n';
    }
  TemporaryFile file(text);
  MeasurementTable table = llvm::cantFail(readMeasurements(file.path));
  CalibrateOptions options;
  options.fit.evaluations = 3000;
  std::vector<FittedSet> sets = llvm::cantFail(calibrate(profile, table, options));
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_EQ(sets[0].set.key.operatorKind, "all_reduce");
  EXPECT_EQ(sets[0].set.key.provider, "rccl");
  EXPECT_LT(sets[0].heldOut.mean, 0.03);
  EXPECT_NEAR(*sets[0].set.constant("simple_bandwidth"), 0.6, 0.06);
  ASSERT_NE(sets[0].set.absoluteBand("large"), nullptr);
  // The same options give the same constants.
  std::vector<FittedSet> again = llvm::cantFail(calibrate(profile, table, options));
  for (size_t i = 0; i < sets[0].set.constants.size(); ++i)
    EXPECT_EQ(sets[0].set.constants[i].value, again[0].set.constants[i].value);
}

} // namespace
