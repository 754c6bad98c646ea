#include "MeasurementKinds.h"
#include "codesign/Cost/AttentionModel.h"
#include "codesign/Cost/DecodeModel.h"

namespace codesign {

namespace {

/// Calibration sets go by the type of the cache: with an 8-bit cache the library computes in 8 bit whatever q
/// was.
DataType cacheType(llvm::StringRef name) {
  std::optional<DataType> type = parseDataType(name);
  return type && isFloat8(*type) ? DataType::F8E4M3 : DataType::BF16;
}

bool isUsable(double seconds, const OperatorShape &shape, const Profile &profile) {
  if (!(seconds > 0) || !std::isfinite(seconds) || flops(shape).value <= 0)
    return false;
  auto peak = profile.peakMatrix.find(DataType::BF16);
  // Twice the 16-bit peak bounds 8-bit kernels as well.
  return peak == profile.peakMatrix.end() || flops(shape) / peak->second < Seconds(2 * 1.05 * seconds);
}

/// Prefill of TensorRT-LLM: the time includes the pass that rotates q and k and writes the cache.
class PrefillKind final
    : public OneShapeKind<PrefillKind, AttentionModel, AttentionConstants, AttentionShape> {
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
  static void addRows(const MeasurementTable &table, size_t i, const Profile &profile,
                      std::vector<MeasuredRow> &rows) {
    const AttentionShape shape{.batch = sizeIn(table, i, "batch"),
                               .queryLength = sizeIn(table, i, "seq"),
                               .keyLength = sizeIn(table, i, "seq"),
                               .heads = sizeIn(table, i, "heads"),
                               .keyValueHeads = sizeIn(table, i, "kv_heads"),
                               .headDim = sizeIn(table, i, "head_dim"),
                               .window = sizeIn(table, i, "window"),
                               .type = cacheType(table.text(i, "dtype")),
                               .keyValueType = cacheType(table.text(i, "kv_dtype"))};
    const double seconds = table.number(i, "us") * 1e-6;
    if (isMeasuredOn(table.text(i, "hw"), profile) && isUsable(seconds, shape, profile) &&
        shape.keyValueHeads > 0)
      rows.push_back(rowOf(shape, {"prefill", table.text(i, "provider").str(), shape.keyValueType}, seconds,
                           groupOf(shape.heads, shape.keyValueHeads, shape.headDim),
                           {double(shape.batch), double(shape.queryLength), double(shape.heads),
                            double(shape.keyValueHeads), double(shape.headDim), double(shape.window),
                            double(bitWidth(shape.type))},
                           i));
  }
  static std::string termsOf(const AttentionModel &model, const MeasuredRow &row) {
    std::string text = OneShapeKind::termsOf(model, row);
    Breakdown preparation;
    preparation.add("preparation", model.preparation(shapeOf(row)).value);
    appendTerms(text, "", preparation);
    return text;
  }
  static double seconds(const AttentionModel &model, const MeasuredRow &row) {
    return OneShapeKind::seconds(model, row) + model.preparation(shapeOf(row)).value;
  }
};

/// Rates of AITER's kernels, one column per device and pass: head_dim 128, no window, nothing around the
/// kernel.
class AttentionRateKind final
    : public OneShapeKind<AttentionRateKind, AttentionModel, AttentionConstants, AttentionShape> {
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
  static void addRows(const MeasurementTable &table, size_t i, const Profile &profile,
                      std::vector<MeasuredRow> &rows) {
    for (const Column &pass : passes) {
      const AttentionShape shape{.batch = sizeIn(table, i, "batch"),
                                 .queryLength = sizeIn(table, i, "seq_q"),
                                 .keyLength = sizeIn(table, i, "seq_kv"),
                                 .heads = sizeIn(table, i, "q_heads"),
                                 .keyValueHeads = sizeIn(table, i, "kv_heads"),
                                 .headDim = sizeIn(table, i, "hdim"),
                                 .causal = sizeIn(table, i, "causal") != 0,
                                 .backward = llvm::StringRef(pass.prefix) != "fwd"};
      const std::string column = std::string(pass.prefix) + "_tflops_" + profile.name;
      const double seconds = flops(shape).value / (table.number(i, column) * 1e12);
      if (isUsable(seconds, shape, profile) && shape.keyValueHeads > 0)
        rows.push_back(rowOf(shape, {pass.kind, pass.provider, DataType::BF16}, seconds,
                             groupOf(shape.batch, shape.heads, shape.keyValueHeads),
                             {double(shape.batch), double(shape.queryLength), double(shape.heads),
                              double(shape.keyValueHeads), double(shape.causal)},
                             i));
    }
  }
  /// One head_dim and no window: softmax, masks and traffic cannot be told from the products and the fixed
  /// cost.
  static AttentionConstants start(llvm::ArrayRef<MeasuredRow> rows) {
    const bool backward = shapeOf(rows.front()).backward;
    AttentionConstants c;
    c.launch = 30e-6;
    c.mmaEfficiency = backward ? 0.17 : 0.45;
    c.softmaxCyclesPerScore = c.stepCyclesPerKey = c.maskCyclesPerScore = c.windowMaskCyclesPerScore = 0;
    c.fixedCycles64 = c.fixedCycles128 = c.fixedCycles256 = backward ? 30000 : 9000;
    c.droop = c.exposedTraffic = c.preparationTraffic = 0;
    c.tail = 0.3;
    // Passes around a backward kernel, in times of 4 bytes for each element of q: one reads the output and
    // its gradient, dQ is cleared, and sums of dQ in fp32 are converted (4 bytes read, 2 written), at the
    // four fifths of the data sheet's bandwidth that copies reach.
    if (backward)
      c.exposedTraffic = (rows.front().key.provider == "aiter_fp32_dq" ? 3.5 : 1.5) / 0.8;
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

class DecodeKind final : public OneShapeKind<DecodeKind, DecodeModel, DecodeConstants, DecodeAttentionShape> {
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
  static void addRows(const MeasurementTable &table, size_t i, const Profile &profile,
                      std::vector<MeasuredRow> &rows) {
    const DecodeAttentionShape shape{.batch = sizeIn(table, i, "batch"),
                                     .context = sizeIn(table, i, "context"),
                                     .heads = sizeIn(table, i, "heads"),
                                     .keyValueHeads = sizeIn(table, i, "kv_heads"),
                                     .headDim = sizeIn(table, i, "head_dim"),
                                     .window = sizeIn(table, i, "window"),
                                     .keyValueType = cacheType(table.text(i, "kv_dtype"))};
    const double seconds = table.number(i, "us") * 1e-6;
    if (isMeasuredOn(table.text(i, "hw"), profile) && seconds > 0 && flops(shape).value > 0 &&
        shape.keyValueHeads > 0)
      rows.push_back(rowOf(shape, {"decode", table.text(i, "provider").str(), shape.keyValueType}, seconds,
                           groupOf(shape.heads, shape.keyValueHeads, shape.headDim),
                           {double(shape.batch), double(shape.context), double(shape.heads),
                            double(shape.keyValueHeads), double(shape.headDim), double(shape.window)},
                           i));
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
