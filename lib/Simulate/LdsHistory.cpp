// Who touched which LDS bytes, and whether a barrier lies between.
#include "Access.h"
#include "codesign/Isa/MemoryInstruction.h"
#include <algorithm>

namespace codesign::simulate {

uint32_t beginLdsOperation(Wave &wave, const Instruction &instruction, LdsAccessKind kind) {
  if (!wave.group->checking)
    return 0;
  GroupChecks &checks = wave.group->checks;
  checks.operations.push_back({instruction.index, static_cast<uint16_t>(wave.id),
                               kind == LdsAccessKind::Atomic, kind == LdsAccessKind::DmaWrite, ~0u});
  return static_cast<uint32_t>(checks.operations.size() - 1);
}

uint8_t undefinedLds(const Wave &wave, uint32_t address, int bytes) {
  if (bytes == 4 && address % 4 == 0)
    return ~wave.group->checks.cells[address / 4].definedBytes & 15;
  uint8_t result = 0;
  for (int byte = 0; byte < bytes; ++byte) {
    uint32_t at = address + byte;
    if (!((wave.group->checks.cells[at / 4].definedBytes >> (at % 4)) & 1))
      result |= 1 << byte;
  }
  return result;
}

namespace {

enum class Order : uint8_t { Safe, SameWavePending, Race };

/// Is everything about an earlier operation over before the current one?
Order orderOf(const Wave &wave, const LdsOperation &earlier, bool currentIsDma) {
  const GroupChecks &checks = wave.group->checks;
  if (earlier.wave == wave.id) {
    bool pending = earlier.waitedEpoch == ~0u;
    return pending && (earlier.isDma || currentIsDma) ? Order::SameWavePending : Order::Safe;
  }
  return earlier.waitedEpoch < checks.epoch ? Order::Safe : Order::Race;
}

struct Conflict {
  const char *verb;      // what the current access does
  const char *otherVerb; // what the earlier one did
};

void report(Wave &wave, const Instruction &instruction, const LdsOperation &earlier, Order order,
            Conflict conflict, uint32_t address, int lane) {
  FindingDetails details{order == Order::Race ? FindingKind::LdsRace : FindingKind::MissingWait,
                         instruction.index,
                         earlier.instruction,
                         earlier.wave,
                         lane,
                         address};
  if (!beginFinding(wave, details))
    return;
  std::string place = "LDS byte " + std::to_string(address);
  std::string message = "lane " + std::to_string(lane) + " " + conflict.verb + " " + place + " which ";
  if (order == Order::Race)
    message += "wave " + std::to_string(earlier.wave) + " " + conflict.otherVerb +
               (earlier.waitedEpoch == ~0u ? ", not waited for" : "") + ", with no barrier between";
  else
    message += std::string("an operation of this wave still ") + (earlier.isDma ? "fills" : "reads") +
               ": s_waitcnt is missing";
  endFinding(wave, message);
}

} // namespace

bool recordLdsAccess(Wave &wave, const Instruction &instruction, uint32_t operation, LdsAccessKind kind,
                     uint32_t address, int bytes, int lane, const uint8_t *written) {
  Workgroup &group = *wave.group;
  if (address > group.lds.size() || static_cast<size_t>(bytes) > group.lds.size() - address) {
    FindingDetails details{FindingKind::OutOfBounds, instruction.index};
    details.lane = lane;
    details.memoryAddress = address;
    if (group.checking && beginFinding(wave, details))
      endFinding(wave, "lane " + std::to_string(lane) + " accesses LDS bytes " + std::to_string(address) +
                           " to " + std::to_string(uint64_t(address) + bytes - 1) + " of " +
                           std::to_string(group.lds.size()));
    return false;
  }
  if (!operation)
    return true;
  GroupChecks &checks = group.checks;
  bool writes = kind != LdsAccessKind::Read, isAtomic = kind == LdsAccessKind::Atomic,
       isDma = kind == LdsAccessKind::DmaWrite;
  for (uint32_t at = address; at < address + bytes;) {
    uint32_t index = at / 4, end = std::min<uint32_t>(4 * index + 4, address + bytes);
    uint8_t mask = static_cast<uint8_t>(((1u << (end - at)) - 1) << (at % 4));
    LdsCell &cell = checks.cells[index];
    if (cell.write && cell.write != operation && (cell.writtenBytes & mask)) {
      const LdsOperation &earlier = checks.operations[cell.write];
      Order order =
          isAtomic && earlier.isAtomic ? Order::Safe : orderOf(wave, earlier, isDma && earlier.isDma);
      // Waves that store the same value do not disturb each other.
      bool same = writes && !isAtomic && written && order == Order::Race &&
                  std::equal(written + (at - address), written + (end - address), group.lds.data() + at);
      if (order != Order::Safe && !same)
        report(wave, instruction, earlier, order, {writes ? "writes" : "reads", "wrote"}, at, lane);
    }
    if (writes) {
      for (auto [read, readBytes] :
           {std::pair(cell.read, cell.readBytes), std::pair(cell.otherRead, cell.otherReadBytes)}) {
        if (!read || read == operation || !(readBytes & mask))
          continue;
        const LdsOperation &earlier = checks.operations[read];
        Order order = orderOf(wave, earlier, isDma);
        if (order != Order::Safe)
          report(wave, instruction, earlier, order, {"writes", "read"}, at, lane);
      }
      cell.writtenBytes = cell.write == operation ? cell.writtenBytes | mask : mask;
      cell.write = operation;
      if (isAtomic || isDma)
        cell.definedBytes |= mask;
    } else if (cell.read != operation) {
      if (cell.read && checks.operations[cell.read].wave != wave.id) {
        cell.otherRead = cell.read;
        cell.otherReadBytes = cell.readBytes;
      }
      cell.read = operation;
      cell.readBytes = mask;
    } else
      cell.readBytes |= mask;
    at = end;
  }
  return true;
}

static LdsCost costOf(const SharedAccessPhases &phases, const uint32_t *addresses, uint64_t lanes, int bytes,
                      uint64_t hash) {
  LdsCost cost{hash, 0, 0};
  for (uint64_t phase : phases.phases) {
    uint64_t active = phase & lanes;
    if (!active)
      continue;
    // Cycles of a phase: the most distinct words that fall on one bank.
    uint32_t words[256];
    uint8_t perBank[64] = {};
    int count = 0, most = 1;
    for (uint64_t rest = active; rest; rest &= rest - 1) {
      uint32_t first = addresses[std::countr_zero(rest)] / 4;
      for (int d = 0; d < std::max(1, bytes / 4); ++d) {
        uint32_t word = first + d;
        if (perBank[word % phases.banks] && std::find(words, words + count, word) != words + count)
          continue;
        words[count++] = word;
        most = std::max<int>(most, ++perBank[word % phases.banks]);
      }
    }
    ++cost.cycles;
    cost.conflicts += most - 1;
  }
  return cost;
}

void countLds(Wave &wave, const Instruction &instruction, const uint32_t *addresses, uint64_t lanes,
              int bytes, bool isWrite) {
  const SharedAccessPhases *phases = isWrite ? wave.group->writePhases[bytes] : wave.group->readPhases[bytes];
  if (!phases)
    return;
  // Loops repeat their patterns: remember the last one of each instruction.
  uint64_t hash = lanes * 0x9e3779b97f4a7c15ull;
  for (int lane = 0; lane < laneCount; ++lane)
    hash = (hash ^ ((lanes >> lane) & 1 ? addresses[lane] : ~0u)) * 0x100000001b3ull;
  LdsCost &cost = wave.group->ldsCosts[instruction.index];
  if (cost.hash != hash || !cost.cycles)
    cost = costOf(*phases, addresses, lanes, bytes, hash);
  InstructionStatistics &statistics = wave.group->statistics[instruction.index];
  statistics.ldsCycles += cost.cycles;
  statistics.ldsConflictCycles += cost.conflicts;
}

} // namespace codesign::simulate
