// Reads the list of code objects with measured times.
#include "ArgumentParser.h"
#include "codesign/Simulate/SimulateCommand.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

namespace codesign::simulate {
namespace {

/// What one entry of the list says.
struct PairText {
  std::string codeObject, kernel, grid, block;
  std::vector<std::string> arguments;
  uint32_t dynamicLdsBytes = 0;
  double microseconds = 0, megahertz = 0;
};

std::string optionalText(MapReader &reader, llvm::StringRef key) {
  const std::optional<YAML::Node> node = reader.takeOptional(key);
  return node ? readText(reader.context(), *node, reader.pathOf(key)) : std::string();
}

PairText readPair(YamlContext &context, const YAML::Node &node, const Profile &profile) {
  MapReader reader(context, node, "pairs");
  PairText pair;
  pair.codeObject = reader.text("code_object");
  pair.kernel = optionalText(reader, "kernel");
  pair.grid = reader.text("grid");
  pair.block = reader.text("block");
  for (const YAML::Node &argument : reader.list("arguments"))
    pair.arguments.push_back(readText(context, argument, reader.pathOf("arguments")));
  if (const std::optional<YAML::Node> bytes = reader.takeOptional("dynamic_lds_bytes"))
    pair.dynamicLdsBytes =
        static_cast<uint32_t>(readInteger(context, *bytes, reader.pathOf("dynamic_lds_bytes"), 0, 1 << 20));
  pair.microseconds = reader.number("microseconds", 1e-3, 1e9);
  pair.megahertz = profile.boostClock.value / 1e6;
  if (const std::optional<YAML::Node> clock = reader.takeOptional("clock_megahertz"))
    pair.megahertz = readNumber(context, *clock, reader.pathOf("clock_megahertz"), 1, 1e5);
  reader.finish();
  return pair;
}

llvm::Expected<TimedLaunch> runPair(const PairText &pair, llvm::StringRef folder, const Profile &profile) {
  llvm::SmallString<128> path(pair.codeObject);
  if (llvm::sys::path::is_relative(path)) {
    path = folder;
    llvm::sys::path::append(path, pair.codeObject);
  }
  auto object = CodeObject::loadFile(path);
  if (!object)
    return object.takeError();
  if ((*object)->architecture() != toString(profile.architecture))
    return usageError("'" + profile.name + "' is " + toString(profile.architecture) + ", '" +
                      pair.codeObject + "' is for " + (*object)->architecture());
  TimedLaunch timed;
  timed.name = pair.codeObject;
  timed.object = *object;
  timed.measured = Seconds(pair.microseconds * 1e-6);
  timed.clock = Hertz(pair.megahertz * 1e6);
  if (pair.kernel.empty() && (*object)->kernels().size() != 1)
    return usageError("'" + pair.codeObject + "' holds several kernels: name one with 'kernel'");
  timed.launch.kernel = pair.kernel.empty() ? (*object)->kernels().front().name : pair.kernel;
  auto grid = parseDimensions(pair.grid, "grid");
  if (!grid)
    return grid.takeError();
  auto block = parseDimensions(pair.block, "block");
  if (!block)
    return block.takeError();
  timed.launch.grid = *grid;
  timed.launch.block = *block;
  timed.launch.dynamicLdsBytes = pair.dynamicLdsBytes;
  DeviceMemory memory;
  ArgumentParser parser(memory, /*seed=*/1);
  for (const std::string &argument : pair.arguments)
    if (llvm::Error error = parser.add(argument, timed.launch.arguments))
      return error;
  // Workgroups of a launch resemble one another: two stand for the rest.
  RunOptions options;
  options.checks = false;
  options.tracedWorkgroups = options.workgroupCount = 2;
  auto report = run(**object, timed.launch, memory, options);
  if (!report)
    return report.takeError();
  timed.report = std::move(*report);
  return timed;
}

} // namespace

llvm::Expected<std::vector<TimedLaunch>> readTimedLaunches(llvm::StringRef path, const Profile &profile) {
  llvm::Expected<YamlContext> context = YamlContext::open(path);
  if (!context)
    return context.takeError();
  MapReader root(*context, context->root(), "");
  std::vector<PairText> pairs;
  for (const YAML::Node &node : root.list("pairs"))
    pairs.push_back(readPair(*context, node, profile));
  root.finish();
  if (llvm::Error error = context->takeError())
    return error;
  std::vector<TimedLaunch> result;
  for (const PairText &pair : pairs) {
    llvm::Expected<TimedLaunch> timed = runPair(pair, llvm::sys::path::parent_path(path), profile);
    if (!timed)
      return timed.takeError();
    result.push_back(std::move(*timed));
  }
  return result;
}

} // namespace codesign::simulate
