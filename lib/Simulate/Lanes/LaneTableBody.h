// The table itself; CODESIGN_LANE_TABLE and CODESIGN_LANE_NAME come from the including file.
#include "LaneCompare.h"
#include "LaneConvert.h"
#include "LaneInteger.h"
#include "LaneMatrix.h"
#include "LaneScaled.h"

namespace codesign::simulate {
namespace {

void blendLanes(uint32_t *destination, const uint32_t *source, uint64_t mask, int count) {
  const uint32_t halves[2] = {static_cast<uint32_t>(mask), static_cast<uint32_t>(mask >> 32)};
  for (int half = 0; half < 2 * count; ++half) {
    uint32_t bits = halves[half & 1];
    CODESIGN_LANE_LOOP
    for (int lane = 0; lane < 32; ++lane)
      destination[32 * half + lane] =
          (bits >> lane) & 1 ? source[32 * half + lane] : destination[32 * half + lane];
  }
}

template <class T, size_t size>
constexpr size_t count(const T (&)[size]) {
  return size;
}
constexpr size_t total = count(floatOperations) + count(integerOperations) + count(conversionOperations) +
                         count(compareOperations) + count(scaledOperations);

struct AllOperations {
  LaneOperation list[total];
  AllOperations() {
    size_t at = 0;
    for (const LaneOperation &operation : floatOperations)
      list[at++] = operation;
    for (const LaneOperation &operation : integerOperations)
      list[at++] = operation;
    for (const LaneOperation &operation : conversionOperations)
      list[at++] = operation;
    for (const LaneOperation &operation : compareOperations)
      list[at++] = operation;
    for (const LaneOperation &operation : scaledOperations)
      list[at++] = operation;
  }
};

} // namespace

const LaneTable &CODESIGN_LANE_TABLE() {
  static const AllOperations all;
  static const LaneTable table = {CODESIGN_LANE_NAME, all.list,           total,
                                  blendLanes,         unpackFloatOperand, unpackIntegerOperand,
                                  multiply<float>,    multiply<int32_t>};
  return table;
}

} // namespace codesign::simulate
