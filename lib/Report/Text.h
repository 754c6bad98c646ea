// Headings and small phrases shared by the reports.
#pragma once

#include "codesign/Plan/Plan.h"
#include "codesign/Report/Report.h"
#include "llvm/Support/raw_ostream.h"

namespace codesign::report {

/// A heading with an empty line before it; bold where colours are allowed.
void heading(llvm::raw_ostream &stream, const ReportOptions &options, llvm::StringRef text);

/// "Llama-3-8B on mi300x (gfx942), objective time" and the list of workloads.
/// Plans of one request for several devices name them all.
void printRequest(llvm::ArrayRef<Plan> plans, llvm::raw_ostream &stream, const ReportOptions &options);

/// The value of a dimension, or an empty string where the variant has none.
std::string dimensionText(const PlanVariant &variant, llvm::StringRef name);

/// The speed-up with its band: "1.08x ±2.1 %".
std::string speedupText(const PlanVariant &variant);

/// "135 GB", with a mark where the device has less.
std::string memoryText(const PlanWorkloadResult &result);

/// The table of kernels and what they do beside their products; nothing where a plan has none.
void printKernels(const Plan &plan, llvm::raw_ostream &stream, const ReportOptions &options);

void printWarnings(llvm::ArrayRef<std::string> warnings, llvm::raw_ostream &stream,
                   const ReportOptions &options);

} // namespace codesign::report
