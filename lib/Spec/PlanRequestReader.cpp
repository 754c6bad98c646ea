#include "RequestSections.h"
#include "codesign/Spec/HuggingFace.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

namespace codesign {

bool PlanRequest::hasDomains() const {
  return llvm::any_of(domains, [](const auto &domain) { return domain.has_value(); });
}

namespace {

/// Everything but the model.
void readSections(MapReader &root, PlanRequest &request) {
  root.takeOptional("base");
  root.takeOptional("model");
  readBudget(root, request);
  readSearch(root, request);
  readGuardRails(root, request);
  if (!root.context().failed())
    readWorkloads(root, request);
  static constexpr llvm::StringRef objectives[] = {"time", "cost", "energy"};
  if (root.takeOptional("objective"))
    request.objective = static_cast<Objective>(root.choice("objective", objectives));
  if (root.takeOptional("hardware"))
    for (const YAML::Node &name : root.list("hardware"))
      request.hardware.push_back(readText(root.context(), name, "hardware"));
  root.finish();
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
  MapReader root(*context, context->root(), "");
  readSections(root, request);
  if (context->failed())
    return context->takeError();
  llvm::Expected<LoadedModel> model = readModel(root);
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
