#include "MatrixDetails.h"

#include <map>
#include <memory>
#include <mutex>

namespace codesign::simulate {

int offsetOf(const FragmentLayout &layout, MatrixPosition position) {
  FragmentSlot slot = layout.slotOf(position);
  return slot.element * laneCount + slot.lane;
}

namespace {

MatrixType matrixType(DataType type) {
  switch (type) {
  case DataType::BF16:
    return MatrixType::BF16;
  case DataType::F16:
    return MatrixType::F16;
  case DataType::F8E4M3FNUZ:
    return MatrixType::F8;
  case DataType::F8E5M2FNUZ:
    return MatrixType::BF8;
  case DataType::F8E4M3:
    return MatrixType::F8Ocp;
  case DataType::F8E5M2:
    return MatrixType::BF8Ocp;
  case DataType::F6E2M3:
    return MatrixType::F6;
  case DataType::F6E3M2:
    return MatrixType::BF6;
  case DataType::F4E2M1:
    return MatrixType::F4;
  case DataType::XF32:
    return MatrixType::XF32;
  case DataType::I8:
    return MatrixType::I8;
  default:
    return MatrixType::F32;
  }
}

/// The lanes that hold the scales of 32 elements of depth each, for every element of an operand.
std::vector<uint8_t> scaleLanes(const FragmentLayout &layout, bool isA, int elements, int dimension) {
  std::vector<uint8_t> lanes;
  for (int element = 0; element < elements; ++element)
    for (int lane = 0; lane < laneCount; ++lane) {
      const MatrixPosition position = layout(lane, element);
      const int index = isA ? position.row : position.column, k = isA ? position.column : position.row;
      lanes.push_back(static_cast<uint8_t>(index + dimension * (k / 32)));
    }
  return lanes;
}

std::unique_ptr<MatrixDetails> describe(const MatrixInstruction &record) {
  auto details = std::make_unique<MatrixDetails>();
  details->record = &record;
  details->typeA = matrixType(record.a.type);
  details->typeB = matrixType(record.b.type);
  details->isInteger = record.a.type == DataType::I8;
  details->isDouble = record.a.type == DataType::F64;
  details->isSparse = record.kind == MatrixInstructionKind::Smfmac;
  details->elementsA = record.a.layout.elementsPerLane();
  details->elementsB = record.b.layout.elementsPerLane();
  details->resultDwords = record.c.layout.elementsPerLane() * (details->isDouble ? 2 : 1);
  details->multiplyAccumulates =
      uint64_t(record.m) * record.n * record.k * record.blocks / (details->isSparse ? 2 : 1);
  if (record.scaled) {
    details->scaleLanesA = scaleLanes(record.a.layout, true, details->elementsA, record.m);
    details->scaleLanesB = scaleLanes(record.b.layout, false, details->elementsB, record.m);
  }
  if (details->isDouble || details->isSparse)
    return details;
  for (int block = 0; block < record.blocks; ++block) {
    MatrixBlock &offsets = details->blocks.emplace_back();
    for (int k = 0; k < record.k; ++k) {
      offsets.a.push_back(offsetOf(record.a.layout, {block, 0, k}));
      offsets.b.push_back(offsetOf(record.b.layout, {block, k, 0}));
      // The fast loops take rows of A and columns of B in neighbouring lanes.
      if (offsetOf(record.a.layout, {block, record.m - 1, k}) != offsets.a.back() + record.m - 1 ||
          offsetOf(record.b.layout, {block, k, record.n - 1}) != offsets.b.back() + record.n - 1)
        return nullptr;
    }
    for (int row = 0; row < record.m; ++row)
      offsets.rows.push_back(offsetOf(record.c.layout, {block, row, 0}));
  }
  return details;
}

} // namespace

const MatrixDetails *detailsOf(const MatrixInstruction &record) {
  static std::mutex lock;
  static std::map<const MatrixInstruction *, std::unique_ptr<MatrixDetails>> known;
  std::lock_guard<std::mutex> guard(lock);
  auto [entry, isNew] = known.try_emplace(&record);
  if (isNew)
    entry->second = describe(record);
  return entry->second.get();
}

const MatrixInstruction *findRecord(const RawInstruction &raw, int formatA, int formatB) {
  llvm::StringRef mnemonic = raw.mnemonic.trim();
  bool hasFormats = mnemonic.contains("f8f6f4");
  for (const MatrixInstruction &record :
       matrixInstructions(raw.gfx950 ? Architecture::Gfx950 : Architecture::Gfx942)) {
    if (record.mnemonic != mnemonic)
      continue;
    if (!hasFormats || (record.formatA == formatA && record.formatB == formatB))
      return &record;
  }
  return nullptr;
}

} // namespace codesign::simulate
