#include "Target.h"
#include "PreludeText.h"
#include "codesign/Emit/Emit.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace codesign {

namespace emit {

namespace {

StringRef scalarName(DataType type) {
  return isFloat8(type) ? "fp8" : type == DataType::F16 ? "f16" : "bf16";
}

Error checkTypes(const MatrixInstruction &record) {
  const DataType type = record.a.type;
  const bool known = (type == DataType::BF16 || type == DataType::F16 || isFloat8(type)) &&
                     record.a.type == record.b.type && record.c.type == DataType::F32 && record.blocks == 1 &&
                     !record.sparse;
  return known ? Error::success() : usageError(Twine(record.name) + " has no emitted form yet");
}

/// What a lane holds of the operands and the sums.
void writeLayouts(const MatrixInstruction &record, raw_ostream &out) {
  out << formatv("// {0}: of A a lane holds\n// {1};\n// of D {2}.\n", record.mnemonic,
                 record.a.layout.formula(), record.c.layout.formula());
}

class AmdTarget : public Target {
public:
  std::string signature(kernel::FuncOp function, StringRef threads, StringRef) const override {
    const int64_t wavesPerSimd =
        divideCeil(function.getWaveCount() * function.getResidency(), simdsPerComputeUnit);
    return formatv("extern \"C\" __global__ WORKGROUP({0}, {1}) void", threads, wavesPerSimd).str();
  }

  Error writeInstruction(const MatrixInstruction &record, OperandOrder, raw_ostream &out) const override {
    if (Error error = checkTypes(record))
      return error;
    const int operandBits = record.a.layout.elementsPerLane() * bitWidth(record.a.type);
    if (operandBits != 64 && operandBits != 128 && operandBits != 256)
      return usageError(Twine(record.name) + " has no emitted form yet");
    const StringRef element = scalarName(record.a.type);
    writeLayouts(record, out);
    out << "struct Mma {\n";
    out << formatv("  using Element = {0};\n", element);
    out << formatv("  using Accumulator = Vector<float, {0}>;\n", record.c.layout.elementsPerLane());
    out << formatv("  static constexpr int size = {0};\n", record.m);
    if (operandBits == 256) {
      out << "  static constexpr int chunks = 2; // of 16 bytes, which make an operand\n"
             "  DEVICE Accumulator apply(Vector<int, 8> a, Vector<int, 8> b, Accumulator sum) {\n";
      // Formats of A and B; without scales.
      out << formatv("    return {0}(a, b, sum, {1}, {2}, 0, 0, 0, 0);\n  }\n};\n", record.text,
                     record.formatA, record.formatB);
      return Error::success();
    }
    out << "  static constexpr int chunks = 1;\n";
    out << "  DEVICE Accumulator apply(Chunk<Element> a, Chunk<Element> b, Accumulator sum) {\n";
    // A lane's 16 bytes of each operand fill one instruction or two.
    auto call = [&](StringRef lead, const char *half) {
      const std::string left = Twine("a" + Twine(half)).str(), right = Twine("b" + Twine(half)).str();
      const bool asBits = operandBits == 64 && record.a.type != DataType::F16;
      out << formatv("    {0}{1}({2}, {3}, sum, 0, 0, 0);\n", lead, record.text,
                     asBits ? "bits(" + left + ")" : left, asBits ? "bits(" + right + ")" : right);
    };
    if (operandBits == 128) {
      call("return ", "");
    } else {
      call("sum = ", ".lo");
      call("return ", ".hi");
    }
    out << "  }\n};\n";
    return Error::success();
  }

  bool sharesOneBlock(kernel::FuncOp) const override { return false; }

private:
  static constexpr int64_t simdsPerComputeUnit = 4;
};

class NvidiaTarget : public Target {
public:
  std::string signature(kernel::FuncOp function, StringRef threads, StringRef clusterSize) const override {
    std::string text =
        formatv("extern \"C\" __global__ void __launch_bounds__({0}, {1})", threads, function.getResidency());
    if (function.getClusterSize() > 1)
      text += formatv(" __cluster_dims__({0}, 1, 1)", clusterSize);
    return text;
  }

  Error writeInstruction(const MatrixInstruction &record, OperandOrder order,
                         raw_ostream &out) const override {
    if (Error error = checkTypes(record))
      return error;
    if (record.kind == MatrixInstructionKind::Wgmma && record.a.space == OperandSpace::SharedMemory) {
      writeWgmma(record, order, out);
      return Error::success();
    }
    if (record.kind != MatrixInstructionKind::MmaSync)
      return usageError(Twine(record.name) + " has no emitted form yet");
    int next = 0;
    // The register list "{%0, %1}" and the constraints of one operand; the accumulator is both read and
    // written.
    auto registers = [&](int count) {
      std::string list = "{";
      for (int i = 0; i < count; ++i)
        list += (i ? ", %" : "%") + std::to_string(next++);
      return list + "}";
    };
    auto constraints = [](const char *kind, const char *name, int count) {
      std::string list;
      for (int i = 0; i < count; ++i)
        list += formatv("{0}\"{1}\"({2}[{3}])", i ? ", " : "", kind, name, i).str();
      return list;
    };
    const int sums = record.c.registersPerLane, a = record.a.registersPerLane, b = record.b.registersPerLane;
    std::string text = record.text;
    auto substitute = [&](StringRef key, const std::string &value) {
      for (size_t at; (at = text.find(key.str())) != std::string::npos;)
        text.replace(at, key.size(), value);
    };
    const std::string sumList = registers(sums);
    substitute("$d", sumList);
    substitute("$a", registers(a));
    substitute("$b", registers(b));
    substitute("$c", sumList);
    writeLayouts(record, out);
    out << "struct Mma {\n";
    out << formatv("  using Element = {0};\n", scalarName(record.a.type));
    out << formatv(
        "  DEVICE void apply(float (&sum)[{0}], const unsigned (&a)[{1}], const unsigned (&b)[{2}]) {{\n",
        sums, a, b);
    const auto [mnemonic, operands] = StringRef(text).split(' ');
    out << formatv("    asm(\"{0} \"\n        \"{1}\"\n", mnemonic, operands);
    out << formatv("        : {0}\n", constraints("+f", "sum", sums));
    out << formatv("        : {0}, {1});\n", constraints("r", "a", a), constraints("r", "b", b));
    out << "  }\n};\n";
    return Error::success();
  }

  bool sharesOneBlock(kernel::FuncOp function) const override {
    return launchFacts(function).dynamicLdsBytes > 0;
  }

private:
  /// Operands are descriptors; a lane's share of the sums is n / 2 registers.
  static void writeWgmma(const MatrixInstruction &record, OperandOrder order, raw_ostream &out) {
    const int sums = record.c.registersPerLane;
    std::string list, constraints;
    for (int i = 0; i < sums; ++i) {
      list += formatv("{0}%{1}", i == 0 ? "" : i % 16 ? ", " : ",\"\n        \" ", i);
      constraints += formatv("{0}\"+f\"(sum[{1}])", i == 0 ? "" : i % 8 ? ", " : ",\n          ", i);
    }
    out << formatv("// {0}:\n// of D a lane holds {1}.\n", record.mnemonic, record.c.layout.formula());
    out << "struct Mma {\n";
    out << formatv("  using Element = {0};\n  static constexpr int columns = {1};\n",
                   scalarName(record.a.type), record.n);
    // Only 16-bit types have the choice.
    const std::string transposes = StringRef(record.text).contains("$transposeA")
                                       ? formatv(", {0}, {1}", int(order.aAcross), int(order.bAcross)).str()
                                       : "";
    auto function = [&](StringRef name, int accumulate) {
      out << formatv("  DEVICE void {0}(float (&sum)[{1}], unsigned long long a, unsigned long long b) {{\n",
                     name, sums);
      out << formatv("    asm volatile(\n        \"{0} \"\n        \"{{{1}}, \"\n", record.mnemonic, list);
      out << formatv("        \"%{0}, %{1}, {3}, 1, 1{2};\"\n", sums, sums + 1, transposes, accumulate);
      out << formatv("        : {0}\n        : \"l\"(a), \"l\"(b));\n  }\n", constraints);
    };
    function("apply", 1);
    if (isFloat8(record.a.type))
      function("applyAnew", 0); // the sums before count as zero
    out << "};\n";
  }
};

} // namespace

Architecture architectureOf(kernel::FuncOp function) {
  return *parseArchitecture(function.getTarget().getArchitecture().getValue());
}

Expected<std::string> elementName(mlir::Type type) {
  switch (kernel::dataTypeOf(type).value_or(DataType::I4)) {
  case DataType::I32:
    return "int";
  case DataType::F32:
    return "float";
  case DataType::F16:
    return "f16";
  case DataType::BF16:
    return "bf16";
  case DataType::F8E4M3:
  case DataType::F8E5M2:
  case DataType::F8E4M3FNUZ:
  case DataType::F8E5M2FNUZ:
    return "fp8";
  default:
    return usageError("element type has no emitted arithmetic yet");
  }
}

std::unique_ptr<Target> createTarget(Architecture architecture) {
  switch (architecture) {
  case Architecture::Gfx942:
  case Architecture::Gfx950:
    return std::make_unique<AmdTarget>();
  case Architecture::Sm80:
  case Architecture::Sm90a:
    return std::make_unique<NvidiaTarget>();
  default:
    return nullptr;
  }
}

} // namespace emit

LaunchFacts launchFacts(kernel::FuncOp function) {
  constexpr int64_t staticSharedBytes =
      48 * 1024; // what CUDA lets a kernel declare; the rest is asked for at launch
  LaunchFacts facts;
  facts.threads = function.getThreadCount();
  facts.ldsBytes = function.getSharedBytes();
  if (vendorOf(emit::architectureOf(function)) == Vendor::Nvidia &&
      (facts.ldsBytes > staticSharedBytes || function.getRoles()))
    facts.dynamicLdsBytes = facts.ldsBytes;
  if (function.getRoles())
    facts.persistentCluster = function.getClusterSize();
  for (auto [name, type] : zip_equal(function.getArgumentNames().getAsValueRange<mlir::StringAttr>(),
                                     function.getArgumentTypes()))
    if (auto map = mlir::dyn_cast<kernel::TensorMapType>(type))
      (name == "a" ? facts.aBox : name == "w" ? facts.wBox : facts.dBox) = {map.getBox()[0], map.getBox()[1]};
  function.walk([&](kernel::SumPartsOp sum) {
    facts.splitK = sum.getParts();
    facts.partialBytes = sum.getBytesPerWorkgroup();
  });
  function.walk([&](kernel::SumGroupPartsOp sum) {
    facts.splitK = static_cast<int64_t>(sum.getParts());
    facts.partialBytes = sum.getBytesPerWorkgroup();
  });
  function.walk([&](kernel::SumPiecesOp sum) {
    kernel::StreamKOp work = sum.getPieceOp().getWork();
    facts.streamK = {static_cast<int64_t>(work.getWorkgroups()), static_cast<int64_t>(work.getSteps()),
                     static_cast<int64_t>(work.getLeast()), static_cast<int64_t>(work.getChiplets()),
                     static_cast<int64_t>(work.getRun())};
    facts.partialBytes = sum.getBytesPerWorkgroup();
  });
  function.walk([&](kernel::RowSquaresOp squares) { facts.squaresWidth = squares.getWidth(); });
  function.walk([&](kernel::PlacementOpInterface order) {
    facts.tileM = order.getTile()[0];
    facts.tileN = order.getTile()[1];
  });
  return facts;
}

StringRef sourceExtension(Architecture architecture) {
  return vendorOf(architecture) == Vendor::Amd ? ".hip" : ".cu";
}

/// What sm_80 has, and later architectures too.
static std::string preludeOfMmaSync() {
  return std::string(preludeSm80) + preludeTileOrder + preludeSm80Tiles + preludeSm80Copies +
         preludeSm80Across + preludeSm80Operands + preludeSm80Gather + preludeSm80Wave + preludeSm80Scales +
         preludeExperts + preludeActivations + preludeSm80Epilogue + preludeSm80Rows + preludeSm80Store +
         preludeSm80Sums + preludeSm80Split + preludeStreamK + preludeSm80StreamK + preludeSm80Tokens;
}

Prelude preludeOf(Architecture architecture) {
  switch (architecture) {
  case Architecture::Gfx942:
  case Architecture::Gfx950: {
    static const std::string text =
        std::string(preludeCdna) + preludeTileOrder + preludeCdnaTiles + preludeCdnaStaged +
        preludeCdnaOperands + preludeCdnaPhases + preludeCdnaCopies + preludeCdnaTranspose + preludeExperts +
        preludeActivations + preludeCdnaQuantise + preludeCdnaScales + preludeCdnaRuns + preludeCdnaEpilogue +
        preludeCdnaRows + preludeCdnaStore + preludeCdnaSums + preludeCdnaBlocks + preludeCdnaSplit +
        preludeStreamK + preludeCdnaStreamK + preludeCdnaTokens;
    return {"codesign_cdna.h", text};
  }
  case Architecture::Sm80: {
    static const std::string text = preludeOfMmaSync();
    return {"codesign_sm80.h", text};
  }
  case Architecture::Sm90a: {
    static const std::string text = preludeOfMmaSync() + preludeSm90aQuantise + preludeSm90a +
                                    preludeSm90aBarriers + preludeSm90aCopies + preludeSm90aDescriptor +
                                    preludeSm90aProducts + preludeSm90aBlocks + preludeSm90aExperts +
                                    preludeSm90aSplit;
    return {"codesign_sm90a.h", text};
  }
  default:
    return {};
  }
}

} // namespace codesign
