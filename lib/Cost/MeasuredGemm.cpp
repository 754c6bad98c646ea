#include "MeasurementKinds.h"
#include "codesign/Cost/GemmModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

namespace codesign {

namespace {

/// What a table's word for the operands' types means.
struct OperandType {
  llvm::StringRef kind; // of the calibration set
  DataType type;
  Scaling scaling = Scaling::None;
};

/// Empty for types that a product of this model cannot have: weights narrower than activations, fp32.
std::optional<OperandType> operandType(llvm::StringRef word, const Profile &profile) {
  const DataType float8 = profile.nativeFloat8().value_or(DataType::F8E4M3);
  return llvm::StringSwitch<std::optional<OperandType>>(word)
      // fp16 and bf16 run at the same rate on the same kernels: one set for both.
      .Cases({"bfloat16", "bf16", "float16", "fp16"}, OperandType{"gemm", DataType::BF16})
      .Case("fp8", OperandType{"gemm", float8, Scaling::PerTensor})
      .Case("a8w8", OperandType{"gemm", float8, Scaling::PerToken})
      .Case("a8w8_bpreshuffle", OperandType{"gemm_preshuffled", float8, Scaling::PerToken})
      .Cases({"fp8_block", "a8w8_blockscale"}, OperandType{"gemm_block128", float8, Scaling::Block128})
      .Cases({"mxfp8", "mxscale"}, OperandType{"gemm_mx", float8, Scaling::Block128})
      .Cases({"nvfp4", "a4w4_blockscale"}, OperandType{"gemm", DataType::F4E2M1, Scaling::Block128})
      .Cases({"int8", "sq"}, OperandType{"gemm", DataType::I8, Scaling::PerToken})
      .Default(std::nullopt);
}

/// TensorRT-LLM's times for types of 8 bits and less include the pass that quantises the activations.
bool includesQuantization(const MeasuredRow &row) {
  return row.key.provider == "trtllm" && row.key.dataType != DataType::BF16;
}

const GemmShape &shapeOf(const MeasuredRow &row) {
  return std::get<GemmShape>(row.parts.front());
}

/// Benchmarks are short runs.
GemmModel modelOf(const Profile &profile, const GemmConstants &constants) {
  return GemmModel(profile, constants, {.tiles = libraryTiles(profile)}, /*sustained=*/false);
}

/// The model of a stored set, with its corrections where they are of as many units.
GemmModel modelOf(const Profile &profile, const CalibrationSet *set) {
  GemmModel model = modelOf(
      profile, constantsFrom<GemmConstants>(set, GemmConstants::fields(), GemmConstants::prior(profile)));
  if (set && set->corrections && set->corrections->computeUnits == profile.compute.computeUnits)
    model.correct(*set->corrections);
  return model;
}

/// Where a search for constants begins. Block-scaled kernels, with dequantisation in the loop, are far from
/// the usual start; on Hopper they are DeepGEMM's, which takes its tiles by rule; AITER's are Composable
/// Kernel's, with sides of 16 to 128 and one workgroup at a time on a compute unit.
GemmConstants startOf(const Profile &profile, bool quantized, bool fewTiles, bool rowBlocks, bool ruled) {
  GemmConstants start = GemmConstants::prior(profile);
  if (quantized) {
    start.quantizeLaunch = 2e-6;
    start.quantizeTraffic = 5;
  }
  start.exposedTileCycles = 300;
  if (fewTiles) {
    start.largestTile = 128;
    start.exposedTileCycles = 7000;
    start.waveRounding = 0.7;
    start.waveDrift = 0.2;
    start.rowConflictCycles = 1;
  }
  if (!rowBlocks)
    return start;
  start.sharedEfficiency = 1.2;
  start.unitMemoryBytesPerClock = 13;
  start.activationTraffic = 0.95;
  if (ruled) {
    start.ruledRows = 64;
    start.mmaEfficiency = 0.75;
    start.unitBytesPerClock = 100;
    start.stepOverheadCycles = 60;
    start.epilogueCyclesPerLine = 8;
    start.waveRounding = 0.65;
    start.cacheShare = 0.27;
    start.droop = 0.35;
    start.droopSeconds = 3e-3;
    start.missingRowSeconds = 0.5e-9;
    start.unevenScaleCycles = 34;
    start.pairGain = 0.16;
    start.missingRowTraffic = 0.85;
  } else {
    start.mmaEfficiency = 0.84;
    start.unitBytesPerClock = 40;
    start.epilogueCyclesPerLine = 16;
    start.waveRounding = 0.87;
    start.cacheShare = 0.13;
    start.droop = 0.3;
    start.droopSeconds = 5e-6;
    start.missingRowSeconds = 1e-9;
  }
  return start;
}

/// Models for the trials of a fit. They price rows among the candidates that were cheapest some trials ago: a
/// trial moves constants so little that the cheapest one of all is among them. Candidates are searched anew
/// ever more rarely, as steps become shorter.
class TrialModels {
public:
  TrialModels(const Profile &profile, llvm::ArrayRef<MeasuredRow> rows)
      : profile(&profile), rows(rows), cheapest(rows.size()) {}

  auto operator()(const GemmConstants &constants) {
    if (trials++ == nextSearch) {
      for (std::vector<GemmCandidate> &candidates : cheapest)
        candidates.clear();
      nextSearch += std::min(400L, 25 + nextSearch / 4);
    }
    return [this, model = modelOf(*profile, constants)](int i) {
      if (cheapest[i].empty())
        cheapest[i] = model.cheapest(shapeOf(rows[i]), kept);
      return model.timeAmong(shapeOf(rows[i]), cheapest[i], includesQuantization(rows[i])).value;
    };
  }

private:
  static constexpr size_t kept = 8;
  const Profile *profile;
  llvm::ArrayRef<MeasuredRow> rows;
  std::vector<std::vector<GemmCandidate>> cheapest;
  long trials = 0, nextSearch = 0;
};

class GemmKind final : public MeasurementKind {
public:
  llvm::StringRef name() const override { return "gemm"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns({"hw", "provider", "m", "n", "k", "us"}) &&
           (table.column("dtype") >= 0 || table.column("dtype_a") >= 0);
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"m", "n", "k", "batch", "type", "layout"};
    return names;
  }

  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    const llvm::StringRef typeColumn = table.column("dtype") >= 0 ? "dtype" : "dtype_a";
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (!isMeasuredOn(table.text(i, "hw"), profile))
        continue;
      const llvm::StringRef word = table.text(i, typeColumn);
      const std::optional<OperandType> operands = operandType(word, profile);
      const llvm::StringRef output = table.text(i, "dtype_out");
      if (!operands)
        continue;
      GemmShape shape{.m = sizeIn(table, i, "m"),
                      .n = sizeIn(table, i, "n"),
                      .k = sizeIn(table, i, "k"),
                      .batch = table.column("batch") < 0 ? 1 : sizeIn(table, i, "batch"),
                      .input = operands->type,
                      .output = output == "fp32" || output == "int32" ? DataType::F32 : DataType::BF16,
                      .scaling = operands->scaling};
      const double seconds = table.number(i, "us") * 1e-6;
      if (shape.m < 1 || shape.n < 1 || shape.k < 1 || shape.batch < 1 ||
          !isPossible(shape, seconds, profile))
        continue;
      const llvm::StringRef layout = table.text(i, "trans");
      const bool isFloat16 = word == "fp16" || word == "float16";
      rows.push_back(rowOf(shape, {operands->kind.str(), providerOf(table, i), operands->type}, seconds,
                           groupOf(shape.n, shape.k),
                           {double(shape.m), double(shape.n), double(shape.k), double(shape.batch),
                            double(bitWidth(shape.output)) + isFloat16,
                            layout.size() == 2 ? 2.0 * (layout[0] == 'T') + (layout[1] == 'T') : 0.0},
                           i));
    }
    return collapsed(std::move(rows));
  }

  std::map<std::string, int> unknownTypes(const MeasurementTable &table,
                                          const Profile &profile) const override {
    std::map<std::string, int> rows;
    const llvm::StringRef typeColumn = table.column("dtype") >= 0 ? "dtype" : "dtype_a";
    for (size_t i = 0; i < table.rows.size(); ++i)
      if (isMeasuredOn(table.text(i, "hw"), profile) && !operandType(table.text(i, typeColumn), profile))
        ++rows[table.text(i, typeColumn).str()];
    return rows;
  }

  std::vector<double> predict(const Profile &profile, const CalibrationSet *set,
                              llvm::ArrayRef<MeasuredRow> rows) const override {
    const GemmModel model = modelOf(profile, set);
    std::vector<double> result;
    for (const MeasuredRow &row : rows)
      result.push_back(model.time(shapeOf(row), includesQuantization(row)).value);
    return result;
  }

  std::string terms(const Profile &profile, const CalibrationSet *set,
                    const MeasuredRow &row) const override {
    const GemmModel model = modelOf(profile, set);
    std::string text;
    appendTerms(text, "", model.breakdown(shapeOf(row), nullptr, includesQuantization(row)));
    return text;
  }

  CalibrationSet fit(const Profile &profile, llvm::ArrayRef<MeasuredRow> rows, const FitOptions &options,
                     std::vector<double> &heldOut) const override {
    const bool quantized = includesQuantization(rows.front());
    const bool rowBlocks = rows.front().key.operatorKind == "gemm_block128" && quantized;
    const bool fewTiles =
        rows.front().key.operatorKind == "gemm_block128" && profile.architecture == Architecture::Gfx942;
    const bool ruled = rowBlocks && profile.architecture == Architecture::Sm90a;
    const GemmConstants start = startOf(profile, quantized, fewTiles, rowBlocks, ruled);
    static constexpr llvm::StringRef ofRule[] = {"uneven_scale_cycles", "pair_gain", "missing_row_traffic"};
    // Seen where one kernel serves nearly all rows; a library of many changes it before waves have drifted.
    static constexpr llvm::StringRef ofFewTiles[] = {"row_conflict_cycles", "wave_drift"};
    std::vector<ConstantField<GemmConstants>> fields;
    for (const ConstantField<GemmConstants> &field : GemmConstants::fields()) {
      const llvm::StringRef fieldName = field.name;
      // Only tables of odd sizes could tell the effect of alignment.
      if (fieldName.starts_with("aligned_") || (fieldName.starts_with("quantize_") && !quantized) ||
          (fieldName == "missing_row_seconds" && !rowBlocks) ||
          (llvm::is_contained(ofRule, fieldName) && !ruled) || fieldName == "ruled_rows" ||
          fieldName == "largest_tile" || (llvm::is_contained(ofFewTiles, fieldName) && !fewTiles))
        continue;
      fields.push_back(field);
    }
    // AMD's libraries have tiles with sides of any multiple of 16 for some types, and few for others; a small
    // table cannot tell which.
    constexpr size_t telling = 60;
    std::vector<GemmConstants> alternatives;
    if (profile.vendor == Vendor::Amd && start.largestTile == 0 && rows.size() >= telling)
      alternatives.emplace_back(start).largestTile = 256;
    CalibrationSet set = fitRows<GemmConstants>(
        rows, start, fields, coordinateNames(), TrialModels(profile, rows),
        [](const GemmConstants &c) { return c; }, options, heldOut, /*corrected=*/3, alternatives);
    if (set.corrections)
      set.corrections->computeUnits = profile.compute.computeUnits;
    return set;
  }

private:
  /// A kernel cannot beat the matrix units; measurements that say so are of another problem.
  static bool isPossible(const GemmShape &shape, double seconds, const Profile &profile) {
    if (!(seconds > 0))
      return false;
    auto peak = profile.peakMatrix.find(shape.input);
    return peak == profile.peakMatrix.end() || flops(shape) / peak->second < Seconds(1.05 * seconds);
  }

  /// As an identifier. A table with qualities joins sources that do not measure alike: the library's tuned
  /// kernels are their own.
  static std::string providerOf(const MeasurementTable &table, size_t i) {
    std::string provider = table.text(i, "provider").str();
    llvm::replace(provider, '-', '_');
    if (table.text(i, "quality") == "A")
      provider += "_tuned";
    return provider;
  }
};

} // namespace

std::unique_ptr<MeasurementKind> makeGemmKind() {
  return std::make_unique<GemmKind>();
}

} // namespace codesign
