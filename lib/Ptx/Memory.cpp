// Loads, stores and atomic additions of one lane.
#include "Machine.h"
#include "Numbers.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstring>

namespace codesign::ptx {

uint64_t Machine::addressOf(const Lane &lane, const Operand &operand) {
  return (operand.slot >= 0 ? lane.registers[operand.slot] : 0) + operand.number;
}

/// Shared memory of this workgroup, or of one that Mapa has named; null past its end.
uint8_t *Machine::sharedBytes(Workgroup &workgroup, uint32_t address, uint64_t bytes) {
  const uint32_t rank = address >> 24, offset = address & 0xffffff;
  if (rank > cluster.size())
    return nullptr;
  Workgroup &owner = rank > 0 ? cluster[rank - 1] : workgroup;
  return offset + bytes <= owner.shared.size() ? owner.shared.data() + offset : nullptr;
}

uint8_t *Machine::resolve(Workgroup &workgroup, Lane &lane, Space space, uint64_t address, uint64_t bytes,
                          const Instruction &instruction) {
  if (space == Space::Generic) {
    const uint64_t window = windowOf(address);
    space = window == sharedWindow  ? Space::Shared
            : window == localWindow ? Space::Local
            : window == paramWindow ? Space::Param
                                    : Space::Global;
  }
  uint8_t *found = nullptr;
  const uint64_t offset = inWindow(address);
  if (space == Space::Global) {
    if (simulate::MemoryRegion *region = memory.find(address, bytes))
      found = region->data() + (address - region->address);
  } else if (space == Space::Shared) {
    found = sharedBytes(workgroup, static_cast<uint32_t>(offset), bytes);
  } else {
    std::vector<uint8_t> &of = space == Space::Local ? lane.local : parameters;
    if (offset + bytes <= of.size())
      found = of.data() + offset;
  }
  if (found && address % bytes == 0)
    return found;
  const simulate::MemoryRegion *nearest = space == Space::Global ? memory.nearest(address) : nullptr;
  const std::string beside = nearest ? llvm::formatv(", {0} from the start of {1} ({2} bytes)",
                                                     static_cast<int64_t>(address - nearest->address),
                                                     nearest->name, nearest->sizeBytes)
                                           .str()
                                     : "";
  fail(workgroup, lane.thread, instruction,
       llvm::formatv("{0} bytes at {1:x}{2}{3}", bytes, address, beside,
                     found ? ", which is no multiple of them" : ", outside every buffer")
           .str());
  return nullptr;
}

bool Machine::executeMemory(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const uint64_t elementBytes = std::max(1, instruction.from.bits / 8);
  const bool stores = instruction.op == Op::Store, reduces = instruction.op == Op::Reduce;
  const Operand &address = operands[stores || reduces ? 0 : 1], &data = operands[stores || reduces ? 1 : 0];
  const size_t count = data.kind == OperandKind::List ? data.parts.size() : 1;
  uint8_t *at = resolve(workgroup, lane, instruction.space, addressOf(lane, address), elementBytes * count,
                        instruction);
  if (!at)
    return false;
  if (instruction.op == Op::Load || stores) {
    for (size_t i = 0; i < count; ++i) {
      const Operand &part = data.kind == OperandKind::List ? data.parts[i] : data;
      uint64_t bits = stores ? value(workgroup, lane, part) : 0;
      if (stores) {
        std::memcpy(at + i * elementBytes, &bits, elementBytes);
        continue;
      }
      std::memcpy(&bits, at + i * elementBytes, elementBytes);
      if (instruction.from.kind == Kind::Signed)
        bits = static_cast<uint64_t>(llvm::SignExtend64(bits, instruction.from.bits));
      if (part.kind == OperandKind::Register)
        assign(lane, part, bits, {Kind::Bits, function.widths[part.slot]});
    }
    return true;
  }
  if (!instruction.has("add") || count != 1 || elementBytes != 4)
    return fail(workgroup, lane.thread, instruction, "is not executed");
  uint32_t before = 0;
  std::memcpy(&before, at, sizeof(before));
  const uint64_t by = value(workgroup, lane, operands[reduces ? 1 : 2]);
  const uint32_t after = instruction.from.kind == Kind::Float ? asBits(asFloat(before) + asFloat(by))
                                                              : before + static_cast<uint32_t>(by);
  std::memcpy(at, &after, sizeof(after));
  if (!reduces)
    assign(lane, operands[0], before, instruction.from);
  return true;
}

} // namespace codesign::ptx
