// DS operations beyond plain reads and writes: counters, ring buffers, exchanges. One wave, 64 lanes.
#include "TestSupport.h"
#include <numeric>
#include <random>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

/// Stores a in v4 to LDS at 8 * lane, runs the text, and stores v[10:11] and the LDS dwords at 8 * lane.
/// v2 = 8 * lane, v[4:5] and v[6:7] are operands.
std::string exchangeKernel(const char *name, const std::string &text) {
  return assemblyKernel({name, R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v2, 3, v0
  v_lshlrev_b32 v3, 4, v0
  v_mov_b32 v10, 0
  v_mov_b32 v11, 0
  s_waitcnt lgkmcnt(0)
  global_load_dwordx2 v[4:5], v2, s[4:5]
  global_load_dwordx2 v[6:7], v2, s[4:5] offset:512
  global_load_dwordx2 v[8:9], v2, s[4:5] offset:1024
  s_waitcnt vmcnt(0)
  ds_write_b64 v2, v[4:5]
  s_waitcnt lgkmcnt(0)
)" + text + R"(
  s_waitcnt lgkmcnt(0)
  ds_read_b64 v[12:13], v2
  s_waitcnt lgkmcnt(0)
  global_store_dwordx2 v3, v[10:11], s[6:7]
  global_store_dwordx2 v3, v[12:13], s[6:7] offset:8
)",
                         512});
}

struct Exchange {
  uint64_t returned, stored;
};

std::vector<Exchange> runExchange(const std::string &text, const std::vector<uint64_t> &values) {
  CodeObjectPointer object = loadAssembly(exchangeKernel("k", text));
  if (!object)
    return std::vector<Exchange>(64);
  DeviceMemory memory;
  uint64_t in = memory.allocateValues<uint64_t>("in", values), out = memory.allocate("out", 1024);
  RunReport report =
      runChecked(*object, {"k", {1}, {64}, KernelArguments().pointer(in).pointer(out)}, memory);
  EXPECT_TRUE(report.findings.empty()) << text << "\n" << describe(report);
  std::vector<Exchange> result;
  for (int lane = 0; lane < 64; ++lane)
    result.push_back({memory.values<uint64_t>(out)[2 * lane], memory.values<uint64_t>(out)[2 * lane + 1]});
  return result;
}

std::vector<uint64_t> randomValues() {
  std::mt19937_64 generator(7);
  std::vector<uint64_t> values(3 * 64);
  for (uint64_t &value : values)
    value = generator();
  return values;
}
uint32_t low(uint64_t bits) {
  return static_cast<uint32_t>(bits);
}
uint32_t high(uint64_t bits) {
  return static_cast<uint32_t>(bits >> 32);
}

TEST(LocalShare, CountersGrowAndShrinkByTheActiveLanes) {
  // 48 lanes append 48 to the word of lane 5, then 16 lanes consume; each lane keeps what it saw.
  std::vector<uint64_t> values = randomValues();
  auto got = runExchange(R"(
  s_mov_b64 exec, 0xffffffff
  s_mov_b32 exec_hi, 0xffff
  ds_append v10 offset:40
  s_mov_b64 exec, 0xffff
  ds_consume v11 offset:40
  s_mov_b64 exec, -1
)",
                         values);
  for (int lane = 0; lane < 64; ++lane) {
    EXPECT_EQ(low(got[lane].returned), lane < 48 ? low(values[5]) : 0) << lane;
    EXPECT_EQ(high(got[lane].returned), lane < 16 ? low(values[5]) + 48 : 0) << lane;
    EXPECT_EQ(got[lane].stored,
              lane == 5 ? (values[5] & ~0xffffffffull) | low(low(values[5]) + 32) : values[lane])
        << lane;
  }
}

TEST(LocalShare, WrapSubtractsOrAdds) {
  std::vector<uint64_t> values = randomValues();
  auto got = runExchange("  ds_wrap_rtn_b32 v10, v2, v6, v8\n", values);
  for (int lane = 0; lane < 64; ++lane) {
    const uint32_t old = low(values[lane]), subtrahend = low(values[64 + lane]),
                   addend = low(values[128 + lane]);
    EXPECT_EQ(low(got[lane].returned), old);
    EXPECT_EQ(low(got[lane].stored), old >= subtrahend ? old - subtrahend : old + addend) << lane;
    EXPECT_EQ(high(got[lane].stored), high(values[lane]));
  }
}

TEST(LocalShare, ConditionalExchangeStoresMarkedHalves) {
  std::vector<uint64_t> values = randomValues();
  auto got = runExchange("  ds_condxchg32_rtn_b64 v[10:11], v2, v[6:7]\n", values);
  for (int lane = 0; lane < 64; ++lane) {
    const uint64_t data = values[64 + lane];
    const uint32_t first = low(data) >> 31 ? low(data) & 0x7fffffff : low(values[lane]);
    const uint32_t second = high(data) >> 31 ? high(data) & 0x7fffffff : high(values[lane]);
    EXPECT_EQ(got[lane].returned, values[lane]);
    EXPECT_EQ(got[lane].stored, first | static_cast<uint64_t>(second) << 32) << lane;
  }
}

TEST(LocalShare, ExchangesAtTwoAddresses) {
  std::vector<uint64_t> values = randomValues();
  auto near = runExchange("  ds_wrxchg2_rtn_b32 v[10:11], v2, v6, v8 offset0:1\n", values);
  for (int lane = 0; lane < 64; ++lane) { // the first value goes to the upper dword
    EXPECT_EQ(near[lane].returned, values[lane] >> 32 | values[lane] << 32);
    EXPECT_EQ(near[lane].stored, low(values[128 + lane]) | static_cast<uint64_t>(low(values[64 + lane]))
                                                               << 32);
  }
  // 64 dwords further: the lower half of the lanes exchanges with both halves of LDS.
  auto far = runExchange(R"(
  s_mov_b64 exec, 0xffffffff
  ds_wrxchg2st64_rtn_b32 v[10:11], v2, v6, v8 offset1:1
  s_mov_b64 exec, -1
)",
                         values);
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(far[lane].returned, low(values[lane]) | values[lane + 32] << 32);
    EXPECT_EQ(low(far[lane].stored), low(values[64 + lane]));
    EXPECT_EQ(low(far[lane + 32].stored), low(values[128 + lane]));
  }
}

TEST(LocalShare, ExchangesOfPairsMayOverwriteTheirAddress) {
  std::vector<uint64_t> values = randomValues();
  auto got = runExchange(R"(
  s_mov_b64 exec, 0xffffffff
  v_mov_b32 v14, v2
  ds_wrxchg2_rtn_b64 v[14:17], v14, v[6:7], v[8:9] offset1:32
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, v15
  v_mov_b32 v11, v16
  s_mov_b64 exec, -1
)",
                         values);
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(got[lane].returned, high(values[lane]) | values[lane + 32] << 32);
    EXPECT_EQ(got[lane].stored, values[64 + lane]);
    EXPECT_EQ(got[lane + 32].stored, values[128 + lane]);
  }
}

/// Another wave's append without a barrier is an atomic, not a race; a plain read of the counter is one.
TEST(LocalShare, CountersRaceWithPlainReads) {
  const std::string append = R"(
  v_mov_b32 v1, 0
  v_mov_b32 v2, 0
  v_cmp_gt_u32 vcc, 64, v0
  s_and_saveexec_b64 s[8:9], vcc
  ds_write_b32 v1, v2
  s_mov_b64 exec, s[8:9]
  s_waitcnt lgkmcnt(0)
  s_barrier
  ds_append v10
  s_waitcnt lgkmcnt(0)
)";
  for (bool reads : {false, true}) {
    CodeObjectPointer object = loadAssembly(
        assemblyKernel({"k", append + (reads ? "  ds_read_b32 v3, v1\n  s_waitcnt lgkmcnt(0)\n" : ""), 64}));
    ASSERT_TRUE(object);
    DeviceMemory memory;
    RunReport report = runChecked(*object, {"k", {1}, {256}}, memory);
    EXPECT_EQ(report.findings.empty(), !reads) << describe(report);
  }
}

/// Data of a direct load reach LDS when the wave waits for them, not before; M0 may be written right before.
TEST(LocalShare, DirectLoadsArriveLate) {
  CodeObjectPointer object = loadAssembly(assemblyKernel({"k", R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  s_waitcnt lgkmcnt(0)
  s_mov_b32 s10, 256
  s_mov_b32 s11, 0x20000
  s_mov_b32 s8, s4
  s_mov_b32 s9, s5
  ds_write_b32 v1, v0
  s_waitcnt lgkmcnt(0)
  s_mov_b32 m0, 0
  buffer_load_dword v1, s[8:11], 0 offen lds
  ds_read_b32 v10, v1
  s_waitcnt vmcnt(0)
  ds_read_b32 v11, v1
  s_waitcnt lgkmcnt(0)
  global_store_dword v1, v10, s[6:7]
  global_store_dword v1, v11, s[6:7] offset:256
)",
                                                          256}));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  std::vector<uint32_t> values(64, 99);
  uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 512);
  RunReport report =
      runChecked(*object, {"k", {1}, {64}, KernelArguments().pointer(in).pointer(out)}, memory);
  EXPECT_EQ(report.count(FindingKind::MissingWait), report.findings.size()) << describe(report);
  EXPECT_GE(report.findings.size(), 1u);
  for (uint32_t lane = 0; lane < 64; ++lane) {
    EXPECT_EQ(memory.values<uint32_t>(out)[lane], lane);
    EXPECT_EQ(memory.values<uint32_t>(out)[64 + lane], 99u);
  }
}

/// Two waves that load the same bytes to the same place do not disturb each other, though both are in flight.
TEST(LocalShare, EqualDirectLoadsDoNotRace) {
  CodeObjectPointer object = loadAssembly(assemblyKernel({"k", R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  v_and_b32 v2, 0xfc, v1
  s_mov_b32 m0, 0
  s_waitcnt lgkmcnt(0)
  global_load_lds_dword v2, s[4:5]
  s_waitcnt vmcnt(0)
  s_barrier
  ds_read_b32 v10, v2
  s_waitcnt lgkmcnt(0)
  global_store_dword v1, v10, s[6:7]
)",
                                                          256}));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  std::vector<uint32_t> values(64);
  std::iota(values.begin(), values.end(), 7);
  uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 512);
  for (uint64_t seed : {0, 1, 2}) {
    RunOptions options;
    options.seed = seed;
    RunReport report =
        runChecked(*object, {"k", {1}, {128}, KernelArguments().pointer(in).pointer(out)}, memory, options);
    EXPECT_TRUE(report.findings.empty()) << describe(report);
  }
  EXPECT_EQ(memory.values<uint32_t>(out)[127], 70u);
}

/// A direct load from scratch: every lane's own dword, M0 and the offset on the side of LDS.
TEST(LocalShare, DirectLoadsFromScratch) {
  AssemblyKernel kernel{"k", R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v1, 2, v0
  v_add_u32 v2, 5, v0
  scratch_store_dword off, v2, off offset:8
  s_waitcnt vmcnt(0) lgkmcnt(0)
  s_mov_b32 m0, 64
  s_nop 0
  scratch_load_lds_dword off, off offset:8
  s_waitcnt vmcnt(0)
  ds_read_b32 v10, v1 offset:72
  s_waitcnt lgkmcnt(0)
  global_store_dword v1, v10, s[6:7]
)",
                        512, 16};
  CodeObjectPointer object = loadAssembly(assemblyKernel(kernel));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  uint64_t in = memory.allocate("in", 256), out = memory.allocate("out", 256);
  RunReport report =
      runChecked(*object, {"k", {1}, {64}, KernelArguments().pointer(in).pointer(out)}, memory);
  EXPECT_TRUE(report.findings.empty()) << describe(report);
  for (uint32_t lane = 0; lane < 64; ++lane)
    EXPECT_EQ(memory.values<uint32_t>(out)[lane], lane + 5);
}

/// Scalar scratch operations count their offset register in units of 64 bytes.
TEST(LocalShare, ScalarScratch) {
  CodeObjectPointer object = loadAssembly(assemblyKernel({"k", R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_mov_b32 s8, 1
  s_waitcnt lgkmcnt(0)
  s_scratch_load_dword s9, s[4:5], s8
  s_scratch_load_dword s10, s[4:5], 0x4
  s_waitcnt lgkmcnt(0)
  s_scratch_store_dword s9, s[6:7], s8
  s_scratch_store_dword s10, s[6:7], 0x0
  s_waitcnt lgkmcnt(0)
)",
                                                          0}));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  std::vector<uint32_t> values(64);
  std::iota(values.begin(), values.end(), 100);
  uint64_t in = memory.allocateValues<uint32_t>("in", values), out = memory.allocate("out", 256);
  RunReport report =
      runChecked(*object, {"k", {1}, {64}, KernelArguments().pointer(in).pointer(out)}, memory);
  EXPECT_TRUE(report.findings.empty()) << describe(report);
  EXPECT_EQ(memory.values<uint32_t>(out)[16], 116u);
  EXPECT_EQ(memory.values<uint32_t>(out)[0], 101u);
}

} // namespace
