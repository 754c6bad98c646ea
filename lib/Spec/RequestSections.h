// The sections of a request's file, each read into its part of the request. Mistakes go to the context of the
// mapping.
#pragma once

#include "codesign/Spec/PlanRequest.h"
#include "codesign/Support/YamlReader.h"

namespace codesign {

constexpr double largestSize = double(int64_t(1) << 31); // of a dimension
constexpr double largestLimit = 1e18;                    // of a budget or a guard rail

/// `budget:`, what the model may have and need.
void readBudget(MapReader &root, PlanRequest &request);
/// `constraints:`, changes of guard rails.
void readGuardRails(MapReader &root, PlanRequest &request);
/// `search:`, the domain of each dimension.
void readSearch(MapReader &root, PlanRequest &request);
/// `workloads:`, how the model is used; without the section, the default workload.
void readWorkloads(MapReader &root, PlanRequest &request);

/// Training on sequences of 4096 tokens, micro-batch 4, bf16, one GPU.
Workload defaultWorkload();

/// The model: `base:` read from its file, or the inline mapping.
llvm::Expected<LoadedModel> readModel(MapReader &root);

/// Remembers where a part of the request stands, for messages of later stages.
inline void noteLocation(const MapReader &map, PlanRequest &request, const std::string &path,
                         const YAML::Node &node) {
  request.locations[path] = map.context().locationOf(node);
}

} // namespace codesign
