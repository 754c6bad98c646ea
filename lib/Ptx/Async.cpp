// What is under way beside the threads: cp.async, tensor copies, and barriers in shared memory.
#include "Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstring>

namespace codesign::ptx {

void Machine::finishCopies(Workgroup &workgroup, Lane &lane, size_t left) {
  for (; lane.copyGroups.size() > left; lane.copyGroups.pop_front())
    for (const Copy &copy : lane.copyGroups.front())
      std::memcpy(sharedBytes(workgroup, copy.to, copy.bytes.size()), copy.bytes.data(), copy.bytes.size());
}

bool Machine::finishStores(Workgroup &workgroup, Lane &lane, size_t left) {
  for (; lane.storeGroups.size() > left; lane.storeGroups.pop_front())
    for (TensorCopy &copy : lane.storeGroups.front())
      if (!moveBox(workgroup, copy, /*loads=*/false))
        return false;
  return true;
}

Mbarrier *Machine::mbarrierAt(Workgroup &workgroup, Lane &lane, const Operand &address,
                              const Instruction &instruction) {
  const uint64_t at = addressOf(lane, address);
  if (!resolve(workgroup, lane, Space::Shared, at, sizeof(uint64_t), instruction))
    return nullptr;
  const uint32_t rank = static_cast<uint32_t>(at) >> 24, offset = at & 0xffffff;
  auto &barriers = rank > 0 ? cluster[rank - 1].mbarriers : workgroup.mbarriers;
  if (instruction.op == Op::MbarrierInit)
    return &barriers[offset];
  auto found = barriers.find(offset);
  if (found != barriers.end())
    return &found->second;
  fail(workgroup, lane.thread, instruction, "no barrier has been set up there");
  return nullptr;
}

void Machine::complete(Mbarrier &barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0)
    return;
  ++barrier.phase;
  barrier.pending = barrier.count;
}

/// Their sources may be overwritten then; the matrix is as it was.
bool Machine::readSources(Workgroup &workgroup, Lane &lane, size_t left) {
  for (size_t i = 0; i + left < lane.storeGroups.size(); ++i)
    for (TensorCopy &copy : lane.storeGroups[i]) {
      const size_t bytes = size_t(copy.map.boxRows) * copy.map.boxColumns * copy.map.elementBytes;
      const uint8_t *const from = sharedBytes(workgroup, copy.shared, bytes);
      if (!from)
        return fail("a tensor copy past the end of shared memory");
      if (copy.source.empty())
        copy.source.assign(from, from + bytes);
    }
  return true;
}

/// Element by element. Outside of the matrix a load brings zeros, and a store leaves nothing.
bool Machine::moveBox(Workgroup &workgroup, TensorCopy &copy, bool loads) {
  const TensorMap &map = copy.map;
  const uint32_t bytes = map.elementBytes;
  for (uint32_t i = 0; i < map.boxRows; ++i)
    for (uint32_t j = 0; j < map.boxColumns; ++j) {
      const int64_t row = copy.row + i, column = copy.column + j;
      const bool inside = row >= 0 && row < static_cast<int64_t>(map.rows) && column >= 0 &&
                          column < static_cast<int64_t>(map.columns);
      const uint32_t at = swizzled(copy.shared + (i * map.boxColumns + j) * bytes, map.swizzleBytes);
      uint8_t *const shared =
          copy.source.empty() ? sharedBytes(workgroup, at, bytes) : copy.source.data() + (at - copy.shared);
      if (!shared)
        return fail("a tensor copy past the end of shared memory");
      if (!inside) {
        if (loads)
          std::memset(shared, 0, bytes);
        continue;
      }
      const uint64_t address = map.address + row * map.rowBytes + column * bytes;
      simulate::MemoryRegion *const region = memory.find(address, bytes);
      if (!region)
        return fail(llvm::formatv("a tensor copy at {0:x}, outside every buffer", address).str());
      uint8_t *const global = region->data() + (address - region->address);
      std::memcpy(loads ? shared : global, loads ? global : shared, bytes);
    }
  return true;
}

/// A load arrives in all its workgroups.
bool Machine::finishLoad(TensorCopy &copy) {
  for (int rank : copy.ranks) {
    if (!moveBox(cluster[rank], copy, /*loads=*/true))
      return false;
    auto found = cluster[rank].mbarriers.find(copy.barrier);
    if (found == cluster[rank].mbarriers.end())
      return fail("a tensor copy to a workgroup without a barrier for it");
    Mbarrier &barrier = found->second;
    barrier.bytes -= static_cast<int64_t>(copy.map.boxRows) * copy.map.boxColumns * copy.map.elementBytes;
    complete(barrier);
  }
  return true;
}

/// cp.async: 16 bytes, of which a predicate says that none are read, or a number how many.
bool Machine::startCopy(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const uint64_t to = addressOf(lane, operands[0]), from = addressOf(lane, operands[1]);
  const uint64_t bytes = value(workgroup, lane, operands[2]);
  if (bytes != 16)
    return fail(workgroup, lane.thread, instruction, "is executed with 16 bytes");
  uint64_t present = bytes;
  if (operands.size() > 3) {
    const uint64_t last = value(workgroup, lane, operands[3]);
    const bool isPredicate =
        operands[3].kind == OperandKind::Register && function.widths[operands[3].slot] == 1;
    present = isPredicate ? ((last & 1) ? 0 : bytes) : last;
  }
  if (present != 0 && present != bytes)
    return fail(workgroup, lane.thread, instruction, "is executed with all of the source or none");
  Copy copy = {static_cast<uint32_t>(to), {}};
  if (!resolve(workgroup, lane, Space::Shared, to, bytes, instruction))
    return false;
  if (present > 0) {
    const uint8_t *source = resolve(workgroup, lane, Space::Global, from, bytes, instruction);
    if (!source)
      return false;
    std::memcpy(copy.bytes.data(), source, present);
  }
  if (eager)
    std::memcpy(sharedBytes(workgroup, copy.to, bytes), copy.bytes.data(), bytes);
  else
    lane.openCopies.push_back(copy);
  return true;
}

/// A box of a tensor, which goes by itself.
bool Machine::startTensorCopy(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const auto refuse = [&](const llvm::Twine &why) { return fail(workgroup, lane.thread, instruction, why); };
  const bool isLoad = instruction.op == Op::TensorLoad;
  const Operand &tensor = operands[isLoad ? 1 : 0], &shared = operands[isLoad ? 0 : 1];
  auto map = maps.find(inWindow(addressOf(lane, tensor)));
  if (map == maps.end())
    return refuse("no tensor map there");
  const auto &coordinates = tensor.parts.front().parts;
  if (coordinates.size() != 2)
    return refuse("is executed with two coordinates");
  TensorCopy copy;
  copy.map = map->second;
  copy.column = static_cast<int32_t>(value(workgroup, lane, coordinates[0]));
  copy.row = static_cast<int32_t>(value(workgroup, lane, coordinates[1]));
  copy.shared = static_cast<uint32_t>(addressOf(lane, shared));
  if (copy.shared % 128)
    return refuse("shared memory of a tensor copy starts at multiples of 128 bytes");
  if (!isLoad) {
    lane.openStores.push_back(std::move(copy));
    return true;
  }
  copy.barrier = static_cast<uint32_t>(addressOf(lane, operands[2]));
  const uint64_t mask =
      instruction.has("multicast::cluster") ? value(workgroup, lane, operands[3]) : 1ull << workgroup.rank;
  for (int rank = 0; rank < static_cast<int>(cluster.size()); ++rank)
    if (mask >> rank & 1)
      copy.ranks.push_back(rank);
  if (mask >> cluster.size() || !workgroup.mbarriers.count(copy.barrier))
    return refuse("workgroups outside the cluster, or no barrier");
  if (eager)
    return finishLoad(copy);
  loads.push_back(std::move(copy));
  return true;
}

bool Machine::executeMbarrier(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const bool tests = instruction.op == Op::MbarrierTest;
  moved = true;
  const size_t first = instruction.op == Op::MbarrierInit ? 0 : 1;
  Mbarrier *const barrier = mbarrierAt(workgroup, lane, operands[first], instruction);
  if (!barrier)
    return false;
  const uint64_t number = operands.size() > first + 1 ? value(workgroup, lane, operands[first + 1]) : 1;
  if (tests) {
    const bool done = (barrier->phase & 1) != (number & 1);
    assign(lane, operands[0], done, {Kind::Predicate, 1});
    lane.gaveWay = !done;
    moved = done;
    return true;
  }
  if (instruction.op == Op::MbarrierInit) {
    *barrier = {static_cast<int64_t>(number), static_cast<int64_t>(number), 0, 0};
    return true;
  }
  const bool expects = instruction.op == Op::MbarrierExpect;
  barrier->bytes += expects ? static_cast<int64_t>(number) : 0;
  barrier->pending -= expects ? 1 : static_cast<int64_t>(number);
  if (barrier->pending < 0)
    return fail(workgroup, lane.thread, instruction, "more arrivals than the barrier waits for");
  complete(*barrier);
  return true;
}

bool Machine::executeAsync(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  switch (instruction.op) {
  case Op::CopyAsync:
    return startCopy(workgroup, lane, instruction);
  case Op::CopyCommit:
    lane.copyGroups.push_back(std::move(lane.openCopies));
    lane.openCopies.clear();
    return true;
  case Op::CopyWait:
    finishCopies(workgroup, lane, value(workgroup, lane, instruction.operands[0]));
    return true;
  case Op::TensorLoad:
  case Op::TensorStore:
    return startTensorCopy(workgroup, lane, instruction);
  case Op::BulkCommit:
    lane.storeGroups.push_back(std::move(lane.openStores));
    lane.openStores.clear();
    return !eager || finishStores(workgroup, lane, 0);
  case Op::BulkWait: {
    const size_t left = value(workgroup, lane, instruction.operands[0]);
    return instruction.has("read") ? readSources(workgroup, lane, left) : finishStores(workgroup, lane, left);
  }
  default:
    return executeMbarrier(workgroup, lane, instruction);
  }
}

} // namespace codesign::ptx
