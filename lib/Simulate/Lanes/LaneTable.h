// Arithmetic on 64 lanes at a time, compiled once per host instruction set. No header of the standard library
// that emits code may be included by the implementations: their functions must not leak into other
// translation units.
#pragma once

#include <cstddef>
#include <cstdint>

namespace codesign::simulate {

/// Registers are arrays of 64 dwords; a 64-bit operand is two of them in a row, low dwords first.
struct LaneArguments {
  uint32_t *destination = nullptr;
  const uint32_t *source[3] = {};
  uint64_t maskIn = 0;  // carry or select, one bit per lane
  uint64_t maskOut = 0; // carry or comparison
  uint32_t immediate = 0;
  bool halfOverflow = false;
};

using LaneKernel = void (*)(LaneArguments &);

enum class LaneType : uint8_t { B32, F32, F16, F64, B64, B16, None };

/// How undefined bits of the sources reach the result.
enum class UndefinedRule : uint8_t {
  Mix,   // any undefined bit of a lane makes the whole lane undefined
  Copy,  // bytes keep their place
  And,   // a defined zero byte defines the result
  Or,    // a defined byte of ones defines the result
  Bytes, // byte by byte over all sources
  ShiftLeft,
  ShiftRight,
  Select,  // v_cndmask
  Permute, // v_perm
};

struct LaneOperation {
  const char *name; // LLVM's, without suffixes: "V_ADD_F32"
  LaneKernel kernel;
  uint8_t sourceCount;
  LaneType sourceType[3];
  LaneType destinationType;
  UndefinedRule undefined;
  bool isTranscendental;
};

/// Element types of matrix operands.
enum class MatrixType : uint8_t { BF16, F16, F8, BF8, F8Ocp, BF8Ocp, F6, BF6, F4, XF32, F32, I8, I4 };

/// Where the rows and depth steps of one block lie in unpacked operands and in the result registers.
struct MatrixStep {
  int dimension; // 4, 16 or 32
  int depth;
  const int *offsetsA;
  const int *offsetsB;
  const int *rowOffsets;
};

struct LaneTable {
  const char *name; // "AVX-512", …
  const LaneOperation *operations;
  size_t operationCount;
  /// destination[lane] = source[lane] where the mask has a bit, for `count` registers.
  void (*blend)(uint32_t *destination, const uint32_t *source, uint64_t mask, int count);
  /// Unpacks `elements` values per lane from consecutive registers: result[element * 64 + lane].
  void (*unpackFloat)(MatrixType type, const uint32_t *registers, int elements, float *result);
  void (*unpackInteger)(MatrixType type, const uint32_t *registers, int elements, int32_t *result);
  /// One block of an MFMA: accumulator[rowOffsets[i] + j] += Σ_k a[offsetsA[k] + i] · b[offsetsB[k] + j],
  /// k in order, one rounding per step.
  void (*multiplyFloat)(const MatrixStep &step, const float *a, const float *b, float *accumulator);
  void (*multiplyInteger)(const MatrixStep &step, const int32_t *a, const int32_t *b, int32_t *accumulator);
};

/// The table for this machine.
const LaneTable &laneTable();
const LaneTable &baselineLaneTable();
const LaneTable &avx2LaneTable();
const LaneTable &avx512LaneTable();

} // namespace codesign::simulate
