#include "codesign/Spec/HuggingFace.h"
#include "codesign/Spec/PlanRequest.h"
#include "yaml-cpp/yaml.h"
#include "llvm/ADT/STLExtras.h"
#include <charconv>
#include <cmath>

namespace codesign {

namespace {

/// The fewest digits that read back exactly.
std::string number(double value) {
  char buffer[40];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

void writeRange(YAML::Emitter &out, const char *key, const std::optional<Range> &range) {
  if (!range)
    return;
  out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginMap;
  if (std::isfinite(range->min))
    out << YAML::Key << "min" << YAML::Value << number(range->min);
  if (std::isfinite(range->max))
    out << YAML::Key << "max" << YAML::Value << number(range->max);
  out << YAML::EndMap;
}

struct WriteDomain {
  YAML::Emitter &out;

  void operator()(const ListDomain &list) const { out << YAML::Flow << list.values; }
  void operator()(const StepDomain &domain) const {
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "min" << YAML::Value << domain.min << YAML::Key
        << "max" << YAML::Value << domain.max << YAML::Key << "step" << YAML::Value << domain.step
        << YAML::EndMap;
  }
  void operator()(const RatioDomain &domain) const {
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "min_ratio" << YAML::Value << number(domain.minRatio)
        << YAML::Key << "max_ratio" << YAML::Value << number(domain.maxRatio) << YAML::Key << "step"
        << YAML::Value << domain.step << YAML::EndMap;
  }
};

/// One rank count, or the distinct ones of all choices. The reader forms every combination again.
void writeRanks(YAML::Emitter &out, const char *key, const WorkloadChoice &choice,
                int64_t Parallelism::*ranks) {
  std::vector<int64_t> values = {choice.workload.parallelism.*ranks};
  for (const Parallelism &parallelism : choice.parallelisms)
    if (!llvm::is_contained(values, parallelism.*ranks))
      values.push_back(parallelism.*ranks);
  if (values.size() == 1 && values.front() == 1)
    return;
  out << YAML::Key << key << YAML::Value;
  if (values.size() == 1)
    out << values.front();
  else
    out << YAML::Flow << values;
}

void writeWorkload(YAML::Emitter &out, const WorkloadChoice &choice) {
  const Workload &w = choice.workload;
  const auto field = [&](const char *key, const auto &value) {
    out << YAML::Key << key << YAML::Value << value;
  };
  out << YAML::Flow << YAML::BeginMap;
  field("phase", toString(w.phase).str());
  if (w.phase == Phase::Decode) {
    field("batch", w.batch);
    field("context", w.context);
  } else {
    field("seq_len", w.sequenceLength);
    field(w.phase == Phase::Train ? "micro_batch" : "batch", w.batch);
    if (w.phase == Phase::Train)
      field("micro_batches", w.microBatches);
  }
  field("dtype", toString(w.type).str());
  field("kv_dtype", toString(w.keyValueType).str());
  if (w.scaling != Scaling::None)
    field("scaling", toString(w.scaling).str());
  writeRanks(out, "tp", choice, &Parallelism::tensor);
  writeRanks(out, "ep", choice, &Parallelism::expert);
  writeRanks(out, "pp", choice, &Parallelism::pipeline);
  field("weight", number(w.weight));
  out << YAML::EndMap;
}

/// The model's own keys, in the order of the alphabet.
YAML::Node inlineModel(const ModelSpec &model) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  writeHuggingFaceConfig(model, /*source=*/nullptr, stream);
  YAML::Node node = YAML::Load(text);
  node.SetStyle(YAML::EmitterStyle::Block);
  return node;
}

} // namespace

void writePlanRequest(const PlanRequest &request, llvm::StringRef basePath, llvm::raw_ostream &stream) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  if (!basePath.empty())
    out << YAML::Key << "base" << YAML::Value << basePath.str();
  else
    out << YAML::Key << "model" << YAML::Value << inlineModel(request.model.model);
  const Budget &budget = request.budget;
  if (budget.parameters || budget.activeParameters || budget.flopsPerToken || budget.memoryBytes) {
    out << YAML::Key << "budget" << YAML::Value << YAML::BeginMap;
    writeRange(out, "params", budget.parameters);
    writeRange(out, "active_params", budget.activeParameters);
    writeRange(out, "flops_per_token", budget.flopsPerToken);
    writeRange(out, "memory_bytes", budget.memoryBytes);
    out << YAML::EndMap;
  }
  if (request.hasDomains()) {
    out << YAML::Key << "search" << YAML::Value << YAML::BeginMap;
    for (Dimension dimension : allDimensions())
      if (const auto &domain = request.domains[static_cast<size_t>(dimension)]) {
        out << YAML::Key << toString(dimension).str() << YAML::Value;
        std::visit(WriteDomain{out}, *domain);
      }
    out << YAML::EndMap;
  }
  if (!request.guardRails.empty()) {
    out << YAML::Key << "constraints" << YAML::Value << YAML::BeginMap;
    for (const GuardRailChange &change : request.guardRails) {
      if (change.off) {
        out << YAML::Key << change.name << YAML::Value << "off";
        continue;
      }
      Range range;
      range.min = change.min.value_or(range.min);
      range.max = change.max.value_or(range.max);
      writeRange(out, change.name.c_str(), range);
    }
    out << YAML::EndMap;
  }
  out << YAML::Key << "workloads" << YAML::Value << YAML::BeginSeq;
  for (const WorkloadChoice &choice : request.workloads)
    writeWorkload(out, choice);
  out << YAML::EndSeq;
  out << YAML::Key << "objective" << YAML::Value << toString(request.objective).str();
  if (!request.hardware.empty())
    out << YAML::Key << "hardware" << YAML::Value << YAML::Flow << request.hardware;
  out << YAML::EndMap;
  stream << out.c_str() << '\n';
}

} // namespace codesign
