// The whole question: a model, what may change, what must hold, how it is used, and on which devices.
#pragma once

#include "codesign/Model/Question.h"
#include "codesign/Spec/LoadedModel.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <array>
#include <map>
#include <optional>

namespace codesign {

struct PlanRequest {
  LoadedModel model;
  /// By dimension; none at all means the default neighbourhood of the base.
  std::array<std::optional<DimensionDomain>, numDimensions> domains;
  Budget budget;
  std::vector<GuardRailChange> guardRails;
  std::vector<WorkloadChoice> workloads; // at least one; weights sum to 1
  Objective objective = Objective::Time;
  std::vector<std::string> hardware; // empty: the command line decides
  /// Where the parts stand: "search.hidden_size", "budget.params", "workloads[0]"; empty for defaults.
  std::map<std::string, SourceLocation> locations;

  bool hasDomains() const;
};

/// Reads a codesign YAML file, or a Hugging Face config.json as a request with defaults: training on
/// sequences of 4096 tokens (fewer where the model has fewer positions), micro-batch 4, bf16, one GPU per
/// replica. A path that ends in .json, or "-" whose text starts with '{', is JSON. Every mistake is an error
/// with file:line:column and exit code 2.
llvm::Expected<PlanRequest> loadPlanRequest(llvm::StringRef path);

/// The same for a text in memory; `base:` paths are relative to the folder of the file's name.
llvm::Expected<PlanRequest> readPlanRequest(std::shared_ptr<const SourceFile> file);

/// Writes the request as YAML with `base: <basePath>`, or with the whole model under `model:` where the path
/// is empty; reading it back gives the same request.
void writePlanRequest(const PlanRequest &request, llvm::StringRef basePath, llvm::raw_ostream &stream);

} // namespace codesign
