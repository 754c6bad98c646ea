#include "MeasurementKinds.h"
#include "codesign/Cost/CollectiveModel.h"
#include "codesign/Cost/StreamModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/JSON.h"

namespace codesign {

namespace {

/// A model for one kind of collective, with the constants being fitted in every place.
struct OneCollectiveModel : CollectiveModel {
  OneCollectiveModel(const Profile &profile, const CollectiveConstants &c)
      : CollectiveModel(profile, {c, c, c, c, c}) {}
};

class CollectiveKindTable final
    : public OneShapeKind<CollectiveKindTable, OneCollectiveModel, CollectiveConstants, CollectiveShape> {
public:
  llvm::StringRef name() const override { return "collective"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns({"hw", "provider", "op", "dtype", "gpus", "message_elements", "us"});
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"gpus", "bytes"};
    return names;
  }
  static void addRows(const MeasurementTable &table, size_t i, const Profile &profile,
                      std::vector<MeasuredRow> &rows) {
    const std::optional<CollectiveKind> kind =
        llvm::StringSwitch<std::optional<CollectiveKind>>(table.text(i, "op"))
            .Case("all_reduce", CollectiveKind::AllReduce)
            .Case("all_gather", CollectiveKind::AllGather)
            .Case("reduce_scatter", CollectiveKind::ReduceScatter)
            .Case("alltoall", CollectiveKind::AllToAll)
            .Default(std::nullopt);
    const double seconds = table.number(i, "us") * 1e-6;
    const int64_t elements = sizeIn(table, i, "message_elements"), ranks = sizeIn(table, i, "gpus");
    if (!isMeasuredOn(table.text(i, "hw"), profile) || !kind || !(seconds > 0) || elements < 1 || ranks < 2)
      return;
    const CollectiveShape shape{*kind, elements * (table.text(i, "dtype") == "int8" ? 1 : 2), ranks};
    // A size is not a shape: sizes between known ones are interpolated.
    rows.push_back(rowOf(shape, {calibrationKind(*kind).str(), table.text(i, "provider").str(), std::nullopt},
                         seconds, groupOf(shape.ranks, shape.bytes),
                         {double(shape.ranks), double(shape.bytes)}, i));
  }
  /// From zero a fit finds no way to the filling: a little of it helps no row.
  static CollectiveConstants start(llvm::ArrayRef<MeasuredRow>) {
    CollectiveConstants start;
    start.simpleFillPerRank = 5e-6;
    start.simpleRankExponent = 0;
    start.ownPart = 0.4;
    return start;
  }
  /// Ranks differ by their own parts; what a growth with the ranks would add is noise.
  static llvm::ArrayRef<ConstantField<CollectiveConstants>> fitted(llvm::ArrayRef<MeasuredRow>) {
    static const std::vector<ConstantField<CollectiveConstants>> fields = [] {
      std::vector<ConstantField<CollectiveConstants>> all = CollectiveConstants::fields().vec();
      llvm::erase_if(all, [](const auto &field) {
        return field.member == &CollectiveConstants::simpleRankExponent ||
               field.member == &CollectiveConstants::simpleFromBytesPerRank;
      });
      return all;
    }();
    return fields;
  }
  /// With the cheapest protocol, and with the chunked one from a size on; the latter where it misses held-out
  /// rows by a twentieth less.
  CalibrationSet fit(const Profile &profile, llvm::ArrayRef<MeasuredRow> rows, const FitOptions &options,
                     std::vector<double> &heldOut) const override {
    auto fitFrom = [&](const CollectiveConstants &start, std::vector<double> &missed) {
      return fitModel<OneCollectiveModel>(profile, rows, start, fitted(rows), coordinateNames(), seconds,
                                          finish, options, missed);
    };
    CollectiveConstants constants = start(rows);
    CalibrationSet cheapest = fitFrom(constants, heldOut);
    constants.simpleFromBytesPerRank = chunkedFrom(shapeOf(rows.front()).kind);
    if (constants.simpleFromBytesPerRank == 0)
      return cheapest;
    std::vector<double> heldOutByRule;
    CalibrationSet byRule = fitFrom(constants, heldOutByRule);
    if (byRule.meanAbsolutePercentageError > 0.95 * cheapest.meanAbsolutePercentageError)
      return cheapest;
    heldOut = std::move(heldOutByRule);
    return byRule;
  }

private:
  /// Bytes of the buffer per further rank above which NCCL was seen to take its chunked protocol, between
  /// measured sizes: on B200 four ranks gather and scatter 4 MB without and 8 MB with it, eight ranks 8 and
  /// 16 MB; eight ranks reduce 16 MB without. Not fitted: a fold that misses a size next to the switch cannot
  /// tell where it lies. An exchange between all pairs shows none.
  static double chunkedFrom(CollectiveKind kind) {
    switch (kind) {
    case CollectiveKind::AllReduce:
      return 2.6e6;
    case CollectiveKind::AllGather:
    case CollectiveKind::ReduceScatter:
      return 2.25e6;
    default:
      return 0;
    }
  }
};

/// Liger-Kernel's benchmark: forward passes of its own norms and of its rotary embedding. Group norm and
/// SwiGLU layers (which contain products) are not operators of their own here.
class StreamKind final : public ModelledKind<StreamKind, StreamModel, StreamConstants> {
public:
  llvm::StringRef name() const override { return "elementwise"; }
  bool matches(const MeasurementTable &table) const override {
    return table.hasColumns({"gpu", "kernel", "provider", "mode", "x_name", "x_value", "ms", "config"});
  }
  llvm::ArrayRef<llvm::StringRef> coordinateNames() const override {
    static constexpr llvm::StringRef names[] = {"kernel", "rows", "columns", "bits"};
    return names;
  }
  std::vector<MeasuredRow> read(const MeasurementTable &table, const Profile &profile) const override {
    std::vector<MeasuredRow> rows;
    for (size_t i = 0; i < table.rows.size(); ++i) {
      if (!isMeasuredOn(table.text(i, "gpu"), profile) || table.text(i, "mode") != "forward" ||
          !table.text(i, "provider").starts_with("liger"))
        continue;
      if (std::optional<MeasuredRow> row = kernelRow(table, i))
        rows.push_back(std::move(*row));
    }
    return collapsed(std::move(rows));
  }
  static std::string termsOf(const StreamModel &model, const MeasuredRow &row) {
    std::string text;
    if (const auto *norm = std::get_if<NormShape>(&row.parts.front()))
      appendTerms(text, "", model.breakdown(*norm));
    else
      appendTerms(text, "", model.breakdown(std::get<ElementwiseShape>(row.parts.front())));
    return text;
  }
  static double seconds(const StreamModel &model, const MeasuredRow &row) {
    if (const auto *norm = std::get_if<NormShape>(&row.parts.front()))
      return model.time(*norm).value;
    return model.time(std::get<ElementwiseShape>(row.parts.front())).value;
  }

private:
  static std::optional<MeasuredRow> kernelRow(const MeasurementTable &table, size_t i) {
    const llvm::StringRef kernel = table.text(i, "kernel"), axis = table.text(i, "x_name");
    llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(table.text(i, "config"));
    if (!parsed) {
      llvm::consumeError(parsed.takeError());
      return std::nullopt;
    }
    const llvm::json::Object *config = parsed->getAsObject();
    if (!config)
      return std::nullopt;
    auto number = [&](llvm::StringRef key) { return config->getInteger(key).value_or(0); };
    const int64_t x = static_cast<int64_t>(table.number(i, "x_value"));
    const bool wide = config->getString("dtype").value_or("torch.bfloat16") == "torch.float32";

    MeasuredRow row;
    row.seconds = table.number(i, "ms") * 1e-3;
    double kernelNumber = 0;
    NormShape norm{.rows = number("M"), .columns = x, .type = wide ? DataType::F32 : DataType::BF16};
    if (kernel == "rope") {
      const int64_t tokens = axis == "T" ? x : number("seq_len"),
                    hidden = axis == "H" ? x : number("hidden_size");
      const int64_t queryHeads = number("num_q_heads"), keyHeads = number("num_kv_heads");
      if (!tokens || !hidden || !queryHeads)
        return std::nullopt;
      const int64_t elements = tokens * hidden / queryHeads * (queryHeads + keyHeads);
      row.parts = {ElementwiseShape{elements, 2, 2}};
      norm.rows = tokens;
      norm.columns = hidden;
    } else if (kernel == "layer_norm" || kernel == "rms_norm" || kernel == "megatron_rms_norm") {
      if (kernel == "megatron_rms_norm")
        norm.rows = number("S") * number("B");
      row.parts = {norm};
      kernelNumber = kernel == "layer_norm" ? 1 : 2;
    } else if (kernel == "fused_add_rms_norm" && table.text(i, "provider") == "liger_fused_add_rms_norm") {
      norm.readsPerElement = norm.writesPerElement = 2;
      row.parts = {norm};
      kernelNumber = 3;
    } else {
      return std::nullopt;
    }
    if (norm.rows < 1 || !(row.seconds > 0))
      return std::nullopt;
    row.key = {kernel == "rope" ? "elementwise" : "norm", "liger", std::nullopt};
    row.group = groupOf(norm.rows, norm.columns, kernelNumber);
    row.regime = "all";
    row.coordinates = {kernelNumber, double(norm.rows), double(norm.columns), double(bitWidth(norm.type))};
    row.tableRow = i;
    return row;
  }
};

} // namespace

std::unique_ptr<MeasurementKind> makeCollectiveKind() {
  return std::make_unique<CollectiveKindTable>();
}
std::unique_ptr<MeasurementKind> makeStreamKind() {
  return std::make_unique<StreamKind>();
}

} // namespace codesign
