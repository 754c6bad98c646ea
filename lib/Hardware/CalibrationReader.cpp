#include "codesign/Hardware/Calibration.h"

#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/STLExtras.h"
#include <cstdlib>

namespace codesign {

std::optional<double> CalibrationSet::constant(llvm::StringRef name) const {
  for (const CalibrationConstant &entry : constants)
    if (entry.name == name)
      return entry.value;
  return std::nullopt;
}

/// The first of `names` that has a band; null if none has.
static const ErrorBand *findBand(const std::vector<ErrorBand> &bands,
                                 std::initializer_list<llvm::StringRef> names) {
  for (llvm::StringRef wanted : names)
    for (const ErrorBand &band : bands)
      if (band.regime == wanted)
        return &band;
  return nullptr;
}

const ErrorBand *CalibrationSet::absoluteBand(llvm::StringRef regime) const {
  return findBand(absoluteBands, {regime, "all"});
}
const ErrorBand *CalibrationSet::ratioBand(llvm::StringRef kindOfChange) const {
  for (llvm::StringRef kind : {kindOfChange, kindOfChange.split(',').first})
    if (const ErrorBand *band = findBand(ratioBands, {kind}); band && band->rows >= minPairsOfKind)
      return band;
  return findBand(ratioBands, {"all"});
}

const CalibrationSet *Calibration::find(llvm::StringRef operatorKind, llvm::StringRef provider,
                                        std::optional<DataType> dataType) const {
  const CalibrationSet *general = nullptr;
  for (const CalibrationSet &set : sets) {
    if (set.key.operatorKind != operatorKind || set.key.provider != provider)
      continue;
    if (set.key.dataType == dataType)
      return &set;
    if (!set.key.dataType)
      general = &set;
  }
  return general;
}

static std::string readWord(MapReader &reader, llvm::StringRef key) {
  YAML::Node node = reader.take(key);
  std::string word = readText(reader.context(), node, reader.pathOf(key));
  if (llvm::StringRef(word).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
      llvm::StringRef::npos)
    reader.context().fail(node, "'" + reader.pathOf(key) + "' must be a word of a-z, 0-9 and _");
  return word;
}

static void readKey(MapReader &reader, CalibrationKey &key) {
  key.operatorKind = readWord(reader, "operator");
  key.provider = readWord(reader, "provider");
  YAML::Node type = reader.take("dtype");
  std::string word = readText(reader.context(), type, reader.pathOf("dtype"));
  if (reader.context().failed() || word == "any")
    return;
  key.dataType = parseDataType(word);
  if (!key.dataType)
    reader.context().fail(type, "'" + word + "' is not a data type; write 'any' for all");
}

static void readConstants(MapReader &reader, std::vector<CalibrationConstant> &constants) {
  MapReader members = reader.map("constants");
  for (const auto &[name, entry] : members.members()) {
    MapReader fields(members.context(), entry, members.pathOf(name.Scalar()));
    constants.push_back(
        {name.Scalar(), fields.number("value", -1e30, 1e30), fields.text("unit"), fields.text("meaning")});
    fields.finish();
  }
}

static void readBands(MapReader &reader, llvm::StringRef key, std::vector<ErrorBand> &bands) {
  for (const YAML::Node &node : reader.list(key)) {
    MapReader fields(reader.context(), node, reader.pathOf(key));
    ErrorBand band;
    band.regime = fields.text("regime");
    band.low = fields.number("low", 1e-3, 1e3);
    band.high = fields.number("high", 1e-3, 1e3);
    band.coverage = fields.number("coverage", 0, 1);
    band.rows = static_cast<int>(fields.integer("rows", 0, 1e9));
    if (band.low > band.high)
      fields.context().fail(node, "'low' is above 'high'");
    fields.finish();
    bands.push_back(std::move(band));
  }
}

/// One line of whole numbers, exactly as many as there are corners along the last axis.
static void readLine(YamlContext &context, const YAML::Node &node, size_t corners,
                     std::vector<double> &logRatios) {
  const std::string line = readText(context, node, "thousandths");
  size_t found = 0;
  for (llvm::StringRef rest = llvm::StringRef(line).ltrim(); !rest.empty(); rest = rest.ltrim(), ++found) {
    int value;
    if (rest.consumeInteger(10, value) || std::abs(value) > 3000 || (!rest.empty() && rest.front() != ' '))
      return context.fail(node, "'thousandths' must be whole numbers between -3000 and 3000");
    logRatios.push_back(value * 1e-3);
  }
  if (found != corners)
    context.fail(node, "this line has " + llvm::Twine(found) + " numbers, the last axis " +
                           llvm::Twine(corners) + " corners");
}

static CalibrationCorrections readCorrections(YamlContext &context, const YAML::Node &node) {
  MapReader reader(context, node, "corrections");
  CalibrationCorrections corrections;
  corrections.meanAbsolutePercentageError = reader.number("mean_absolute_percentage_error", 0, 1e6);
  corrections.computeUnits = static_cast<int>(reader.integer("compute_units", 1, 1e6));
  size_t lines = 1;
  for (const YAML::Node &entry : reader.list("axes")) {
    MapReader fields(context, entry, "axes");
    CalibrationCorrections::Axis axis;
    axis.name = fields.text("name");
    axis.first = static_cast<int>(fields.integer("first", 0, 40));
    axis.corners = static_cast<size_t>(std::max<int64_t>(2, fields.integer("corners", 2, 64)));
    fields.finish();
    if (!corrections.axes.empty())
      lines *= corrections.axes.back().corners;
    corrections.axes.push_back(std::move(axis));
  }
  const std::vector<YAML::Node> values = reader.list("thousandths");
  reader.finish();
  if (context.failed())
    return corrections;
  if (corrections.axes.empty() || corrections.axes.size() > 4)
    context.fail(node, "'axes' must be one to four");
  else if (values.size() != lines)
    context.fail(node, "'thousandths' has " + llvm::Twine(values.size()) + " lines, the axes make " +
                           llvm::Twine(lines));
  else
    for (const YAML::Node &line : values)
      readLine(context, line, corrections.axes.back().corners, corrections.logRatios);
  return corrections;
}

static CalibrationSet readSet(YamlContext &context, const YAML::Node &node) {
  static constexpr llvm::StringRef evidences[] = {"measured", "simulated"};
  MapReader reader(context, node, "sets");
  CalibrationSet set;
  readKey(reader, set.key);
  set.measurements = reader.text("measurements");
  set.source = reader.text("source");
  set.date = reader.text("date");
  set.evidence = evidences[reader.choice("evidence", evidences)];
  set.rowsFitted = static_cast<int>(reader.integer("rows_fitted", 0, 1e9));
  set.meanAbsolutePercentageError = reader.number("mean_absolute_percentage_error", 0, 1e6);
  readConstants(reader, set.constants);
  readBands(reader, "absolute_bands", set.absoluteBands);
  readBands(reader, "ratio_bands", set.ratioBands);
  if (std::optional<YAML::Node> corrections = reader.takeOptional("corrections"))
    set.corrections = readCorrections(context, *corrections);
  reader.finish();
  return set;
}

llvm::Expected<Calibration> readCalibration(llvm::StringRef path) {
  llvm::Expected<YamlContext> context = YamlContext::open(path);
  if (!context)
    return context.takeError();
  Calibration calibration;
  MapReader root(*context, context->root(), "");
  root.integer("calibration_version", 1, 1);
  for (const YAML::Node &node : root.list("sets")) {
    CalibrationSet set = readSet(*context, node);
    if (llvm::any_of(calibration.sets, [&](const CalibrationSet &other) { return other.key == set.key; }))
      context->fail(node, "this operator, provider and dtype already have a set");
    calibration.sets.push_back(std::move(set));
  }
  root.finish();
  if (llvm::Error error = context->takeError())
    return error;
  return calibration;
}

} // namespace codesign
