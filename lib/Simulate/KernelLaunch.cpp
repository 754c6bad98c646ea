#include "KernelLaunch.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringSwitch.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace codesign::simulate {

Expected<std::unique_ptr<KernelLaunch>> KernelLaunch::create(const CodeObject &object, const Launch &launch,
                                                             DeviceMemory &memory) {
  auto found = object.kernel(launch.kernel);
  if (!found)
    return found.takeError();
  std::unique_ptr<KernelLaunch> result(new KernelLaunch(object, launch, memory));
  result->kernelPointer = *found;
  if (Error error = result->validate())
    return error;
  if (Error error = result->placeArguments())
    return error;
  result->placeCode();
  result->placePacket();
  return result;
}

KernelLaunch::~KernelLaunch() {
  for (uint64_t address : {code, kernarg, packet, queue})
    if (address)
      memory.release(address);
}

Error KernelLaunch::validate() {
  const Kernel &kernel = *kernelPointer;
  uint64_t threads = request.block.count(), groups = request.grid.count();
  if (threads == 0 || groups == 0)
    return usageError("kernel '" + kernel.name + "': grid and block must be at least 1 in every dimension");
  if (request.block.x > 1024 || request.block.y > 1024 || request.block.z > 1024 || threads > 1024)
    return usageError("kernel '" + kernel.name + "': a workgroup holds at most 1024 work-items, not " +
                      Twine(threads));
  if (kernel.maxWorkgroupSize && threads > kernel.maxWorkgroupSize)
    return usageError("kernel '" + kernel.name + "' was compiled for workgroups of at most " +
                      Twine(kernel.maxWorkgroupSize) + " work-items, not " + Twine(threads));
  uint32_t limit = object.program().isGfx950() ? 163840 : 65536; // LDS of one compute unit
  if (ldsBytes() > limit || request.dynamicLdsBytes > limit)
    return usageError("kernel '" + kernel.name + "' needs " +
                      Twine(uint64_t(kernel.staticLdsBytes) + request.dynamicLdsBytes) + " bytes of LDS; " +
                      object.architecture() + " has " + Twine(limit));
  entry = object.program().indexAt(kernel.entryAddress + (kernel.preloadDwords ? 256 : 0));
  if (entry < 0)
    return usageError("kernel '" + kernel.name + "': no instruction at its entry");
  return Error::success();
}

Error KernelLaunch::placeArguments() {
  const Kernel &kernel = *kernelPointer;
  uint32_t needed = 0;
  for (const KernelArgument &argument : kernel.arguments)
    if (!argument.isHidden())
      needed = std::max(needed, argument.offsetBytes + argument.sizeBytes);
  if (request.arguments.bytes.size() < needed)
    return usageError("kernel '" + kernel.name + "' takes " + Twine(needed) + " bytes of arguments, " +
                      Twine(request.arguments.bytes.size()) + " given");
  argumentBytes = request.arguments.bytes;
  // The runtime's segments end on a cache line, and compilers widen loads up to one.
  argumentBytes.resize((std::max<size_t>(argumentBytes.size(), kernel.kernargBytes) + 63) / 64 * 64);
  auto put = [&](const KernelArgument &argument, uint64_t value) {
    std::memcpy(argumentBytes.data() + argument.offsetBytes, &value,
                std::min<uint32_t>(argument.sizeBytes, 8));
  };
  const Dimensions &grid = request.grid, &block = request.block;
  uint64_t dimensions = grid.z * block.z > 1 ? 3 : grid.y * block.y > 1 ? 2 : 1;
  for (const KernelArgument &argument : kernel.arguments) {
    if (!argument.isHidden())
      continue;
    put(argument, StringSwitch<uint64_t>(argument.valueKind)
                      .Case("hidden_block_count_x", grid.x)
                      .Case("hidden_block_count_y", grid.y)
                      .Case("hidden_block_count_z", grid.z)
                      .Case("hidden_group_size_x", block.x)
                      .Case("hidden_group_size_y", block.y)
                      .Case("hidden_group_size_z", block.z)
                      .Case("hidden_grid_dims", dimensions)
                      .Case("hidden_dynamic_lds_size", request.dynamicLdsBytes)
                      .Case("hidden_private_base", privateAperture >> 32)
                      .Case("hidden_shared_base", sharedAperture >> 32)
                      .Default(0));
  }
  kernarg = memory.allocateCopy("kernel arguments", argumentBytes);
  memory.region(kernarg).readOnly = true;
  return Error::success();
}

void KernelLaunch::placeCode() {
  uint64_t low = ~0ull, high = 0;
  for (const Segment &segment : object.segments()) {
    low = std::min<uint64_t>(low, segment.address & ~4095ull);
    high = std::max<uint64_t>(high, segment.address + segment.bytes.size());
  }
  code = memory.allocate("code object", std::min<uint64_t>(high - low, 1ull << 30));
  offset = code - low;
  MemoryRegion &region = memory.region(code);
  for (const Segment &segment : object.segments())
    if (segment.address - low + segment.bytes.size() <= region.sizeBytes)
      std::memcpy(region.data() + (segment.address - low), segment.bytes.data(), segment.bytes.size());
}

void KernelLaunch::placePacket() {
  std::vector<uint8_t> bytes(64);
  auto put16 = [&](int at, uint32_t value) { std::memcpy(bytes.data() + at, &value, 2); };
  auto put32 = [&](int at, uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); };
  const Dimensions &grid = request.grid, &block = request.block;
  put16(2, 3);
  put16(4, block.x), put16(6, block.y), put16(8, block.z);
  put32(12, grid.x * block.x), put32(16, grid.y * block.y), put32(20, grid.z * block.z);
  put32(24, kernelPointer->scratchBytesPerLane), put32(28, ldsBytes());
  uint64_t descriptor = kernelPointer->descriptorAddress + offset;
  std::memcpy(bytes.data() + 32, &descriptor, 8);
  std::memcpy(bytes.data() + 40, &kernarg, 8);
  packet = memory.allocateCopy("dispatch packet", bytes);
  queue = memory.allocate("queue", 256);
}

void KernelLaunch::startWave(Wave &wave, uint64_t number) const {
  const Kernel &kernel = *kernelPointer;
  constexpr uint32_t garbage = 0xffc0dead; // a NaN that shows where an undefined value went
  std::fill(std::begin(wave.scalars), std::end(wave.scalars), garbage);
  WaveChecks &checks = wave.checks;
  checks = WaveChecks();
  checks.vectorUndefined.assign(vectorRegisterCount, UndefinedBytes{{~0ull, ~0ull, ~0ull, ~0ull}});
  checks.vectorWrites.assign(vectorRegisterCount, {});
  checks.lateReads.assign(vectorRegisterCount, {});
  checks.scalarUndefined.fill(~0u);
  checks.sccUndefined = true;
  int architectural = static_cast<int>(std::min<uint32_t>(kernel.accumulationOffset, 256));
  int accumulation = std::clamp(static_cast<int>(kernel.vectorRegisters) - architectural, 0, 256);
  std::fill_n(wave.lanes(0), laneCount * architectural, garbage);
  std::fill_n(wave.lanes(firstAccumulationRegister), laneCount * accumulation, garbage);

  int next = 0;
  auto put = [&](uint32_t value) {
    if (next >= 104)
      return;
    wave.scalars[next] = value;
    checks.scalarUndefined[next++] = 0;
  };
  auto putPair = [&](uint64_t value) {
    put(static_cast<uint32_t>(value));
    put(static_cast<uint32_t>(value >> 32));
  };
  unsigned properties = kernel.properties;
  if (properties & 1)
    next += 4; // private segment buffer: unused with architected scratch
  if (properties & 2)
    putPair(packet);
  if (properties & 4)
    putPair(queue);
  if (properties & 8)
    putPair(kernarg);
  if (properties & 16)
    putPair(0);
  if (properties & 32)
    next += 2;
  if (properties & 64)
    put(kernel.scratchBytesPerLane);
  for (unsigned i = 0; i < kernel.preloadDwords; ++i) {
    uint32_t value = 0;
    size_t at = 4 * (kernel.preloadOffsetDwords + i);
    if (at + 4 <= argumentBytes.size())
      std::memcpy(&value, argumentBytes.data() + at, 4);
    put(value);
  }
  next = std::max(next, static_cast<int>(kernel.userScalarRegisters()));
  const Dimensions &grid = request.grid, &block = request.block;
  if (kernel.rsrc2 >> 7 & 1)
    put(static_cast<uint32_t>(number % grid.x));
  if (kernel.rsrc2 >> 8 & 1)
    put(static_cast<uint32_t>(number / grid.x % grid.y));
  if (kernel.rsrc2 >> 9 & 1)
    put(static_cast<uint32_t>(number / grid.x / grid.y));
  if (kernel.rsrc2 >> 10 & 1)
    put(0);

  uint64_t threads = block.count(), first = uint64_t(wave.id) * laneCount;
  uint64_t lanes = std::min<uint64_t>(threads - first, laneCount);
  wave.initialExec = lanes == 64 ? ~0ull : (1ull << lanes) - 1;
  wave.setExec(wave.initialExec);
  checks.scalarUndefined[scalar::exec] = checks.scalarUndefined[scalar::exec + 1] = 0;
  unsigned dimensions = kernel.workItemIdDimensions();
  for (uint64_t lane = 0; lane < lanes; ++lane) {
    uint64_t flat = first + lane, x = flat % block.x, y = flat / block.x % block.y,
             z = flat / block.x / block.y;
    wave.lanes(0)[lane] =
        static_cast<uint32_t>(x | (dimensions > 1 ? y << 10 : 0) | (dimensions > 2 ? z << 20 : 0));
  }
  checks.vectorUndefined[0] =
      UndefinedBytes{{~wave.initialExec, ~wave.initialExec, ~wave.initialExec, ~wave.initialExec}};

  wave.pc = entry;
  wave.state = WaveState::Running;
  wave.scc = wave.skipsVector = false;
  wave.gprIndexMode = 0;
  wave.barriers = 0;
  wave.vectorMemoryIssued = 0;
  wave.lateLdsWrites.clear();
  wave.mode.bits = (kernel.rsrc1 >> 12) & 255;
  wave.mode.dx10Clamp = kernel.rsrc1 >> 21 & 1;
  wave.mode.ieee = kernel.rsrc1 >> 23 & 1;
  wave.mode.halfOverflow = kernel.rsrc1 >> 26 & 1;
  wave.privateMemory.assign(size_t(kernel.scratchBytesPerLane) * laneCount, 0);
}

} // namespace codesign::simulate
