#include "EstimateText.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

namespace codesign {

static const char *unitName(const Profile &profile) {
  return profile.vendor == Vendor::Amd ? "CUs" : "SMs";
}

/// "240 workgroups are 0.79 rounds of 304 CUs, the last 79% full, and 1% of their elements outside D".
static std::string roundsText(const Estimate &estimate, const Profile &profile) {
  const GemmChoice &choice = *estimate.gemm;
  const bool persistent = estimate.schedule && estimate.schedule->family == GemmFamily::WgmmaTmaPersistent;
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << choice.tiles
         << (choice.splitK > 1              ? " parts of tiles"
             : persistent || choice.streamK ? " tiles"
                                            : " workgroups")
         << " are " << llvm::format("%.2f", choice.waves) << " rounds of " << profile.compute.computeUnits
         << ' ' << unitName(profile) << ", the last " << llvm::format("%.0f", choice.lastWaveUse * 100)
         << "% full";
  if (choice.paddedShare >= 0.005)
    stream << ", and " << llvm::format("%.0f", choice.paddedShare * 100) << "% of their elements outside D";
  return text;
}

std::string scheduleText(const Estimate &estimate, const Profile &profile) {
  if (!estimate.gemm)
    return {};
  const GemmChoice &choice = *estimate.gemm;
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (estimate.schedule)
    stream << estimate.schedule->describe() << "; ";
  else
    stream << (choice.swapped ? choice.tile.n : choice.tile.m) << 'x'
           << (choice.swapped ? choice.tile.m : choice.tile.n) << " tiles"
           << (choice.splitK > 1 ? ", split-K " + std::to_string(choice.splitK) : std::string()) << "; ";
  stream << roundsText(estimate, profile);
  return text;
}

/// The resource by its own name.
static std::string resourceText(llvm::StringRef limiter, Vendor vendor) {
  if (limiter == "mma")
    return vendor == Vendor::Amd ? "the matrix cores" : "the tensor cores";
  if (limiter == "conversions")
    return "conversions of operands";
  if (limiter == "lds")
    return vendor == Vendor::Amd ? "LDS" : "shared memory";
  return limiter == "l2" ? "L2" : limiter == "hbm" ? "memory" : limiter.str();
}

std::string kernelReason(const Estimate &estimate, const Profile &profile) {
  std::string text = "limited by " + resourceText(estimate.breakdown.limiter(), profile.vendor);
  if (estimate.gemm)
    text += "; " + roundsText(estimate, profile);
  return text;
}

static std::string timeText(Seconds time) {
  std::string text;
  if (time.value < 1e-3)
    llvm::raw_string_ostream(text) << llvm::format("%.4g us", time.value * 1e6);
  else
    llvm::raw_string_ostream(text) << llvm::format("%.4g ms", time.value * 1e3);
  return text;
}

static std::string changed(double before, double after) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%+.1f", (after / before - 1) * 100) << "%";
  return text;
}

static double rate(const Estimate &estimate) {
  return estimate.flops.value / estimate.time().value * 1e-12;
}

/// The largest power of two that divides the bytes of every row.
static int64_t rowAlignmentBytes(const GemmShape &shape) {
  const auto bytes = static_cast<int64_t>(double(shape.k) * bytesPerElement(shape.input)) |
                     static_cast<int64_t>(double(shape.n) * bytesPerElement(shape.output));
  return bytes & -bytes;
}

/// True if the power limit adds a tenth and more: waves and tiles then matter little.
static bool isPowerLimited(const Estimate &estimate) {
  for (const NamedSeconds &term : estimate.breakdown.terms())
    if (term.name == "power limit")
      return term.time.value >= 0.1 * estimate.time().value;
  return false;
}

std::string changeText(const OperatorShape &beforeShape, const Estimate &before,
                       const OperatorShape &afterShape, const Estimate &after, const Profile &profile) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << describe(beforeShape) << " -> " << describe(afterShape) << ": " << timeText(before.time())
         << " -> " << timeText(after.time()) << " each";
  if (before.gemm && after.gemm) {
    stream << "; " << scheduleText(before, profile) << " -> " << scheduleText(after, profile);
    stream << "; arithmetic " << changed(before.flops.value, after.flops.value) << ", rate "
           << llvm::format("%.0f", rate(before)) << " -> " << llvm::format("%.0f", rate(after)) << " TFLOP/s";
    const auto *from = std::get_if<GemmShape>(&beforeShape), *to = std::get_if<GemmShape>(&afterShape);
    constexpr int64_t cacheLine = 128; // beyond it, alignment makes no difference
    if (from && to && std::min(rowAlignmentBytes(*from), rowAlignmentBytes(*to)) < cacheLine &&
        rowAlignmentBytes(*from) != rowAlignmentBytes(*to))
      stream << "; rows aligned to " << rowAlignmentBytes(*from) << " -> " << rowAlignmentBytes(*to)
             << " bytes";
    constexpr double sameRate = 0.05;
    if (isPowerLimited(before) && isPowerLimited(after) &&
        std::fabs(rate(after) / rate(before) - 1) < sameRate)
      stream << "; the power limit sets the rate of both, so tiles and waves make little difference";
  } else if (std::holds_alternative<DecodeAttentionShape>(afterShape)) {
    stream << "; key-value traffic " << changed(before.bytes.value, after.bytes.value);
  } else if (before.flops.value > 0 && after.flops.value > 0) {
    stream << "; arithmetic " << changed(before.flops.value, after.flops.value) << ", traffic "
           << changed(before.bytes.value, after.bytes.value);
  }
  stream << " (limited by " << before.breakdown.limiter();
  if (before.breakdown.limiter() != after.breakdown.limiter())
    stream << ", then by " << after.breakdown.limiter();
  stream << ')';
  return text;
}

} // namespace codesign
