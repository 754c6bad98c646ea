// The JSON of `codesign hw`; numbers in SI units, keys as in the profile files.
#include "codesign/Hardware/Describe.h"
#include "codesign/Isa/MatrixInstruction.h"
#include "codesign/Isa/MemoryInstruction.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace codesign {
namespace {

template <class Unit>
void writeRates(llvm::json::OStream &json, llvm::StringRef key, const std::map<DataType, Unit> &rates) {
  json.attributeObject(key, [&] {
    for (const auto &[type, rate] : rates)
      json.attribute(toString(type), rate.value);
  });
}

void writeSummary(llvm::json::OStream &json, const Profile &profile) {
  json.attribute("name", profile.name);
  json.attribute("title", profile.title);
  json.attribute("vendor", toString(profile.vendor));
  json.attribute("architecture", toString(profile.architecture));
  json.attribute("family", familyName(profile.architecture));
  json.attribute("compute_units", profile.compute.computeUnits);
  json.attribute("peak_hertz", profile.peakClock.value);
  writeRates(json, "matrix_peak_flops_per_second", profile.peakMatrix);
  writeRates(json, "matrix_achievable_flops_per_second", profile.achievableMatrix);
  json.attribute("hbm_capacity_bytes", profile.memory.capacity.value);
  json.attribute("hbm_achieved_read_bandwidth_bytes_per_second", profile.memory.achievedReadBandwidth.value);
  json.attribute("thermal_design_watts", profile.power.thermalDesign.value);
  if (profile.priceDollarsPerHour)
    json.attribute("price_dollars_per_hour", *profile.priceDollarsPerHour);
  json.attributeArray("kernel_families", [&] {
    for (const std::string &family : profile.kernelFamilies)
      json.value(family);
  });
}

void writeEntries(llvm::json::OStream &json, const Profile &profile) {
  json.attributeObject("sources", [&] {
    for (const Source &source : profile.sources)
      json.attributeObject(source.id, [&] {
        json.attribute("kind", toString(source.kind));
        json.attribute("text", source.text);
      });
  });
  json.attributeArray("entries", [&] {
    for (const ProfileEntry &entry : profile.entries)
      json.object([&] {
        json.attribute("key", entry.path);
        double number = 0;
        if (llvm::StringRef(entry.value).getAsDouble(number))
          json.attribute("value", entry.value);
        else
          json.attribute("value", number);
        json.attribute("source", entry.sourceId);
      });
  });
}

void writeBands(llvm::json::OStream &json, llvm::StringRef key, const std::vector<ErrorBand> &bands) {
  json.attributeArray(key, [&] {
    for (const ErrorBand &band : bands)
      json.object([&] {
        json.attribute("regime", band.regime);
        json.attribute("low", band.low);
        json.attribute("high", band.high);
        json.attribute("coverage", band.coverage);
        json.attribute("rows", band.rows);
      });
  });
}

void writeCalibration(llvm::json::OStream &json, const Calibration &calibration) {
  json.attributeArray("calibration", [&] {
    for (const CalibrationSet &set : calibration.sets)
      json.object([&] {
        json.attribute("operator", set.key.operatorKind);
        json.attribute("provider", set.key.provider);
        json.attribute("dtype", set.key.dataType ? toString(*set.key.dataType) : llvm::StringRef("any"));
        json.attribute("evidence", set.evidence);
        json.attribute("measurements", set.measurements);
        json.attribute("source", set.source);
        json.attribute("date", set.date);
        json.attribute("rows_fitted", set.rowsFitted);
        json.attribute("mean_absolute_percentage_error", set.meanAbsolutePercentageError);
        json.attributeObject("constants", [&] {
          for (const CalibrationConstant &constant : set.constants)
            json.attributeObject(constant.name, [&] {
              json.attribute("value", constant.value);
              json.attribute("unit", constant.unit);
              json.attribute("meaning", constant.meaning);
            });
        });
        writeBands(json, "absolute_bands", set.absoluteBands);
        writeBands(json, "ratio_bands", set.ratioBands);
      });
  });
}

void writeOperand(llvm::json::OStream &json, llvm::StringRef key, const MatrixOperand &operand) {
  json.attributeObject(key, [&] {
    json.attribute("type", toString(operand.type));
    json.attribute("space", toString(operand.space));
    json.attribute("registers_per_lane", operand.registersPerLane);
    if (!operand.layout.empty())
      json.attribute("layout", operand.layout.formula());
  });
}

void writeMatrixInstructions(llvm::json::OStream &json, Architecture architecture) {
  json.attributeArray("matrix_instructions", [&] {
    for (const MatrixInstruction &row : matrixInstructions(architecture))
      json.object([&] {
        json.attribute("name", row.name);
        json.attribute("mnemonic", row.mnemonic);
        json.attribute("kind", toString(row.kind));
        json.attributeArray("shape", [&] {
          for (int extent : {row.m, row.n, row.k})
            json.value(extent);
        });
        json.attribute("blocks", row.blocks);
        json.attribute("lanes", row.lanes);
        json.attribute("cycles", row.cycles);
        json.attribute("co_issue_cycles", row.coIssueCycles);
        json.attribute("matrix_cores", row.matrixCores);
        json.attribute("sparse", row.sparse);
        json.attribute("scaled", row.scaled);
        json.attribute("feature", row.feature);
        json.attribute("text", row.text);
        writeOperand(json, "a", row.a);
        writeOperand(json, "b", row.b);
        writeOperand(json, "c", row.c);
      });
  });
}

void writeMemoryInstructions(llvm::json::OStream &json, Architecture architecture) {
  json.attributeArray("copies", [&] {
    for (const CopyInstruction &copy : copyInstructions(architecture))
      json.object([&] {
        json.attribute("name", copy.name);
        json.attribute("mnemonic", copy.mnemonic);
        json.attribute("from", toString(copy.from));
        json.attribute("to", toString(copy.to));
        json.attribute("bytes_per_lane", copy.bytesPerLane);
        json.attribute("completion", toString(copy.completion));
        json.attribute("lane_contiguous_destination", copy.laneContiguousDestination);
        json.attribute("clamps_out_of_range", copy.clampsOutOfRange);
      });
  });
  json.attributeArray("shared_memory_accesses", [&] {
    for (const SharedAccessPhases &row : sharedAccessPhases(architecture))
      json.object([&] {
        json.attribute("bytes_per_lane", row.bytesPerLane);
        json.attribute("access", row.isWrite ? "write" : "read");
        json.attribute("banks", row.banks);
        json.attribute("evidence", toString(row.evidence));
        json.attributeArray("phases", [&] {
          for (uint64_t mask : row.phases)
            json.value(llvm::formatv("{0:x}", mask).str());
        });
      });
  });
  json.attributeArray("wait_counters", [&] {
    for (const WaitCounter &counter : waitCounters(architecture))
      json.object([&] {
        json.attribute("name", counter.name);
        json.attribute("maximum", counter.maximum);
        json.attribute("in_order", counter.inOrder);
      });
  });
}

} // namespace

void printProfilesJson(llvm::raw_ostream &stream, llvm::ArrayRef<Profile> profiles) {
  llvm::json::OStream json(stream, 2);
  json.object([&] {
    json.attribute("schema", "codesign.hardware_profiles/1");
    json.attributeArray("profiles", [&] {
      for (const Profile &profile : profiles)
        json.object([&] { writeSummary(json, profile); });
    });
  });
  stream << '\n';
}

void printProfileJson(llvm::raw_ostream &stream, const Profile &profile) {
  llvm::json::OStream json(stream, 2);
  json.object([&] {
    json.attribute("schema", "codesign.hardware_profile/1");
    writeSummary(json, profile);
    writeEntries(json, profile);
    writeCalibration(json, profile.calibration);
    writeMatrixInstructions(json, profile.architecture);
    writeMemoryInstructions(json, profile.architecture);
  });
  stream << '\n';
}

} // namespace codesign
