// Loading: what the loader reads from good objects, and that bad ones never crash it.
#include "LongRun.h"
#include "TestSupport.h"
#include "codesign/Simulate/Inventory.h"
#include "codesign/Simulate/SimulateCommand.h"
#include "lib/Simulate/Program.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <random>

using namespace codesign;
using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

using codesign::simulate::DeviceMemory; // not the profile's

const char *const source = R"(
KERNEL scale(float *x, float factor, int n) {
  SHARED float part[100];
  int i = bid() * __builtin_amdgcn_workgroup_size_x() + tid();
  part[tid() % 100] = factor;
  barrier();
  if (i < n) x[i] *= part[tid() % 100];
}
)";

std::string messageOf(llvm::Error error) {
  return llvm::toString(std::move(error));
}

TEST(Loader, ReadsDescriptorAndArguments) {
  for (int version : {4, 5, 6}) {
    std::string bytes = compileHip(source, "gfx942", {"-mcode-object-version=" + std::to_string(version)});
    auto object = CodeObject::load(bytes, "scale.co");
    ASSERT_TRUE(bool(object)) << messageOf(object.takeError());
    EXPECT_EQ((*object)->codeObjectVersion(), version);
    EXPECT_EQ((*object)->architecture(), "gfx942");
    ASSERT_EQ((*object)->kernels().size(), 1u);
    const Kernel &kernel = (*object)->kernels()[0];
    EXPECT_EQ(kernel.name, "scale");
    EXPECT_EQ(kernel.staticLdsBytes, 400u);
    ASSERT_GE(kernel.arguments.size(), 3u);
    EXPECT_EQ(kernel.arguments[0].valueKind, "global_buffer");
    EXPECT_EQ(kernel.arguments[1].offsetBytes, 8u);
    EXPECT_EQ(kernel.arguments[2].sizeBytes, 4u);
    DeviceMemory memory; // hidden arguments (block size) differ between versions
    uint64_t x = memory.allocateValues<float>("x", std::vector<float>(300, 2.0f));
    RunReport report = runChecked(
        **object, {"scale", {3}, {128}, KernelArguments().pointer(x).value(1.5f).value(300)}, memory);
    for (float value : memory.values<float>(x))
      ASSERT_EQ(value, 3.0f) << "version " << version;
  }
}

/// Arguments that arrive in scalar registers, from the compiler and with an offset from assembly.
TEST(Loader, PreloadsArguments) {
  CodeObjectPointer compiled;
  {
    auto object = CodeObject::load(
        compileHip(source, "gfx942", {"-mllvm", "-amdgpu-kernarg-preload-count=8"}), "preload.co");
    ASSERT_TRUE(bool(object)) << messageOf(object.takeError());
    compiled = *object;
  }
  EXPECT_GE(compiled->kernels()[0].preloadDwords, 4u); // pointer, factor, count
  DeviceMemory memory;
  uint64_t x = memory.allocateValues<float>("x", std::vector<float>(300, 2.0f));
  RunReport report = runChecked(
      *compiled, {"scale", {3}, {128}, KernelArguments().pointer(x).value(1.5f).value(300)}, memory);
  EXPECT_TRUE(report.findings.empty()) << describe(report);
  for (float value : memory.values<float>(x))
    ASSERT_EQ(value, 3.0f);

  // Dwords 2 and 3 of the arguments in s2 and s3, then the workgroup's number. Processors with old firmware
  // start at the entry, all others 256 bytes behind it.
  CodeObjectPointer assembled = loadAssembly(R"(
.text
.p2align 8
.globl preloaded
.type preloaded,@function
preloaded:
  s_trap 2
  .fill 63, 4, 0xbf800000
  s_load_dwordx2 s[6:7], s[0:1], 0x0
  s_add_u32 s3, s2, s3
  s_add_u32 s3, s3, s4
  v_mov_b32 v1, s3
  v_lshlrev_b32 v0, 2, v0
  s_waitcnt lgkmcnt(0)
  global_store_dword v0, v1, s[6:7]
  s_endpgm
.rodata
.p2align 6
.amdhsa_kernel preloaded
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_user_sgpr_kernarg_preload_length 2
  .amdhsa_user_sgpr_kernarg_preload_offset 2
  .amdhsa_next_free_vgpr 8
  .amdhsa_next_free_sgpr 16
  .amdhsa_accum_offset 8
  .amdhsa_kernarg_size 16
.end_amdhsa_kernel
)");
  ASSERT_TRUE(assembled);
  uint64_t out = memory.allocate("out", 256);
  Launch launch{"preloaded", {8}, {64}, KernelArguments().pointer(out).value(100).value(20)};
  RunOptions last;
  last.firstWorkgroup = 7;
  last.workgroupCount = 1;
  report = runChecked(*assembled, launch, memory, last);
  EXPECT_TRUE(report.findings.empty()) << describe(report);
  EXPECT_EQ(memory.values<int>(out)[63], 127);
}

TEST(Loader, NamesWhatIsWrong) {
  std::string good = compileHip(source);
  auto fails = [](llvm::StringRef bytes) {
    auto object = CodeObject::load(bytes, "x.co");
    return object ? std::string("loaded") : messageOf(object.takeError());
  };
  EXPECT_NE(fails("hello").find("x.co: not an ELF"), std::string::npos);
  EXPECT_NE(fails("__CLANG_OFFLOAD_BUNDLE__").find("--no-gpu-bundle-output"), std::string::npos);
  EXPECT_NE(fails(compileHip(source, "gfx90a")).find("another processor"), std::string::npos);
  EXPECT_NE(fails(llvm::StringRef(good).take_front(1000)), "loaded");
  auto object = CodeObject::load(good, "x.co");
  ASSERT_TRUE(bool(object));
  DeviceMemory memory;
  auto wrongName = run(**object, {"scal", {1}, {64}}, memory, {});
  EXPECT_NE(messageOf(wrongName.takeError()).find("did you mean 'scale'"), std::string::npos);
  auto noArguments = run(**object, {"scale", {1}, {64}}, memory, {});
  EXPECT_NE(messageOf(noArguments.takeError()).find("takes 16 bytes of arguments, 0 given"),
            std::string::npos);
  auto tooLarge = run(**object, {"scale", {1}, {64, 64}}, memory, {});
  EXPECT_NE(messageOf(tooLarge.takeError()).find("1024 work-items"), std::string::npos);
}

TEST(Loader, StopsAtUnknownInstructions) {
  CodeObjectPointer object = loadAssembly(assemblyKernel({"k", "  s_nop 0\n  s_rfe_b64 s[8:9]"}));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  std::string message = messageOf(run(*object, {"k", {1}, {64}}, memory, {}).takeError());
  EXPECT_NE(message.find("k+0x4"), std::string::npos) << message;
  EXPECT_NE(message.find("S_RFE_B64_vi is not implemented"), std::string::npos) << message;
}

/// An interrupt for the host is no concern of the kernel; a message to a geometry shader is a mistake.
TEST(Loader, OnlyInterruptsAreMessages) {
  DeviceMemory memory;
  CodeObjectPointer interrupt = loadAssembly(assemblyKernel({"k", "  s_sendmsg sendmsg(MSG_INTERRUPT)"}));
  ASSERT_TRUE(interrupt);
  auto report = run(*interrupt, {"k", {1}, {64}}, memory, {});
  EXPECT_TRUE(bool(report)) << messageOf(report.takeError());
  CodeObjectPointer other =
      loadAssembly(assemblyKernel({"k", "  s_sendmsg sendmsg(MSG_GS_DONE, GS_OP_NOP)"}));
  ASSERT_TRUE(other);
  EXPECT_NE(messageOf(run(*other, {"k", {1}, {64}}, memory, {}).takeError()).find("message"),
            std::string::npos);
}

/// A data share access with the bit for GDS, which LLVM would decode without it.
TEST(Loader, StopsAtGlobalDataShare) {
  CodeObjectPointer object = loadAssembly(assemblyKernel({"k", "  .long 0xd8010000, 0x00000201", 64}));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  std::string message = messageOf(run(*object, {"k", {1}, {64}}, memory, {}).takeError());
  EXPECT_NE(message.find("not an instruction"), std::string::npos) << message;
}

/// Before anything runs: what has no handler, where, and how often.
TEST(Loader, InventoryNamesWhatIsMissing) {
  CodeObjectPointer object =
      loadAssembly(assemblyKernel({"k", "  s_rfe_b64 s[8:9]\n  v_mov_b32 v0, 0\n  s_rfe_b64 s[8:9]"}));
  ASSERT_TRUE(object);
  const ObjectInventory inventory = takeInventory(*object);
  EXPECT_EQ(inventory.kernels, 1u);
  ASSERT_EQ(inventory.missing.size(), 1u);
  EXPECT_EQ(inventory.missing[0].name, "S_RFE_B64_vi");
  EXPECT_EQ(inventory.missing[0].count, 2u);
  EXPECT_EQ(inventory.missing[0].firstAddress, object->kernels()[0].entryAddress);
  EXPECT_EQ(inventory.opcodes.count("V_MOV_B32_e32_vi"), 1u);
}

/// A folder: objects that load, one that does not, and what counts as an object at all.
TEST(Loader, InventoryOfAFolder) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inventory", folder));
  const std::string path = folder.str().str();
  auto write = [&](const char *name, llvm::StringRef bytes) {
    std::error_code code;
    llvm::raw_fd_ostream(path + "/" + name, code) << bytes;
  };
  auto inventory = [&](bool json) {
    std::string text;
    llvm::raw_string_ostream out(text);
    auto code = runInventory(path, json, out);
    return code ? text + "exit " + std::to_string(static_cast<int>(*code)) : messageOf(code.takeError());
  };
  EXPECT_NE(inventory(false).find("no .co or .hsaco file"), std::string::npos);
  write("good.co", assembleBytes(assemblyKernel({"k", "  v_mov_b32 v0, 0"})));
  EXPECT_NE(inventory(false).find("1 code objects with 1 kernels, "), std::string::npos) << inventory(false);
  EXPECT_NE(inventory(false).find("exit 0"), std::string::npos);
  write("lacking.hsaco", assembleBytes(assemblyKernel({"k", "  s_rfe_b64 s[8:9]"})));
  write("broken.co", "nothing");
  write("other.txt", "nothing");
  const std::string text = inventory(false);
  EXPECT_NE(text.find("lacking.hsaco: 1 times S_RFE_B64_vi, first at 0x"), std::string::npos) << text;
  EXPECT_NE(text.find("1 objects with instructions that are not implemented, 1 not loaded"),
            std::string::npos);
  EXPECT_NE(text.find("exit 3"), std::string::npos);
  EXPECT_NE(inventory(true).find("\"instruction\": \"S_RFE_B64_vi\""), std::string::npos) << inventory(true);
  llvm::sys::fs::remove_directories(path);
}

/// `pad:` moves the next argument; the kernel reads the number behind it.
TEST(Loader, ArgumentsMayBePadded) {
  llvm::SmallString<128> file;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("padded", "co", file));
  std::error_code error;
  llvm::raw_fd_ostream(file, error) << assembleBytes(assemblyKernel({"k", R"(
  s_load_dwordx2 s[6:7], s[0:1], 0x0
  s_load_dword s8, s[0:1], 0x10
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v1, 0
  v_mov_b32 v2, s8
  global_store_dword v1, v2, s[6:7])"}));
  SimulateCommandOptions options;
  options.codeObject = file.str().str();
  options.arguments = {"d=u32[1]", "pad:8", "u32:77"};
  options.outputs = {"d=" + options.codeObject + ".out"};
  std::string text;
  llvm::raw_string_ostream out(text);
  auto code = runSimulateCommand(options, out);
  ASSERT_TRUE(bool(code)) << messageOf(code.takeError());
  auto result = llvm::MemoryBuffer::getFile(options.codeObject + ".out", false, false);
  ASSERT_TRUE(bool(result));
  EXPECT_EQ((*result)->getBuffer(), llvm::StringRef("M\0\0\0", 4));
  options.arguments[1] = "pad:x";
  EXPECT_NE(messageOf(runSimulateCommand(options, out).takeError()).find("number of bytes"),
            std::string::npos);
  llvm::sys::fs::remove(options.codeObject + ".out");
  llvm::sys::fs::remove(options.codeObject);
}

TEST(Loader, EndlessLoopsEnd) {
  CodeObjectPointer object = loadAssembly(assemblyKernel({"k", "again:\n  s_branch again"}));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  RunOptions options;
  options.maxInstructionsPerWorkgroup = 10000;
  EXPECT_NE(messageOf(run(*object, {"k", {1}, {64}}, memory, options).takeError()).find("more than 10000"),
            std::string::npos);
}

/// Flipped, overwritten and cut bytes: an error or a loaded object, never a crash; what loads may run.
TEST(Loader, SurvivesMutatedObjects) {
  std::string good = compileHip(source);
  std::mt19937 generator(1);
  int loaded = 0;
  for (int round = 0; round < repetitions(600); ++round) {
    std::string bytes = good;
    // Headers, notes and symbols take most of the damage: they decide what is read where.
    for (unsigned i = 0, count = 1 + generator() % 8; i < count; ++i) {
      size_t limit = generator() % 3 ? std::min<size_t>(bytes.size(), 1600) : bytes.size();
      size_t at = generator() % 4 == 0 ? bytes.size() - 1 - generator() % std::min<size_t>(bytes.size(), 1500)
                                       : generator() % limit;
      bytes[at] = static_cast<char>(generator() % 3 == 0 ? 0xff : generator());
    }
    if (generator() % 8 == 0)
      bytes.resize(generator() % bytes.size());
    auto object = CodeObject::load(bytes, "fuzz.co");
    if (!object) {
      llvm::consumeError(object.takeError());
      continue;
    }
    ++loaded;
    if (round % 8)
      continue;
    DeviceMemory memory;
    uint64_t x = memory.allocate("x", 400);
    RunOptions options;
    options.maxInstructionsPerWorkgroup = 2000;
    options.threads = 1;
    auto report =
        run(**object,
            {(*object)->kernels()[0].name, {1}, {64}, KernelArguments().pointer(x).value(1.0f).value(100)},
            memory, options);
    if (!report)
      llvm::consumeError(report.takeError());
  }
  EXPECT_GT(loaded, 40);
}

/// Random instruction words in a valid object: every decodable instruction executes or is refused by name.
TEST(Loader, SurvivesRandomCode) {
  std::string good = assembleBytes(assemblyKernel({"k", std::string(".fill 64, 4, 0xbf800000\n"), 1024, 64}));
  size_t code = good.find(std::string("\x00\x00\x80\xbf\x00\x00\x80\xbf\x00\x00\x80\xbf", 12));
  ASSERT_NE(code, std::string::npos);
  std::mt19937 generator(2);
  for (int round = 0; round < 1200; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 8 * 4; ++i)
      bytes[code + i] = static_cast<char>(generator());
    static const unsigned char tops[] = {0xd3, 0xd1, 0xd8, 0xdc, 0xe0, 0x7e, 0x80,
                                         0xbe, 0xc0, 0x02, 0xd2, 0xdd, 0xd9};
    bytes[code + 3] = static_cast<char>(tops[generator() % std::size(tops)]); // encodings of interest
    if (round % 4 == 0) { // SDWA, which has selections that mean nothing
      bytes[code] = static_cast<char>(0xf9);
      bytes[code + 1] = static_cast<char>(bytes[code + 1] & ~1);
      bytes[code + 3] = static_cast<char>(bytes[code + 3] & 0x7f);
    } else if (round % 16 == 1) { // a buffer instruction whose offset is a literal that is not there
      bytes[code + 3] = static_cast<char>(round & 16 ? 0xe0 : 0xe8);
      bytes[code + 7] = static_cast<char>(0xff);
    }
    auto object = CodeObject::load(bytes, "fuzz.co");
    ASSERT_TRUE(bool(object)) << messageOf(object.takeError());
    const Program &program = (*object)->program();
    for (int i = 0; i < program.size(); ++i)
      EXPECT_FALSE(program.text(i).empty());
    DeviceMemory memory;
    RunOptions options;
    options.maxInstructionsPerWorkgroup = 200;
    options.threads = 1;
    auto report = run(**object, {"k", {1}, {64}}, memory, options);
    if (!report)
      llvm::consumeError(report.takeError());
  }
}

TEST(SimulateCommand, RunsAndReports) {
  std::string path = ::testing::TempDir() + "/scale.co", result = ::testing::TempDir() + "/scale.out";
  std::error_code code;
  llvm::raw_fd_ostream(path, code) << compileHip(source);
  SimulateCommandOptions options;
  options.codeObject = path;
  options.grid = "2";
  options.block = "64";
  options.arguments = {"x=f32[128]:one", "f32:2.5", "i32:128"};
  options.outputs = {"x=" + result};
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto exit = runSimulateCommand(options, stream);
  ASSERT_TRUE(bool(exit)) << messageOf(exit.takeError());
  EXPECT_EQ(*exit, ExitCode::Ok) << text;
  EXPECT_NE(text.find("scale on simulated gfx942: grid 2x1x1, block 64x1x1, 2 waves"), std::string::npos)
      << text;
  EXPECT_NE(text.find("no findings"), std::string::npos);
  FILE *file = fopen(result.c_str(), "rb");
  float values[128];
  ASSERT_EQ(fread(values, 4, 128, file), 128u);
  fclose(file);
  EXPECT_EQ(values[127], 2.5f);

  options.arguments[2] = "i32:129"; // one element past the end
  options.grid = "3";
  options.json = options.listing = true;
  text.clear();
  exit = runSimulateCommand(options, stream);
  ASSERT_TRUE(bool(exit));
  EXPECT_EQ(*exit, ExitCode::WrongNumbers);
  EXPECT_NE(text.find("past the end of 'x' (512 bytes)"), std::string::npos) << text;
  for (const char *bad : {"f33:1", "x=f32[abc]", "i32:1.5", "x=f32[4]:rnadom", "x=@/nonexistent"}) {
    options.arguments = {bad};
    exit = runSimulateCommand(options, stream);
    EXPECT_FALSE(bool(exit)) << bad;
    llvm::consumeError(exit.takeError());
  }
}

} // namespace
