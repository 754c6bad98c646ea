#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Plan/PlanIO.h"
#include "codesign/Spec/HuggingFace.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

namespace codesign {

namespace {

llvm::Error writeFile(llvm::StringRef folder, llvm::StringRef name,
                      llvm::function_ref<void(llvm::raw_ostream &)> write) {
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, name);
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (!code) {
    write(stream);
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (code)
    return usageError("cannot write '" + path.str() + "': " + code.message());
  return llvm::Error::success();
}

/// The chosen shape as a request of its own, every dimension pinned: planning it again gives this plan. Who
/// wants to search on removes the pins; the guard-rails that hang on the base then start from the new shape.
PlanRequest requestOf(const PlanRequest &request, const PlannedModel &planned) {
  PlanRequest result = request;
  result.budget = planned.space.budget;
  for (Dimension dimension : allDimensions())
    if (const int64_t value = planned.chosen.dimensions[dimension]; value > 0)
      result.domains[static_cast<size_t>(dimension)] = ListDomain{{value}};
  result.model.model = modelOf(planned.space, planned.chosen);
  for (auto [choice, parallelism] : llvm::zip_equal(result.workloads, planned.chosen.parallelisms))
    choice.workload.parallelism = parallelism;
  if (result.hardware.empty())
    result.hardware = {planned.plan.hardware};
  return result;
}

constexpr llvm::StringLiteral folderEntries[] = {"plan.json", "plan.yaml", "config.json", "kernels"};

/// Fails unless the folder may be replaced: it does not exist, is empty, or holds an earlier plan of the same
/// model and device and nothing else.
llvm::Error checkReplaceable(llvm::StringRef directory, const Plan &plan) {
  std::error_code code;
  bool empty = true;
  for (llvm::sys::fs::directory_iterator entry(directory, code), end; !code && entry != end;
       entry.increment(code)) {
    empty = false;
    const llvm::StringRef name = llvm::sys::path::filename(entry->path());
    if (!llvm::is_contained(folderEntries, name))
      return usageError("'" + directory + "' holds '" + name +
                        "', which is no part of a plan; it is left as it is");
  }
  if (!llvm::sys::fs::exists(directory) || (empty && !code))
    return llvm::Error::success();
  if (code)
    return usageError("cannot read the folder '" + directory + "': " + code.message());
  llvm::SmallString<256> path(directory);
  llvm::sys::path::append(path, "plan.json");
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(path);
  if (!file)
    return file.takeError();
  // Plans of earlier versions have these keys as well.
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*file)->text);
  const llvm::json::Object *object = value ? value->getAsObject() : nullptr;
  const std::optional<llvm::StringRef> model = object ? object->getString("model") : std::nullopt,
                                       hardware = object ? object->getString("hardware") : std::nullopt;
  llvm::consumeError(value.takeError());
  if (!model || !hardware)
    return usageError("'" + path.str() + "' is no plan; it is left as it is");
  if (*model != plan.model || *hardware != plan.hardware)
    return usageError("'" + directory + "' holds the plan of " + *model + " on " + *hardware + ", not of " +
                      plan.model + " on " + plan.hardware + "; it is left as it is");
  return llvm::Error::success();
}

/// The Hugging Face file of the chosen shape. An error where the family's keys cannot hold it.
llvm::Expected<std::string> configOf(const PlanRequest &request, const PlanRequest &chosen) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  writeHuggingFaceConfig(chosen.model.model, request.model.source, stream);
  llvm::Expected<LoadedModel> again =
      readHuggingFaceConfig(std::make_shared<const SourceFile>(SourceFile{"config.json", text}));
  if (!again)
    return again.takeError();
  if (dimensionsOf(again->model) != dimensionsOf(chosen.model.model) ||
      countParameters(again->model).total != countParameters(chosen.model.model).total)
    return llvm::createStringError("the configuration of family '" + chosen.model.model.family +
                                   "' cannot hold the chosen shape");
  return text;
}

} // namespace

llvm::Error writePlanFolder(const PlanRequest &request, const PlannedModel &planned, const Profile &profile,
                            llvm::StringRef directory) {
  llvm::SmallString<256> target(directory);
  if (std::error_code code = llvm::sys::fs::make_absolute(target))
    return usageError("cannot resolve '" + directory + "': " + code.message());
  (void)llvm::sys::path::remove_dots(target, /*remove_dot_dot=*/true);
  if (llvm::Error error = checkReplaceable(target, planned.plan))
    return error;
  llvm::StringRef parent = llvm::sys::path::parent_path(target);
  if (std::error_code code = llvm::sys::fs::create_directories(parent))
    return usageError("cannot create '" + parent + "': " + code.message());
  llvm::SmallString<256> staging;
  if (std::error_code code = llvm::sys::fs::createUniqueDirectory(llvm::Twine(target) + ".new", staging))
    return usageError("cannot create a folder beside '" + directory + "': " + code.message());
  auto cleanUp = llvm::scope_exit([&] { (void)llvm::sys::fs::remove_directories(staging); });

  const PlanRequest chosen = requestOf(request, planned);
  if (llvm::Error error =
          writeFile(staging, "plan.json", [&](llvm::raw_ostream &out) { writePlanJson(planned.plan, out); }))
    return error;
  if (llvm::Error error = writeFile(staging, "plan.yaml", [&](llvm::raw_ostream &out) {
        writePlanRequest(chosen, "config.json", out);
      }))
    return error;
  llvm::Expected<std::string> config = configOf(request, chosen);
  if (!config)
    return config.takeError();
  if (llvm::Error error = writeFile(staging, "config.json", [&](llvm::raw_ostream &out) { out << *config; }))
    return error;
  llvm::SmallString<256> kernels(staging);
  llvm::sys::path::append(kernels, "kernels");
  if (llvm::Error error = emitKernels(planned.plan, profile, kernels))
    return error;

  if (std::error_code code = llvm::sys::fs::remove_directories(target, /*IgnoreErrors=*/false))
    return usageError("cannot replace '" + directory + "': " + code.message());
  if (std::error_code code = llvm::sys::fs::rename(staging, target))
    return usageError("cannot move the plan to '" + directory + "': " + code.message());
  cleanUp.release();
  return llvm::Error::success();
}

} // namespace codesign
