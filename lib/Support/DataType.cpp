#include "codesign/Support/DataType.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

namespace codesign {

int bitWidth(DataType type) {
  switch (type) {
  case DataType::F64:
    return 64;
  case DataType::F32:
  case DataType::XF32:
  case DataType::I32:
    return 32;
  case DataType::F16:
  case DataType::BF16:
    return 16;
  case DataType::F8E4M3:
  case DataType::F8E5M2:
  case DataType::F8E4M3FNUZ:
  case DataType::F8E5M2FNUZ:
  case DataType::I8:
    return 8;
  case DataType::F6E2M3:
  case DataType::F6E3M2:
    return 6;
  case DataType::F4E2M1:
  case DataType::I4:
    return 4;
  }
  llvm_unreachable("unknown data type");
}

double bytesPerElement(DataType type) {
  return bitWidth(type) / 8.0;
}

llvm::StringRef toString(DataType type) {
  switch (type) {
  case DataType::F64:
    return "fp64";
  case DataType::F32:
    return "fp32";
  case DataType::XF32:
    return "xf32";
  case DataType::F16:
    return "fp16";
  case DataType::BF16:
    return "bf16";
  case DataType::F8E4M3:
    return "fp8";
  case DataType::F8E5M2:
    return "fp8_e5m2";
  case DataType::F8E4M3FNUZ:
    return "fp8_fnuz";
  case DataType::F8E5M2FNUZ:
    return "fp8_e5m2_fnuz";
  case DataType::F6E2M3:
    return "fp6_e2m3";
  case DataType::F6E3M2:
    return "fp6_e3m2";
  case DataType::F4E2M1:
    return "fp4";
  case DataType::I32:
    return "int32";
  case DataType::I8:
    return "int8";
  case DataType::I4:
    return "int4";
  }
  llvm_unreachable("unknown data type");
}

std::optional<DataType> parseDataType(llvm::StringRef name) {
  name.consume_front("torch.");
  return llvm::StringSwitch<std::optional<DataType>>(name)
      .Cases({"fp64", "float64", "double"}, DataType::F64)
      .Cases({"fp32", "float32", "float"}, DataType::F32)
      .Case("xf32", DataType::XF32)
      .Cases({"fp16", "float16", "half"}, DataType::F16)
      .Cases({"bf16", "bfloat16"}, DataType::BF16)
      .Cases({"fp8", "fp8_e4m3", "float8_e4m3fn"}, DataType::F8E4M3)
      .Cases({"fp8_e5m2", "float8_e5m2"}, DataType::F8E5M2)
      .Cases({"fp8_fnuz", "float8_e4m3fnuz"}, DataType::F8E4M3FNUZ)
      .Cases({"fp8_e5m2_fnuz", "float8_e5m2fnuz"}, DataType::F8E5M2FNUZ)
      .Case("fp6_e2m3", DataType::F6E2M3)
      .Case("fp6_e3m2", DataType::F6E3M2)
      .Cases({"fp4", "fp4_e2m1"}, DataType::F4E2M1)
      .Case("int32", DataType::I32)
      .Case("int8", DataType::I8)
      .Case("int4", DataType::I4)
      .Default(std::nullopt);
}

bool isFloat8(DataType type) {
  return type == DataType::F8E4M3 || type == DataType::F8E5M2 || type == DataType::F8E4M3FNUZ ||
         type == DataType::F8E5M2FNUZ;
}

llvm::StringRef toString(Scaling scaling) {
  switch (scaling) {
  case Scaling::None:
    return "none";
  case Scaling::PerTensor:
    return "per-tensor";
  case Scaling::PerToken:
    return "per-token";
  case Scaling::Block128:
    return "block-128";
  }
  llvm_unreachable("unknown scaling");
}

std::optional<Scaling> parseScaling(llvm::StringRef name) {
  for (Scaling scaling : {Scaling::None, Scaling::PerTensor, Scaling::PerToken, Scaling::Block128})
    if (name == toString(scaling))
      return scaling;
  return std::nullopt;
}

} // namespace codesign
