#include "codesign/Hardware/Profile.h"

#include "codesign/Isa/MatrixInstruction.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cassert>

namespace codesign {

BytesPerSecond Links::groupBandwidth(int groupSize) const {
  assert(groupSize >= 1 && "a group has at least one GPU");
  if (groupSize == 1)
    return BytesPerSecond(0);
  switch (topology) {
  case LinkTopology::NvSwitch:
  case LinkTopology::Pcie:
    return totalPerGpu();
  case LinkTopology::Mesh:
    return bandwidthPerLink * std::min(groupSize - 1, linksPerGpu);
  }
  llvm_unreachable("unknown topology");
}

const Source *Profile::sourceOf(llvm::StringRef entryPath) const {
  auto entry = llvm::find_if(entries, [&](const ProfileEntry &e) { return e.path == entryPath; });
  if (entry == entries.end())
    return nullptr;
  auto source = llvm::find_if(sources, [&](const Source &s) { return s.id == entry->sourceId; });
  return source == sources.end() ? nullptr : &*source;
}

Hertz Profile::sustainedClockFor(DataType type) const {
  if (auto found = sustainedClock.find(type); found != sustainedClock.end())
    return found->second;
  auto peak = peakMatrix.find(type);
  auto achievable = achievableMatrix.find(type);
  if (peak == peakMatrix.end() || achievable == achievableMatrix.end())
    return peakClock;
  return peakClock * (achievable->second / peak->second);
}

FlopsPerSecond Profile::achievableMatrixFor(DataType type) const {
  if (auto found = achievableMatrix.find(type); found != achievableMatrix.end())
    return found->second;
  auto peak = peakMatrix.find(type);
  if (peak == peakMatrix.end())
    return FlopsPerSecond(0);
  // The same units at the same rate: what was measured with a sibling type.
  for (const auto &[sibling, rate] : achievableMatrix)
    if (bitWidth(sibling) == bitWidth(type) && type != DataType::I8 && peakMatrix.count(sibling) &&
        peakMatrix.at(sibling).value == peak->second.value)
      return rate;
  double bf16Share = achievableMatrix.at(DataType::BF16) / peakMatrix.at(DataType::BF16);
  return peak->second * bf16Share;
}

double Profile::matrixFlopsPerClockPerComputeUnit(DataType type) const {
  double best = 0;
  for (const MatrixInstruction &instruction : matrixInstructions(architecture))
    if (!instruction.sparse && instruction.a.type == type && instruction.b.type == type)
      best = std::max(best, instruction.flopsPerCyclePerComputeUnit());
  return best;
}

FlopsPerSecond Profile::matrixPeakFromInstructions(DataType type) const {
  return FlopsPerSecond(matrixFlopsPerClockPerComputeUnit(type) * compute.computeUnits * peakClock.value);
}

double Profile::ridgeFlopsPerByte(DataType type) const {
  return achievableMatrixFor(type).value / memory.achievedReadBandwidth.value;
}

int Profile::wavesPerSimd(int registersPerThread) const {
  if (registersPerThread > registers.maxPerThread)
    return 0;
  int granule = registers.allocationGranule;
  int allocated = std::max(1, (registersPerThread + granule - 1) / granule) * granule;
  return std::min(compute.maxWavesPerSimd, registers.registersPerSimdLane / allocated);
}

const Cache *Profile::findCache(llvm::StringRef cacheName) const {
  for (const Cache &cache : caches)
    if (cache.name == cacheName)
      return &cache;
  return nullptr;
}

int Profile::instancesOf(const Cache &cache) const {
  switch (cache.scope) {
  case CacheScope::ComputeUnit:
    return compute.computeUnits;
  case CacheScope::Die:
    return compute.dies;
  case CacheScope::Device:
    return 1;
  }
  llvm_unreachable("unknown scope");
}

std::optional<DataType> Profile::nativeFloat8() const {
  for (DataType type : {DataType::F8E4M3, DataType::F8E4M3FNUZ})
    if (supportsMatrix(type))
      return type;
  return std::nullopt;
}

DataType Profile::matrixTypeFor(DataType type) const {
  if (supportsMatrix(type))
    return type;
  return isFloat8(type) ? nativeFloat8().value_or(DataType::BF16) : DataType::BF16;
}

llvm::StringRef toString(SourceKind kind) {
  switch (kind) {
  case SourceKind::Datasheet:
    return "datasheet";
  case SourceKind::Measured:
    return "measured";
  case SourceKind::Derived:
    return "derived";
  case SourceKind::Estimate:
    return "estimate";
  case SourceKind::UserInput:
    return "user_input";
  }
  llvm_unreachable("unknown source kind");
}

llvm::StringRef toString(CacheScope scope) {
  switch (scope) {
  case CacheScope::ComputeUnit:
    return "compute_unit";
  case CacheScope::Die:
    return "die";
  case CacheScope::Device:
    return "device";
  }
  llvm_unreachable("unknown scope");
}

llvm::StringRef toString(LinkTopology topology) {
  switch (topology) {
  case LinkTopology::NvSwitch:
    return "nvswitch";
  case LinkTopology::Mesh:
    return "mesh";
  case LinkTopology::Pcie:
    return "pcie";
  }
  llvm_unreachable("unknown topology");
}

} // namespace codesign
