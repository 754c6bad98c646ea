#include "ForeignRun.h"
#include "codesign/Simulate/SimulateCommand.h"
#include "lib/Simulate/ArgumentParser.h"
#include <cmath>
#include <cstdlib>
#include <ctime>

namespace codesign::foreign {

static std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}
std::string kernelFolder() {
  return environment("CODESIGN_FOREIGN_KERNELS");
}
std::string tritonFolder() {
  return environment("CODESIGN_TRITON_KERNELS");
}

ForeignRun::ForeignRun(const LaunchText &text, const std::string &folder) : name(text.codeObject) {
  auto loaded = simulate::CodeObject::loadFile(folder + "/" + text.codeObject);
  if (!loaded) {
    ADD_FAILURE() << llvm::toString(loaded.takeError());
    return;
  }
  object = *loaded;
  launch.kernel = object->kernels().front().name;
  launch.grid = llvm::cantFail(simulate::parseDimensions(text.grid, "grid"));
  launch.block = llvm::cantFail(simulate::parseDimensions(text.block, "block"));
  launch.dynamicLdsBytes = text.dynamicLdsBytes;
  simulate::ArgumentParser parser(memory, /*seed=*/1);
  for (const std::string &argument : text.arguments)
    if (llvm::Error error = parser.add(argument, launch.arguments))
      ADD_FAILURE() << argument << ": " << llvm::toString(std::move(error));
  buffers = parser.buffers();
}

void ForeignRun::run(uint64_t seed) {
  if (!object)
    return;
  simulate::RunOptions options;
  options.seed = seed;
  options.maxInstructionsPerWorkgroup = 50'000'000;
  options.maxFindings = 100'000;
  const std::clock_t start = std::clock(); // of all threads
  auto result = simulate::run(*object, launch, memory, options);
  const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  if (!result) {
    ADD_FAILURE() << name << ": " << llvm::toString(result.takeError());
    return;
  }
  report = std::move(*result);
  const size_t found = report.findings.size();
  std::erase_if(report.findings,
                [&](const simulate::Finding &finding) { return accepted.count(finding.kind) != 0; });
  if (!report.findings.empty()) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    simulate::printFindings(report, stream);
    ADD_FAILURE() << name << ": " << report.findings.size() << " findings\n" << text.substr(0, 1500);
  } else if (found) {
    std::printf("%s: %zu findings, explained in the test\n", name.c_str(), found);
  }
  std::printf("%s: %llu wave instructions, %.2f million a second and core\n", name.c_str(),
              static_cast<unsigned long long>(report.instructions),
              static_cast<double>(report.instructions) / seconds * 1e-6);
}

uint64_t Random::bits() {
  // splitmix64
  uint64_t value = state += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

bool expectClose(const std::string &what, int64_t count, const Comparison &comparison) {
  int64_t wrong = 0, first = -1;
  double worst = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double difference = std::abs(comparison.value(i) - comparison.reference(i));
    if (difference <= comparison.bound(i)) { // false for NaN
      worst = std::max(worst, difference);
      continue;
    }
    first = wrong++ ? first : i;
  }
  if (wrong)
    ADD_FAILURE() << what << ": " << wrong << " of " << count << " elements differ, first element " << first
                  << ": " << comparison.value(first) << " instead of " << comparison.reference(first)
                  << " within " << comparison.bound(first);
  return wrong == 0;
}

} // namespace codesign::foreign
