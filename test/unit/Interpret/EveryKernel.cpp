#include "EveryKernel.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign::test {

static GemmKernel with(GemmKernel kernel, int64_t GemmKernel::*field, int64_t value) {
  kernel.*field = value;
  return kernel;
}

static GemmKernel direct(GemmKernel kernel, int64_t stages) {
  kernel.directCopies = true;
  return with(kernel, &GemmKernel::stages, stages);
}

static void addAmdFamilies(std::vector<KernelFamily> &families, const GemmKernel &kernel,
                           llvm::ArrayRef<size_t> combinations) {
  const std::string device = toString(kernel.architecture).str() + " ";
  GemmKernel wide = with(kernel, &GemmKernel::stages, 1), streaming = streamingKernel();
  wide.instruction =
      kernel.architecture == Architecture::Gfx942 ? "v_mfma_f32_32x32x8_bf16" : "v_mfma_f32_32x32x16_bf16";
  streaming.architecture = kernel.architecture;
  streaming.limits = kernel.limits;
  streaming.instruction = kernel.instruction;
  streaming.pack = kernel.pack;
  const std::pair<const char *, GemmKernel> kernels[] = {
      {"in step", kernel},
      {"32 x 32, one slot", wide},
      {"direct", direct(kernel, 3)},
      {"ping-pong", pingPong(kernel)},
      {"direct ping-pong", direct(pingPong(kernel), 3)},
      {"interleaved", interleaved(kernel)},
      {"split", with(kernel, &GemmKernel::splitK, 2)},
      {"Stream-K", with(kernel, &GemmKernel::streamWorkgroups, 4)},
      {"two blocks of columns, one slot", twoBlocks(kernel)},
      {"direct Stream-K", with(direct(kernel, 2), &GemmKernel::streamWorkgroups, 4)},
      {"streaming", streaming},
      {"split streaming", with(streaming, &GemmKernel::splitK, 2)}};
  for (const auto &[place, entry] : llvm::enumerate(kernels))
    families.push_back({device + entry.first, entry.second, combinations[place]});
}

static void addNvidiaFamilies(std::vector<KernelFamily> &families, const GemmKernel &kernel,
                              llvm::ArrayRef<size_t> combinations) {
  const std::string device = toString(kernel.architecture).str() + " ";
  GemmKernel streaming = streamingSm80Kernel();
  streaming.architecture = kernel.architecture;
  streaming.limits = kernel.limits;
  streaming.tileM = 16;
  const std::pair<const char *, GemmKernel> kernels[] = {
      {"multistage", kernel},
      {"split", with(kernel, &GemmKernel::splitK, 2)},
      {"Stream-K", with(kernel, &GemmKernel::streamWorkgroups, 4)},
      {"streaming", streaming},
      {"split streaming", with(streaming, &GemmKernel::splitK, 2)}};
  for (const auto &[place, entry] : llvm::enumerate(kernels))
    families.push_back({device + entry.first, entry.second, combinations[place]});
}

std::vector<KernelFamily> kernelFamilies() {
  std::vector<KernelFamily> families;
  addAmdFamilies(families, gfx942Kernel(), {886, 750, 456, 756, 486, 456, 550, 408, 994, 204, 744, 408});
  addAmdFamilies(families, gfx950Kernel(), {886, 750, 456, 756, 486, 456, 550, 408, 994, 204, 744, 408});
  addNvidiaFamilies(families, sm80Kernel(), {146, 28, 28, 100, 28});
  addNvidiaFamilies(families, sm90aKernel(), {172, 34, 34, 354, 102});
  const GemmKernel kernel = wgmmaKernel();
  families.push_back({"wgmma", kernel, 526});
  families.push_back({"wgmma side by side, clusters of 2", wideWgmmaKernel(), 440});
  families.push_back({"wgmma, clusters of 4 that share W", with(kernel, &GemmKernel::clusterM, 4), 360});
  families.push_back({"wgmma, clusters of 4 that share A", with(kernel, &GemmKernel::clusterN, 4), 394});
  GemmKernel blocks = wideWgmmaKernel();
  blocks.tileN = 2 * kernel::scaledBlock;
  blocks.clusterM = 1;
  families.push_back({"wgmma side by side, two blocks of columns", blocks, 594});
  families.push_back({"wgmma split", with(kernel, &GemmKernel::splitK, 2), 136});
  families.push_back({"wgmma Stream-K", with(kernel, &GemmKernel::streamWorkgroups, 4), 136});
  return families;
}

std::vector<OperandKind> operandKinds(Architecture architecture) {
  if (architecture == Architecture::Sm80)
    return {{DataType::BF16, Scaling::None}, {DataType::F16, Scaling::None}};
  const bool unsignedZero = architecture == Architecture::Gfx942;
  const DataType precise = unsignedZero ? DataType::F8E4M3FNUZ : DataType::F8E4M3,
                 wide = unsignedZero ? DataType::F8E5M2FNUZ : DataType::F8E5M2;
  return {{DataType::BF16, Scaling::None}, {wide, Scaling::PerToken},   {wide, Scaling::Block128},
          {DataType::F16, Scaling::None},  {precise, Scaling::None},    {precise, Scaling::PerTensor},
          {precise, Scaling::PerToken},    {precise, Scaling::Block128}};
}

const std::vector<ProblemStep> &operandForms() {
  using kernel::ExpertLayout;
  // Those that few families and epilogues take stand first: CellPairing goes by that where all else is equal.
  static const std::vector<ProblemStep> forms = {
      {"TN", [](GemmProblem &problem, Architecture) { problem.layout = GemmLayout::TN; }},
      {"shuffled weights", [](GemmProblem &problem, Architecture) { problem.shuffledWeights = true; }},
      {"NN", [](GemmProblem &problem, Architecture) { problem.layout = GemmLayout::NN; }},
      {"gathered experts",
       [](GemmProblem &problem, Architecture) {
         problem.experts = 3;
         problem.gathered = true;
       }},
      {"masked experts",
       [](GemmProblem &problem, Architecture) {
         problem.experts = 2;
         problem.expertLayout = ExpertLayout::Masked;
       }},
      {"experts", [](GemmProblem &problem, Architecture) { problem.experts = 3; }},
      {"padded rows",
       [](GemmProblem &problem, Architecture) {
         problem.leadingA = llvm::alignTo(problem.k, 16) + 16;
         problem.leadingW = llvm::alignTo(problem.k, 16) + 48;
       }},
      {"NT", [](GemmProblem &, Architecture) {}}};
  return forms;
}

/// To the device's own E4M3; one that has none refuses any.
static void quantise(GemmProblem &problem, Architecture architecture) {
  problem.quantised = kernel::quantisedType(architecture).value_or(DataType::F8E4M3);
}

static ProblemStep withActivation(const char *name, kernel::Activation activation, bool bias, bool gated) {
  return {name, [=](GemmProblem &problem, Architecture) {
            problem.activation = activation;
            problem.bias = bias;
            problem.gated = gated;
          }};
}

static void rotate(GemmProblem &problem) {
  constexpr int64_t headColumns = 24;
  problem.rotary = {
      .headColumns = headColumns, .columns = problem.n / headColumns * headColumns, .positions = 37};
}

const std::vector<ProblemStep> &epilogues() {
  using kernel::Activation;
  static const std::vector<ProblemStep> steps = {
      {"nothing", [](GemmProblem &, Architecture) {}},
      {"bias", [](GemmProblem &problem, Architecture) { problem.bias = true; }},
      withActivation("ReLU", Activation::Relu, true, false),
      withActivation("SiLU", Activation::Silu, false, false),
      withActivation("GELU", Activation::Gelu, true, false),
      withActivation("GELU by tanh", Activation::GeluTanh, false, false),
      withActivation("gate", Activation::Silu, true, true),
      {"gate and residual",
       [](GemmProblem &problem, Architecture) {
         problem.activation = Activation::Gelu;
         problem.gated = problem.residual = true;
       }},
      {"residual", [](GemmProblem &problem, Architecture) { problem.residual = true; }},
      {"squares", [](GemmProblem &problem,
                     Architecture) { problem.bias = problem.residual = problem.rowSquares = true; }},
      {"rotated",
       [](GemmProblem &problem, Architecture) {
         problem.bias = true;
         rotate(problem);
       }},
      {"rotated, squares",
       [](GemmProblem &problem, Architecture) {
         problem.rowSquares = true;
         rotate(problem);
       }},
      {"quantised", quantise},
      {"quantised in blocks",
       [](GemmProblem &problem, Architecture architecture) {
         problem.bias = true;
         quantise(problem, architecture);
         problem.quantisedBlocks = true;
       }},
      {"gate, quantised in blocks",
       [](GemmProblem &problem, Architecture architecture) {
         problem.activation = Activation::Silu;
         problem.gated = problem.weighted = true;
         quantise(problem, architecture);
         problem.quantisedBlocks = true;
       }},
      {"rotated, quantised",
       [](GemmProblem &problem, Architecture architecture) {
         rotate(problem);
         quantise(problem, architecture);
       }},
      {"weights",
       [](GemmProblem &problem, Architecture) {
         problem.activation = Activation::Relu;
         problem.weighted = problem.residual = true;
       }},
      {"weights, not rounded",
       [](GemmProblem &problem, Architecture) { problem.weighted = problem.unrounded = true; }},
      {"every step", [](GemmProblem &problem, Architecture architecture) {
         problem.activation = Activation::GeluTanh;
         problem.gated = problem.bias = problem.residual = problem.weighted = true;
         quantise(problem, architecture);
       }}};
  return steps;
}

/// The family's schedule with the deepest instruction of the same shape for the type, in tiles of as many
/// bytes; none where there is no instruction.
static std::optional<GemmKernel> kernelFor(const GemmKernel &family, OperandKind operands,
                                           GemmLayout layout) {
  const MatrixInstruction &other = *findMatrixInstruction(family.architecture, family.instruction);
  const MatrixInstruction *best = nullptr;
  for (const MatrixInstruction *record :
       denseMatrixInstructions(family.architecture, operands.type, operands.type))
    if (record->kind == other.kind && record->m == other.m && record->n == other.n &&
        record->a.space == other.a.space && record->c.type == DataType::F32 && (!best || record->k > best->k))
      best = record;
  if (!best)
    return std::nullopt;
  GemmKernel kernel = family;
  kernel.instruction = best->name;
  const bool amd = vendorOf(family.architecture) == Vendor::Amd;
  if (amd)
    kernel.pack = std::max(1, 4 / best->a.registersPerLane);
  const int64_t bytes = bitWidth(operands.type) / 8;
  kernel.tileK = std::max(family.tileK * 2 / bytes, family.wavesK * best->k * kernel.pack);
  if (operands.scaling == Scaling::Block128)
    kernel.tileK = family.wavesK * kernel::scaledBlock;
  if (amd && layout != GemmLayout::NT)
    kernel.tileK = 128 / bytes;
  return kernel;
}

static std::optional<KernelCell> cellOf(const KernelFamily &family, size_t operands, size_t form,
                                        size_t epilogue) {
  const Architecture architecture = family.kernel.architecture;
  const bool amd = vendorOf(architecture) == Vendor::Amd;
  const OperandKind kind = operandKinds(architecture)[operands];
  KernelCell cell = {
      .operands = operands, .form = form, .epilogue = epilogue, .problem = {}, .kernel = {}, .name = {}};
  GemmProblem &problem = cell.problem;
  problem.symbol = "gemm";
  problem.type = kind.type;
  problem.scaling = kind.scaling;
  operandForms()[form].apply(problem, architecture);
  const std::optional<GemmKernel> kernel = kernelFor(family.kernel, kind, problem.layout);
  if (!kernel)
    return std::nullopt;
  cell.kernel = *kernel;
  const int64_t rest = problem.layout == GemmLayout::NT ? (problem.shuffledWeights ? 16 : 6) : (amd ? 4 : 8);
  problem.n = kernel->tileN + rest;
  const int64_t bytes = bitWidth(problem.type) / 8;
  // Shuffled weights have whole blocks of 64 bytes of k.
  const int64_t missing = !problem.shuffledWeights ? 16 : kernel->tileK * bytes > 64 ? 64 / bytes : 0;
  if (problem.layout == GemmLayout::TN)
    problem.k = kernel->tileM + 8;
  else
    problem.k = kernel->tileK * (kernel->streamWorkgroups > 0 ? 5 : kernel->splitK > 1 ? 4 : 3) - missing;
  operandForms()[form].apply(problem, architecture); // distances of rows follow from k
  epilogues()[epilogue].apply(problem, architecture);
  if (llvm::errorToBool(checkGemm(problem, cell.kernel)))
    return std::nullopt;
  cell.name = family.name + ", " + toString(kind.type).str() + ", scales: " + toString(kind.scaling).str() +
              ", " + operandForms()[form].name + ", " + epilogues()[epilogue].name;
  return cell;
}

std::vector<KernelCell> cellsOf(const KernelFamily &family) {
  std::vector<KernelCell> cells;
  for (size_t operands = 0; operands < operandKinds(family.kernel.architecture).size(); ++operands)
    for (size_t form = 0; form < operandForms().size(); ++form)
      for (size_t epilogue = 0; epilogue < epilogues().size(); ++epilogue)
        if (std::optional<KernelCell> cell = cellOf(family, operands, form, epilogue))
          cells.push_back(std::move(*cell));
  return cells;
}

/// Which axes a cell has which places on, and what a place is worth that no cell before has had.
std::vector<std::pair<CellPairing::Place, double>> CellPairing::placesOf(const KernelFamily &family,
                                                                         const KernelCell &cell) {
  const std::string device = toString(family.kernel.architecture).str();
  return {{{family.name, Axes::Operands, cell.operands, 0}, 16},
          {{family.name, Axes::Form, cell.form, 0}, 16},
          {{device, Axes::Operands, cell.operands, 0}, 2},
          {{device, Axes::Form, cell.form, 0}, 2},
          {{device, Axes::OperandsAndForm, cell.operands, cell.form}, 1},
          {{device, Axes::OperandsAndEpilogue, cell.operands, cell.epilogue}, 1},
          {{device, Axes::FormAndEpilogue, cell.form, cell.epilogue}, 1}};
}

std::optional<KernelCell> CellPairing::pick(const KernelFamily &family, const std::vector<KernelCell> &cells,
                                            size_t epilogue) {
  const KernelCell *best = nullptr;
  double most = 0;
  for (const KernelCell &cell : cells) {
    if (cell.epilogue != epilogue)
      continue;
    double worth = 0;
    for (const auto &[place, points] : placesOf(family, cell)) {
      const auto found = picked.find(place);
      worth += points / (1 + (found == picked.end() ? 0 : found->second));
    }
    if (worth > most) {
      most = worth;
      best = &cell;
    }
  }
  if (!best)
    return std::nullopt;
  for (const auto &entry : placesOf(family, *best))
    ++picked[entry.first];
  return *best;
}

} // namespace codesign::test
