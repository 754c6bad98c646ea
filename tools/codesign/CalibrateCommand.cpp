// codesign calibrate: fits a profile's constants to measured times and stores them beside the profile.
#include "Command.h"

#include "codesign/Cost/Calibrate.h"
#include "codesign/Cost/Estimate.h"
#include "codesign/Hardware/ProfileLoader.h"
#include "codesign/Simulate/TimingFit.h"
#include "codesign/Verify/OwnStreams.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>

namespace codesign {

namespace {

struct CalibrateCommandOptions {
  std::string hardware;
  std::vector<std::string> tables;
  std::string codeObjects;  // list of code objects with measured times
  std::string objectFolder; // in which they lie; empty: beside the list
  bool ownKernels = false;
  OwnKernelOptions own;
  std::string ownType = "bf16", ownLoop = "in-step", ownLayout = "NT";
  CalibrateOptions calibrate;
  bool dryRun = false;
};

void printSet(const FittedSet &fitted) {
  const CalibrationSet &set = fitted.set;
  llvm::outs() << set.key.operatorKind << ", " << set.key.provider << ", "
               << (set.key.dataType ? toString(*set.key.dataType) : llvm::StringRef("any type"))
               << llvm::format(": %d rows, held-out error %.1f %% (median %.1f, p90 %.1f, bias %+.1f)\n",
                               set.rowsFitted, 100 * fitted.heldOut.mean, 100 * fitted.heldOut.median,
                               100 * fitted.heldOut.percentile90, 100 * fitted.heldOut.bias);
  if (fitted.heldOutAll.rows > fitted.heldOut.rows)
    llvm::outs() << llvm::format("  %d rows of untuned kernels left out; with them %.1f %%\n",
                                 fitted.heldOutAll.rows - fitted.heldOut.rows, 100 * fitted.heldOutAll.mean);
  for (const auto &[routing, errors] : fitted.heldOutByRouting)
    llvm::outs() << llvm::format("  %s routing: %d rows, held-out error %.1f %%\n", routing.c_str(),
                                 errors.rows, 100 * errors.mean);
  if (set.corrections)
    llvm::outs() << llvm::format(
        "  with corrections from measured neighbours %.1f, by mechanisms alone %.1f\n",
        set.corrections->meanAbsolutePercentageError, set.meanAbsolutePercentageError);
  for (const CalibrationConstant &constant : set.constants)
    llvm::outs() << llvm::format("  %-30s %12.5g  %s\n", constant.name.c_str(), constant.value,
                                 constant.unit.c_str());
}

/// Parameters of the simulator's timing model, from measured kernels.
llvm::Expected<CalibrationSet> calibrateTiming(const CalibrateCommandOptions &options,
                                               const Profile &profile) {
  llvm::Expected<simulate::TimedDevice> device = simulate::timedDeviceOf(profile);
  if (!device)
    return device.takeError();
  llvm::Expected<std::vector<simulate::TimedKernel>> kernels =
      simulate::readTimedKernels(options.codeObjects, options.objectFolder, profile);
  if (!kernels)
    return kernels.takeError();
  llvm::Expected<simulate::TimingFit> fit =
      simulate::fitTiming(*kernels, *device, [](llvm::StringRef heldOut) {
        llvm::errs() << (heldOut.empty() ? "fitted to all" : "fitted to all but " + heldOut.str()) << '\n';
      });
  if (!fit)
    return fit.takeError();
  for (auto [kernel, error] : llvm::zip_equal(*kernels, fit->heldOut))
    llvm::outs() << llvm::format("  %5.1f %% held out, %zu times  ", 100 * error, kernel.measured.size())
                 << kernel.name << '\n';
  llvm::outs() << llvm::format("timing model, %zu measured kernels: error %.1f %% before, %.1f %% fitted, "
                               "%.1f %% held out\n",
                               kernels->size(), 100 * fit->errorBefore, 100 * fit->errorAfter,
                               100 * fit->errorHeldOut);
  for (const simulate::TimingParameter &parameter : simulate::timingParameters())
    llvm::outs() << llvm::format("  %-30s %12.5g -> %-12.5g %s\n", parameter.name, parameter.get(*device),
                                 parameter.get(fit->device), parameter.unit);
  CalibrationSet set = simulate::calibrationSetOf(*fit, kernels->size());
  set.measurements = options.codeObjects;
  set.source = options.calibrate.source.empty() ? "not stated" : options.calibrate.source;
  set.date = options.calibrate.date;
  return set;
}

void printConstants(const CalibrationSet &set, double fittedError) {
  llvm::outs() << llvm::format("%d kernels: mean error %.1f %% fitted, %.1f %% held out "
                               "(simulated: not measured on hardware)\n",
                               set.rowsFitted, 100 * fittedError, set.meanAbsolutePercentageError);
  for (const CalibrationConstant &constant : set.constants)
    llvm::outs() << llvm::format("  %-30s %12.5g  %s\n", constant.name.c_str(), constant.value,
                                 constant.unit.c_str());
}

/// The loop of kernels that stream weights; none where the device has no such kernels.
llvm::Error calibrateOwnStreams(const OwnKernelOptions &own, const std::string &date, const Profile &profile,
                                const simulate::ComputeUnit &unit, std::vector<CalibrationSet> &sets) {
  auto simulated = simulateStreams(profile, own, [](const SimulatedStream &timed) {
    llvm::errs() << llvm::format("%8.0f clocks, %g resident  ", timed.runs.back().clocks,
                                 timed.runs.back().residents)
                 << timed.schedule.describe() << '\n';
  });
  if (!simulated)
    return simulated.takeError();
  if (simulated->empty())
    return llvm::Error::success();
  const OwnStreamFit fit = fitOwnStreams(*simulated);
  llvm::outs()
      << "Loop of codesign's kernels for few rows: clocks of a compute unit for one tile and 64 of k,\n"
         "simulated and priced: one workgroup alone, as many as fit, and these while every unit reads\n"
         "        alone          several            all read      HBM  resident  schedule\n";
  for (const SimulatedStream &timed : *simulated) {
    for (const StreamClocks &run : timed.runs)
      llvm::outs() << llvm::format("  %7.0f %7.0f ", run.clocks,
                                   fit.stream.clocks(timed.parts, run.residents, run.hbmBytesPerClock));
    llvm::outs() << llvm::format("  %7.0f  %8g  ", timed.parts.weights / unit.timing.hbmBytesPerClock,
                                 timed.parts.residents)
                 << timed.schedule.describe() << '\n';
  }
  sets.push_back(ownStreamCalibration(fit, simulated->size(), own, unit));
  sets.back().date = date;
  printConstants(sets.back(), fit.error);
  return llvm::Error::success();
}

/// The main loops of codesign's own kernels, from the simulator.
llvm::Error calibrateOwnKernels(const CalibrateCommandOptions &options, const Profile &profile,
                                std::vector<CalibrationSet> &sets) {
  llvm::Expected<simulate::ComputeUnit> unit = simulate::computeUnitOf(profile);
  if (!unit)
    return unit.takeError();
  OwnKernelOptions own = options.own;
  const std::optional<DataType> type = parseDataType(options.ownType);
  if (!type)
    return usageError("'" + options.ownType + "' is no element type");
  // "fp8" is the encoding that the device has.
  own.type = isFloat8(*type) ? profile.nativeFloat8().value_or(*type) : *type;
  own.form.loop = parseMainLoop(options.ownLoop).value_or(MainLoop::InStep);
  own.form.layout = parseGemmLayout(options.ownLayout).value_or(GemmLayout::NT);
  auto simulated = simulateSchedules(profile, own, [](const SimulatedSchedule &timed) {
    llvm::errs() << llvm::format("%8.0f clocks, %d resident  ", timed.clocks, timed.residents)
                 << timed.schedule.describe() << '\n';
  });
  if (!simulated)
    return simulated.takeError();
  const double memoryRate = unit->timing.memoryBytesPerClock;
  const OwnKernelFit fit = fitOwnKernels(*simulated, memoryRate);
  llvm::outs() << "Main loop of codesign's kernels: clocks of a compute unit for one tile and 64 of k\n"
                  "  simulated    priced  matrix     LDS      L2  resident  schedule\n";
  for (const SimulatedSchedule &timed : *simulated)
    llvm::outs() << llvm::format("  %9.0f %9.0f %7.0f %7.0f %7.0f  %8d  ", timed.clocks,
                                 fit.loop.clocks(timed.parts), timed.parts.mma, timed.parts.shared,
                                 timed.parts.memory / memoryRate, timed.residents)
                 << timed.schedule.describe() << '\n';
  sets.push_back(ownKernelCalibration(fit, own, *unit));
  sets.back().date = options.calibrate.date;
  printConstants(sets.back(), fit.error);
  // Kernels that stream weights have one form.
  if (own.form != LoopForm())
    return llvm::Error::success();
  return calibrateOwnStreams(own, options.calibrate.date, profile, *unit, sets);
}

llvm::Expected<ExitCode> run(const CalibrateCommandOptions &options, const GlobalOptions &global) {
  auto profile = loadProfile(options.hardware, profileSearchDirs(global.dataDir, global.executable));
  if (!profile)
    return profile.takeError();
  if (options.tables.empty() && options.codeObjects.empty() && !options.ownKernels)
    return usageError("nothing to fit to: give --measurements, --code-objects or --own-kernels");
  std::vector<CalibrationSet> sets;
  if (!options.codeObjects.empty()) {
    llvm::Expected<CalibrationSet> set = calibrateTiming(options, *profile);
    if (!set)
      return set.takeError();
    sets.push_back(std::move(*set));
  }
  if (options.ownKernels)
    if (llvm::Error error = calibrateOwnKernels(options, *profile, sets))
      return error;
  for (const std::string &path : options.tables) {
    auto table = readMeasurements(path);
    if (!table)
      return table.takeError();
    const auto start = std::chrono::steady_clock::now();
    auto fitted = calibrate(*profile, *table, options.calibrate);
    if (!fitted)
      return fitted.takeError();
    if (fitted->empty())
      return usageError("'" + path + "' has too few usable rows of " + profile->name + " to fit anything");
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    llvm::errs() << llvm::format("%zu sets fitted in %.0f s\n", fitted->size(), elapsed.count());
    for (FittedSet &set : *fitted) {
      printSet(set);
      if (set.tellsMoreThanDatasheet())
        sets.push_back(std::move(set.set));
      else
        llvm::outs() << llvm::format(
            "  not stored: further off than the %.0f %% that an estimate by data sheet is given\n",
            100 * datasheetBand);
    }
  }
  if (options.dryRun)
    return ExitCode::Ok;
  if (sets.empty())
    return usageError("no set is worth storing: the rows disagree with one another, or are too few");
  if (llvm::Error error = writeCalibration(profile->path, sets))
    return error;
  llvm::errs() << "wrote " << sets.size() << " sets to " << calibrationPathFor(profile->path) << '\n';
  return ExitCode::Ok;
}

} // namespace

CommandBody makeCalibrateCommand(CLI::App &command, const GlobalOptions &global) {
  auto options = std::make_shared<CalibrateCommandOptions>();
  options->calibrate.date = llvm::formatv("{0:%Y-%m-%d}", std::chrono::system_clock::now()).str();
  FitOptions &fit = options->calibrate.fit;
  command.add_option("--hw", options->hardware, "Device profile: a name or a file")->required();
  command.add_option("--measurements", options->tables, "Tables of measured times; the header says of what");
  command.add_option(
      "--code-objects", options->codeObjects,
      "List of code objects with arguments and measured times: fits the simulator's timing model");
  command.add_option("--object-folder", options->objectFolder,
                     "Folder of the code objects of that list (default: the list's)");
  command.add_flag("--own-kernels", options->ownKernels,
                   "Emit, compile and simulate codesign's GEMM kernels: calibrates their price");
  command.add_option("--schedules", options->own.schedules, "Tiles that --own-kernels simulates")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--type", options->ownType, "Element type of --own-kernels")->capture_default_str();
  command.add_flag("--block-scales", options->own.blockScaled,
                   "With --own-kernels: 8-bit operands with scales of 128 x 128 blocks");
  command.add_flag("--shuffled-weights", options->own.form.shuffledWeights,
                   "With --own-kernels: weights in the order of the matrix instructions");
  command.add_flag("--direct-to-lds", options->own.form.directToShared,
                   "With --own-kernels: copies from global memory to LDS past the registers");
  command.add_option("--loop", options->ownLoop, "With --own-kernels: how waves go through the main loop")
      ->check(CLI::IsMember({"in-step", "ping-pong", "interleaved"}))
      ->capture_default_str();
  command
      .add_option("--layout", options->ownLayout,
                  "With --own-kernels: NT, NN (gradients of inputs), TN (of weights)")
      ->check(CLI::IsMember({"NT", "NN", "TN"}))
      ->capture_default_str();
  command.add_option("--compiler", options->own.compiler, "Device compiler for --own-kernels");
  command.add_option("--source", options->calibrate.source,
                     "Who measured, and the licence: stored with the constants");
  command.add_option("--date", options->calibrate.date,
                     "Date of the fit, stored with the constants (default: today)");
  command.add_option("--seed", fit.seed, "Seed of the search; equal seeds give equal constants")
      ->capture_default_str();
  command.add_option("--evaluations", fit.evaluations, "Steps of the search per fold")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command.add_option("--rows", fit.maxRows, "Rows that one fit sees at most")
      ->check(CLI::Range(10, 1000000))
      ->capture_default_str();
  command
      .add_option("--restraint", fit.restraint,
                  "What a constant costs that moves away from its start; the more weight shapes, the less")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--folds", fit.folds, "Folds of the cross-validation")
      ->check(CLI::Range(2, 50))
      ->capture_default_str();
  command.add_flag("--dry-run", options->dryRun, "Fit and report, write nothing");
  return [options, &global] { return run(*options, global); };
}

} // namespace codesign
