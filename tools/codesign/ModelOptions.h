// Options that every command about a model shares.
#pragma once

#include "Command.h"

#include "codesign/Hardware/Profile.h"
#include "codesign/Pipeline/Pipeline.h"
#include "codesign/Report/Report.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace codesign {

struct ModelOptions {
  std::string model;
  std::vector<std::string> hardware; // --hw, comma-separated
  std::string workload;              // --workload
  std::string library;
  std::string clock = "sustained";
  std::vector<std::string> prices; // --price, "2.10" or "mi300x=2.10"
  int64_t tensorRanks = 0;         // --tp, 0: as the model file says
  bool json = false;

  void addTo(CLI::App &command);

  /// The request with the command line's changes applied.
  llvm::Expected<PlanRequest> loadRequest() const;
  /// The profiles of --hw, else of the request; an error names the missing option.
  llvm::Expected<std::vector<Profile>> loadProfiles(const GlobalOptions &global,
                                                    const PlanRequest &request) const;
  /// Prices the request's own shape on each of its devices, nothing searched, and prints what `body` writes
  /// for each, in order; nothing after an error.
  llvm::Error forEachPricedDevice(
      const GlobalOptions &global,
      llvm::function_ref<void(const PlannedModel &, const Profile &, llvm::raw_ostream &)> body) const;
  /// The texts of several devices after one another; as JSON, of more than one:
  /// {"schema": "codesign.devices/1", "devices": [ … ]}.
  void printDevices(llvm::ArrayRef<std::string> texts) const;
  /// An error where --library names one that the profile has no constants for.
  llvm::Error checkLibrary(const Profile &profile) const;
  /// Puts the prices of --price into the profiles.
  llvm::Error applyPrices(std::vector<Profile> &profiles) const;
  PlanOptions planOptions() const { return {library, clock == "sustained", 10}; }
};

ReportOptions reportOptions(const GlobalOptions &global);

} // namespace codesign
