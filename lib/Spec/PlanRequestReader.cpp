#include "codesign/Spec/HuggingFace.h"
#include "codesign/Spec/PlanRequest.h"
#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include <cmath>

namespace codesign {

bool PlanRequest::hasDomains() const {
  return llvm::any_of(domains, [](const auto &domain) { return domain.has_value(); });
}

namespace {

constexpr double maxSize = double(int64_t(1) << 31);
constexpr double maxBudget = 1e18;

Workload defaultWorkload() {
  return {.name = "train", .phase = Phase::Train, .batch = 4, .sequenceLength = 4096};
}

class RequestReader {
public:
  explicit RequestReader(YamlContext &context) : context(context), root(context, context.root(), "") {}

  /// Fills everything but the model.
  void read(PlanRequest &request);
  /// The model: `base:` read from its file, or the inline mapping.
  llvm::Expected<LoadedModel> readModel();

private:
  void readBudget();
  void readSearch();
  void readGuardRails();
  void readWorkloads();
  Workload readWorkload(MapReader &map, std::vector<Parallelism> &choices);
  std::optional<double> readTolerance(MapReader &map);
  std::optional<Range> readLimit(MapReader &map, llvm::StringRef key, std::optional<double> tolerance);
  DimensionDomain readDomain(Dimension dimension, const YAML::Node &node, const std::string &path);
  std::vector<int64_t> ranks(MapReader &map, llvm::StringRef key);
  DataType type(MapReader &map, llvm::StringRef key, DataType fallback);
  void note(const std::string &path, const YAML::Node &node) {
    request->locations[path] = context.locationOf(node);
  }

  YamlContext &context;
  MapReader root;
  PlanRequest *request = nullptr;
};

std::optional<double> RequestReader::readTolerance(MapReader &map) {
  std::optional<YAML::Node> node = map.takeOptional("tolerance");
  if (!node)
    return std::nullopt;
  llvm::StringRef text = node->IsScalar() ? llvm::StringRef(node->Scalar()) : llvm::StringRef();
  double value = 0;
  bool percent = text.consume_back("%");
  if (text.rtrim().getAsDouble(value) || !(value >= 0) || !std::isfinite(value)) {
    context.fail(*node, "'" + map.pathOf("tolerance") + "' must be a share such as 2% or 0.02, found " +
                            describeNode(*node));
    return std::nullopt;
  }
  value = percent ? value / 100 : value;
  if (value > 1)
    context.fail(*node, "'" + map.pathOf("tolerance") + "' is " + describeNode(*node) + ", more than 100 %" +
                            (percent ? std::string() : "; did you mean '" + describeNode(*node) + "%'?"));
  return value;
}

std::optional<Range> RequestReader::readLimit(MapReader &map, llvm::StringRef key,
                                              std::optional<double> tolerance) {
  std::optional<YAML::Node> node = map.takeOptional(key);
  if (!node)
    return std::nullopt;
  note(map.pathOf(key), *node);
  if (!node->IsMap())
    return budgetRange(readNumber(context, *node, map.pathOf(key), 1, maxBudget), tolerance);
  MapReader limits(context, *node, map.pathOf(key));
  Range range;
  if (std::optional<YAML::Node> min = limits.takeOptional("min"))
    range.min = readNumber(context, *min, limits.pathOf("min"), 0, maxBudget);
  if (std::optional<YAML::Node> max = limits.takeOptional("max"))
    range.max = readNumber(context, *max, limits.pathOf("max"), 0, maxBudget);
  limits.finish();
  if (!context.failed() && range.min > range.max)
    context.fail(*node, "'" + map.pathOf(key) + "' has a minimum above its maximum");
  return range;
}

void RequestReader::readBudget() {
  std::optional<YAML::Node> node = root.takeOptional("budget");
  if (!node)
    return;
  MapReader map(context, *node, "budget");
  std::optional<double> tolerance = readTolerance(map);
  request->budget.parameters = readLimit(map, "params", tolerance);
  request->budget.activeParameters = readLimit(map, "active_params", tolerance);
  request->budget.flopsPerToken = readLimit(map, "flops_per_token", tolerance);
  request->budget.memoryBytes = readLimit(map, "memory_bytes", std::nullopt);
  map.finish();
}

DimensionDomain RequestReader::readDomain(Dimension dimension, const YAML::Node &node,
                                          const std::string &path) {
  // Only shared experts can be done without.
  const double smallest = dimension == Dimension::SharedExpertIntermediateSize ? 0 : 1;
  if (node.IsScalar())
    return ListDomain{{readInteger(context, node, path, smallest, maxSize)}};
  if (node.IsSequence()) {
    ListDomain list;
    for (const YAML::Node &item : node)
      list.values.push_back(readInteger(context, item, path, smallest, maxSize));
    if (list.values.empty())
      context.fail(node, "'" + path + "' lists no value");
    return list;
  }
  MapReader map(context, node, path);
  if (map.takeOptional("min_ratio") || map.takeOptional("max_ratio")) {
    if (dimension == Dimension::HiddenSize || dimension == Dimension::NumHiddenLayers)
      context.fail(node, "'" + path + "' cannot be a ratio of the hidden size");
    RatioDomain ratio{map.number("min_ratio", 0.001, 1000), map.number("max_ratio", 0.001, 1000),
                      map.integer("step", 1, maxSize)};
    map.finish();
    if (!context.failed() && ratio.minRatio > ratio.maxRatio)
      context.fail(node, "'" + path + "' has a min_ratio above its max_ratio");
    return ratio;
  }
  StepDomain step{map.integer("min", smallest, maxSize), map.integer("max", smallest, maxSize), 1};
  step.step = map.integer("step", 1, maxSize);
  map.finish();
  if (!context.failed() && step.min > step.max)
    context.fail(node,
                 "'" + path + "' has min " + llvm::Twine(step.min) + " above max " + llvm::Twine(step.max));
  if (!context.failed() && (step.max - step.min) / step.step >= 1'000'000)
    context.fail(node, "'" + path + "' has more than a million values");
  return step;
}

void RequestReader::readSearch() {
  std::optional<YAML::Node> node = root.takeOptional("search");
  if (!node)
    return;
  MapReader map(context, *node, "search");
  for (Dimension dimension : allDimensions())
    if (std::optional<YAML::Node> domain = map.takeOptional(toString(dimension))) {
      const std::string path = map.pathOf(toString(dimension));
      note(path, *domain);
      request->domains[static_cast<size_t>(dimension)] = readDomain(dimension, *domain, path);
    }
  map.finish();
}

void RequestReader::readGuardRails() {
  std::optional<YAML::Node> node = root.takeOptional("constraints");
  if (!node)
    return;
  MapReader map(context, *node, "constraints");
  for (const auto &[key, value] : map.members()) {
    GuardRailChange change;
    change.name = key.Scalar();
    const std::string path = map.pathOf(change.name);
    note(path, key);
    map.takeOptional(change.name);
    if (value.IsScalar() && (value.Scalar() == "off" || value.Scalar() == "false")) {
      change.off = true;
    } else if (value.IsMap()) {
      MapReader limits(context, value, path);
      if (std::optional<YAML::Node> min = limits.takeOptional("min"))
        change.min = readNumber(context, *min, limits.pathOf("min"), 0, maxBudget);
      if (std::optional<YAML::Node> max = limits.takeOptional("max"))
        change.max = readNumber(context, *max, limits.pathOf("max"), 0, maxBudget);
      limits.finish();
      if (!context.failed() && change.min && change.max && *change.min > *change.max)
        context.fail(value, "'" + path + "' has a minimum above its maximum");
    } else {
      context.fail(value, "'" + path + "' must be off or {min: …, max: …}, found " + describeNode(value));
    }
    request->guardRails.push_back(change);
  }
}

std::vector<int64_t> RequestReader::ranks(MapReader &map, llvm::StringRef key) {
  constexpr double maxRanks = 1024;
  constexpr size_t maxValues = 16; // all combinations of three such lists are tried
  std::optional<YAML::Node> node = map.takeOptional(key);
  if (!node)
    return {1};
  if (!node->IsSequence())
    return {readInteger(context, *node, map.pathOf(key), 1, maxRanks)};
  if (node->size() > maxValues) {
    context.fail(*node, "'" + map.pathOf(key) + "' lists more than " + llvm::Twine(maxValues) + " values");
    return {1};
  }
  std::vector<int64_t> values;
  for (const YAML::Node &item : *node)
    if (int64_t value = readInteger(context, item, map.pathOf(key), 1, maxRanks);
        !llvm::is_contained(values, value))
      values.push_back(value);
  if (values.empty())
    context.fail(*node, "'" + map.pathOf(key) + "' lists no value");
  return values.empty() ? std::vector<int64_t>{1} : values;
}

DataType RequestReader::type(MapReader &map, llvm::StringRef key, DataType fallback) {
  std::optional<YAML::Node> node = map.takeOptional(key);
  if (!node)
    return fallback;
  static constexpr llvm::StringRef names[] = {"bf16", "fp16", "fp8", "fp32"};
  std::string text = readText(context, *node, map.pathOf(key));
  std::optional<DataType> parsed = parseDataType(text);
  if (!context.failed() && (!parsed || !llvm::is_contained(names, toString(*parsed)))) {
    context.fail(*node, "'" + map.pathOf(key) + "' must be one of " +
                            llvm::join(llvm::ArrayRef(names), ", ") + ", found " + text +
                            didYouMean(text, names));
    return fallback;
  }
  return parsed.value_or(fallback);
}

Workload RequestReader::readWorkload(MapReader &map, std::vector<Parallelism> &choices) {
  static constexpr llvm::StringRef phases[] = {"train", "prefill", "decode"};
  static constexpr llvm::StringRef scalings[] = {"none", "per-tensor", "per-token", "block-128"};
  Workload workload;
  workload.phase = static_cast<Phase>(map.choice("phase", phases));
  if (context.failed())
    return workload;
  if (workload.phase == Phase::Decode) {
    workload.batch = map.integer("batch", 1, 1 << 20);
    workload.context = map.integer("context", 1, 1 << 28);
  } else if (workload.phase == Phase::Prefill) {
    workload.sequenceLength = map.integer("seq_len", 1, 1 << 24);
    workload.batch = map.takeOptional("batch") ? map.integer("batch", 1, 1 << 20) : 1;
  } else {
    workload.sequenceLength = map.integer("seq_len", 1, 1 << 24);
    workload.batch = map.takeOptional("micro_batch") ? map.integer("micro_batch", 1, 1 << 16) : 1;
    if (map.takeOptional("micro_batches"))
      workload.microBatches = map.integer("micro_batches", 1, 1 << 20);
  }
  workload.type = type(map, "dtype", DataType::BF16);
  workload.keyValueType =
      type(map, "kv_dtype", bitWidth(workload.type) < 16 ? DataType::BF16 : workload.type);
  if (map.takeOptional("scaling"))
    workload.scaling = static_cast<Scaling>(map.choice("scaling", scalings));
  else if (bitWidth(workload.type) == 8)
    workload.scaling = Scaling::PerTensor;
  if (map.takeOptional("weight"))
    workload.weight = map.number("weight", 1e-9, 1);
  std::vector<int64_t> tensor = ranks(map, "tp"), expert = ranks(map, "ep"), pipeline = ranks(map, "pp");
  workload.parallelism = {tensor.front(), expert.front(), pipeline.front()};
  if (tensor.size() * expert.size() * pipeline.size() > 1)
    for (int64_t t : tensor)
      for (int64_t e : expert)
        for (int64_t p : pipeline)
          choices.push_back({t, e, p});
  for (llvm::StringRef key : {"tp", "ep"})
    if (std::optional<YAML::Node> node = map.takeOptional(key))
      note(map.pathOf(key), *node);
  map.finish();
  return workload;
}

void RequestReader::readWorkloads() {
  std::optional<YAML::Node> node = root.takeOptional("workloads");
  if (!node) {
    request->workloads = {{defaultWorkload(), {}}};
    return;
  }
  if (!node->IsSequence() || node->size() == 0) {
    context.fail(*node, "'workloads' must be a list of at least one workload, found " +
                            (node->IsSequence() ? "an empty list" : describeNode(*node)));
    return;
  }
  if (node->size() > 64) {
    context.fail(*node, "'workloads' lists more than 64 workloads");
    return;
  }
  size_t weighted = 0;
  std::optional<YAML::Node> unweighted;
  double sum = 0;
  std::map<Phase, int> seen;
  for (auto [index, item] : llvm::enumerate(*node)) {
    const std::string path = llvm::formatv("workloads[{0}]", index);
    note(path, item);
    MapReader map(context, item, path);
    if (context.failed())
      return;
    if (map.takeOptional("weight"))
      ++weighted;
    else if (!unweighted)
      unweighted.emplace(item);
    WorkloadChoice choice;
    choice.workload = readWorkload(map, choice.parallelisms);
    int count = ++seen[choice.workload.phase];
    choice.workload.name =
        toString(choice.workload.phase).str() + (count > 1 ? "-" + std::to_string(count) : "");
    sum += choice.workload.weight;
    request->workloads.push_back(choice);
  }
  if (context.failed())
    return;
  if (weighted != 0 && unweighted)
    context.fail(*unweighted, "this workload has no weight and others have; either all have one or none");
  else if (weighted != 0 && std::fabs(sum - 1) > 1e-6)
    context.fail(*node, llvm::formatv("the weights of the workloads sum to {0:F6}, expected 1", sum).str());
  if (weighted == 0)
    for (WorkloadChoice &choice : request->workloads)
      choice.workload.weight = 1.0 / double(request->workloads.size());
}

void RequestReader::read(PlanRequest &target) {
  request = &target;
  root.takeOptional("base");
  root.takeOptional("model");
  readBudget();
  readSearch();
  readGuardRails();
  if (!context.failed())
    readWorkloads();
  static constexpr llvm::StringRef objectives[] = {"time", "cost", "energy"};
  if (root.takeOptional("objective"))
    target.objective = static_cast<Objective>(root.choice("objective", objectives));
  if (root.takeOptional("hardware"))
    for (const YAML::Node &name : root.list("hardware"))
      target.hardware.push_back(readText(context, name, "hardware"));
  root.finish();
}

llvm::Expected<LoadedModel> RequestReader::readModel() {
  std::optional<YAML::Node> base = root.takeOptional("base"), inlined = root.takeOptional("model");
  if (base && inlined)
    context.fail(*inlined, "'base' and 'model' exclude each other");
  if (!base && !inlined)
    root.take("base");
  if (context.failed())
    return context.takeError();
  if (inlined)
    return readInlineModel(context, *inlined, llvm::sys::path::stem(context.source()->name));
  std::string path = readText(context, *base, "base");
  if (context.failed())
    return context.takeError();
  llvm::SmallString<256> resolved(path);
  if (llvm::sys::path::is_relative(path)) {
    resolved = llvm::sys::path::parent_path(context.source()->name);
    llvm::sys::path::append(resolved, path);
  }
  // A file that names a device as its base would never end.
  if (llvm::sys::fs::exists(resolved) && !llvm::sys::fs::is_regular_file(resolved)) {
    context.fail(*base, "the base model '" + path + "' is not a file");
    return context.takeError();
  }
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(resolved);
  if (!file) {
    llvm::consumeError(file.takeError());
    context.fail(*base, "cannot read the base model '" + path + "'");
    return context.takeError();
  }
  llvm::StringRef text = (*file)->text;
  text.consume_front("\xEF\xBB\xBF");
  if (!text.ltrim().starts_with("{")) {
    context.fail(*base, "the base model '" + path + "' is not a Hugging Face config.json: it is not JSON");
    return context.takeError();
  }
  return readHuggingFaceConfig(*file);
}

/// Fails where a workload names only splits that the base model cannot have; what is searched may have
/// others.
llvm::Error checkSplits(const PlanRequest &request) {
  const bool hasExperts = dimensionsOf(request.model.model)[Dimension::NumExperts] > 0;
  for (auto [index, choice] : llvm::enumerate(request.workloads)) {
    const auto spreadsExperts = [](const Parallelism &split) { return split.expert > 1; };
    if (!hasExperts &&
        (spreadsExperts(choice.workload.parallelism) || llvm::any_of(choice.parallelisms, spreadsExperts)))
      return inputError(request.locations.at(llvm::formatv("workloads[{0}].ep", index)),
                        "the model has no experts to spread over ranks");
    std::string reason = whyNotDivisible(request.model.model, choice.workload.parallelism);
    const auto fits = [&](const Parallelism &split) {
      return whyNotDivisible(request.model.model, split).empty();
    };
    if (reason.empty() || llvm::any_of(choice.parallelisms, fits))
      continue;
    const std::string path = llvm::formatv("workloads[{0}]", index);
    const char *key = llvm::StringRef(reason).contains(" ep ") ? ".ep" : ".tp";
    const auto found = request.locations.find(path + key);
    return inputError(found == request.locations.end() ? request.locations.at(path) : found->second,
                      "the model cannot run workload '" + choice.workload.name + "': " + reason);
  }
  return llvm::Error::success();
}

bool looksLikeJson(const SourceFile &file) {
  const llvm::StringRef extension = llvm::sys::path::extension(file.name);
  if (extension == ".yaml" || extension == ".yml")
    return false;
  return extension == ".json" || llvm::StringRef(file.text).ltrim().starts_with("{");
}

} // namespace

llvm::Expected<PlanRequest> readPlanRequest(std::shared_ptr<const SourceFile> file) {
  PlanRequest request;
  if (looksLikeJson(*file)) {
    llvm::Expected<LoadedModel> model = readHuggingFaceConfig(std::move(file));
    if (!model)
      return model.takeError();
    request.model = std::move(*model);
    request.workloads = {{defaultWorkload(), {}}};
    int64_t &length = request.workloads.front().workload.sequenceLength;
    if (const int64_t positions = request.model.model.maxPositionEmbeddings; positions > 0)
      length = std::min(length, positions);
    return request;
  }
  llvm::Expected<YamlContext> context = YamlContext::parse(std::move(file));
  if (!context)
    return context.takeError();
  RequestReader(*context).read(request);
  if (context->failed())
    return context->takeError();
  llvm::Expected<LoadedModel> model = RequestReader(*context).readModel();
  if (!model)
    return model.takeError();
  request.model = std::move(*model);
  const DimensionValues base = dimensionsOf(request.model.model);
  for (Dimension dimension : allDimensions())
    if (request.domains[static_cast<size_t>(dimension)] && base[dimension] == 0 &&
        dimension != Dimension::SharedExpertIntermediateSize)
      return inputError(request.locations["search." + toString(dimension).str()],
                        "the model has no " + toString(dimension) + " to search over");
  if (llvm::Error error = checkSplits(request))
    return error;
  return request;
}

llvm::Expected<PlanRequest> loadPlanRequest(llvm::StringRef path) {
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(path);
  if (!file)
    return file.takeError();
  return readPlanRequest(std::move(*file));
}

} // namespace codesign
