// The exact search: the best plans of a space under all of its constraints, and the proof.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Search/Pricing.h"
#include "codesign/Search/Space.h"
#include "codesign/Support/Diagnostics.h"

namespace codesign {

struct SearchOptions {
  int numBest = 10;
  /// Relative error of the ratio of two predictions; plans this close to the best are counted as tied.
  double tieBand = 0;
  int numTiedExamples = 10;
};

/// A legal variant and what it costs.
struct RankedVariant {
  Variant variant;
  ParameterCount parameters;
  double objective = 0; // Σ wᵢ·tᵢ/tᵢ(reference), Σw = 1
};

struct SearchResult {
  std::vector<RankedVariant> best; // ascending objective; equal ones in ascending order of their dimensions
  PlanCertificate certificate;     // tiedExamples is left empty: `tied` holds them
  std::vector<RankedVariant>
      tied; // examples within the band that differ most from each other, the best first
  /// tᵢ(reference), in seconds or joules per token: of the base, or of the best shape for that workload
  /// alone.
  std::vector<double> reference;
  int64_t shapesPriced = 0;
};

/// Finds the best variants. Every variant of the space is covered: the result equals that of trying all of
/// them. No legal variant: exit code 3 and the constraint that left none, with its limit and the nearest
/// value that the space attains.
llvm::Expected<SearchResult> search(const Space &space, const OperatorPricer &pricer,
                                    const SearchOptions &options = {});

/// What one variant costs in one workload per step: the sum over its operators, and the pipeline's bubble.
/// Needs a variant that can be split as it asks (whyNotDivisible).
struct StepCost {
  double seconds = 0;
  double joules = 0;           // of all ranks of a replica
  int64_t numAccelerators = 1; // of a replica
};
StepCost stepCost(const ModelSpec &model, const Workload &workload, const OperatorPricer &pricer);

/// The space with each workload of the base split as serves the base best, among the splits that the workload
/// offers, that divide it and that fit the memory budget (among all that divide it where none fits). So a
/// plan is compared with the base at its best, and a larger number of GPUs alone is no gain. Workloads that
/// the base cannot be split for stay.
Space withBestBaseSplits(Space space, const OperatorPricer &pricer);

/// The base is what every plan is compared with: an error that names the workload whose split does not divide
/// it.
llvm::Error checkBaseSplits(const Space &space);

/// The number that the objective counts, per token.
double costPerToken(const StepCost &cost, const Workload &workload, Objective objective);

} // namespace codesign
