// What a launch puts into memory and registers before the first instruction (AMDHSA kernel ABI).
#pragma once

#include "Wave.h"

namespace codesign::simulate {

/// A validated launch with its code, arguments and dispatch packet in device memory. Releases them at the
/// end.
class KernelLaunch {
public:
  static llvm::Expected<std::unique_ptr<KernelLaunch>> create(const CodeObject &object, const Launch &launch,
                                                              DeviceMemory &memory);
  ~KernelLaunch();

  const Kernel &kernel() const { return *kernelPointer; }
  const Launch &launch() const { return request; }
  uint64_t loadOffset() const { return offset; }
  uint32_t ldsBytes() const { return kernelPointer->staticLdsBytes + request.dynamicLdsBytes; }
  int wavesPerWorkgroup() const {
    return static_cast<int>((request.block.count() + laneCount - 1) / laneCount);
  }

  /// Registers and state of one wave of workgroup `number` (x fastest).
  void startWave(Wave &wave, uint64_t number) const;

private:
  KernelLaunch(const CodeObject &object, const Launch &launch, DeviceMemory &memory)
      : object(object), request(launch), memory(memory) {}
  llvm::Error validate();
  llvm::Error placeArguments();
  void placeCode();
  void placePacket();

  const CodeObject &object;
  Launch request;
  DeviceMemory &memory;
  const Kernel *kernelPointer = nullptr;
  uint64_t offset = 0, code = 0, kernarg = 0, packet = 0, queue = 0;
  std::vector<uint8_t> argumentBytes;
  int entry = -1;
};

} // namespace codesign::simulate
