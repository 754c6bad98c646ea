#include "codesign/Simulate/SimulateCommand.h"
#include "ArgumentParser.h"
#include "Lanes/LaneTable.h"
#include "Program.h"
#include "RunPrinter.h"
#include "codesign/Simulate/Inventory.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include <map>

using namespace llvm;

namespace codesign::simulate {
namespace {

void printKernels(const CodeObject &object, raw_ostream &out) {
  out << object.architecture() << ", code object version " << object.codeObjectVersion() << "\n";
  for (const Kernel &kernel : object.kernels()) {
    out << kernel.name << ": " << kernel.vectorRegisters << " VGPRs, " << kernel.staticLdsBytes
        << " bytes LDS, " << kernel.scratchBytesPerLane << " bytes scratch, " << kernel.kernargBytes
        << " bytes arguments\n";
    for (const KernelArgument &argument : kernel.arguments)
      if (!argument.isHidden())
        out << "  +" << argument.offsetBytes << "  " << argument.sizeBytes << " bytes  " << argument.valueKind
            << (argument.name.empty() ? "" : "  ") << argument.name << "\n";
  }
}

Expected<std::string> chooseKernel(const CodeObject &object, StringRef wanted) {
  if (!wanted.empty())
    return wanted.str();
  if (object.kernels().size() == 1)
    return object.kernels()[0].name;
  std::string names;
  for (const Kernel &kernel : object.kernels())
    names += (names.empty() ? "" : ", ") + kernel.name;
  return usageError("the code object holds several kernels; choose one with --kernel: " + names);
}

Error writeOutputs(const SimulateCommandOptions &options, const std::map<std::string, uint64_t> &buffers,
                   DeviceMemory &memory) {
  for (StringRef output : options.outputs) {
    auto [name, path] = output.split('=');
    auto found = buffers.find(name.str());
    if (found == buffers.end()) {
      std::vector<StringRef> names;
      for (const auto &buffer : buffers)
        names.push_back(buffer.first);
      return usageError("--output: no buffer '" + name + "'" + didYouMean(name, names));
    }
    std::error_code code;
    raw_fd_ostream file(path, code);
    if (code)
      return usageError("cannot write '" + path + "': " + code.message());
    const MemoryRegion &region = memory.region(found->second);
    file.write(reinterpret_cast<const char *>(region.data()), region.sizeBytes);
  }
  return Error::success();
}

Error writeTimeline(const SimulateCommandOptions &options, const CodeObject &object,
                    const TimingReport &timing) {
  if (options.timeline.empty())
    return Error::success();
  std::error_code code;
  raw_fd_ostream stream(options.timeline, code);
  if (!code) {
    printTimeline(object, timing, stream);
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  return code ? usageError("cannot write '" + options.timeline + "': " + code.message()) : Error::success();
}

} // namespace

Expected<Dimensions> parseDimensions(StringRef text, StringRef option) {
  SmallVector<StringRef, 3> parts;
  text.split(parts, ',');
  uint32_t values[3] = {1, 1, 1};
  if (parts.size() > 3)
    return usageError(option + ": at most three dimensions, not '" + text + "'");
  for (size_t i = 0; i < parts.size(); ++i)
    if (parts[i].trim().getAsInteger(10, values[i]) || values[i] == 0)
      return usageError(option + ": '" + parts[i] + "' is not a positive number");
  return Dimensions{values[0], values[1], values[2]};
}

Expected<ExitCode> runSimulateCommand(const SimulateCommandOptions &options, raw_ostream &out) {
  if (options.inventory)
    return runInventory(options.codeObject, options.json, out);
  auto object = CodeObject::loadFile(options.codeObject);
  if (!object)
    return object.takeError();
  if (options.list) {
    printKernels(**object, out);
    return ExitCode::Ok;
  }
  Launch launch;
  auto kernel = chooseKernel(**object, options.kernel);
  if (!kernel)
    return kernel.takeError();
  launch.kernel = *kernel;
  auto grid = parseDimensions(options.grid, "--grid");
  if (!grid)
    return grid.takeError();
  auto block = parseDimensions(options.block, "--block");
  if (!block)
    return block.takeError();
  launch.grid = *grid;
  launch.block = *block;
  launch.dynamicLdsBytes = options.dynamicLdsBytes;

  DeviceMemory memory;
  ArgumentParser parser(memory, options.seed);
  for (StringRef argument : options.arguments)
    if (Error error = parser.add(argument, launch.arguments))
      return error;
  RunOptions runOptions;
  runOptions.checks = options.checks;
  runOptions.seed = options.seed;
  runOptions.threads = options.threads;
  if (options.unit) {
    if ((*object)->architecture() != options.unitArchitecture)
      return usageError("'" + options.unitName + "' is " + options.unitArchitecture +
                        ", the code object is for " + (*object)->architecture());
    runOptions.tracedWorkgroups = static_cast<uint64_t>(options.unit->compute.maxWorkgroupsPerComputeUnit);
  }
  auto report = run(**object, launch, memory, runOptions);
  if (!report)
    return report.takeError();
  if (Error error = writeOutputs(options, parser.buffers(), memory))
    return error;
  std::optional<TimingReport> timing;
  if (options.unit) {
    TimingOptions timingOptions{options.residentWorkgroups, !options.timeline.empty()};
    auto estimated = estimateTiming(**object, launch, *report, *options.unit, timingOptions);
    if (!estimated)
      return estimated.takeError();
    timing = std::move(*estimated);
    if (Error error = writeTimeline(options, **object, *timing))
      return error;
  }
  if (options.json) {
    printJson(**object, launch, *report, timing ? &*timing : nullptr, options.listing, out);
  } else {
    printText(**object, launch, *report, options.listing && !timing, out);
    if (timing)
      printTiming(**object, *report, *timing, options.listing, out);
  }
  return report->findings.empty() ? ExitCode::Ok : ExitCode::WrongNumbers;
}

} // namespace codesign::simulate
