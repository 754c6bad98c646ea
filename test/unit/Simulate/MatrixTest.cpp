// Every MFMA shape and type against a plain matrix product. The lane layouts below are written from AMD's
// published matrix calculator formulas, not from the project's instruction table.
#include "TestSupport.h"
#include <cmath>
#include <random>

using namespace codesign::simulate;
using namespace codesign::simulate::test;

namespace {

/// A number format by its fields; width 8 or less, bf16, f16, f32 (xf32), f64 and integers.
struct Format {
  std::string name;
  int bits, exponentBits, mantissaBits, bias;
  enum Kind { Ieee, Fnuz, FiniteNan, Finite, Integer } kind;
};
const Format bf16{"bf16", 16, 8, 7, 127, Format::Ieee}, f16{"f16", 16, 5, 10, 15, Format::Ieee};
const Format f32{"f32", 32, 8, 23, 127, Format::Ieee}, xf32{"xf32", 32, 8, 23, 127, Format::Ieee};
const Format f64{"f64", 64, 11, 52, 1023, Format::Ieee}, i8{"i8", 8, 0, 7, 0, Format::Integer};
const Format fp8z{"fp8", 8, 4, 3, 8, Format::Fnuz}, bf8z{"bf8", 8, 5, 2, 16, Format::Fnuz};
const Format fp8{"fp8", 8, 4, 3, 7, Format::FiniteNan}, bf8{"bf8", 8, 5, 2, 15, Format::Ieee};
const Format fp6{"fp6", 6, 2, 3, 1, Format::Finite}, bf6{"bf6", 6, 3, 2, 3, Format::Finite},
    fp4{"fp4", 4, 2, 1, 1, Format::Finite};

double decode(const Format &format, uint64_t code) {
  if (format.kind == Format::Integer)
    return static_cast<int8_t>(code);
  bool negative = (code >> (format.bits - 1)) & 1;
  uint64_t exponent = (code >> format.mantissaBits) & ((1ull << format.exponentBits) - 1);
  uint64_t mantissa = code & ((1ull << format.mantissaBits) - 1), top = (1ull << format.exponentBits) - 1;
  if (format.kind == Format::Ieee && exponent == top)
    return mantissa ? NAN : negative ? -INFINITY : INFINITY;
  if (format.kind == Format::Fnuz && negative && !exponent && !mantissa)
    return NAN;
  if (format.kind == Format::FiniteNan && exponent == top && mantissa == (1ull << format.mantissaBits) - 1)
    return NAN;
  double fraction = std::ldexp(static_cast<double>(mantissa), -format.mantissaBits);
  double value = exponent ? std::ldexp(1 + fraction, static_cast<int>(exponent) - format.bias)
                          : std::ldexp(fraction, 1 - format.bias);
  return negative ? -value : value;
}

struct Shape {
  std::string mnemonic;
  int m, k, blocks; // n = m
  Format a, b;
  bool scaled = false, sparse = false, inAccumulators = false;
  int cbsz = 0, blgp = 0;

  bool isDeepSparse() const { return sparse && k * m * a.bits == 16384; }
  bool isInteger() const { return a.kind == Format::Integer; }
  bool isDouble() const { return a.bits == 64; }
  int registers(const Format &format, bool isStoredHalf) const {
    return std::max(1, m * (isStoredHalf ? k / 2 : k) * blocks / 64 * format.bits / 32);
  }
  int registersA() const { return registers(a, sparse); }
  int registersB() const { return registers(b, false); }
  int registersC() const { return m * m * blocks / 64 * (isDouble() ? 2 : 1); }
};

struct Slot {
  int lane, element;
};

/// Lane and element of A[i][k] in one block (B[k][j] likewise with j for i).
Slot operandSlot(const Shape &shape, const Format &format, int block, int i, int k, int depth) {
  if (shape.m == 4 && shape.isDouble()) // 4x4x4_4b f64: lane = i + 4 block + 16 k
    return {i + 4 * block + 16 * k, 0};
  if (shape.blocks > 1)
    return {i + shape.m * block, k};
  int groups = 64 / shape.m, perLane = depth / groups;
  if (format.bits == 8 && perLane == 32) { // gfx950's deep 8-bit forms: two chunks of 16
    int chunk = k / 16;
    return {i + shape.m * (chunk % groups), chunk / groups * 16 + k % 16};
  }
  return {i + shape.m * (k / perLane), k % perLane};
}

Slot resultSlot(const Shape &shape, int block, int i, int j) {
  if (shape.isDouble())
    return shape.m == 4 ? Slot{j + 4 * block + 16 * i, 0} : Slot{j + 16 * (i % 4), i / 4};
  if (shape.m == 4)
    return {j + 4 * block, i};
  if (shape.m == 16)
    return {j + 16 * (i / 4), 4 * block + i % 4};
  return {j + 32 * ((i / 4) % 2), 16 * block + 4 * (i / 8) + i % 4};
}

void putBits(std::vector<uint32_t> &registers, Slot slot, int bits, uint64_t value) {
  for (int bit = 0; bit < bits; ++bit) {
    int at = slot.element * bits + bit;
    if ((value >> bit) & 1)
      registers[at / 32 * 64 + slot.lane] |= 1u << (at % 32);
  }
}
uint64_t getBits(const std::vector<uint32_t> &registers, Slot slot, int bits) {
  uint64_t value = 0;
  for (int bit = 0; bit < bits; ++bit) {
    int at = slot.element * bits + bit;
    value |= uint64_t((registers[at / 32 * 64 + slot.lane] >> (at % 32)) & 1) << bit;
  }
  return value;
}

std::string range(const char *file, int first, int count) {
  std::string text = file;
  return count == 1 ? text + std::to_string(first)
                    : text + "[" + std::to_string(first) + ":" + std::to_string(first + count - 1) + "]";
}

constexpr int firstA = 4, firstB = 12, firstIndex = 28, firstScaleA = 29, firstScaleB = 30, firstC = 32,
              firstD = 64;

/// gfx950's sparse forms of twice the depth, as published by AMD's hip-fpsan for an MI350: lane group and
/// register byte of a stored 8-bit A[i][c] and of B[k][j].
Slot deepSparseSlot(const Shape &shape, const Format &format, bool isA, int i, int k) {
  int groups = 64 / shape.m;
  if (!isA)
    return {shape.m * (k / 8 % groups) + i, k / (8 * groups) * 8 + k % 8};
  if (format.bits == 16)
    return {shape.m * (k / 8) + i, k % 8};
  if (shape.m == 16)
    return {16 * ((k >> 4 & 2) | (k >> 3 & 1)) + i, 4 * ((k >> 1 & 2) | (k >> 4 & 1)) + k % 4};
  return {32 * (k >> 4 & 1) + i, 4 * ((k >> 1 & 2) | (k >> 3 & 1)) + k % 4};
}

/// Loads v4.. from the input image (one dword per register and lane), runs the instruction, stores the
/// result.
std::string kernelText(const Shape &shape, const std::string &name) {
  std::string body =
      "  s_load_dwordx4 s[4:7], s[0:1], 0x0\n  v_lshlrev_b32 v1, 2, v0\n  s_waitcnt lgkmcnt(0)\n";
  for (int reg = firstA; reg < firstC + shape.registersC(); ++reg)
    body += "  global_load_dword v" + std::to_string(reg) + ", v1, s[4:5]\n  v_add_u32 v1, 0x100, v1\n";
  body += "  s_waitcnt vmcnt(0)\n";
  int count = shape.registersC();
  std::string d = range("v", firstD, count), c = range("v", firstC, count);
  if (shape.inAccumulators) {
    for (int r = 0; r < count; ++r)
      body += "  v_accvgpr_write_b32 a" + std::to_string(r) + ", v" + std::to_string(firstC + r) + "\n";
    d = c = range("a", 0, count);
  }
  if (shape.sparse) {
    for (int r = 0; r < count; ++r)
      body += "  v_mov_b32 v" + std::to_string(firstD + r) + ", v" + std::to_string(firstC + r) + "\n";
    c = "v" + std::to_string(firstIndex);
  }
  body += "  s_nop 15\n  " + shape.mnemonic + " " + d + ", " + range("v", firstA, shape.registersA()) + ", " +
          range("v", firstB, shape.registersB()) + ", " + c;
  if (shape.scaled)
    body += ", v" + std::to_string(firstScaleA) + ", v" + std::to_string(firstScaleB) +
            " op_sel:[1,0] op_sel_hi:[0,1]";
  if (shape.cbsz)
    body += " cbsz:" + std::to_string(shape.cbsz);
  if (shape.blgp)
    body += " blgp:" + std::to_string(shape.blgp);
  body += "\n  s_nop 15\n  s_nop 15\n  v_lshlrev_b32 v1, 2, v0\n";
  for (int r = 0; r < count; ++r) {
    if (shape.inAccumulators)
      body += "  v_accvgpr_read_b32 v" + std::to_string(firstD + r) + ", a" + std::to_string(r) + "\n";
    body +=
        "  global_store_dword v1, v" + std::to_string(firstD + r) + ", s[6:7]\n  v_add_u32 v1, 0x100, v1\n";
  }
  return assemblyKernel({name, body});
}

class Matrix {
public:
  Matrix(const Shape &shape, std::mt19937 &generator)
      : shape(shape), image((firstC + shape.registersC() - firstA) * 64) {
    int depthA = shape.sparse ? shape.k / 2 : shape.k;
    a = fill(shape.a, depthA, firstA, true, generator);
    b = fill(shape.b, shape.k, firstB, false, generator);
    for (int lane = 0; lane < 64; ++lane) {
      index.push_back(shape.sparse ? sparseIndex(generator) : 0);
      scaleA.push_back(generator());
      scaleB.push_back(generator());
      for (auto *scale : {&scaleA.back(), &scaleB.back()}) // exponents near 0
        *scale = 0x7c7c7c7cu + (*scale & 0x07070707u);
      at(firstIndex, lane) = index.back();
      at(firstScaleA, lane) = scaleA.back();
      at(firstScaleB, lane) = scaleB.back();
    }
    for (int block = 0; block < shape.blocks; ++block)
      for (int i = 0; i < shape.m; ++i)
        for (int j = 0; j < shape.m; ++j) {
          int value = static_cast<int>(generator() % 64) - 32;
          c.push_back(value);
          Slot slot = resultSlot(shape, block, i, j);
          uint64_t bits = shape.isDouble()    ? std::bit_cast<uint64_t>(double(value))
                          : shape.isInteger() ? static_cast<uint32_t>(value)
                                              : std::bit_cast<uint32_t>(float(value));
          store(firstC, slot, shape.isDouble() ? 64 : 32, bits);
        }
  }

  void check(CodeObjectPointer object, const std::string &name) {
    DeviceMemory memory;
    uint64_t in = memory.allocateValues<uint32_t>("in", image),
             out = memory.allocate("out", 256 * shape.registersC());
    RunReport report =
        runChecked(*object, {name, {1}, {64}, KernelArguments().pointer(in).pointer(out)}, memory);
    EXPECT_TRUE(report.findings.empty()) << shape.mnemonic << "\n" << describe(report);
    std::vector<uint32_t> result(memory.values<uint32_t>(out).begin(), memory.values<uint32_t>(out).end());
    int depthA = shape.sparse ? shape.k / 2 : shape.k;
    for (int block = 0; block < shape.blocks; ++block)
      for (int i = 0; i < shape.m; ++i)
        for (int j = 0; j < shape.m; ++j) {
          double sum = c[(block * shape.m + i) * shape.m + j], magnitude = std::fabs(sum);
          for (int k = 0; k < depthA; ++k) {
            int dense = k;
            if (shape.sparse) { // two of every four depth steps are stored
              Slot slot = slotOf(shape.a, 0, i, k, depthA, true);
              dense = 4 * (k / 2) + static_cast<int>((index[slot.lane] >> (2 * slot.element)) & 3);
            }
            double x = a[(block * shape.m + i) * depthA + k], y = b[(block * shape.m + j) * shape.k + dense];
            if (shape.scaled) { // byte 1 of A's register, byte 2 of B's, chosen by op_sel and op_sel_hi
              int lane = shape.m * (k / 32);
              x = std::ldexp(x, int((scaleA[i + lane] >> 8) & 255) - 127);
              y = std::ldexp(y, int((scaleB[j + lane] >> 16) & 255) - 127);
            }
            sum += x * y;
            magnitude += std::fabs(x * y);
          }
          uint64_t bits = getBits(result, resultSlot(shape, block, i, j), shape.isDouble() ? 64 : 32);
          double got = shape.isDouble()    ? std::bit_cast<double>(bits)
                       : shape.isInteger() ? static_cast<int32_t>(bits)
                                           : std::bit_cast<float>(static_cast<uint32_t>(bits));
          ASSERT_NEAR(got, sum, shape.isInteger() ? 0 : magnitude * (shape.isDouble() ? 1e-14 : 2e-5))
              << shape.mnemonic << " block " << block << " [" << i << "][" << j << "]";
        }
  }

private:
  Slot slotOf(const Format &format, int block, int i, int k, int depth, bool isA) const {
    return shape.isDeepSparse() ? deepSparseSlot(shape, format, isA, i, k)
                                : operandSlot(shape, format, block, i, k, depth);
  }
  uint32_t &at(int reg, int lane) { return image[(reg - firstA) * 64 + lane]; }
  void store(int firstRegister, Slot slot, int bits, uint64_t value) {
    std::vector<uint32_t> part(image.begin() + (firstRegister - firstA) * 64, image.end());
    putBits(part, slot, bits, value);
    std::copy(part.begin(), part.end(), image.begin() + (firstRegister - firstA) * 64);
  }
  uint32_t sparseIndex(std::mt19937 &generator) { // pairs of different, ascending positions
    uint32_t bits = 0;
    for (int pair = 0; pair < 8; ++pair) {
      uint32_t first = generator() % 3, second = first + 1 + generator() % (3 - first);
      bits |= (first | second << 2) << (4 * pair);
    }
    return bits;
  }
  std::vector<double> fill(const Format &format, int depth, int firstRegister, bool isA,
                           std::mt19937 &generator) {
    std::vector<double> values;
    for (int block = 0; block < shape.blocks; ++block)
      for (int i = 0; i < shape.m; ++i)
        for (int k = 0; k < depth; ++k) {
          uint64_t code = 0;
          double value = NAN;
          while (!(std::fabs(value) <= (format.kind == Format::Integer ? 128 : 8)) ||
                 (format.bits >= 16 && std::fabs(value) < 0.01)) {
            code = (uint64_t(generator()) << 32 | generator()) &
                   (format.bits == 64 ? ~0ull : (1ull << format.bits) - 1);
            if (format.name == "xf32")
              code &= ~0x1fffull; // representable with 10 bits of mantissa
            value = decode(format, code);
          }
          values.push_back(value);
          store(firstRegister, slotOf(format, block, i, k, depth, isA), format.bits, code);
        }
    return values;
  }

  Shape shape;
  std::vector<uint32_t> image, index, scaleA, scaleB;
  std::vector<double> a, b, c;
};

void checkAll(const std::vector<Shape> &shapes, const char *arch) {
  std::string source;
  for (size_t i = 0; i < shapes.size(); ++i)
    source += kernelText(shapes[i], "kernel" + std::to_string(i));
  CodeObjectPointer object = loadAssembly(source, arch);
  ASSERT_TRUE(object);
  std::mt19937 generator(3);
  for (size_t i = 0; i < shapes.size(); ++i)
    Matrix(shapes[i], generator).check(object, "kernel" + std::to_string(i));
}

std::vector<Shape> commonShapes() {
  std::vector<Shape> shapes = {
      {"v_mfma_f32_32x32x1_2b_f32", 32, 1, 2, f32, f32}, {"v_mfma_f32_16x16x1_4b_f32", 16, 1, 4, f32, f32},
      {"v_mfma_f32_4x4x1_16b_f32", 4, 1, 16, f32, f32},  {"v_mfma_f32_32x32x2_f32", 32, 2, 1, f32, f32},
      {"v_mfma_f32_16x16x4_f32", 16, 4, 1, f32, f32},    {"v_mfma_f64_16x16x4_f64", 16, 4, 1, f64, f64},
      {"v_mfma_f64_4x4x4_4b_f64", 4, 4, 4, f64, f64},    {"v_mfma_i32_32x32x4_2b_i8", 32, 4, 2, i8, i8},
      {"v_mfma_i32_16x16x4_4b_i8", 16, 4, 4, i8, i8},    {"v_mfma_i32_4x4x4_16b_i8", 4, 4, 16, i8, i8},
      {"v_mfma_i32_32x32x16_i8", 32, 16, 1, i8, i8},     {"v_mfma_i32_16x16x32_i8", 16, 32, 1, i8, i8}};
  for (const Format &format : {f16, bf16}) {
    shapes.push_back({"v_mfma_f32_32x32x4_2b_" + format.name, 32, 4, 2, format, format});
    shapes.push_back({"v_mfma_f32_16x16x4_4b_" + format.name, 16, 4, 4, format, format});
    shapes.push_back({"v_mfma_f32_4x4x4_16b_" + format.name, 4, 4, 16, format, format});
    shapes.push_back({"v_mfma_f32_32x32x8_" + format.name, 32, 8, 1, format, format});
    shapes.push_back({"v_mfma_f32_16x16x16_" + format.name, 16, 16, 1, format, format});
    shapes.push_back({"v_smfmac_f32_16x16x32_" + format.name, 16, 32, 1, format, format, false, true});
    shapes.push_back({"v_smfmac_f32_32x32x16_" + format.name, 32, 16, 1, format, format, false, true});
  }
  shapes.push_back({"v_smfmac_i32_16x16x64_i8", 16, 64, 1, i8, i8, false, true});
  shapes.push_back({"v_smfmac_i32_32x32x32_i8", 32, 32, 1, i8, i8, false, true});
  shapes.push_back({"v_mfma_f32_32x32x8_bf16", 32, 8, 1, bf16, bf16, false, false, true});
  shapes.push_back({"v_mfma_f32_16x16x16_f16", 16, 16, 1, f16, f16, false, false, true});
  return shapes;
}

TEST(Matrix, EveryShapeOfGfx942) {
  std::vector<Shape> shapes = commonShapes();
  shapes.push_back({"v_mfma_f32_16x16x8_xf32", 16, 8, 1, xf32, xf32});
  shapes.push_back({"v_mfma_f32_32x32x4_xf32", 32, 4, 1, xf32, xf32});
  for (const Format &a : {fp8z, bf8z})
    for (const Format &b : {fp8z, bf8z}) {
      shapes.push_back({"v_mfma_f32_16x16x32_" + a.name + "_" + b.name, 16, 32, 1, a, b});
      shapes.push_back({"v_mfma_f32_32x32x16_" + a.name + "_" + b.name, 32, 16, 1, a, b});
      shapes.push_back({"v_smfmac_f32_16x16x64_" + a.name + "_" + b.name, 16, 64, 1, a, b, false, true});
      shapes.push_back({"v_smfmac_f32_32x32x32_" + a.name + "_" + b.name, 32, 32, 1, a, b, false, true});
    }
  checkAll(shapes, "gfx942");
}

TEST(Matrix, EveryShapeOfGfx950) {
  std::vector<Shape> shapes = commonShapes();
  for (const Format &format : {f16, bf16}) {
    shapes.push_back({"v_mfma_f32_16x16x32_" + format.name, 16, 32, 1, format, format});
    shapes.push_back({"v_mfma_f32_32x32x16_" + format.name, 32, 16, 1, format, format});
    shapes.push_back({"v_smfmac_f32_16x16x64_" + format.name, 16, 64, 1, format, format, false, true});
    shapes.push_back({"v_smfmac_f32_32x32x32_" + format.name, 32, 32, 1, format, format, false, true});
  }
  shapes.push_back({"v_smfmac_i32_16x16x128_i8", 16, 128, 1, i8, i8, false, true});
  shapes.push_back({"v_smfmac_i32_32x32x64_i8", 32, 64, 1, i8, i8, false, true});
  shapes.push_back({"v_mfma_i32_16x16x64_i8", 16, 64, 1, i8, i8});
  shapes.push_back({"v_mfma_i32_32x32x32_i8", 32, 32, 1, i8, i8});
  for (const Format &a : {fp8, bf8})
    for (const Format &b : {fp8, bf8}) {
      shapes.push_back({"v_mfma_f32_16x16x32_" + a.name + "_" + b.name, 16, 32, 1, a, b});
      shapes.push_back({"v_mfma_f32_32x32x16_" + a.name + "_" + b.name, 32, 16, 1, a, b});
      for (const char *shape : {"16x16x64_", "32x32x32_", "16x16x128_", "32x32x64_"}) {
        int dimension = shape[0] == '1' ? 16 : 32, depth = std::atoi(shape + 6);
        shapes.push_back({std::string("v_smfmac_f32_") + shape + a.name + "_" + b.name, dimension, depth, 1,
                          a, b, false, true});
      }
    }
  checkAll(shapes, "gfx950");
}

TEST(Matrix, MixedAndScaledFormatsOfGfx950) {
  const Format formats[] = {fp8, bf8, fp6, bf6, fp4}; // in the order of the format codes 0 to 4
  std::vector<Shape> shapes;
  for (int a = 0; a < 5; ++a)
    for (int b = 0; b < 5; ++b)
      for (bool scaled : {false, true}) {
        std::string prefix = scaled ? "v_mfma_scale_f32_" : "v_mfma_f32_";
        shapes.push_back(
            {prefix + "16x16x128_f8f6f4", 16, 128, 1, formats[a], formats[b], scaled, false, false, a, b});
        shapes.push_back(
            {prefix + "32x32x64_f8f6f4", 32, 64, 1, formats[a], formats[b], scaled, false, false, a, b});
      }
  checkAll(shapes, "gfx950");
}

} // namespace
