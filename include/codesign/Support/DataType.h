// Element types of tensors, as the hardware tells them apart.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace codesign {

/// FNUZ types are the 8-bit floats of gfx942; OCP types those of gfx950, Hopper and later.
enum class DataType : uint8_t {
  F64,
  F32,
  XF32,
  F16,
  BF16,
  F8E4M3,     // OCP E4M3FN
  F8E5M2,     // OCP
  F8E4M3FNUZ, // gfx942
  F8E5M2FNUZ, // gfx942
  F6E2M3,
  F6E3M2,
  F4E2M1,
  I32,
  I8,
  I4,
};

/// Width in bits: 4, 6, 8, 16, 32 or 64.
int bitWidth(DataType type);

/// Size of one element in bytes; 0.5 for 4-bit and 0.75 for 6-bit types.
double bytesPerElement(DataType type);

/// The short name in specs and reports: "bf16", "fp8", "fp8_e5m2", "fp8_fnuz", …
llvm::StringRef toString(DataType type);

/// Accepts the short names and the spellings of Hugging Face and PyTorch ("bfloat16", "torch.float16"); empty
/// if unknown.
std::optional<DataType> parseDataType(llvm::StringRef name);

/// True for the 8-bit floating types of either encoding.
bool isFloat8(DataType type);

/// How the 8-bit operands of a linear layer carry their fp32 scales. None for 16-bit types; PerTensor: one
/// for each operand; PerToken: one for each row of the activations and each output channel of the weights;
/// Block128: one for each row and 128 of k of the activations, and for each 128 x 128 of the weights.
enum class Scaling : uint8_t { None, PerTensor, PerToken, Block128 };

/// "none", "per-tensor", "per-token", "block-128".
llvm::StringRef toString(Scaling scaling);
std::optional<Scaling> parseScaling(llvm::StringRef name);

} // namespace codesign
