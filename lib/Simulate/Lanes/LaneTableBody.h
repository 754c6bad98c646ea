// The table itself; CODESIGN_LANE_TABLE and CODESIGN_LANE_NAME come from the including file.
#include "LaneBits.h"
#include "LaneBytes.h"
#include "LaneCompare.h"
#include "LaneConvert.h"
#include "LaneFloat.h"
#include "LaneHalf.h"
#include "LaneInteger.h"
#include "LaneMasks.h"
#include "LaneMatrix.h"
#include "LaneScaled.h"
#include "LaneWords.h"

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
constexpr size_t total = count(floatOperations) + count(halfOperations) + count(integerOperations) +
                         count(bitOperations) + count(byteOperations) + count(wordOperations) +
                         count(maskOperations) + count(conversionOperations) + count(compareOperations) +
                         count(scaledOperations);

struct AllOperations {
  LaneOperation list[total];
  AllOperations() {
    size_t at = 0;
    const auto append = [&](const auto &operations) {
      for (const LaneOperation &operation : operations)
        list[at++] = operation;
    };
    append(floatOperations);
    append(halfOperations);
    append(integerOperations);
    append(bitOperations);
    append(byteOperations);
    append(wordOperations);
    append(maskOperations);
    append(conversionOperations);
    append(compareOperations);
    append(scaledOperations);
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
