#include "codesign/Simulate/DeviceMemory.h"
#include <algorithm>
#include <cassert>
#include <cstring>

namespace codesign::simulate {

uint64_t DeviceMemory::allocate(llvm::StringRef name, uint64_t sizeBytes) {
  constexpr uint64_t guard = 1 << 20; // wider than any instruction offset
  auto region = std::make_unique<MemoryRegion>();
  region->name = name.str();
  region->address = nextAddress;
  region->sizeBytes = sizeBytes;
  region->storage = std::make_unique<uint8_t[]>(std::max<uint64_t>(sizeBytes, 1));
  nextAddress = (nextAddress + sizeBytes + guard + 4095) & ~uint64_t(4095);
  regions.push_back(std::move(region));
  return regions.back()->address;
}

uint64_t DeviceMemory::allocateCopy(llvm::StringRef name, llvm::ArrayRef<uint8_t> bytes) {
  uint64_t address = allocate(name, bytes.size());
  if (!bytes.empty())
    std::memcpy(regions.back()->data(), bytes.data(), bytes.size());
  return address;
}

MemoryRegion *DeviceMemory::find(uint64_t address, uint64_t sizeBytes) {
  auto after = std::upper_bound(regions.begin(), regions.end(), address,
                                [](uint64_t value, const auto &region) { return value < region->address; });
  if (after == regions.begin())
    return nullptr;
  MemoryRegion &region = **std::prev(after);
  return region.holds(address, sizeBytes) ? &region : nullptr;
}

MemoryRegion &DeviceMemory::region(uint64_t address) {
  MemoryRegion *found = find(address, 0);
  assert(found && found->address == address && "no buffer at this address");
  return *found;
}

const MemoryRegion *DeviceMemory::nearest(uint64_t address) const {
  const MemoryRegion *best = nullptr;
  uint64_t bestDistance = ~0ull;
  for (const auto &region : regions) {
    uint64_t end = region->address + region->sizeBytes;
    uint64_t distance = address < region->address ? region->address - address
                        : address >= end          ? address - end
                                                  : 0;
    if (distance < bestDistance) {
      bestDistance = distance;
      best = region.get();
    }
  }
  return best;
}

void DeviceMemory::release(uint64_t address) {
  std::erase_if(regions, [&](const auto &region) { return region->address == address; });
}

} // namespace codesign::simulate
