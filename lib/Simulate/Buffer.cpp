// MUBUF: raw and structured buffers behind a 128-bit descriptor, whose bounds clamp instead of faulting.
#include "Access.h"
#include "Translate.h"
#include "Waits.h"
#include <deque>
#include <mutex>

namespace codesign::simulate {
namespace {

struct BufferDetails {
  AccessShape shape;
  bool hasIndex = false, hasOffset = false;
};

/// The fields of a V# that addressing uses (CDNA3 ISA, buffer resource descriptor).
struct BufferResource {
  uint64_t base;
  uint32_t stride, records;
  bool swizzled, addsThreadId;
  uint32_t indexStride, elementSize;
};

BufferResource readResource(const Wave &wave, int first) {
  const uint32_t *word = wave.scalars + first;
  BufferResource resource;
  resource.base = word[0] | uint64_t(word[1] & 0xffff) << 32;
  resource.stride = (word[1] >> 16) & 0x3fff;
  resource.swizzled = word[1] >> 31;
  resource.records = word[2];
  resource.elementSize = 2u << ((word[3] >> 19) & 3);
  resource.indexStride = 8u << ((word[3] >> 21) & 3);
  resource.addsThreadId = (word[3] >> 23) & 1;
  return resource;
}

// sources[0] address registers, sources[1] data, sources[2] descriptor, sources[3] scalar offset.
void executeBuffer(Wave &wave, const Instruction &instruction) {
  if (wave.skipsVector)
    return;
  const auto &details = *static_cast<const BufferDetails *>(instruction.details);
  const AccessShape &shape = details.shape;
  const Operand &vector = instruction.sources[0];
  if (wave.group->checking) {
    if (vector.isVector())
      checkVectorUse(wave, instruction, vector, details.hasIndex && details.hasOffset ? 2 : 1, wave.exec(),
                     "an address");
    Operand words = instruction.sources[2];
    words.dwords = 2;
    uint64_t undefined = undefinedBits(wave, words) | undefinedBits(wave, instruction.sources[3]);
    words.index += 2;
    undefined |= undefinedBits(wave, words);
    checkScalarUse(wave, instruction, undefined, "a buffer descriptor or offset");
  }
  BufferResource resource = readResource(wave, instruction.sources[2].index);
  uint32_t scalarOffset = wave.read32(instruction.sources[3]);
  const uint32_t *first = vector.isVector() ? wave.lanes(vector.index) : nullptr;
  LaneAddresses addresses;
  addresses.lanes = 0;
  uint64_t exec = wave.exec();
  bool structured = resource.stride != 0;
  for (uint64_t rest = exec; rest; rest &= rest - 1) {
    int lane = std::countr_zero(rest);
    uint64_t index = details.hasIndex ? first[lane] : 0;
    if (resource.addsThreadId)
      index += lane;
    uint64_t offset = instruction.offset;
    if (details.hasOffset)
      offset += details.hasIndex ? first[lane + laneCount] : first[lane];
    bool outside;
    if (structured && (details.hasIndex || resource.addsThreadId || resource.swizzled))
      outside = index >= resource.records || (resource.swizzled && offset + shape.bytes > resource.stride);
    else
      outside = offset + scalarOffset * (structured ? 0 : 1) + shape.bytes > resource.records;
    if (outside)
      continue;
    uint64_t location;
    if (resource.swizzled)
      location = ((index / resource.indexStride) * resource.stride +
                  (offset / resource.elementSize) * resource.elementSize) *
                     resource.indexStride +
                 (index % resource.indexStride) * resource.elementSize + offset % resource.elementSize;
    else
      location = index * resource.stride + offset;
    addresses.address[lane] = resource.base + scalarOffset + location;
    addresses.lanes |= 1ull << lane;
  }
  uint32_t ldsBase = shape.toLds ? (wave.scalars[scalar::m0] & 0x3ffff) + instruction.offset : 0;
  bool isStore = shape.isStore || (shape.atomic != AtomicKind::None && !shape.returns);
  uint32_t operation = accessGlobal(wave, instruction, shape, addresses, instruction.sources[1],
                                    instruction.destination, ldsBase, isStore ? 0 : exec & ~addresses.lanes);
  issueVectorMemory(wave, instruction, isStore, operation);
}

void executeCacheControl(Wave &wave, const Instruction &instruction) {
  issueVectorMemory(wave, instruction, true);
}

const BufferDetails *intern(const BufferDetails &details) {
  static std::mutex lock;
  static std::deque<BufferDetails> storage;
  std::lock_guard<std::mutex> guard(lock);
  storage.push_back(details);
  return &storage.back();
}

} // namespace

bool translateBuffer(const RawInstruction &raw, Instruction &result) {
  llvm::StringRef text = raw.base;
  if (!text.consume_front("BUFFER_"))
    return false;
  result.usesVmCount = true;
  if (text == "INV" || text == "WBL2" || text == "INVL2" || text.starts_with("WBINVL1")) {
    result.execute = executeCacheControl;
    result.kind = InstructionClass::VectorMemoryStore;
    return true;
  }
  BufferDetails details;
  bool returns = text.consume_back("_RTN");
  if (text.consume_back("_BOTHEN"))
    details.hasIndex = details.hasOffset = true;
  else if (text.consume_back("_OFFEN"))
    details.hasOffset = true;
  else if (text.consume_back("_IDXEN"))
    details.hasIndex = true;
  else if (!text.consume_back("_OFFSET"))
    return false;
  if (text.contains("FORMAT") || text.contains("_TFE") || !parseAccess(text, details.shape))
    return false;
  details.shape.returns = returns;
  bool isAtomic = details.shape.atomic != AtomicKind::None;
  llvm::SmallVector<Operand, 3> vectors, scalars;
  for (const Operand &use : raw.uses)
    (use.isVector() ? vectors : scalars).push_back(use);
  if (scalars.size() < 2 || !scalars[0].isScalar())
    return false;
  result.sources[2] = scalars[0];
  result.sources[3] = scalars[1];
  unsigned at = 0;
  if (!raw.definitions.empty())
    result.destination = raw.definitions[0];
  if (details.shape.isStore || (isAtomic && !returns)) {
    if (vectors.empty())
      return false;
    result.sources[1] = vectors[at++];
  } else if (isAtomic)
    result.sources[1] = result.destination; // the operand is tied to the returned value
  if (details.hasIndex || details.hasOffset) {
    if (at >= vectors.size())
      return false;
    result.sources[0] = vectors[at];
  }
  result.sourceCount = 4;
  result.offset = static_cast<int32_t>(raw.control(0) & 0xfff);
  result.cachePolicy = static_cast<uint8_t>(raw.control(1));
  result.details = intern(details);
  result.execute = executeBuffer;
  result.kind = details.shape.toLds     ? InstructionClass::LdsDma
                : isAtomic              ? InstructionClass::VectorMemoryAtomic
                : details.shape.isStore ? InstructionClass::VectorMemoryStore
                                        : InstructionClass::VectorMemoryLoad;
  return true;
}

} // namespace codesign::simulate
