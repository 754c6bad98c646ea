// The generated dispatcher is compiled, without any GPU toolkit, and run against a driver that records its
// calls.
#include "Fixture.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"

using namespace codesign;
using namespace codesign::test;

namespace {

struct Outcome {
  int status = -1;
  std::string output;
};

Outcome runProgram(const std::vector<std::string> &command, llvm::StringRef log) {
  std::vector<llvm::StringRef> arguments(command.begin(), command.end());
  const std::optional<llvm::StringRef> redirects[] = {std::nullopt, log, log};
  Outcome outcome;
  outcome.status = llvm::sys::ExecuteAndWait(command.front(), arguments, std::nullopt, redirects);
  if (auto buffer = llvm::MemoryBuffer::getFile(log))
    outcome.output = (*buffer)->getBuffer().str();
  return outcome;
}

class Dispatch : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("codesign-dispatch", folder)); }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }
  std::string path(const char *name) { return (folder + "/" + name).str(); }

  llvm::SmallString<128> folder;
};

TEST_P(Dispatch, callsTheDriverAsDocumented) {
  const PackageSpec spec = samplePackage(GetParam());
  ASSERT_FALSE(writePackage(spec, path("pkg")));
  // Stand-ins for compiled kernels: images.S embeds whatever lies there.
  for (const PackagedKernel &kernel : spec.kernels) {
    std::error_code code;
    llvm::raw_fd_ostream(path((kernel.symbol + ".image").c_str()), code) << kernel.symbol;
  }
  const std::string program = path("mock");
  const char *vendor = llvm::StringRef(GetParam()).starts_with("gfx") ? "-DMOCK_HIP"
                       : llvm::StringRef(GetParam()) == "sm_90a"      ? "-DMOCK_TENSOR_MAPS"
                                                                      : "-DMOCK_CUDA";
  const Outcome built =
      runProgram({HOST_COMPILER, "-std=c++17", "-Wall", "-Wextra", "-Werror", vendor, "-rdynamic",
                  "-I" + path("pkg/include"), "-Wa,-I" + folder.str().str(),
                  CODESIGN_SOURCE_DIR "/test/unit/Package/Inputs/mock.cpp", path("pkg/src/dispatch.cpp"),
                  path("pkg/src/images.S"), "-ldl", "-o", program},
                 path("build.log"));
  ASSERT_EQ(built.status, 0) << built.output;
  const Outcome ran = runProgram({program}, path("run.log"));
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_THAT(ran.output, testing::HasSubstr("all calls as expected"));
}

TEST_P(Dispatch, withoutADriverItSaysSo) {
  ASSERT_FALSE(writePackage(samplePackage(GetParam()), path("pkg")));
  {
    std::error_code code;
    llvm::raw_fd_ostream(path("main.cpp"), code)
        << "#include \"sample/sample.h\"\n#include <cstdio>\n"
           "int main() { int status = sample_load(); std::puts(sample_last_error()); return status; }\n";
  }
  const Outcome built = runProgram({HOST_COMPILER, "-std=c++17", "-I" + path("pkg/include"), path("main.cpp"),
                                    path("pkg/src/dispatch.cpp"), "-ldl", "-o", path("main")},
                                   path("build.log"));
  ASSERT_EQ(built.status, 0) << built.output;
  const Outcome ran = runProgram({path("main")}, path("run.log"));
  // SAMPLE_NO_DRIVER here; on a machine with a GPU runtime, the missing image is what is wrong.
  EXPECT_TRUE(ran.status == 3 || ran.status == 4 || ran.status == 5) << ran.status;
  EXPECT_FALSE(ran.output.empty());
}

INSTANTIATE_TEST_SUITE_P(Vendors, Dispatch, testing::Values("gfx942", "sm_80", "sm_90a"),
                         [](const auto &info) { return std::string(info.param); });

} // namespace
