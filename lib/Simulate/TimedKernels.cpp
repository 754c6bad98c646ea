// Reads the list of code objects with measured times.
#include "ArgumentParser.h"
#include "codesign/Simulate/SimulateCommand.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Support/YamlReader.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

namespace codesign::simulate {
namespace {

struct LaunchText {
  double depth = 0;
  std::string grid;
  std::vector<std::string> arguments;
};

/// What one entry of the list says.
struct KernelText {
  std::string codeObject, kernel, block;
  std::vector<LaunchText> launches;
  std::vector<MeasuredLaunch> times;
  uint32_t dynamicLdsBytes = 0;
  std::optional<Hertz> clock;
};

std::string optionalText(MapReader &reader, llvm::StringRef key) {
  const std::optional<YAML::Node> node = reader.takeOptional(key);
  return node ? readText(reader.context(), *node, reader.pathOf(key)) : std::string();
}

std::optional<double> optionalNumber(MapReader &reader, llvm::StringRef key, double low, double high) {
  const std::optional<YAML::Node> node = reader.takeOptional(key);
  if (!node)
    return std::nullopt;
  return readNumber(reader.context(), *node, reader.pathOf(key), low, high);
}

constexpr double mostDepth = 1e12, leastMicroseconds = 1e-3, mostMicroseconds = 1e9;

std::vector<std::string> readArguments(MapReader &reader) {
  std::vector<std::string> arguments;
  for (const YAML::Node &argument : reader.list("arguments"))
    arguments.push_back(readText(reader.context(), argument, reader.pathOf("arguments")));
  return arguments;
}

KernelText readKernel(YamlContext &context, const YAML::Node &node) {
  MapReader reader(context, node, "pairs");
  KernelText kernel;
  kernel.codeObject = reader.text("code_object");
  kernel.kernel = optionalText(reader, "kernel");
  kernel.block = reader.text("block");
  if (const std::optional<YAML::Node> launches = reader.takeOptional("launches")) {
    if (!launches->IsSequence())
      context.fail(*launches, "'launches' is a list");
    for (const YAML::Node &launch : *launches) {
      MapReader entry(context, launch, reader.pathOf("launches"));
      LaunchText &text = kernel.launches.emplace_back();
      text.depth = entry.number("depth", 0, mostDepth);
      text.grid = entry.text("grid");
      text.arguments = readArguments(entry);
      entry.finish();
    }
    for (const YAML::Node &time : reader.list("times")) {
      MapReader entry(context, time, reader.pathOf("times"));
      MeasuredLaunch &measured = kernel.times.emplace_back();
      measured.workgroups = static_cast<uint64_t>(entry.number("workgroups", 1, 1e12));
      measured.depth = entry.number("depth", 0, mostDepth);
      measured.hbmBytes = optionalNumber(entry, "hbm_bytes", 0, 1e15).value_or(0);
      measured.time = Seconds(entry.number("microseconds", leastMicroseconds, mostMicroseconds) * 1e-6);
      entry.finish();
    }
    const bool twoDepths = kernel.launches.size() == 2 && kernel.launches[0].depth < kernel.launches[1].depth;
    if ((kernel.launches.size() != 1 && !twoDepths) || kernel.times.empty())
      context.fail(node, "needs one launch or two, the shorter first, and times");
  } else {
    kernel.launches.push_back({0, reader.text("grid"), readArguments(reader)});
    kernel.times.push_back(
        {0, 0, 0, Seconds(reader.number("microseconds", leastMicroseconds, mostMicroseconds) * 1e-6)});
  }
  if (const auto bytes = optionalNumber(reader, "dynamic_lds_bytes", 0, 1 << 20))
    kernel.dynamicLdsBytes = static_cast<uint32_t>(*bytes);
  if (const auto megahertz = optionalNumber(reader, "clock_megahertz", 1, 1e5))
    kernel.clock = Hertz(*megahertz * 1e6);
  reader.finish();
  return kernel;
}

llvm::Expected<TracedLaunch> runLaunch(const CodeObject &object, const KernelText &kernel,
                                       const LaunchText &text) {
  TracedLaunch traced;
  traced.depth = text.depth;
  if (kernel.kernel.empty() && object.kernels().size() != 1)
    return usageError("'" + kernel.codeObject + "' holds several kernels: name one with 'kernel'");
  traced.launch.kernel = kernel.kernel.empty() ? object.kernels().front().name : kernel.kernel;
  auto grid = parseDimensions(text.grid, "grid");
  if (!grid)
    return grid.takeError();
  auto block = parseDimensions(kernel.block, "block");
  if (!block)
    return block.takeError();
  traced.launch.grid = *grid;
  traced.launch.block = *block;
  traced.launch.dynamicLdsBytes = kernel.dynamicLdsBytes;
  DeviceMemory memory;
  ArgumentParser parser(memory, /*seed=*/1);
  for (const std::string &argument : text.arguments)
    if (llvm::Error error = parser.add(argument, traced.launch.arguments))
      return error;
  // Workgroups of a launch resemble one another: a few stand for the rest, and show what they share.
  constexpr uint64_t few = 4;
  RunOptions options;
  options.checks = false;
  options.tracedWorkgroups = options.workgroupCount = few;
  auto report = run(object, traced.launch, memory, options);
  if (!report)
    return report.takeError();
  traced.report = std::move(*report);
  return traced;
}

llvm::Expected<TimedKernel> runKernel(const KernelText &text, llvm::StringRef folder,
                                      const Profile &profile) {
  llvm::SmallString<128> path(text.codeObject);
  if (llvm::sys::path::is_relative(path)) {
    path = folder;
    llvm::sys::path::append(path, text.codeObject);
  }
  auto object = CodeObject::loadFile(path);
  if (!object)
    return object.takeError();
  if ((*object)->architecture() != toString(profile.architecture))
    return usageError("'" + profile.name + "' is " + toString(profile.architecture) + ", '" +
                      text.codeObject + "' is for " + (*object)->architecture());
  TimedKernel timed;
  timed.name = text.codeObject;
  timed.object = *object;
  timed.clock = text.clock;
  timed.measured = text.times;
  for (const LaunchText &launch : text.launches) {
    auto traced = runLaunch(**object, text, launch);
    if (!traced)
      return traced.takeError();
    timed.traces.push_back(std::move(*traced));
  }
  for (MeasuredLaunch &measured : timed.measured)
    if (measured.workgroups == 0) // of the launch itself
      measured.workgroups = timed.traces.front().launch.grid.count();
  return timed;
}

} // namespace

llvm::Expected<std::vector<TimedKernel>> readTimedKernels(llvm::StringRef path, llvm::StringRef folder,
                                                          const Profile &profile) {
  llvm::Expected<YamlContext> context = YamlContext::open(path);
  if (!context)
    return context.takeError();
  MapReader root(*context, context->root(), "");
  std::vector<KernelText> kernels;
  for (const YAML::Node &node : root.list("pairs"))
    kernels.push_back(readKernel(*context, node));
  root.finish();
  if (llvm::Error error = context->takeError())
    return error;
  std::vector<TimedKernel> result;
  for (const KernelText &kernel : kernels) {
    auto timed = runKernel(kernel, folder.empty() ? llvm::sys::path::parent_path(path) : folder, profile);
    if (!timed)
      return timed.takeError();
    result.push_back(std::move(*timed));
  }
  return result;
}

} // namespace codesign::simulate
