// A kernel in the style of hand-scheduled assembly, written out by this test: an unrolled loop of some 3,000
// instructions, direct-to-LDS loads three buffers deep with partial waits, 512 threads, accumulators in
// AGPRs, priorities around the matrix instructions, and metadata that names little.
#include "TestSupport.h"
#include "codesign/Simulate/Timing.h"
#include <cmath>
#include <random>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

constexpr int tile = 128, stepDepth = 32, steps = 66, iterations = 2, buffers = 3;
constexpr int depth = stepDepth * steps * iterations, size = 2 * tile; // 2 x 2 workgroups
constexpr int bufferBytes = 2 * tile * stepDepth * 2, rowBytes = 2 * depth;

struct Text {
  std::string all;
  template <class... Parts>
  void line(Parts... parts) {
    all += "  ";
    ((all += text(parts)), ...);
    all += '\n';
  }
  static std::string text(const char *part) { return part; }
  static std::string text(const std::string &part) { return part; }
  static std::string text(int part) { return std::to_string(part); }
};

std::string pair(const char *file, int first) {
  return std::string(file) + "[" + std::to_string(first) + ":" + std::to_string(first + 1) + "]";
}

/// s[12:15], s[16:19] descriptors of A and B, s20 byte offset in k of the next loads, s23 LDS offset of the
/// wave; v[2:5] row offsets of its four loads, v6 and v7 read addresses of A and B.
void setUp(Text &out) {
  out.line("s_load_dwordx4 s[4:7], s[0:1], 0x0");
  out.line("s_load_dwordx2 s[8:9], s[0:1], 0x10");
  out.line("v_lshrrev_b32 v9, 6, v0");
  out.line("v_and_b32 v8, 63, v0");
  out.line("v_readfirstlane_b32 s22, v9"); // wave
  out.line("s_lshl_b32 s23, s22, 10");
  out.line("s_and_b32 s24, s2, 1"); // block of rows
  out.line("s_lshr_b32 s25, s2, 1");
  out.line("s_waitcnt lgkmcnt(0)");
  for (int side = 0; side < 2; ++side) {
    const int from = 4 + 2 * side, to = 12 + 4 * side;
    out.line("s_mul_i32 s26, s", 24 + side, ", ", tile * rowBytes);
    out.line("s_add_u32 s", to, ", s", from, ", s26");
    out.line("s_addc_u32 s", to + 1, ", s", from + 1, ", 0");
    out.line("s_mov_b32 s", to + 2, ", ", tile * rowBytes);
    out.line("s_mov_b32 s", to + 3, ", 0x00020000");
  }
  // The rows that the wave loads: 16 · wave + 4 · load + lane / 16, dword lane % 16 of each.
  out.line("v_lshrrev_b32 v10, 4, v8");
  out.line("v_lshl_add_u32 v10, v9, 4, v10");
  out.line("v_mul_u32_u24 v10, ", rowBytes, ", v10");
  out.line("v_and_b32 v11, 15, v8");
  out.line("v_lshl_add_u32 v2, v11, 2, v10");
  for (int load = 1; load < 4; ++load)
    out.line("v_add_u32 v", 2 + load, ", ", 4 * load * rowBytes, ", v2");
  // Fragments: row (or column) lane % 32, k = 4 · (lane / 32) + 0 … 3; waves 2 x 4 of 64 x 32.
  out.line("v_and_b32 v10, 31, v8");
  out.line("v_lshrrev_b32 v11, 5, v8");
  out.line("v_lshlrev_b32 v12, 3, v11");
  out.line("v_lshl_add_u32 v12, v10, 6, v12");
  out.line("s_lshr_b32 s26, s22, 2");
  out.line("s_lshl_b32 s27, s26, 12");
  out.line("v_add_u32 v6, s27, v12");
  out.line("s_and_b32 s28, s22, 3");
  out.line("s_lshl_b32 s27, s28, 11");
  out.line("s_add_u32 s27, s27, ", bufferBytes / 2);
  out.line("v_add_u32 v7, s27, v12");
  // Where the wave's results go: column 32 · (wave % 4) + lane % 32, first row 64 · (wave / 4) + 4 · (lane /
  // 32).
  out.line("s_lshl_b32 s27, s28, 5");
  out.line("v_add_u32 v13, s27, v10");
  out.line("v_lshlrev_b32 v13, 2, v13");
  out.line("s_lshl_b32 s26, s26, 6");
  out.line("v_lshl_add_u32 v14, v11, 2, s26");
  out.line("v_lshl_add_u32 v13, v14, 10, v13"); // 1,024 bytes a row
  out.line("s_mul_i32 s26, s24, ", tile * size * 4);
  out.line("s_mul_i32 s27, s25, ", tile * 4);
  out.line("s_add_u32 s26, s26, s27");
  out.line("s_add_u32 s8, s8, s26");
  out.line("s_addc_u32 s9, s9, 0");
  out.line("s_mov_b32 s20, 0");
  out.line("s_mov_b32 s21, ", iterations);
  for (int reg = 0; reg < 32; ++reg)
    out.line("v_accvgpr_write_b32 a", reg, ", 0");
}

void load(Text &out, int number) {
  const bool isB = number >= 4;
  out.line("buffer_load_dword v", 2 + number % 4, ", s[", isB ? 16 : 12, ":", isB ? 19 : 15,
           "], s20 offen lds");
}
void pointTo(Text &out, int buffer, int number) {
  out.line("s_add_u32 m0, s23, ",
           buffer * bufferBytes + (number >= 4 ? bufferBytes / 2 : 0) + number % 4 * 256);
}

/// Fragment `number` of a step, in the order in which the products need them: B, then both A, four times.
void readFragment(Text &out, int buffer, int number) {
  const int k = number / 3, which = number % 3, base = buffer * bufferBytes + 16 * k;
  if (which == 0)
    out.line("ds_read_b64 ", pair("v", 32 + 2 * k), ", v7 offset:", base);
  else
    out.line("ds_read_b64 ", pair("v", 16 + 8 * (which - 1) + 2 * k),
             ", v6 offset:", base + (which - 1) * 32 * stepDepth * 2);
}

void step(Text &out, int number) {
  const int buffer = number % buffers, next = (number + 2) % buffers;
  out.line("s_waitcnt vmcnt(8)"); // the loads of the step after this one stay under way
  out.line("s_barrier");
  for (int i = 0; i < 12; ++i) {
    if (i < 8)
      pointTo(out, next, i);
    readFragment(out, buffer, i);
    if (i < 8)
      load(out, i);
  }
  out.line("s_add_u32 s20, s20, ", 2 * stepDepth);
  for (int k = 0; k < 4; ++k) {
    out.line("s_waitcnt lgkmcnt(", 9 - 3 * k, ")");
    if (k == 0)
      out.line("s_setprio 1");
    for (int half = 0; half < 2; ++half)
      out.line("v_mfma_f32_32x32x8_bf16 a[", 16 * half, ":", 16 * half + 15, "], ",
               pair("v", 16 + 8 * half + 2 * k), ", ", pair("v", 32 + 2 * k), ", a[", 16 * half, ":",
               16 * half + 15, "]");
  }
  out.line("s_setprio 0");
}

/// `dropped`: the wait of one step is left out.
std::string kernelText(int version, bool dropped) {
  Text out;
  setUp(out);
  for (int ahead = 0; ahead < 2; ++ahead) {
    for (int i = 0; i < 8; ++i) {
      pointTo(out, ahead, i);
      out.line("s_nop 0");
      load(out, i);
    }
    out.line("s_add_u32 s20, s20, ", 2 * stepDepth);
  }
  out.all += "loop:\n";
  for (int i = 0; i < steps; ++i) {
    Text body;
    step(body, i);
    if (dropped && i == 40)
      body.all.erase(0, body.all.find('\n') + 1);
    out.all += body.all;
  }
  out.line("s_sub_u32 s21, s21, 1");
  out.line("s_cmp_lg_u32 s21, 0");
  out.line("s_cbranch_scc1 loop");
  out.line("s_nop 15");
  for (int reg = 0; reg < 32; ++reg) {
    const int row = reg / 16 * 32 + reg % 16 / 4 * 8 + reg % 4;
    out.line("v_accvgpr_read_b32 v12, a", reg);
    out.line("v_add_u32 v11, ", row * size * 4, ", v13");
    out.line("global_store_dword v11, v12, s[8:9]");
  }
  return ".amdhsa_code_object_version " + std::to_string(version) +
         "\n.text\n.p2align 8\n.globl hand\n.type hand,@function\nhand:\n" + out.all +
         "  s_endpgm\n.rodata\n.p2align 6\n.amdhsa_kernel hand\n  .amdhsa_user_sgpr_kernarg_segment_ptr 1\n"
         "  .amdhsa_next_free_vgpr 160\n  .amdhsa_next_free_sgpr 32\n  .amdhsa_accum_offset 64\n"
         "  .amdhsa_group_segment_fixed_size " +
         std::to_string(buffers * bufferBytes) +
         "\n.end_amdhsa_kernel\n.amdgpu_metadata\namdhsa.version: [1, 0]\namdhsa.kernels:\n  - .name: hand\n"
         "    .symbol: hand.kd\n    .kernarg_segment_size: 24\n    .kernarg_segment_align: 8\n"
         "    .group_segment_fixed_size: 49152\n    .private_segment_fixed_size: 0\n    .wavefront_size: 64\n"
         "    .sgpr_count: 32\n    .vgpr_count: 160\n    .max_flat_workgroup_size: 512\n    .args:\n"
         "      - {.name: a, .size: 8, .offset: 0, .value_kind: global_buffer, .address_space: global}\n"
         "      - {.name: b, .size: 8, .offset: 8, .value_kind: by_value}\n"
         "      - {.name: pad, .size: 8, .offset: 16, .value_kind: by_value}\n...\n.end_amdgpu_metadata\n";
}

float toFloat(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

TEST(HandScheduled, RunsAndAgreesWithDoubleArithmetic) {
  std::mt19937 generator(41);
  std::vector<uint16_t> a(size * depth), b(size * depth);
  for (auto *list : {&a, &b})
    for (uint16_t &value : *list)
      value = static_cast<uint16_t>(
          std::bit_cast<uint32_t>(static_cast<float>(generator() % 2001) / 1000 - 1) >> 16);
  std::vector<double> wideA(a.size()), wideB(b.size());
  std::transform(a.begin(), a.end(), wideA.begin(), toFloat);
  std::transform(b.begin(), b.end(), wideB.begin(), toFloat);
  for (int version : {5, 6}) {
    CodeObjectPointer object = loadAssembly(kernelText(version, false));
    ASSERT_TRUE(object);
    EXPECT_EQ(object->codeObjectVersion(), version);
    DeviceMemory memory;
    const uint64_t da = memory.allocateValues<uint16_t>("a", a), db = memory.allocateValues<uint16_t>("b", b),
                   dc = memory.allocate("c", size * size * 4);
    Launch launch{"hand", {4}, {512}, KernelArguments().pointer(da).pointer(db).pointer(dc)};
    RunReport report = runChecked(*object, launch, memory);
    EXPECT_TRUE(report.findings.empty()) << describe(report);
    EXPECT_EQ(report.matrixMultiplyAccumulates, uint64_t(size) * size * depth);
    EXPECT_GT(report.instructions, 4u * 8 * 3000 * iterations - 1);
    for (int i = 0; i < size; i += 5)
      for (int j = 0; j < size; ++j) {
        double sum = 0, magnitude = 0;
        for (int k = 0; k < depth; ++k) {
          const double product = wideA[i * depth + k] * wideB[j * depth + k];
          sum += product;
          magnitude += std::fabs(product);
        }
        ASSERT_NEAR(memory.values<float>(dc)[i * size + j], sum, magnitude * std::sqrt(depth) * 0x1p-24)
            << i << ", " << j;
      }
  }
}

TEST(HandScheduled, OneMissingWaitInThreeThousandInstructionsIsFound) {
  CodeObjectPointer object = loadAssembly(kernelText(6, true));
  ASSERT_TRUE(object);
  DeviceMemory memory;
  const uint64_t da = memory.allocate("a", size * depth * 2), db = memory.allocate("b", size * depth * 2),
                 dc = memory.allocate("c", size * size * 4);
  RunReport report = runChecked(
      *object, {"hand", {1}, {512}, KernelArguments().pointer(da).pointer(db).pointer(dc)}, memory);
  EXPECT_GE(report.count(FindingKind::LdsRace) + report.count(FindingKind::MissingWait), 1u)
      << describe(report);
}

} // namespace
