// Which of a profile's constants belong to the shape of an operator.
#pragma once

#include "codesign/Cost/CollectiveModel.h"
#include "codesign/Cost/Constants.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"
#include <array>
#include <optional>
#include <string>
#include <tuple>

namespace codesign {

constexpr llvm::StringLiteral blockScaledGemm = "gemm_block128";

/// The operator kind and type under which constants for a shape are stored.
struct CalibrationName {
  llvm::StringRef kind;
  std::optional<DataType> type;

  bool operator<(const CalibrationName &other) const {
    return std::tie(kind, type) < std::tie(other.kind, other.type);
  }
};

struct NameOf {
  CalibrationName operator()(const GemmShape &s) const {
    return {s.scaling == Scaling::Block128 ? blockScaledGemm : "gemm", s.input};
  }
  CalibrationName operator()(const GroupedGemmShape &s) const {
    return {s.scaling == Scaling::Block128 ? "moe_block128" : "moe", s.input};
  }
  CalibrationName operator()(const MoeRoutingShape &s) const { return {"moe", s.type}; }
  CalibrationName operator()(const AttentionShape &s) const {
    return {s.backward ? "prefill_backward" : "prefill", s.keyValueType};
  }
  CalibrationName operator()(const DecodeAttentionShape &s) const { return {"decode", s.keyValueType}; }
  CalibrationName operator()(const NormShape &) const { return {"norm", std::nullopt}; }
  CalibrationName operator()(const ElementwiseShape &) const { return {"elementwise", std::nullopt}; }
  CalibrationName operator()(const CollectiveShape &s) const {
    return {calibrationKind(s.kind), std::nullopt};
  }
};

class CalibrationLookup {
public:
  /// Prefers sets of `library` where it is not empty. The profile must outlive this.
  CalibrationLookup(const Profile &profile, std::string library);

  /// Products of a narrow type that the matrix units lack run on kernels of bf16, which widen the weights.
  bool isWidened(DataType type) const { return widened[static_cast<size_t>(type)]; }
  CalibrationName nameOf(const GemmShape &s) const {
    return isWidened(s.input) ? CalibrationName{"gemm", DataType::BF16} : NameOf{}(s);
  }
  CalibrationName nameOf(const GroupedGemmShape &s) const {
    return isWidened(s.input) ? CalibrationName{"moe", DataType::BF16} : NameOf{}(s);
  }
  template <class Shape>
  CalibrationName nameOf(const Shape &s) const {
    return NameOf{}(s);
  }
  CalibrationName nameOf(const OperatorShape &shape) const {
    return std::visit([&](const auto &s) { return nameOf(s); }, shape);
  }

  /// The set for a name; null where there is none.
  const CalibrationSet *setFor(CalibrationName name) const;

  template <class Constants>
  Constants constantsOf(CalibrationName name) const {
    return constantsFrom<Constants>(setFor(name), Constants::fields());
  }

private:
  const CalibrationSet *setFor(CalibrationName name, bool borrowed, bool anyType) const;

  const Profile &profile;
  const std::string library;
  std::array<bool, static_cast<size_t>(DataType::I4) + 1> widened;
};

} // namespace codesign
