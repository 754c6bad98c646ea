// What is under way beside the threads: cp.async, tensor copies, and barriers in shared memory.
#include "Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstring>

namespace codesign::ptx {

namespace {

/// Where a byte of shared memory lies: pieces of 16 bytes in rows of 128, 64 or 32 are permuted by bits of
/// the row (PTX ISA, "Tensor swizzling modes").
uint32_t swizzled(uint32_t address, uint32_t swizzleBytes) {
  const uint32_t mask = swizzleBytes == 0 ? 0 : swizzleBytes / 16 - 1;
  return address ^ (address >> 7 & mask) << 4;
}

} // namespace

bool Machine::finishCopies(Workgroup &workgroup, Lane &lane, size_t left) {
  for (; lane.copyGroups.size() > left; lane.copyGroups.pop_front())
    for (const Copy &copy : lane.copyGroups.front())
      std::memcpy(sharedBytes(workgroup, copy.to, copy.bytes.size()), copy.bytes.data(), copy.bytes.size());
  return true;
}

Mbarrier *Machine::mbarrierAt(Workgroup &workgroup, Lane &lane, const Operand &address,
                              const Instruction &instruction) {
  const uint64_t at = addressOf(workgroup, lane, address);
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

bool Machine::load(const TensorCopy &copy) {
  const TensorMap &map = copy.map;
  const uint32_t rowBytes = map.boxColumns * map.elementBytes;
  for (int rank : copy.ranks) {
    Workgroup &workgroup = cluster[rank];
    for (uint32_t row = 0; row < map.boxRows; ++row)
      for (uint32_t column = 0; column < map.boxColumns; ++column) {
        const int64_t fromRow = copy.row + row, fromColumn = copy.column + column;
        const bool inside = fromRow >= 0 && fromRow < static_cast<int64_t>(map.rows) && fromColumn >= 0 &&
                            fromColumn < static_cast<int64_t>(map.columns);
        uint8_t *to = sharedBytes(
            workgroup, swizzled(copy.shared + row * rowBytes + column * map.elementBytes, map.swizzleBytes),
            map.elementBytes);
        if (!to)
          return fail("a tensor copy past the end of shared memory");
        std::memset(to, 0, map.elementBytes);
        if (!inside)
          continue;
        const uint64_t from = map.address + fromRow * map.rowBytes + fromColumn * map.elementBytes;
        simulate::MemoryRegion *region = memory.find(from, map.elementBytes);
        if (!region)
          return fail(llvm::formatv("a tensor copy from {0:x}, outside every buffer", from).str());
        std::memcpy(to, region->data() + (from - region->address), map.elementBytes);
      }
    Mbarrier &barrier = workgroup.mbarriers[copy.barrier];
    barrier.bytes -= static_cast<int64_t>(map.boxRows) * rowBytes;
    complete(barrier);
  }
  return true;
}

bool Machine::store(Workgroup &workgroup, const TensorCopy &copy) {
  const TensorMap &map = copy.map;
  const uint32_t rowBytes = map.boxColumns * map.elementBytes;
  for (uint32_t row = 0; row < map.boxRows; ++row)
    for (uint32_t column = 0; column < map.boxColumns; ++column) {
      const int64_t toRow = copy.row + row, toColumn = copy.column + column;
      if (toRow < 0 || toRow >= static_cast<int64_t>(map.rows) || toColumn < 0 ||
          toColumn >= static_cast<int64_t>(map.columns))
        continue;
      const uint64_t to = map.address + toRow * map.rowBytes + toColumn * map.elementBytes;
      simulate::MemoryRegion *region = memory.find(to, map.elementBytes);
      const uint8_t *from = sharedBytes(
          workgroup, swizzled(copy.shared + row * rowBytes + column * map.elementBytes, map.swizzleBytes),
          map.elementBytes);
      if (!region || !from)
        return fail(llvm::formatv("a tensor copy to {0:x}, outside every buffer", to).str());
      std::memcpy(region->data() + (to - region->address), from, map.elementBytes);
    }
  return true;
}

bool Machine::executeAsync(Workgroup &workgroup, Warp &, Lane &lane, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const auto refuse = [&](const llvm::Twine &why) { return fail(workgroup, lane.thread, instruction, why); };
  switch (instruction.op) {
  case Op::CopyAsync: {
    const uint64_t to = addressOf(workgroup, lane, operands[0]),
                   from = addressOf(workgroup, lane, operands[1]);
    const uint64_t bytes = value(workgroup, lane, operands[2]);
    if (bytes != 16)
      return refuse("is executed with 16 bytes");
    uint64_t present = bytes;
    if (operands.size() > 3) { // a predicate: nothing is read; a number: so many bytes are
      const uint64_t last = value(workgroup, lane, operands[3]);
      const bool isPredicate =
          operands[3].kind == OperandKind::Register && function.predicates[operands[3].slot];
      present = isPredicate ? ((last & 1) ? 0 : bytes) : last;
    }
    Copy copy = {static_cast<uint32_t>(to), {}};
    if (!resolve(workgroup, lane, Space::Shared, to, bytes, instruction))
      return false;
    if (present > 0) {
      const uint8_t *source = resolve(workgroup, lane, Space::Global, from, bytes, instruction);
      if (!source)
        return false;
      std::memcpy(copy.bytes.data(), source, present);
    }
    lane.openCopies.push_back(copy);
    return true;
  }
  case Op::CopyCommit:
    lane.copyGroups.push_back(std::move(lane.openCopies));
    lane.openCopies.clear();
    return !eager || finishCopies(workgroup, lane, 0);
  case Op::CopyWait:
    return finishCopies(workgroup, lane, value(workgroup, lane, operands[0]));
  case Op::TensorLoad:
  case Op::TensorStore: {
    const bool isLoad = instruction.op == Op::TensorLoad;
    const Operand &tensor = operands[isLoad ? 1 : 0], &shared = operands[isLoad ? 0 : 1];
    auto map = maps.find(inWindow(addressOf(workgroup, lane, tensor)));
    if (map == maps.end())
      return refuse("no tensor map there");
    const auto &coordinates = tensor.parts.front().parts;
    if (coordinates.size() != 2)
      return refuse("is executed with two coordinates");
    TensorCopy copy;
    copy.map = map->second;
    copy.column = static_cast<int32_t>(value(workgroup, lane, coordinates[0]));
    copy.row = static_cast<int32_t>(value(workgroup, lane, coordinates[1]));
    copy.shared = static_cast<uint32_t>(addressOf(workgroup, lane, shared));
    if (copy.shared % 128)
      return refuse("shared memory of a tensor copy starts at multiples of 128 bytes");
    if (!isLoad) {
      lane.openStores.push_back(std::move(copy));
      return true;
    }
    copy.barrier = static_cast<uint32_t>(addressOf(workgroup, lane, operands[2]));
    const uint64_t mask =
        instruction.has("multicast::cluster") ? value(workgroup, lane, operands[3]) : 1ull << workgroup.rank;
    for (int rank = 0; rank < static_cast<int>(cluster.size()); ++rank)
      if (mask >> rank & 1)
        copy.ranks.push_back(rank);
    if (mask >> cluster.size() || !workgroup.mbarriers.count(copy.barrier))
      return refuse("workgroups outside the cluster, or no barrier");
    loads.push_back(std::move(copy));
    return true;
  }
  case Op::BulkCommit:
    lane.storeGroups.push_back(std::move(lane.openStores));
    lane.openStores.clear();
    [[fallthrough]];
  case Op::BulkWait: {
    const size_t left = instruction.op == Op::BulkWait ? value(workgroup, lane, operands[0])
                        : eager                        ? 0
                                                       : lane.storeGroups.size();
    for (; lane.storeGroups.size() > left; lane.storeGroups.pop_front())
      for (const TensorCopy &copy : lane.storeGroups.front())
        if (!store(workgroup, copy))
          return false;
    return true;
  }
  default:
    break;
  }
  const bool tests = instruction.op == Op::MbarrierTest;
  const size_t first = instruction.op == Op::MbarrierInit ? 0 : 1;
  Mbarrier *const barrier = mbarrierAt(workgroup, lane, operands[first], instruction);
  if (!barrier)
    return false;
  const uint64_t number = operands.size() > first + 1 ? value(workgroup, lane, operands[first + 1]) : 1;
  if (tests) {
    const bool done = (barrier->phase & 1) != (number & 1);
    assign(lane, operands[0], done, {Kind::Predicate, 1});
    lane.gaveWay = !done;
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
    return refuse("more arrivals than the barrier waits for");
  complete(*barrier);
  return true;
}

} // namespace codesign::ptx
