// One run of a kernel from elsewhere with all checks on, and what a test needs around it.
#pragma once

#include "Launches.h"
#include "codesign/Simulate/Simulator.h"
#include "gtest/gtest.h"
#include <functional>
#include <map>
#include <set>

namespace codesign::foreign {

/// Folder with gfx942/ and gfx950/ from the environment variable CODESIGN_FOREIGN_KERNELS; empty if unset.
std::string kernelFolder();
/// The same for the kernels that triton_kernels.py compiled: CODESIGN_TRITON_KERNELS.
std::string tritonFolder();

/// Skips the test where the kernels are not at hand.
class ForeignTest : public ::testing::Test {
protected:
  void SetUp() override {
    if (kernelFolder().empty())
      GTEST_SKIP() << "SKIPPED kernels of amd-aiter: CODESIGN_FOREIGN_KERNELS is not set; "
                      "scripts/foreign-kernels.sh fetches them";
  }
};

/// A launch with its buffers, to be filled by the test before it runs.
class ForeignRun {
public:
  explicit ForeignRun(const LaunchText &text, const std::string &folder = kernelFolder());

  /// A buffer's content by its name in the launch.
  template <class T>
  llvm::MutableArrayRef<T> values(const std::string &name) {
    return memory.values<T>(buffers.at(name));
  }
  uint64_t address(const std::string &name) const { return buffers.at(name); }

  /// Runs with all checks; a failed run, or a finding, fails the test. Prints wave instructions per second.
  void run(uint64_t seed = 1);

  simulate::Launch launch;
  simulate::DeviceMemory memory;
  simulate::RunReport report;
  /// Findings of this kind are true of the kernel; whoever calls this says why they do no harm.
  void accept(simulate::FindingKind kind) { accepted.insert(kind); }

private:
  std::string name;
  std::set<simulate::FindingKind> accepted;
  std::map<std::string, uint64_t> buffers;
  std::shared_ptr<const simulate::CodeObject> object;
};

/// A deterministic source of values; no two draws are alike.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15ull + 1) {}
  uint64_t bits();
  double uniform(double low, double high) { return low + (high - low) * double(bits() >> 11) * 0x1p-53; }
  int64_t below(int64_t bound) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(bound)); }

private:
  uint64_t state;
};

/// Expects |value - reference| ≤ bound in every element; reports the first that is outside and how many are.
/// False if any is.
struct Comparison {
  std::function<double(int64_t)> value, reference, bound;
};
bool expectClose(const std::string &what, int64_t count, const Comparison &comparison);

} // namespace codesign::foreign
