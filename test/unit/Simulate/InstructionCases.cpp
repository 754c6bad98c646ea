#include "InstructionCases.h"
#include <cmath>
#include <cstring>
#include <random>

namespace codesign::simulate::test {

std::string kernelFor(const char *text, size_t index) {
  std::string body = R"(
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_lshlrev_b32 v1, 3, v0
  v_mov_b32 v10, 0x11111111
  v_mov_b32 v11, 0
  s_waitcnt lgkmcnt(0)
  global_load_dwordx2 v[4:5], v1, s[4:5]
  global_load_dwordx2 v[6:7], v1, s[4:5] offset:512
  global_load_dwordx2 v[8:9], v1, s[4:5] offset:1024
  s_waitcnt vmcnt(0)
)";
  body += std::string("  ") + text + "\n  s_nop 7\n  global_store_dwordx2 v1, v[10:11], s[6:7]\n";
  return assemblyKernel({"kernel" + std::to_string(index), body, 256});
}

namespace {

bool nearlyEqual(double got, double expected, double unit) {
  return (std::isnan(got) && std::isnan(expected)) || got == expected ||
         std::fabs(got - expected) <= unit * std::fabs(expected);
}

} // namespace

void expectCases(const std::vector<Case> &cases, llvm::StringRef arch) {
  std::string source;
  for (size_t i = 0; i < cases.size(); ++i)
    source += kernelFor(cases[i].text, i);
  CodeObjectPointer object = loadAssembly(source, arch);
  ASSERT_TRUE(object);
  std::mt19937_64 generator(11);
  const uint32_t special[] = {0,          0x80000000, 1,          0x7f800000, 0xff800000,
                              0x7fc00000, 0x3f800000, 0xbf000000, 0x00400000, 0x7f7fffff,
                              0xffffffff, 0x7fffffff, 0x4f000000, 0x3effffff, 0x40200000};
  for (size_t i = 0; i < cases.size(); ++i) {
    const Case &test = cases[i];
    for (int round = 0; round < 4; ++round) {
      std::vector<uint64_t> values(3 * 64);
      for (uint64_t &value : values) {
        uint32_t low =
            generator() % 3 == 0 ? special[generator() % std::size(special)]
            : round % 2
                ? uint32_t(u(float(std::ldexp(double(int32_t(generator())), int(generator() % 40) - 50))))
                : uint32_t(generator());
        value =
            low | (test.isFloat64 ? u(std::ldexp(1.0 + (generator() & 0xffff), int(generator() % 60) - 40)) &
                                        ~0xffffffffull
                                  : generator() << 32);
        if (test.isFloat32) // the second dword is a float as well
          value = low | u(float(int32_t(generator() >> 40) * 0.001)) << 32;
      }
      DeviceMemory memory;
      uint64_t in = memory.allocateValues<uint64_t>("in", values), out = memory.allocate("out", 512);
      RunReport report = runChecked(
          *object, {"kernel" + std::to_string(i), {1}, {64}, KernelArguments().pointer(in).pointer(out)},
          memory);
      EXPECT_TRUE(report.findings.empty()) << test.text << "\n" << describe(report);
      for (int lane = 0; lane < 64; ++lane) {
        Lane x{values[lane], values[64 + lane], values[128 + lane], lane, values.data()};
        uint64_t expected = test.expected(x), got = memory.values<uint64_t>(out)[lane];
        bool same = got == expected;
        if (test.isFloat32)
          same = nearlyEqual(f(got), f(expected), 1.2e-7) &&
                 nearlyEqual(f(got >> 32), f(expected >> 32), 1.2e-7);
        if (test.isFloat64)
          same = nearlyEqual(d(got), d(expected), 2.3e-16);
        EXPECT_TRUE(same) << test.text << std::hex << "\nlane " << lane << ": a=" << x.a << " b=" << x.b
                          << " c=" << x.c << "\ngot " << got << ", expected " << expected;
        if (!same)
          break;
      }
    }
  }
}

} // namespace codesign::simulate::test
