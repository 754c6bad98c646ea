#include "codesign/Cost/StreamModel.h"
#include <algorithm>
#include <cmath>

namespace codesign {

llvm::ArrayRef<ConstantField<StreamConstants>> StreamConstants::fields() {
  using C = StreamConstants;
  static constexpr ConstantField<C> all[] = {
      {"launch", "seconds", "launch above the device's floor", &C::launch, 0, 60e-6},
      {"read_bandwidth", "fraction", "share of the achieved read bandwidth", &C::readBandwidth, 0.2, 1.1},
      {"write_bandwidth", "fraction", "share of the achieved write bandwidth", &C::writeBandwidth, 0.2, 1.1},
      {"row_latency", "seconds", "load, reduction and scale of one row, without bandwidth", &C::rowLatency, 0,
       20e-6},
      {"rows_per_unit", "count", "rows that a compute unit works on at a time", &C::rowsPerUnit, 1, 64},
  };
  return all;
}

StreamModel::StreamModel(const Profile &profile, const StreamConstants &constants)
    : constants(constants), computeUnits(profile.compute.computeUnits),
      launchFloor(profile.launch.graphLaunchFloor.value),
      readBandwidth(profile.memory.achievedReadBandwidth.value),
      writeBandwidth(profile.memory.achievedWriteBandwidth.value),
      datasheetBandwidth(profile.memory.datasheetBandwidth.value) {}

Breakdown StreamModel::streamed(double readBytes, double writeBytes, double latency) const {
  const double traffic = readBytes / (constants.readBandwidth * readBandwidth) +
                         writeBytes / (constants.writeBandwidth * writeBandwidth);
  Breakdown result;
  result.add("launch", launchFloor + constants.launch);
  result.add("hbm", traffic);
  result.add("row latency", std::max(0.0, latency - traffic));
  result.addResource("hbm", (readBytes + writeBytes) / datasheetBandwidth);
  if (latency > 0)
    result.addResource("row latency", latency);
  return result;
}

Breakdown StreamModel::breakdown(const NormShape &shape) const {
  assert(shape.rows > 0 && shape.columns > 0);
  const double bytes = static_cast<double>(shape.rows) * shape.columns * bytesPerElement(shape.type);
  const double waves = std::ceil(shape.rows / (constants.rowsPerUnit * computeUnits));
  return streamed(shape.readsPerElement * bytes, shape.writesPerElement * bytes,
                  waves * constants.rowLatency);
}

Breakdown StreamModel::breakdown(const ElementwiseShape &shape) const {
  const double elements = shape.elements;
  return streamed(elements * shape.readBytesPerElement, elements * shape.writeBytesPerElement, 0);
}

} // namespace codesign
