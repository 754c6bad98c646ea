// Plans as terminal text. Everything printed comes from the Plan; nothing is computed here but sums and
// shares.
#pragma once

#include "codesign/Plan/Plan.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign {

struct ReportOptions {
  unsigned width = 100;      // columns
  unsigned alternatives = 3; // plans beside the chosen one
  bool color = false;
};

/// The user's own shape, the chosen plan and alternatives side by side; then the reasons, the certificate and
/// the kernels.
void printPlan(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options = {});

/// The same model planned for several devices, one column each: which is faster, cheaper, needs less energy,
/// and through which operators. All plans must come from one request.
void printComparison(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream,
                     const ReportOptions &options = {});

/// The share of the nearer of two ceilings: "92.1% mma" of sustained arithmetic or "88% hbm" of achieved
/// bandwidth.
std::string ceilingText(const PlanWorkloadResult &result);
/// The same in words: "92.1% of the achievable matrix rate".
std::string ceilingPhrase(const PlanWorkloadResult &result);

/// Where the time of one variant goes: each operator with its terms, limiter, rate, source and error band.
void printOperators(const Plan &plan, const PlanVariant &variant, llvm::raw_ostream &stream,
                    const ReportOptions &options = {});

} // namespace codesign
