#include "codesign/Search/ScheduleFields.h"

#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"

namespace codesign {

namespace {

struct IntegerField {
  const char *name;
  int GemmSchedule::*member;
};

constexpr IntegerField integerFields[] = {
    {"macro_tile_m", &GemmSchedule::macroTileM}, {"macro_tile_n", &GemmSchedule::macroTileN},
    {"macro_tile_k", &GemmSchedule::macroTileK}, {"waves_m", &GemmSchedule::wavesM},
    {"waves_n", &GemmSchedule::wavesN},          {"stages", &GemmSchedule::stages},
    {"split_k", &GemmSchedule::splitK},          {"group_m", &GemmSchedule::groupM},
    {"die_run", &GemmSchedule::dieRun},          {"cluster_m", &GemmSchedule::clusterM},
    {"cluster_n", &GemmSchedule::clusterN},      {"padding_bytes", &GemmSchedule::paddingBytes},
};

const PlanField *fieldNamed(llvm::ArrayRef<PlanField> fields, llvm::StringRef name) {
  const auto *found = llvm::find_if(fields, [&](const PlanField &field) { return field.name == name; });
  return found == fields.end() ? nullptr : found;
}

template <class T>
llvm::Expected<T> parsed(llvm::ArrayRef<PlanField> fields, llvm::StringRef name,
                         llvm::function_ref<std::optional<T>(llvm::StringRef)> parse) {
  const PlanField *field = fieldNamed(fields, name);
  const auto *text = field ? std::get_if<std::string>(&field->value) : nullptr;
  std::optional<T> value = text ? parse(*text) : std::nullopt;
  if (!value)
    return usageError("the schedule of a kernel in the plan lacks a valid '" + name + "'");
  return *value;
}

} // namespace

std::vector<PlanField> toFields(const GemmSchedule &schedule) {
  std::vector<PlanField> fields = {
      {"family", toString(schedule.family).str()},
      {"architecture", toString(schedule.architecture).str()},
      {"instruction", schedule.instruction},
      {"layout", toString(schedule.layout).str()},
      {"output", toString(schedule.outputType).str()},
      {"shared_layout", std::string(schedule.sharedLayout == SharedLayout::Padded ? "padded" : "swizzled")},
  };
  for (const IntegerField &field : integerFields)
    fields.push_back({field.name, int64_t(schedule.*field.member)});
  fields.push_back({"stream_k", int64_t(schedule.streamK)});
  if (schedule.blockScaled)
    fields.push_back({"block_scaled", int64_t(1)});
  if (schedule.shuffledWeights)
    fields.push_back({"shuffled_weights", int64_t(1)});
  if (schedule.directToShared)
    fields.push_back({"direct_to_shared", int64_t(1)});
  if (schedule.loop != MainLoop::InStep)
    fields.push_back({"loop", toString(schedule.loop).str()});
  if (schedule.wavesK > 1)
    fields.push_back({"waves_k", int64_t(schedule.wavesK)});
  return fields;
}

llvm::Expected<GemmSchedule> scheduleFromFields(llvm::ArrayRef<PlanField> fields) {
  GemmSchedule schedule;
  auto family = parsed<GemmFamily>(fields, "family", [](llvm::StringRef s) { return parseGemmFamily(s); });
  if (!family)
    return family.takeError();
  schedule.family = *family;
  auto architecture =
      parsed<Architecture>(fields, "architecture", [](llvm::StringRef s) { return parseArchitecture(s); });
  if (!architecture)
    return architecture.takeError();
  schedule.architecture = *architecture;
  auto layout = parsed<GemmLayout>(fields, "layout", [](llvm::StringRef s) { return parseGemmLayout(s); });
  if (!layout)
    return layout.takeError();
  schedule.layout = *layout;
  auto output = parsed<DataType>(fields, "output", [](llvm::StringRef s) { return parseDataType(s); });
  if (!output)
    return output.takeError();
  schedule.outputType = *output;
  auto shared =
      parsed<SharedLayout>(fields, "shared_layout", [](llvm::StringRef s) -> std::optional<SharedLayout> {
        if (s == "padded")
          return SharedLayout::Padded;
        if (s == "swizzled")
          return SharedLayout::Swizzled;
        return std::nullopt;
      });
  if (!shared)
    return shared.takeError();
  schedule.sharedLayout = *shared;
  auto instruction =
      parsed<std::string>(fields, "instruction", [&](llvm::StringRef s) -> std::optional<std::string> {
        if (!findMatrixInstruction(schedule.architecture, s))
          return std::nullopt;
        return s.str();
      });
  if (!instruction)
    return instruction.takeError();
  schedule.instruction = *instruction;
  for (const IntegerField &integer : integerFields) {
    const PlanField *field = fieldNamed(fields, integer.name);
    const auto *value = field ? std::get_if<int64_t>(&field->value) : nullptr;
    if (!value || *value < 0 || *value > (1 << 20))
      return usageError("the schedule of a kernel in the plan lacks a valid '" + llvm::Twine(integer.name) +
                        "'");
    schedule.*integer.member = static_cast<int>(*value);
  }
  if (const PlanField *field = fieldNamed(fields, "stream_k"))
    if (const auto *value = std::get_if<int64_t>(&field->value))
      schedule.streamK = *value != 0;
  if (const PlanField *field = fieldNamed(fields, "block_scaled"))
    if (const auto *value = std::get_if<int64_t>(&field->value))
      schedule.blockScaled = *value != 0;
  if (const PlanField *field = fieldNamed(fields, "shuffled_weights"))
    if (const auto *value = std::get_if<int64_t>(&field->value))
      schedule.shuffledWeights = *value != 0;
  if (const PlanField *field = fieldNamed(fields, "direct_to_shared"))
    if (const auto *value = std::get_if<int64_t>(&field->value))
      schedule.directToShared = *value != 0;
  if (fieldNamed(fields, "loop")) {
    auto loop = parsed<MainLoop>(fields, "loop", [](llvm::StringRef s) { return parseMainLoop(s); });
    if (!loop)
      return loop.takeError();
    schedule.loop = *loop;
  }
  if (const PlanField *field = fieldNamed(fields, "waves_k")) {
    const auto *value = std::get_if<int64_t>(&field->value);
    if (!value || *value < 1 || *value > 16)
      return usageError("the schedule of a kernel in the plan lacks a valid 'waves_k'");
    schedule.wavesK = static_cast<int>(*value);
  }
  return schedule;
}

} // namespace codesign
