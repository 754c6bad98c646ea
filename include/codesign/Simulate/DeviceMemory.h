// The memory a simulated kernel sees: named buffers at simulated addresses, with exact bounds.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace codesign::simulate {

/// One buffer. Its bytes may be read and written by the host between runs.
struct MemoryRegion {
  std::string name;
  uint64_t address = 0;
  uint64_t sizeBytes = 0;
  bool readOnly = false;
  std::unique_ptr<uint8_t[]> storage;

  /// Does all of [at, at + count) lie within it?
  bool holds(uint64_t at, uint64_t count) const {
    const uint64_t offset = at - address; // beyond the size where `at` lies before
    return offset <= sizeBytes && count <= sizeBytes - offset;
  }
  uint8_t *data() { return storage.get(); }
  const uint8_t *data() const { return storage.get(); }
};

/// Buffers are placed apart, so that an access past one of them never hits another.
class DeviceMemory {
public:
  /// A new zero-filled buffer; returns its device address (256-byte aligned). The name appears in findings.
  uint64_t allocate(llvm::StringRef name, uint64_t sizeBytes);
  /// A new buffer holding a copy of `bytes`.
  uint64_t allocateCopy(llvm::StringRef name, llvm::ArrayRef<uint8_t> bytes);
  /// The same for values of any plain type: allocateValues<float>("x", vector).
  template <class T>
  uint64_t allocateValues(llvm::StringRef name, llvm::ArrayRef<T> values) {
    return allocateCopy(name, {reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(T)});
  }

  /// The buffer at exactly this address; a programmer error if there is none.
  MemoryRegion &region(uint64_t address);
  /// The buffer's content as values of type T.
  template <class T>
  llvm::MutableArrayRef<T> values(uint64_t address) {
    MemoryRegion &found = region(address);
    return {reinterpret_cast<T *>(found.data()), static_cast<size_t>(found.sizeBytes / sizeof(T))};
  }

  /// The buffer that holds [address, address + sizeBytes) entirely, or null.
  MemoryRegion *find(uint64_t address, uint64_t sizeBytes);
  /// The buffer nearest to an address, for messages; null without buffers.
  const MemoryRegion *nearest(uint64_t address) const;

  /// Removes the buffer at this address.
  void release(uint64_t address);

private:
  std::vector<std::unique_ptr<MemoryRegion>> regions; // sorted by address
  uint64_t nextAddress = 0x7f0000000000;
};

} // namespace codesign::simulate
