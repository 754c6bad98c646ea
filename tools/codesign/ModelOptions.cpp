#include "ModelOptions.h"

#include "codesign/Hardware/ProfileLoader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace codesign {

void ModelOptions::addTo(CLI::App &command) {
  command.add_option("MODEL", model, "codesign YAML file or Hugging Face config.json ('-': standard input)")
      ->required();
  command.add_option("--hw", hardware, "device profiles, by name or path (mi300x,h100-sxm)")->delimiter(',');
  command
      .add_option("--workload", workload,
                  "keep only the model's workloads of this phase, or take a usual one where it has none")
      ->check(CLI::IsMember({"train", "prefill", "decode", "mix"}));
  command.add_option("--library", library,
                     "prefer constants fitted to this library (see `codesign hw show`)");
  command.add_option("--clock", clock, "sustained: at the power limit; burst: as short benchmarks run")
      ->check(CLI::IsMember({"sustained", "burst"}));
  command.add_option("--tp", tensorRanks, "tensor-parallel ranks of every workload")
      ->check(CLI::Range(1, 1024));
  command
      .add_option("--price", prices,
                  "your dollars per GPU and hour: 2.10, or by device mi300x=2.10,h100-pcie=1.75")
      ->delimiter(',');
  command.add_flag("--json", json, "versioned JSON on standard output");
}

/// The workload a phase gets when the model file has none of it.
static Workload defaultWorkload(Phase phase) {
  Workload workload;
  workload.name = toString(phase).str();
  workload.phase = phase;
  workload.batch = phase == Phase::Decode ? 64 : phase == Phase::Train ? 4 : 1;
  workload.sequenceLength = phase == Phase::Decode ? 0 : 4096;
  workload.context = phase == Phase::Decode ? 4096 : 0;
  return workload;
}

llvm::Expected<PlanRequest> ModelOptions::loadRequest() const {
  llvm::Expected<PlanRequest> request = loadPlanRequest(model);
  if (!request)
    return request;
  if (!workload.empty() && workload != "mix") {
    std::vector<WorkloadChoice> kept;
    llvm::copy_if(request->workloads, std::back_inserter(kept),
                  [&](const WorkloadChoice &choice) { return toString(choice.workload.phase) == workload; });
    if (kept.empty())
      for (Phase phase : {Phase::Train, Phase::Prefill, Phase::Decode})
        if (toString(phase) == workload)
          kept.push_back({defaultWorkload(phase), {}});
    request->workloads = kept;
  }
  for (WorkloadChoice &choice : request->workloads)
    if (tensorRanks > 0) {
      choice.workload.parallelism.tensor = tensorRanks;
      choice.parallelisms.clear();
    }
  return request;
}

llvm::Error ModelOptions::checkLibrary(const Profile &profile) const {
  std::vector<llvm::StringRef> names;
  for (const CalibrationSet &set : profile.calibration.sets)
    if (!llvm::is_contained(names, set.key.provider))
      names.push_back(set.key.provider);
  if (library.empty() || llvm::is_contained(names, library))
    return llvm::Error::success();
  return usageError("no constants of " + profile.name + " are fitted to the library '" + library + "'" +
                    didYouMean(library, names) +
                    (names.empty() ? "" : " (there are: " + llvm::join(names, ", ") + ")"));
}

llvm::Error ModelOptions::applyPrices(std::vector<Profile> &profiles) const {
  for (llvm::StringRef text : prices) {
    auto [name, amount] = text.contains('=') ? text.split('=') : std::pair(llvm::StringRef(), text);
    double dollars = 0;
    if (amount.getAsDouble(dollars) || !(dollars > 0) || dollars > 1e6)
      return usageError("--price " + text + ": '" + amount + "' is no price in dollars per hour");
    std::vector<llvm::StringRef> names;
    bool found = false;
    for (Profile &profile : profiles) {
      names.push_back(profile.name);
      if (name.empty() || name == profile.name) {
        profile.priceDollarsPerHour = dollars;
        found = true;
      }
    }
    if (!found)
      return usageError("--price names '" + name + "', which is none of the devices" +
                        didYouMean(name, names));
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<Profile>> ModelOptions::loadProfiles(const GlobalOptions &global,
                                                                const PlanRequest &request) const {
  const std::vector<std::string> &names = hardware.empty() ? request.hardware : hardware;
  if (names.empty())
    return usageError("no device: give --hw NAME (see `codesign hw`) or `hardware:` in the model file");
  std::vector<Profile> profiles;
  const std::vector<std::string> folders = profileSearchDirs(global.dataDir, global.executable);
  for (const std::string &name : names) {
    llvm::Expected<Profile> profile = loadProfile(name, folders);
    if (!profile)
      return profile.takeError();
    if (llvm::any_of(profiles, [&](const Profile &other) { return other.name == profile->name; }))
      return usageError("device '" + profile->name + "' is named twice");
    if (llvm::Error error = checkLibrary(*profile))
      return error;
    profiles.push_back(std::move(*profile));
  }
  if (llvm::Error error = applyPrices(profiles))
    return error;
  return profiles;
}

llvm::Error ModelOptions::forEachPricedDevice(
    const GlobalOptions &global,
    llvm::function_ref<void(const PlannedModel &, const Profile &, llvm::raw_ostream &)> body) const {
  llvm::Expected<PlanRequest> request = loadRequest();
  if (!request)
    return request.takeError();
  llvm::Expected<std::vector<Profile>> profiles = loadProfiles(global, *request);
  if (!profiles)
    return profiles.takeError();
  std::vector<std::string> texts;
  for (const Profile &profile : *profiles) {
    llvm::Expected<PlannedModel> priced = priceModel(*request, profile, planOptions());
    if (!priced)
      return priced.takeError();
    llvm::raw_string_ostream stream(texts.emplace_back());
    body(*priced, profile, stream);
  }
  printDevices(texts);
  return llvm::Error::success();
}

void ModelOptions::printDevices(llvm::ArrayRef<std::string> texts) const {
  const bool list = json && texts.size() > 1;
  if (list)
    llvm::outs() << "{\n\"schema\": \"codesign.devices/1\",\n\"devices\": [\n";
  llvm::interleave(texts, llvm::outs(), list ? "," : "");
  if (list)
    llvm::outs() << "]\n}\n";
}

ReportOptions reportOptions(const GlobalOptions &global) {
  ReportOptions options;
  options.color = global.color;
  return options;
}

} // namespace codesign
