#include "MeasurementKinds.h"
#include "codesign/Cost/GroupedGemmModel.h"
#include "codesign/Cost/Regime.h"
#include "codesign/Cost/StreamModel.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <map>

namespace codesign {

namespace {

/// A fused layer: routing, first product, activation, second product. The activation is priced as a kernel of
/// its own with the profile's constants, as plans list it.
struct MoeLayerModel {
  GroupedGemmModel products;
  StreamModel activation;

  MoeLayerModel(const Profile &profile, const GroupedGemmConstants &constants)
      : products(profile, constants),
        activation(profile, constantsFrom(streamSet(profile), StreamConstants::fields())) {}

  static const CalibrationSet *streamSet(const Profile &profile) {
    for (const CalibrationSet &set : profile.calibration.sets)
      if (set.key.operatorKind == "elementwise")
        return &set;
    return nullptr;
  }
};

/// Balanced benchmark tables deal experts out in turn; AITER's inputs are random tokens.
ExpertSpread spreadOf(const MeasuredRow &row) {
  return row.coordinates.back() == 0 && row.key.provider != "aiter" ? ExpertSpread::Even
                                                                    : ExpertSpread::Random;
}

double layerSeconds(const MoeLayerModel &model, const MeasuredRow &row, ExpertSpread spread) {
  const auto &up = std::get<GroupedGemmShape>(row.parts[1]);
  double sum =
      model.products.routing(std::get<MoeRoutingShape>(row.parts[0]), model.products.loads(up, spread).rows())
          .time()
          .value;
  sum += model.products.time(up, spread).value;
  sum += model.activation.time(std::get<ElementwiseShape>(row.parts[2])).value;
  return sum + model.products.time(std::get<GroupedGemmShape>(row.parts[3]), spread).value;
}

/// The parts of a layer with `width` intermediate columns on this rank.
std::vector<OperatorShape> layerParts(GroupedGemmShape up, int64_t hidden, int64_t width, bool gated) {
  up.n = gated ? 2 * width : width;
  up.k = hidden;
  GroupedGemmShape down = up;
  down.n = hidden;
  down.k = width;
  MoeRoutingShape routing{.tokens = up.tokens,
                          .hiddenSize = hidden,
                          .experts = up.experts,
                          .topK = up.topK,
                          .localExperts = up.localExperts};
  ElementwiseShape activation{up.rows * width, gated ? 4.0 : 2.0, bytesPerElement(up.input)};
  return {routing, up, activation, down};
}

class MoeKind final : public ModelledKind<MoeKind, MoeLayerModel, GroupedGemmConstants> {
public:
  llvm::StringRef name() const override { return "moe"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns({"hw", "tokens", "hidden", "expert_ffn", "top_k", "experts", "us"}) &&
           (table.column("routing") >= 0 || table.column("us_stage1") >= 0);
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"tokens",  "hidden", "expert_ffn", "top_k",
                                                "experts", "tp",     "ep",         "skew"};
    return names;
  }
  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    const bool fusedByAiter = table.column("us_stage1") >= 0;
    for (size_t i = 0; i < table.rows.size(); ++i)
      if (isMeasuredOn(table.text(i, "hw"), profile))
        if (std::optional<MeasuredRow> row = fusedByAiter ? aiterRow(table, i) : layerRow(table, i))
          rows.push_back(std::move(*row));
    rows = collapsed(std::move(rows));
    markUntuned(rows, profile);
    return rows;
  }
  static std::string termsOf(const MoeLayerModel &model, const MeasuredRow &row) {
    const ExpertSpread spread = spreadOf(row);
    const auto &up = std::get<GroupedGemmShape>(row.parts[1]);
    std::string text;
    appendTerms(text, "routing ",
                model.products.routing(std::get<MoeRoutingShape>(row.parts[0]),
                                       model.products.loads(up, spread).rows()));
    appendTerms(text, "up ", model.products.breakdown(up, spread));
    appendTerms(text, "activation ", model.activation.breakdown(std::get<ElementwiseShape>(row.parts[2])));
    appendTerms(text, "down ", model.products.breakdown(std::get<GroupedGemmShape>(row.parts[3]), spread));
    return text;
  }
  static double seconds(const MoeLayerModel &model, const MeasuredRow &row) {
    return layerSeconds(model, row, spreadOf(row));
  }

private:
  /// Some layers run at a fifth of the speed of the same layer split differently, at all token counts alike:
  /// the library fell back to a default tactic. A layer is taken as untuned if its median time over the token
  /// counts is more than twice its roofline plus the fixed 30 µs of the kernels around it; no model enters
  /// the rule.
  static void markUntuned(std::vector<MeasuredRow> &rows, const Profile &profile) {
    auto peak = profile.peakMatrix.find(DataType::BF16);
    if (peak == profile.peakMatrix.end())
      return;
    std::map<std::vector<double>, std::vector<double>> excess;
    auto layer = [](const MeasuredRow &row) {
      std::vector<double> sizes(row.coordinates.begin() + 1, row.coordinates.end());
      sizes.push_back(row.key.operatorKind == "moe_block128");
      sizes.push_back(double(*row.key.dataType));
      return sizes;
    };
    for (const MeasuredRow &row : rows) {
      double bound = 30e-6;
      for (const OperatorShape &part : row.parts)
        if (const auto *product = std::get_if<GroupedGemmShape>(&part))
          bound += std::max(flops(part).value * bytesPerElement(product->input) / 2 / peak->second.value,
                            (compulsoryBytes(part) / profile.memory.datasheetBandwidth).value);
      excess[layer(row)].push_back(row.seconds / bound);
    }
    for (auto &[sizes, ratios] : excess)
      std::sort(ratios.begin(), ratios.end());
    for (MeasuredRow &row : rows) {
      const std::vector<double> &ratios = excess[layer(row)];
      row.untuned = ratios[ratios.size() / 2] > 2;
    }
  }

  /// TensorRT-LLM: whole layers under tensor and expert parallelism.
  static std::optional<MeasuredRow> layerRow(const MeasurementTable &table, size_t i) {
    const llvm::StringRef type = table.text(i, "dtype");
    const bool block = type == "fp8_block";
    if (type != "bfloat16" && type != "fp8" && !block)
      return std::nullopt;
    const int64_t hidden = sizeIn(table, i, "hidden"), width = sizeIn(table, i, "expert_ffn");
    const int64_t tp = sizeIn(table, i, "tp"), ep = sizeIn(table, i, "ep");
    GroupedGemmShape up{.tokens = sizeIn(table, i, "tokens"),
                        .experts = sizeIn(table, i, "experts"),
                        .topK = sizeIn(table, i, "top_k"),
                        .input = type == "bfloat16" ? DataType::BF16 : DataType::F8E4M3,
                        .scaling = block ? Scaling::Block128 : Scaling::None};
    if (up.tokens < 1 || hidden < 1 || width < 1 || up.topK < 1 || tp < 1 || ep < 1)
      return std::nullopt;
    up.localExperts = up.experts / ep;
    up.rows = std::max<int64_t>(1, up.tokens * up.topK / ep);
    llvm::StringRef routing = table.text(i, "routing");
    if (routing.consume_front("power_law_"))
      routing.getAsDouble(up.skew);
    // The table does not say which models have plain experts: those of Nemotron-H (ReLU², no gate) do.
    const bool gated = !(up.topK == 22 && up.experts == 512) && hidden != 2688;

    MeasuredRow row;
    row.seconds = table.number(i, "us") * 1e-6;
    if (!(row.seconds > 0) || up.localExperts < 1 || width % tp != 0)
      return std::nullopt;
    row.key = {block ? "moe_block128" : "moe", table.text(i, "provider").str(), up.input};
    row.group = groupOf(hidden, width, up.topK, up.experts);
    row.coordinates = {double(up.tokens),  double(hidden), double(width), double(up.topK),
                       double(up.experts), double(tp),     double(ep),    up.skew};
    row.parts = layerParts(up, hidden, width / tp, gated);
    row.regime = regimeOf(row.parts[1]).str();
    row.tableRow = i;
    return row;
  }

  /// AITER: two-stage kernels of gated experts on one rank. Rows without stage times hold placeholders.
  static std::optional<MeasuredRow> aiterRow(const MeasurementTable &table, size_t i) {
    if (!(table.number(i, "us_stage1") > 0) || !(table.number(i, "us_stage2") > 0) ||
        !(table.number(i, "us") > 0))
      return std::nullopt;
    auto typeOf = [](llvm::StringRef name) {
      return llvm::StringSwitch<std::optional<DataType>>(name)
          .Case("torch.bfloat16", DataType::BF16)
          .Cases({"torch.float8_e4m3fn", "torch.float8_e4m3fnuz"}, DataType::F8E4M3)
          .Case("torch.float4_e2m1fn_x2", DataType::F4E2M1)
          .Default(std::nullopt);
    };
    std::optional<DataType> rowsType = typeOf(table.text(i, "q_dtype_a")),
                            weights = typeOf(table.text(i, "q_dtype_w"));
    if (!rowsType || rowsType != weights)
      return std::nullopt;
    const bool block = table.text(i, "q_type") == "QuantType.per_1x128";
    const int64_t hidden = sizeIn(table, i, "hidden"), width = sizeIn(table, i, "expert_ffn");
    GroupedGemmShape up{.tokens = sizeIn(table, i, "tokens"),
                        .experts = sizeIn(table, i, "experts"),
                        .topK = sizeIn(table, i, "top_k"),
                        .input = *rowsType,
                        .scaling = block ? Scaling::Block128 : Scaling::None};
    if (up.tokens < 1 || hidden < 1 || width < 1 || up.topK < 1 || up.experts < up.topK)
      return std::nullopt;
    up.localExperts = up.experts;
    up.rows = up.tokens * up.topK;

    MeasuredRow row;
    row.seconds = table.number(i, "us") * 1e-6;
    row.key = {block ? "moe_block128" : "moe", "aiter", up.input};
    row.group = groupOf(hidden, width, up.topK, up.experts);
    row.coordinates = {
        double(up.tokens), double(hidden), double(width), double(up.topK), double(up.experts), 1, 1, 0};
    row.parts = layerParts(up, hidden, width, /*gated=*/true);
    row.regime = regimeOf(row.parts[1]).str();
    row.tableRow = i;
    return row;
  }
};

} // namespace

std::unique_ptr<MeasurementKind> makeMoeKind() {
  return std::make_unique<MoeKind>();
}

} // namespace codesign
