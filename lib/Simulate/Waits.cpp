#include "Waits.h"
#include <cstring>

namespace codesign::simulate {
namespace {

void markPending(Wave &wave, const Instruction &instruction) {
  for (const RegisterRange &range : instruction.writes)
    if (range.isScalar)
      wave.checks.pendingScalar.set(range.first, range.count);
    else
      wave.checks.pendingVector.set(range.first, range.count);
}

void rebuildPending(Wave &wave) {
  wave.checks.pendingVector.reset();
  wave.checks.pendingScalar.reset();
  for (const auto *queue : {&wave.checks.vectorMemory, &wave.checks.local})
    for (const Outstanding &operation : *queue)
      markPending(wave, wave.group->instruction(operation.instruction));
}

void complete(Wave &wave, const Outstanding &operation) {
  if (operation.ldsOperation)
    wave.group->checks.lds.operation(operation.ldsOperation).waitedEpoch = wave.group->checks.lds.epoch;
}

bool touches(const RegisterRange &range, const Instruction &writer) {
  for (const RegisterRange &other : writer.writes)
    if (other.isScalar == range.isScalar && range.first < other.first + other.count &&
        other.first < range.first + range.count)
      return true;
  return false;
}

const Outstanding *findWriter(const Wave &wave, const RegisterRange &range) {
  for (const auto *queue : {&wave.checks.vectorMemory, &wave.checks.local})
    for (const Outstanding &operation : *queue)
      if (touches(range, wave.group->instruction(operation.instruction)))
        return &operation;
  return nullptr;
}

bool isPending(const Wave &wave, const RegisterRange &range) {
  return range.isScalar ? wave.checks.pendingScalar.any(range.first, range.count)
                        : wave.checks.pendingVector.any(range.first, range.count);
}

std::string registerName(const RegisterRange &range) {
  std::string prefix = range.isScalar ? "s" : range.first >= firstAccumulationRegister ? "a" : "v";
  int first = range.isScalar ? range.first : range.first % firstAccumulationRegister;
  if (range.isScalar && range.first == scalar::vcc)
    return "vcc";
  return range.count == 1
             ? prefix + std::to_string(first)
             : prefix + "[" + std::to_string(first) + ":" + std::to_string(first + range.count - 1) + "]";
}

/// The counters have 6 and 4 bits: a further operation issues only when one of so many has finished, which
/// hand-scheduled code relies on.
void waitForRoom(Wave &wave) {
  constexpr unsigned maxVectorMemory = 63, maxLocal = 15;
  waitFor(wave, maxVectorMemory - 1, maxLocal - 1);
}

} // namespace

void issueVectorMemory(Wave &wave, const Instruction &instruction, bool isStore, uint32_t ldsOperation) {
  waitForRoom(wave);
  ++wave.vectorMemoryIssued;
  if (!wave.group->checking)
    return;
  wave.checks.vectorMemory.push_back({instruction.index, ldsOperation, false, false, isStore});
  markPending(wave, instruction);
}

void issueLocal(Wave &wave, const Instruction &instruction, bool isScalarMemory, uint32_t ldsOperation) {
  if (!wave.group->checking)
    return;
  waitForRoom(wave);
  wave.checks.local.push_back({instruction.index, ldsOperation, isScalarMemory, false, false});
  markPending(wave, instruction);
}

void issueFlat(Wave &wave, const Instruction &instruction, bool isStore, uint32_t ldsOperation) {
  waitForRoom(wave);
  ++wave.vectorMemoryIssued;
  if (!wave.group->checking)
    return;
  wave.checks.vectorMemory.push_back({instruction.index, 0, false, true, isStore});
  wave.checks.local.push_back({instruction.index, ldsOperation, false, true, isStore});
  markPending(wave, instruction);
}

void deliverLateWrites(Wave &wave, unsigned outstanding) {
  while (!wave.lateLdsWrites.empty() &&
         wave.lateLdsWrites.front().sequence + outstanding <= wave.vectorMemoryIssued) {
    const LateLdsWrite &write = wave.lateLdsWrites.front();
    for (int i = 0; i < write.count; ++i)
      std::memcpy(wave.group->lds.data() + write.target[i], &write.bytes[i * write.bytesPerLane],
                  write.bytesPerLane);
    wave.lateLdsWrites.pop_front();
  }
}

void waitFor(Wave &wave, unsigned vectorMemory, unsigned local) {
  deliverLateWrites(wave, vectorMemory);
  if (!wave.group->checking)
    return;
  bool changed = false;
  auto &memoryQueue = wave.checks.vectorMemory;
  while (memoryQueue.size() > vectorMemory) { // returns in order
    complete(wave, memoryQueue.front());
    memoryQueue.pop_front();
    changed = true;
  }
  // LDS operations finish in order among themselves, scalar loads and flat operations in any order: such a
  // one is surely done only when the counter is zero, an LDS operation when no more than `local` follow or
  // include it.
  auto &localQueue = wave.checks.local;
  if (localQueue.size() > local) {
    std::deque<Outstanding> kept;
    unsigned later = 0;
    for (auto operation = localQueue.rbegin(); operation != localQueue.rend(); ++operation) {
      bool isOrdered = !operation->isScalarMemory && !operation->isFlat;
      bool done = isOrdered ? later >= local : local == 0;
      later += isOrdered;
      if (done) {
        complete(wave, *operation);
        changed = true;
      } else
        kept.push_front(*operation);
    }
    localQueue = std::move(kept);
  }
  if (changed)
    rebuildPending(wave);
}

void checkPendingRegisters(Wave &wave, const Instruction &instruction) {
  if (wave.checks.vectorMemory.empty() && wave.checks.local.empty())
    return;
  if (wave.checks.pendingScalar.none() && !wave.checks.pendingVector.any(instruction.vectorRegisters))
    return;
  for (bool isWrite : {false, true})
    for (const RegisterRange &range : isWrite ? instruction.writes : instruction.reads) {
      if (!isPending(wave, range))
        continue;
      const Outstanding *writer = findWriter(wave, range);
      if (!writer)
        continue;
      const Instruction &source = wave.group->instruction(writer->instruction);
      // Loads in flight return in order, so a second load into the same register is no conflict.
      if (isWrite && source.kind == instruction.kind && source.kind != InstructionClass::ScalarMemory)
        continue;
      FindingDetails details{FindingKind::MissingWait, instruction.index, writer->instruction};
      if (beginFinding(wave, details))
        endFinding(wave, registerName(range) + (isWrite ? " is overwritten" : " is read") +
                             " before s_waitcnt covered the operation that fills it");
    }
}

} // namespace codesign::simulate
