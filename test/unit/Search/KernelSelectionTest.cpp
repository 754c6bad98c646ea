// Which kernels a plan asks for.
#include "BruteForce.h"
#include "codesign/Cost/OwnKernels.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Model/Blocks.h"
#include "codesign/Search/PlanBuilder.h"
#include "codesign/Search/ScheduleFields.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace codesign;
using namespace codesign::testing;
using ::testing::UnorderedElementsAre;

namespace {

std::vector<PlanKernel> kernelsOf(const char *device, const ModelSpec &model,
                                  const std::vector<Workload> &workloads,
                                  llvm::ArrayRef<const char *> timedForms = {}) {
  Profile profile = llvm::cantFail(loadProfile(device, {CODESIGN_SOURCE_DIR "/hwprofiles"}));
  llvm::erase_if(profile.calibration.sets, [](const CalibrationSet &set) {
    const llvm::StringRef kind = set.key.operatorKind;
    return set.key.provider == ownKernelProvider && kind != "gemm" && kind != "gemm_stream";
  });
  for (const char *form : timedForms) {
    CalibrationSet set = *ownKernelSet(profile, DataType::BF16);
    set.key.operatorKind = form;
    for (CalibrationConstant &constant : set.constants) // a loop that clearly wins
      if (llvm::StringRef(constant.name).ends_with("_cycles"))
        constant.value = 0;
    profile.calibration.sets.push_back(set);
  }
  const Providers providers(profile, {}, {});
  Space space;
  space.base = model;
  for (const Workload &workload : workloads)
    space.workloads.push_back({workload, {}});
  EXPECT_TRUE(layersWithoutKernel(space, baseVariant(space), providers).empty());
  return selectKernels(space, baseVariant(space), providers);
}

ModelSpec mixture() {
  return moeModel(512, 4, 64, 8, 4, 16, 2, 256, 0, 1000);
}

std::vector<std::string> namesOf(const std::vector<PlanKernel> &kernels) {
  std::vector<std::string> names;
  for (const PlanKernel &kernel : kernels)
    names.push_back(kernel.name + (kernel.gated() ? " gated" : "") + (kernel.gathered() ? " gathered" : "") +
                    (kernel.sumsTokens() ? " summed"
                     : kernel.weighted() ? " weighted"
                                         : ""));
  return names;
}

TEST(KernelSelection, ExpertsHaveKernelsOfTheirOwn) {
  const std::vector<PlanKernel> kernels = kernelsOf("mi300x", mixture(), {decodeWorkload(64, 512)});
  EXPECT_THAT(namesOf(kernels),
              UnorderedElementsAre("qkv_proj", "o_proj", "router", "lm_head",
                                   "experts_gate_up gated gathered", "experts_gate_up_masked gated",
                                   "experts_down summed", "experts_down_masked summed"));
  for (const PlanKernel &kernel : kernels) {
    const bool grouped = llvm::StringRef(kernel.name).starts_with("experts");
    const bool masked = llvm::StringRef(kernel.name).ends_with("masked");
    EXPECT_EQ(kernel.family, grouped ? "grouped_gemm" : "gemm");
    EXPECT_EQ(kernel.experts, grouped ? 16 : 0);
    EXPECT_EQ(kernel.expertLayout, !grouped ? "" : masked ? "masked" : "contiguous");
    // Ranges have no gap, and end where no place is kept for so many rows of an expert.
    int64_t next = 1;
    for (const PlanKernelRange &range : kernel.ranges) {
      EXPECT_EQ(range.minM, next) << kernel.name;
      next = range.maxM + 1;
    }
    EXPECT_EQ(kernel.ranges.back().maxM, masked ? 16 * 256 : 0) << kernel.name;
  }
}

TEST(KernelSelection, TrainingNeitherGatesNorKeepsPlacesFree) {
  EXPECT_THAT(namesOf(kernelsOf("mi300x", mixture(), {trainWorkload(2, 1024)})),
              UnorderedElementsAre("qkv_proj", "o_proj", "router", "lm_head", "experts_gate_up gathered",
                                   "experts_down"));
}

/// Gradients of dense layers: of inputs like the layer with n and k exchanged, of weights with the rows
/// summed.
TEST(KernelSelection, TrainingHasKernelsOfGradientsWhereTheyAreTimed) {
  const ModelSpec model = denseModel(4096, 2, 128, 32, 8, 14336, 128256);
  const std::vector<Workload> train = {trainWorkload(2, 1024)};
  std::map<std::string, PlanKernel> kernels;
  for (PlanKernel &kernel : kernelsOf("mi300x", model, train, {"gemm_nn", "gemm_tn"}))
    kernels[kernel.name] = kernel;
  const size_t layers = kernelsOf("mi300x", model, train).size();
  EXPECT_EQ(kernels.size(), 3 * layers);
  const PlanKernel forward = kernels["down_proj"], data = kernels["down_proj.dgrad"],
                   weights = kernels["down_proj.wgrad"];
  EXPECT_EQ(std::pair(forward.n, forward.k), std::pair(int64_t(4096), int64_t(14336)));
  EXPECT_EQ(std::pair(data.n, data.k), std::pair(int64_t(14336), int64_t(4096)));
  EXPECT_EQ(std::pair(weights.n, weights.k), std::pair(int64_t(14336), int64_t(4096))); // D[k, n]
  for (const auto &[kernel, layout, pass] :
       {std::tuple(forward, "NT", "forward"), {data, "NN", "dgrad"}, {weights, "TN", "wgrad"}}) {
    EXPECT_EQ(kernel.layout, layout);
    EXPECT_EQ(kernel.pass, pass);
    int64_t next = 1; // no gap, no end
    for (const PlanKernelRange &range : kernel.ranges) {
      EXPECT_EQ(range.minM, next) << kernel.name;
      EXPECT_EQ(llvm::StringRef(range.scheduleText).contains(layout), layout != std::string("NT"));
      next = range.maxM + 1;
    }
    EXPECT_EQ(kernel.ranges.back().maxM, 0);
  }
  // Nothing is trained while it serves.
  EXPECT_EQ(kernelsOf("mi300x", model, {prefillWorkload(1, 4096)}, {"gemm_nn", "gemm_tn"}).size(), layers);
}

/// Devices of which nothing is timed offer every form. Rows of operands that are turned start at multiples of
/// 16 bytes there; scales of tokens lie along the sum of a weight's gradient.
TEST(KernelSelection, GradientsOnEveryDevice) {
  const ModelSpec model = denseModel(512, 2, 64, 8, 8, 1024, 1000);
  for (const char *device : {"a100-sxm", "h100-sxm"}) {
    int gradients = 0;
    for (const PlanKernel &kernel : kernelsOf(device, model, {trainWorkload(2, 1024)})) {
      EXPECT_EQ(kernel.layout, kernel.pass == "dgrad" ? "NN" : kernel.pass == "wgrad" ? "TN" : "NT");
      gradients += kernel.pass != "forward";
      for (const PlanKernelRange &range : kernel.ranges)
        EXPECT_EQ(range.expectedSource, "datasheet") << kernel.name;
    }
    EXPECT_EQ(gradients, 2 * 5) << device;
  }
  const Profile mi355x = llvm::cantFail(loadProfile("mi355x", {CODESIGN_SOURCE_DIR "/hwprofiles"}));
  const Profile h100 = llvm::cantFail(loadProfile("h100-sxm", {CODESIGN_SOURCE_DIR "/hwprofiles"}));
  const Providers amd(mi355x, {}, {}), nvidia(h100, {}, {});
  GemmShape shape{.m = 4096,
                  .n = 4096,
                  .k = 4096,
                  .input = DataType::F8E4M3,
                  .output = DataType::BF16,
                  .scaling = Scaling::PerTensor,
                  .pass = Pass::WeightGradient};
  EXPECT_TRUE(amd.ownKernel(shape).has_value());
  EXPECT_FALSE(nvidia.ownKernel(shape).has_value()); // wgmma turns operands of 16 bits
  shape.scaling = Scaling::PerToken;
  EXPECT_FALSE(amd.ownKernel(shape).has_value());
  shape.pass = Pass::DataGradient;
  EXPECT_TRUE(amd.ownKernel(shape).has_value());
  shape.scaling = Scaling::Block128;
  EXPECT_FALSE(amd.ownKernel(shape).has_value());
  shape = {.m = 4096,
           .n = 4100,
           .k = 4096,
           .input = DataType::BF16,
           .output = DataType::BF16,
           .pass = Pass::DataGradient};
  EXPECT_TRUE(amd.ownKernel(shape).has_value());
  EXPECT_FALSE(nvidia.ownKernel(shape).has_value());
}

/// One order of the weights for all ranges of rows, and for masked experts that of the contiguous ones; none
/// in training, none on other devices, none for a head that is the embedding's table.
TEST(KernelSelection, WeightsAreShuffledWhereThatIsFasterAndTheyStay) {
  int shuffled = 0;
  std::map<std::string, std::string> orders;
  for (const PlanKernel &kernel :
       kernelsOf("mi300x", mixture(), {decodeWorkload(64, 512)}, {"gemm_shuffled"})) {
    orders[kernel.name] = kernel.weightOrder;
    shuffled += kernel.shuffled();
    for (const PlanKernelRange &range : kernel.ranges)
      EXPECT_EQ(llvm::StringRef(range.scheduleText).contains("shuffled weights"), kernel.shuffled())
          << kernel.name;
  }
  EXPECT_EQ(orders["experts_gate_up"], orders["experts_gate_up_masked"]);
  EXPECT_EQ(orders["experts_down"], orders["experts_down_masked"]);
  for (const PlanKernel &kernel : kernelsOf("mi300x", mixture(), {trainWorkload(2, 1024)}, {"gemm_shuffled"}))
    EXPECT_FALSE(kernel.shuffled()) << kernel.name;
  for (const PlanKernel &kernel : kernelsOf("h100-sxm", mixture(), {decodeWorkload(64, 512)}))
    EXPECT_FALSE(kernel.shuffled()) << kernel.name;
  for (bool tied : {false, true})
    for (const PlanKernel &kernel : kernelsOf("mi300x", denseModel(4096, 2, 128, 32, 8, 14336, 128256, tied),
                                              {prefillWorkload(1, 4096)}, {"gemm_shuffled"})) {
      shuffled += kernel.shuffled();
      EXPECT_FALSE(tied && kernel.name == "lm_head" && kernel.shuffled());
    }
  EXPECT_GT(shuffled, 0);
}

/// Rows of k that are multiples of 512 bytes, of weights that stay in rows while nothing is trained, where
/// measured rows met: one distance for a matrix, however rows come to its experts.
TEST(KernelSelection, WeightsArePaddedWhereTheirRowsMeetInChannels) {
  std::map<std::string, int64_t> leading;
  for (const PlanKernel &kernel : kernelsOf("mi300x", mixture(), {decodeWorkload(64, 512)}))
    leading[kernel.name] = kernel.weightLeadingDimension;
  const std::map<std::string, int64_t> expected = {
      {"qkv_proj", 512 + 128},        {"o_proj", 512 + 128},
      {"router", 512 + 128},          {"lm_head", 512 + 128},
      {"experts_gate_up", 512 + 128}, {"experts_gate_up_masked", 512 + 128},
      {"experts_down", 256 + 128},    {"experts_down_masked", 256 + 128}};
  EXPECT_EQ(leading, expected);
  for (const PlanKernel &kernel : kernelsOf("mi300x", mixture(), {trainWorkload(2, 1024)}))
    EXPECT_FALSE(kernel.padded()) << kernel.name;
  for (const PlanKernel &kernel : kernelsOf("mi355x", mixture(), {decodeWorkload(64, 512)}))
    EXPECT_FALSE(kernel.padded()) << kernel.name;
  const ModelSpec dense = denseModel(4096, 2, 128, 32, 8, 14336 + 128, 128256, /*tied=*/true);
  for (const PlanKernel &kernel : kernelsOf("mi300x", dense, {prefillWorkload(1, 4096)})) {
    // Rows of (14336 + 128) · 2 bytes are an odd multiple of 256; the head's are the embedding's table.
    const bool stays = kernel.name == "down_proj" || kernel.name == "lm_head";
    EXPECT_EQ(kernel.weightLeadingDimension, stays ? 0 : 4096 + 128) << kernel.name;
  }
}

/// The price of block-scaled kernels has the clocks that were measured; that of others has none.
TEST(KernelSelection, PaddingIsPricedByWhatWasMeasured) {
  const Profile profile = llvm::cantFail(loadProfile("mi300x", {CODESIGN_SOURCE_DIR "/hwprofiles"}));
  const Providers providers(profile, {}, {});
  GemmShape shape{.m = 16384,
                  .n = 4096,
                  .k = 4096,
                  .input = DataType::F8E4M3FNUZ,
                  .output = DataType::BF16,
                  .scaling = Scaling::Block128};
  const auto gain = [&] {
    return 1 - providers.ownKernel(shape, Providers::OwnForm::PaddedWeights)->time() /
                   providers.ownKernel(shape)->time();
  };
  EXPECT_GT(gain(), 0.01);
  EXPECT_LT(gain(),
            0.06); // AITER's kernels, whose operands are both at odd multiples of 256 bytes, gain 5 to 11 %
  shape.scaling = Scaling::PerToken;
  EXPECT_EQ(gain(), 0);
  shape.input = DataType::BF16;
  shape.scaling = Scaling::None;
  EXPECT_EQ(gain(), 0);
  shape.pass = Pass::DataGradient;
  EXPECT_FALSE(providers.ownKernel(shape, Providers::OwnForm::PaddedWeights).has_value());
  shape.pass = Pass::Forward;
  shape.k = 4096 + 128;
  EXPECT_FALSE(providers.ownKernel(shape, Providers::OwnForm::PaddedWeights).has_value());
}

TEST(KernelSelection, BothVendorsGateGatherAndWeight) {
  for (const char *device : {"a100-sxm", "h100-sxm"})
    EXPECT_THAT(namesOf(kernelsOf(device, mixture(), {prefillWorkload(1, 4096)})),
                UnorderedElementsAre("qkv_proj", "o_proj", "router", "lm_head",
                                     "experts_gate_up gated gathered", "experts_down summed"));
}

/// A model whose layers have projections of 64 columns a head, 16 heads of q and 4 of k and v.
ModelSpec rotaryModel() {
  ModelSpec model = denseModel(1024, 2, 64, 16, 4, 2048, 1000);
  model.maxPositionEmbeddings = 8192;
  return model;
}

/// The same model with blocks of one kind changed.
template <class Kind>
ModelSpec changed(ModelSpec model, llvm::function_ref<void(Kind &)> change) {
  for (LayerGroup &group : model.layers)
    for (auto &block : group.blocks)
      if (const auto *found = dynamic_cast<const Kind *>(block.get())) {
        auto copy = std::make_shared<Kind>(*found);
        change(*copy);
        block = copy;
      }
  return model;
}

PlanKernel kernelNamed(llvm::StringRef name, const std::vector<PlanKernel> &kernels) {
  const auto found = llvm::find_if(kernels, [&](const PlanKernel &kernel) { return kernel.name == name; });
  EXPECT_NE(found, kernels.end()) << name.str();
  return found == kernels.end() ? PlanKernel() : *found;
}

/// Heads of q and k, of one rank, are turned where they are projected, behind a bias, unless something else
/// stands between.
TEST(KernelSelection, ProjectionsTurnHeads) {
  const auto projection = [](const ModelSpec &model, const Workload &workload) {
    return kernelNamed("qkv_proj", kernelsOf("mi300x", model, {workload}));
  };
  const ModelSpec model = rotaryModel();
  Workload decode = decodeWorkload(64, 512);
  const RotaryEmbedding whole = {.headColumns = 64, .columns = 20 * 64, .positions = 8192};
  for (const Workload &workload : {decode, trainWorkload(2, 1024)}) {
    EXPECT_EQ(projection(model, workload).rotary, whole);
    EXPECT_FALSE(projection(model, workload).bias);
  }
  // A longer workload has more positions.
  EXPECT_EQ(projection(model, decodeWorkload(64, 10000)).rotary.positions, 10000);
  using Attention = AttentionBlock;
  const ModelSpec biased = changed<Attention>(model, [](Attention &a) { a.queryKeyValueBias = true; });
  EXPECT_EQ(projection(biased, decode).rotary, whole);
  EXPECT_TRUE(projection(biased, decode).bias);
  const ModelSpec normed = changed<Attention>(model, [](Attention &a) { a.queryKeyNorm = true; });
  EXPECT_EQ(projection(normed, decode).rotary, RotaryEmbedding());
  const ModelSpec learned = changed<Attention>(model, [](Attention &a) { a.rotary = false; });
  EXPECT_EQ(projection(learned, decode).rotary, RotaryEmbedding());
  ModelSpec unknown = model;
  unknown.maxPositionEmbeddings = 0;
  EXPECT_EQ(projection(unknown, decode).rotary, RotaryEmbedding());
  ModelSpec endless = model; // a table of 4 GB
  endless.maxPositionEmbeddings = int64_t(1) << 24;
  EXPECT_EQ(projection(endless, decode).rotary, RotaryEmbedding());
  decode.parallelism.tensor = 8; // two heads, and a copy of one of four keys
  EXPECT_EQ(projection(model, decode).n, 4 * 64);
  EXPECT_EQ(projection(model, decode).rotary.columns, 3 * 64);
  // Of layers that differ, what all of them have.
  ModelSpec mixed = model;
  mixed.layers.push_back(biased.layers.front());
  EXPECT_EQ(projection(mixed, decodeWorkload(64, 512)).rotary, RotaryEmbedding());
  EXPECT_FALSE(projection(mixed, decodeWorkload(64, 512)).bias);
}

/// Gradients take what they are given: nothing follows their products.
TEST(KernelSelection, GradientsHaveNoEpilogue) {
  int gradients = 0;
  for (const PlanKernel &kernel : kernelsOf("h100-sxm", rotaryModel(), {trainWorkload(2, 1024)})) {
    gradients += kernel.pass != "forward";
    EXPECT_EQ(kernel.turnsHeads(), kernel.name == "qkv_proj");
    EXPECT_EQ(kernel.residual, kernel.name == "o_proj" || kernel.name == "down_proj") << kernel.name;
  }
  EXPECT_EQ(gradients, 2 * 5);
}

/// The stream and a bias are added once: by the rank that has the whole product, else after the sum over
/// ranks. Columns that a rank has for itself have their bias.
TEST(KernelSelection, StreamAndBiasAreAddedOnce) {
  ModelSpec model = changed<AttentionBlock>(rotaryModel(), [](AttentionBlock &attention) {
    attention.queryKeyValueBias = attention.outputBias = true;
  });
  model = changed<MlpBlock>(model, [](MlpBlock &mlp) { mlp.bias = true; });
  for (int64_t ranks : {1, 2}) {
    Workload decode = decodeWorkload(64, 512);
    decode.parallelism.tensor = ranks;
    const std::vector<PlanKernel> kernels = kernelsOf("mi300x", model, {decode});
    for (const char *name : {"o_proj", "down_proj"}) {
      EXPECT_EQ(kernelNamed(name, kernels).residual, ranks == 1) << name;
      EXPECT_EQ(kernelNamed(name, kernels).bias, ranks == 1) << name;
    }
    for (const char *name : {"qkv_proj", "gate_up_proj"}) {
      EXPECT_FALSE(kernelNamed(name, kernels).residual) << name;
      EXPECT_TRUE(kernelNamed(name, kernels).bias) << name;
    }
    EXPECT_FALSE(kernelNamed("lm_head", kernels).residual);
  }
  // A norm that adds nothing says that nothing is to be added.
  const ModelSpec plain = changed<NormBlock>(model, [](NormBlock &norm) { norm.residual = false; });
  EXPECT_FALSE(kernelNamed("o_proj", kernelsOf("mi300x", plain, {decodeWorkload(64, 512)})).residual);
  EXPECT_TRUE(kernelNamed("down_proj", kernelsOf("mi300x", plain, {decodeWorkload(64, 512)})).residual);
  // What tokens get of their experts is added up by the caller.
  EXPECT_FALSE(
      kernelNamed("experts_down", kernelsOf("mi300x", mixture(), {decodeWorkload(64, 512)})).residual);
}

/// Between gate and down projection nothing else needs the result: it has 8 bits where its scale is given.
TEST(KernelSelection, GatesInFp8WriteWhatTheNextProductReads) {
  for (const char *device : {"mi300x", "mi355x", "h100-sxm"})
    for (const ModelSpec &model : {rotaryModel(), mixture()})
      for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken}) {
        Workload serve = prefillWorkload(1, 4096);
        serve.type = DataType::F8E4M3;
        serve.scaling = scaling;
        int quantised = 0;
        for (const PlanKernel &kernel : kernelsOf(device, model, {serve})) {
          EXPECT_EQ(kernel.output, kernel.quantises() ? "fp8" : "bf16") << kernel.name;
          EXPECT_TRUE(kernel.gated() || !kernel.quantises()) << kernel.name;
          quantised += kernel.quantises();
        }
        EXPECT_EQ(quantised, scaling == Scaling::PerTensor) << device;
      }
  Workload train = trainWorkload(2, 1024);
  train.type = DataType::F8E4M3;
  train.scaling = Scaling::PerTensor;
  EXPECT_FALSE(kernelNamed("gate_up_proj", kernelsOf("mi300x", rotaryModel(), {train})).quantises());
}

/// A plain network applies its activation where the sums are, unless its gradient needs what came before.
TEST(KernelSelection, PlainNetworksActivateWhatTheyMultiply) {
  for (PlainActivation activation :
       {PlainActivation::Gelu, PlainActivation::GeluTanh, PlainActivation::Relu}) {
    const ModelSpec model = changed<MlpBlock>(rotaryModel(), [&](MlpBlock &mlp) {
      mlp.gated = false;
      mlp.bias = true;
      mlp.activation = activation;
    });
    for (const char *device : {"mi300x", "h100-sxm"}) {
      const PlanKernel up = kernelNamed("up_proj", kernelsOf(device, model, {decodeWorkload(64, 512)}));
      EXPECT_EQ(up.epilogue, toString(activation));
      EXPECT_TRUE(up.activates() && up.bias && !up.gated());
      EXPECT_EQ(up.output, "bf16");
    }
    Workload serve = prefillWorkload(1, 4096);
    serve.type = DataType::F8E4M3;
    serve.scaling = Scaling::PerTensor;
    EXPECT_TRUE(kernelNamed("up_proj", kernelsOf("mi300x", model, {serve})).quantises());
    EXPECT_EQ(kernelNamed("up_proj", kernelsOf("mi300x", model, {trainWorkload(2, 1024)})).epilogue, "");
    // Layers that activate differently leave it to their callers.
    ModelSpec mixed = model;
    mixed.layers.push_back(changed<MlpBlock>(model, [&](MlpBlock &mlp) {
                             mlp.activation = activation == PlainActivation::Relu ? PlainActivation::Gelu
                                                                                  : PlainActivation::Relu;
                           }).layers.front());
    EXPECT_EQ(kernelNamed("up_proj", kernelsOf("mi300x", mixed, {decodeWorkload(64, 512)})).epilogue, "");
  }
  const ModelSpec experts = changed<MoeBlock>(mixture(), [](MoeBlock &moe) { moe.gated = false; });
  EXPECT_EQ(kernelNamed("experts_up", kernelsOf("mi300x", experts, {decodeWorkload(64, 512)})).epilogue,
            "gelu");
}

/// A list is taken by workgroups that copy for themselves alone, in rings of three slots or more.
TEST(KernelSelection, ListsOfRowsHaveSchedulesThatTakeThem) {
  int persistent = 0;
  for (const PlanKernel &kernel : kernelsOf("h100-sxm", moeModel(2048, 2, 128, 16, 4, 128, 8, 768, 0, 32000),
                                            {prefillWorkload(1, 8192)}))
    for (const PlanKernelRange &range : kernel.ranges) {
      const GemmSchedule schedule = llvm::cantFail(scheduleFromFields(range.schedule));
      if (!kernel.gathered() || schedule.family != GemmFamily::WgmmaTmaPersistent)
        continue;
      ++persistent;
      EXPECT_EQ(schedule.clusterM * schedule.clusterN, 1) << range.scheduleText;
      EXPECT_GE(schedule.stages, 3) << range.scheduleText;
    }
  EXPECT_GT(persistent, 0);
}

/// The experts of one rank are what its kernel is written for.
TEST(KernelSelection, ExpertParallelRanksHaveFewerExperts) {
  Workload decode = decodeWorkload(64, 512);
  decode.parallelism.expert = decode.parallelism.tensor = 4;
  for (const PlanKernel &kernel : kernelsOf("h100-sxm", mixture(), {decode}))
    EXPECT_EQ(kernel.experts, llvm::StringRef(kernel.name).starts_with("experts") ? 4 : 0) << kernel.name;
}

/// A rank adds up what its own tokens get; rows of other ranks' tokens go back to them one by one.
TEST(KernelSelection, RowsOfTokensAreSummedUpWhereTheirExpertsAre) {
  for (int64_t tensor : {4, 1}) {
    Workload decode = decodeWorkload(64, 512);
    decode.parallelism.expert = 4;
    decode.parallelism.tensor = tensor;
    int sums = 0;
    for (const PlanKernel &kernel : kernelsOf("mi300x", mixture(), {decode})) {
      sums += kernel.sumsTokens();
      EXPECT_EQ(kernel.topK, kernel.sumsTokens() ? 2 : 0) << kernel.name;
      EXPECT_EQ(kernel.weighted(), llvm::StringRef(kernel.name).starts_with("experts_down")) << kernel.name;
    }
    EXPECT_EQ(sums, tensor == 4 ? 2 : 0);
  }
}

} // namespace
