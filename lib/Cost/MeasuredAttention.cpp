#include "MeasurementKinds.h"
#include "codesign/Cost/AttentionModel.h"
#include "codesign/Cost/DecodeModel.h"
#include "codesign/Cost/Regime.h"
#include <array>

namespace codesign {

namespace {

/// Calibration sets go by the type of the cache: with an 8-bit cache the library computes in 8 bit whatever q
/// was.
DataType cacheType(llvm::StringRef name) {
  std::optional<DataType> type = parseDataType(name);
  return type && isFloat8(*type) ? DataType::F8E4M3 : DataType::BF16;
}

bool isUsable(double seconds, const OperatorShape &shape, const Profile &profile) {
  if (!(seconds > 0))
    return false;
  auto peak = profile.peakMatrix.find(DataType::BF16);
  // Twice the 16-bit peak bounds 8-bit kernels as well.
  return peak == profile.peakMatrix.end() || flops(shape) / peak->second < Seconds(2 * 1.05 * seconds);
}

/// Prefill of TensorRT-LLM: the time includes the pass that rotates q and k and writes the cache.
class PrefillKind final : public ModelledKind<PrefillKind, AttentionModel, AttentionConstants> {
public:
  llvm::StringRef name() const override { return "prefill"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns(
        {"hw", "dtype", "kv_dtype", "batch", "seq", "heads", "kv_heads", "head_dim", "us"});
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"batch",    "seq",    "heads", "kv_heads",
                                                "head_dim", "window", "dtype"};
    return names;
  }
  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (table.text(i, "hw") != profile.name)
        continue;
      auto size = [&](llvm::StringRef name) { return static_cast<int64_t>(table.number(i, name)); };
      AttentionShape shape{.batch = size("batch"),
                           .queryLength = size("seq"),
                           .keyLength = size("seq"),
                           .heads = size("heads"),
                           .keyValueHeads = size("kv_heads"),
                           .headDim = size("head_dim"),
                           .window = table.column("window") < 0 ? 0 : size("window"),
                           .type = cacheType(table.text(i, "dtype")),
                           .keyValueType = cacheType(table.text(i, "kv_dtype"))};
      MeasuredRow row;
      row.seconds = table.number(i, "us") * 1e-6;
      if (!isUsable(row.seconds, shape, profile))
        continue;
      row.key = {"prefill", table.text(i, "provider").str(), shape.keyValueType};
      row.group = groupOf(shape.heads, shape.keyValueHeads, shape.headDim);
      row.regime = regimeOf(shape).str();
      row.coordinates = {double(shape.batch),         double(shape.queryLength), double(shape.heads),
                         double(shape.keyValueHeads), double(shape.headDim),     double(shape.window),
                         double(bitWidth(shape.type))};
      row.parts = {shape};
      row.tableRow = i;
      rows.push_back(std::move(row));
    }
    return collapsed(std::move(rows));
  }
  static std::string termsOf(const AttentionModel &model, const MeasuredRow &row) {
    const auto &shape = std::get<AttentionShape>(row.parts.front());
    std::string text;
    appendTerms(text, "", model.breakdown(shape));
    Breakdown preparation;
    preparation.add("preparation", model.preparation(shape).value);
    appendTerms(text, "", preparation);
    return text;
  }
  static double seconds(const AttentionModel &model, const MeasuredRow &row) {
    const AttentionShape &shape = std::get<AttentionShape>(row.parts.front());
    return (model.time(shape) + model.preparation(shape)).value;
  }
};

/// Rates of AITER's kernels, one column per device and pass: head_dim 128, no window, nothing around the
/// kernel.
class AttentionRateKind final : public ModelledKind<AttentionRateKind, AttentionModel, AttentionConstants> {
  struct Column {
    const char *prefix, *kind, *provider;
  };
  static constexpr Column passes[] = {{"fwd", "prefill", "aiter"},
                                      {"bwd_a16", "prefill_backward", "aiter"},
                                      {"bwd_a32", "prefill_backward", "aiter_fp32_dq"}};

public:
  llvm::StringRef name() const override { return "attention rates"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns({"batch", "q_heads", "kv_heads", "seq_q", "seq_kv", "hdim", "causal"});
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"batch", "seq", "heads", "kv_heads", "causal"};
    return names;
  }
  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    for (const Column &pass : passes) {
      const std::string column = std::string(pass.prefix) + "_tflops_" + profile.name;
      for (size_t i = 0; table.column(column) >= 0 && i < table.rows.size(); ++i) {
        auto size = [&](llvm::StringRef name) { return static_cast<int64_t>(table.number(i, name)); };
        AttentionShape shape{.batch = size("batch"),
                             .queryLength = size("seq_q"),
                             .keyLength = size("seq_kv"),
                             .heads = size("q_heads"),
                             .keyValueHeads = size("kv_heads"),
                             .headDim = size("hdim"),
                             .causal = size("causal") != 0,
                             .backward = llvm::StringRef(pass.prefix) != "fwd"};
        MeasuredRow row;
        row.seconds = flops(shape).value / (table.number(i, column) * 1e12);
        if (!isUsable(row.seconds, shape, profile))
          continue;
        row.key = {pass.kind, pass.provider, DataType::BF16};
        row.group = groupOf(shape.batch, shape.heads, shape.keyValueHeads);
        row.regime = regimeOf(shape).str();
        row.coordinates = {double(shape.batch), double(shape.queryLength), double(shape.heads),
                           double(shape.keyValueHeads), double(shape.causal)};
        row.parts = {shape};
        row.tableRow = i;
        rows.push_back(std::move(row));
      }
    }
    return collapsed(std::move(rows));
  }
  static std::string termsOf(const AttentionModel &model, const MeasuredRow &row) {
    std::string text;
    appendTerms(text, "", model.breakdown(std::get<AttentionShape>(row.parts.front())));
    return text;
  }
  static double seconds(const AttentionModel &model, const MeasuredRow &row) {
    return model.time(std::get<AttentionShape>(row.parts.front())).value;
  }
  /// One head_dim and no window: softmax, masks and traffic cannot be told from the products and the fixed
  /// cost.
  static AttentionConstants start(llvm::ArrayRef<MeasuredRow> rows) {
    const bool backward = std::get<AttentionShape>(rows.front().parts.front()).backward;
    AttentionConstants c;
    c.launch = 30e-6;
    c.mmaEfficiency = backward ? 0.17 : 0.45;
    c.softmaxCyclesPerScore = c.stepCyclesPerKey = c.maskCyclesPerScore = c.windowMaskCyclesPerScore = 0;
    c.fixedCycles64 = c.fixedCycles128 = c.fixedCycles256 = backward ? 30000 : 9000;
    c.droop = c.exposedTraffic = c.preparationTraffic = 0;
    c.tail = 0.3;
    return c;
  }
  static AttentionConstants finish(AttentionConstants c) {
    c.fixedCycles64 = c.fixedCycles256 = c.fixedCycles128;
    return c;
  }
  static llvm::ArrayRef<ConstantField<AttentionConstants>> fitted(llvm::ArrayRef<MeasuredRow>) {
    static const std::vector<ConstantField<AttentionConstants>> fields = [] {
      std::vector<ConstantField<AttentionConstants>> result;
      for (const ConstantField<AttentionConstants> &field : AttentionConstants::fields())
        for (llvm::StringRef wanted :
             {"launch", "mma_efficiency", "fixed_cycles_128", "tail", "mask_cycles_per_score"})
          if (wanted == field.name)
            result.push_back(field);
      return result;
    }();
    return fields;
  }
};

class DecodeKind final : public ModelledKind<DecodeKind, DecodeModel, DecodeConstants> {
public:
  llvm::StringRef name() const override { return "decode"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns({"hw", "kv_dtype", "batch", "context", "heads", "kv_heads", "head_dim", "us"});
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"batch",    "context",  "heads",
                                                "kv_heads", "head_dim", "window"};
    return names;
  }
  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (table.text(i, "hw") != profile.name)
        continue;
      auto size = [&](llvm::StringRef name) { return static_cast<int64_t>(table.number(i, name)); };
      DecodeAttentionShape shape{.batch = size("batch"),
                                 .context = size("context"),
                                 .heads = size("heads"),
                                 .keyValueHeads = size("kv_heads"),
                                 .headDim = size("head_dim"),
                                 .window = table.column("window") < 0 ? 0 : size("window"),
                                 .keyValueType = cacheType(table.text(i, "kv_dtype"))};
      MeasuredRow row;
      row.seconds = table.number(i, "us") * 1e-6;
      if (!(row.seconds > 0))
        continue;
      row.key = {"decode", table.text(i, "provider").str(), shape.keyValueType};
      row.group = groupOf(shape.heads, shape.keyValueHeads, shape.headDim);
      row.regime = regimeOf(shape).str();
      row.coordinates = {double(shape.batch),         double(shape.context), double(shape.heads),
                         double(shape.keyValueHeads), double(shape.headDim), double(shape.window)};
      row.parts = {shape};
      row.tableRow = i;
      rows.push_back(std::move(row));
    }
    return collapsed(std::move(rows));
  }
  static std::string termsOf(const DecodeModel &model, const MeasuredRow &row) {
    std::string text;
    appendTerms(text, "", model.breakdown(std::get<DecodeAttentionShape>(row.parts.front())));
    return text;
  }
  static double seconds(const DecodeModel &model, const MeasuredRow &row) {
    return model.time(std::get<DecodeAttentionShape>(row.parts.front())).value;
  }
};

} // namespace

std::unique_ptr<MeasurementKind> makePrefillKind() {
  return std::make_unique<PrefillKind>();
}
std::unique_ptr<MeasurementKind> makeAttentionRateKind() {
  return std::make_unique<AttentionRateKind>();
}
std::unique_ptr<MeasurementKind> makeDecodeKind() {
  return std::make_unique<DecodeKind>();
}

} // namespace codesign
