#include "Command.h"

#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Simulate/SimulateCommand.h"
#include "codesign/Simulate/TimingFit.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace codesign {

CommandBody makeSimulateCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<simulate::SimulateCommandOptions>();
  auto noChecks = std::make_shared<bool>(false);
  command.add_option("KERNEL", options->codeObject, "gfx942 or gfx950 code object (.hsaco, .co)")->required();
  command.add_option("--kernel", options->kernel, "kernel to run; needed where the object has several");
  command.add_option("--grid", options->grid, "workgroups: X, X,Y or X,Y,Z");
  command.add_option("--block", options->block, "threads of a workgroup: X, X,Y or X,Y,Z");
  command.add_option(
      "--arg", options->arguments,
      "one per kernel parameter, in order: i32:64, f32:1.5, NAME=bf16[4096]:random, NAME=@FILE");
  command.add_option("--out-buffer", options->outputs, "NAME=FILE: the bytes of a buffer after the run");
  command.add_option("--dynamic-lds", options->dynamicLdsBytes,
                     "bytes of LDS beside what the kernel declares");
  command.add_option("--seed", options->seed, "of generated buffers and of the order of waves");
  command.add_option("--threads", options->threads, "host threads, 0: all");
  command.add_flag("--no-checks", *noChecks, "compute only: no races, waits, bounds or uninitialised values");
  command.add_flag("--json", options->json, "versioned JSON on standard output");
  command.add_flag("--listing", options->listing, "every executed instruction with its counts");
  command.add_flag("--list", options->list, "the object's kernels and their arguments; runs nothing");
  command.add_flag("--inventory", options->inventory,
                   "instructions that are not implemented, of this object or of every one in this folder; "
                   "runs nothing");
  auto device = std::make_shared<std::string>();
  command.add_option(
      "--timing", *device,
      "take the modelled time on a compute unit of this device (mi300x); with --listing clocks "
      "beside each instruction");
  command.add_option("--resident", options->residentWorkgroups,
                     "workgroups on that compute unit, 0: as many as fit");
  command.add_option("--timeline", options->timeline, "file for a trace viewer (Trace Event Format)");
  return [options, noChecks, device, &global]() -> llvm::Expected<ExitCode> {
    options->checks = !*noChecks;
    if (device->empty() && (options->residentWorkgroups != 0 || !options->timeline.empty()))
      return usageError("--resident and --timeline need --timing DEVICE");
    if (!device->empty()) {
      llvm::Expected<Profile> profile =
          loadProfile(*device, profileSearchDirs(global.dataDir, global.executable));
      if (!profile)
        return profile.takeError();
      llvm::Expected<simulate::ComputeUnit> unit = simulate::computeUnitOf(*profile);
      if (!unit)
        return unit.takeError();
      options->unit = *unit;
      options->unitName = profile->name;
      options->unitArchitecture = toString(profile->architecture).str();
    }
    return simulate::runSimulateCommand(*options, llvm::outs());
  };
}

} // namespace codesign
