#include "TestSupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace codesign::simulate::test {

const char *const hipPrelude = R"(
#define KERNEL extern "C" __attribute__((global)) void
#define DEVICE __attribute__((device))
#define SHARED __attribute__((shared))
DEVICE inline int tid() { return __builtin_amdgcn_workitem_id_x(); }
DEVICE inline int bid() { return __builtin_amdgcn_workgroup_id_x(); }
DEVICE inline void barrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
)";

namespace {

class TemporaryFile {
public:
  explicit TemporaryFile(StringRef suffix) {
    int descriptor = -1;
    EXPECT_FALSE(sys::fs::createTemporaryFile("codesign-simulate", suffix, descriptor, path));
    raw_fd_ostream(descriptor, /*shouldClose=*/true);
  }
  ~TemporaryFile() { sys::fs::remove(path); }
  StringRef name() const { return path; }
  void write(StringRef text) {
    std::error_code error;
    raw_fd_ostream(path, error) << text;
  }
  std::string read() const {
    auto buffer = MemoryBuffer::getFile(path, false, false);
    return buffer ? (*buffer)->getBuffer().str() : std::string();
  }

private:
  SmallString<128> path;
};

void runTool(StringRef tool, ArrayRef<StringRef> arguments) {
  std::string program = (Twine(CODESIGN_LLVM_TOOLS) + "/" + tool).str();
  std::vector<StringRef> all = {program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  TemporaryFile output("txt");
  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(""), output.name(), output.name()};
  int status = sys::ExecuteAndWait(program, all, std::nullopt, redirects, 120, 0, &message);
  ASSERT_EQ(status, 0) << tool.str() << ": " << message << output.read();
}

} // namespace

std::string compileHip(StringRef source, StringRef arch, std::vector<std::string> extra) {
  TemporaryFile input("hip"), output("co");
  input.write((hipPrelude + source).str());
  std::string offload = ("--offload-arch=" + arch).str();
  std::vector<StringRef> arguments = {"-x",
                                      "hip",
                                      "--cuda-device-only",
                                      "--no-gpu-bundle-output",
                                      offload,
                                      "-nogpulib",
                                      "-nogpuinc",
                                      "-O3",
                                      "-ffp-contract=off",
                                      "-c",
                                      input.name(),
                                      "-o",
                                      output.name()};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  runTool("clang++", arguments);
  return output.read();
}

std::string assembleBytes(StringRef source, StringRef arch) {
  TemporaryFile input("s"), object("o"), output("co");
  input.write(source);
  std::string processor = ("-mcpu=" + arch).str();
  runTool("llvm-mc",
          {"-triple=amdgcn-amd-amdhsa", processor, "-filetype=obj", input.name(), "-o", object.name()});
  runTool("ld.lld", {"-shared", object.name(), "-o", output.name()});
  return output.read();
}

static CodeObjectPointer loadBytes(const std::string &bytes) {
  auto object = CodeObject::load(bytes, "test.co");
  if (!object) {
    ADD_FAILURE() << toString(object.takeError());
    return nullptr;
  }
  return *object;
}

CodeObjectPointer loadHip(StringRef source, StringRef arch) {
  return loadBytes(compileHip(source, arch));
}
CodeObjectPointer loadAssembly(StringRef source, StringRef arch) {
  return loadBytes(assembleBytes(source, arch));
}

std::string assemblyKernel(const AssemblyKernel &kernel) {
  std::string text;
  raw_string_ostream stream(text);
  stream << ".text\n.p2align 8\n.globl " << kernel.name << "\n.type " << kernel.name << ",@function\n"
         << kernel.name << ":\n"
         << kernel.body << "\n  s_endpgm\n"
         << ".rodata\n.p2align 6\n.amdhsa_kernel " << kernel.name << "\n"
         << "  .amdhsa_user_sgpr_kernarg_segment_ptr 1\n  .amdhsa_next_free_vgpr 256\n"
         << "  .amdhsa_next_free_sgpr 96\n  .amdhsa_accum_offset 128\n  .amdhsa_float_denorm_mode_32 3\n"
         << "  .amdhsa_group_segment_fixed_size " << kernel.ldsBytes << "\n"
         << "  .amdhsa_private_segment_fixed_size " << kernel.scratchBytes << "\n"
         << (kernel.scratchBytes ? "  .amdhsa_enable_private_segment 1\n" : "") << ".end_amdhsa_kernel\n";
  return text;
}

RunReport runChecked(const CodeObject &object, const Launch &launch, DeviceMemory &memory,
                     RunOptions options) {
  auto report = run(object, launch, memory, options);
  if (report)
    return std::move(*report);
  ADD_FAILURE() << launch.kernel << ": " << toString(report.takeError());
  return {};
}

std::string describe(const RunReport &report) {
  std::string text;
  raw_string_ostream stream(text);
  printFindings(report, stream);
  return text;
}

} // namespace codesign::simulate::test
