#include "RequestSections.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace codesign {

namespace {

std::vector<int64_t> ranks(MapReader &map, llvm::StringRef key) {
  constexpr double maxRanks = 1024;
  constexpr size_t maxValues = 16; // all combinations of three such lists are tried
  YamlContext &context = map.context();
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

DataType readType(MapReader &map, llvm::StringRef key, DataType fallback) {
  YamlContext &context = map.context();
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

Workload readWorkload(MapReader &map, PlanRequest &request, std::vector<Parallelism> &choices) {
  static constexpr llvm::StringRef phases[] = {"train", "prefill", "decode"};
  static constexpr llvm::StringRef scalings[] = {"none", "per-tensor", "per-token", "block-128"};
  Workload workload;
  workload.phase = static_cast<Phase>(map.choice("phase", phases));
  if (map.context().failed())
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
  workload.type = readType(map, "dtype", DataType::BF16);
  workload.keyValueType =
      readType(map, "kv_dtype", bitWidth(workload.type) < 16 ? DataType::BF16 : workload.type);
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
      noteLocation(map, request, map.pathOf(key), *node);
  map.finish();
  return workload;
}

} // namespace

Workload defaultWorkload() {
  return {.name = "train", .phase = Phase::Train, .batch = 4, .sequenceLength = 4096};
}

void readWorkloads(MapReader &root, PlanRequest &request) {
  std::optional<YAML::Node> node = root.takeOptional("workloads");
  if (!node) {
    request.workloads = {{defaultWorkload(), {}}};
    return;
  }
  YamlContext &context = root.context();
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
    noteLocation(root, request, path, item);
    MapReader map(context, item, path);
    if (context.failed())
      return;
    if (map.takeOptional("weight"))
      ++weighted;
    else if (!unweighted)
      unweighted.emplace(item);
    WorkloadChoice choice;
    choice.workload = readWorkload(map, request, choice.parallelisms);
    int count = ++seen[choice.workload.phase];
    choice.workload.name =
        toString(choice.workload.phase).str() + (count > 1 ? "-" + std::to_string(count) : "");
    sum += choice.workload.weight;
    request.workloads.push_back(choice);
  }
  if (context.failed())
    return;
  if (weighted != 0 && unweighted)
    context.fail(*unweighted, "this workload has no weight and others have; either all have one or none");
  else if (weighted != 0 && std::fabs(sum - 1) > 1e-6)
    context.fail(*node, llvm::formatv("the weights of the workloads sum to {0:F6}, expected 1", sum).str());
  if (weighted == 0)
    for (WorkloadChoice &choice : request.workloads)
      choice.workload.weight = 1.0 / double(request.workloads.size());
}

} // namespace codesign
