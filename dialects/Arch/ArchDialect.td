// The arch dialect and its attributes.
#ifndef CODESIGN_ARCH_DIALECT_TD
#define CODESIGN_ARCH_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Arch_Dialect : Dialect {
  let name = "arch";
  let cppNamespace = "::codesign::arch";
  let summary = "A language model with symbolic dimensions, and the question which of them are best";
  let description = [{
    A model is a list of distinct blocks whose sizes are constants or dimensions. A dimension has the value of
    the model as given and, if it may change, the domain that a search may take it from. Budgets, constraints,
    workloads and an objective stand next to them, so that one module is one complete search problem.

    The operations know no formula: parameters and operator shapes come from the Model library through
    `BlockOpInterface`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

def Arch_Phase : I32EnumAttr<"Phase", "what a model is used for",
    [I32EnumAttrCase<"Train", 0, "train">, I32EnumAttrCase<"Prefill", 1, "prefill">,
     I32EnumAttrCase<"Decode", 2, "decode">]> {
  let cppNamespace = "::codesign::arch";
}

def Arch_Scaling : I32EnumAttr<"Scaling", "how 8-bit operands carry their scales",
    [I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"PerTensor", 1, "per_tensor">,
     I32EnumAttrCase<"PerToken", 2, "per_token">, I32EnumAttrCase<"Block128", 3, "block128">]> {
  let cppNamespace = "::codesign::arch";
}

def Arch_Objective : I32EnumAttr<"Objective", "what a search minimises",
    [I32EnumAttrCase<"Time", 0, "time">, I32EnumAttrCase<"Cost", 1, "cost">,
     I32EnumAttrCase<"Energy", 2, "energy">]> {
  let cppNamespace = "::codesign::arch";
}

def Arch_BudgetKind : I32EnumAttr<"BudgetKind", "which quantity a budget limits",
    [I32EnumAttrCase<"Params", 0, "params">, I32EnumAttrCase<"ActiveParams", 1, "active_params">,
     I32EnumAttrCase<"MemoryBytes", 2, "memory_bytes">,
     I32EnumAttrCase<"FlopsPerToken", 3, "flops_per_token">]> {
  let cppNamespace = "::codesign::arch";
}

def Arch_MlpKind : I32EnumAttr<"MlpKind", "gated (gate, up, down) or plain (up, down)",
    [I32EnumAttrCase<"SwiGlu", 0, "swiglu">, I32EnumAttrCase<"Gelu", 1, "gelu">,
     I32EnumAttrCase<"GeluTanh", 2, "gelu_tanh">, I32EnumAttrCase<"Relu", 3, "relu">]> {
  let cppNamespace = "::codesign::arch";
}

def Arch_NormKind : I32EnumAttr<"NormKind", "RMSNorm (weight) or LayerNorm (weight and bias)",
    [I32EnumAttrCase<"Rms", 0, "rms">, I32EnumAttrCase<"Layer", 1, "layer">]> {
  let cppNamespace = "::codesign::arch";
}

def Arch_DomainAttrInterface : AttrInterface<"DomainAttrInterface"> {
  let cppNamespace = "::codesign::arch";
  let description = "The values that a dimension may take.";
  let methods = [
    InterfaceMethod<"The dimension that the domain is relative to, or null",
      "::mlir::FlatSymbolRefAttr", "relativeTo", (ins)>,
    InterfaceMethod<"The values, ascending and distinct, where `other` is the value of relativeTo()",
      "::llvm::SmallVector<int64_t>", "valuesAt", (ins "int64_t":$other)>,
    InterfaceMethod<"Prints the domain as it stands in an arch.dimension",
      "void", "printDomain", (ins "::mlir::AsmPrinter &":$printer)>,
  ];
}

class Arch_Domain<string name, string keyword> : AttrDef<Arch_Dialect, name,
    [DeclareAttrInterfaceMethods<Arch_DomainAttrInterface>]> {
  let mnemonic = keyword;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Arch_Values : Arch_Domain<"Values", "values"> {
  let summary = "listed values: `[64, 128]`";
  let parameters = (ins ArrayRefParameter<"int64_t">:$values);
}

def Arch_Range : Arch_Domain<"Range", "range"> {
  let summary = "steps from a bound to another: `3072 to 5120 step 64`";
  let description = "min, min + step, … up to max.";
  let parameters = (ins "int64_t":$min, "int64_t":$max, "int64_t":$step);
}

def Arch_Ratio : Arch_Domain<"Ratio", "ratio"> {
  let summary = "multiples of a step in proportion to another dimension: `2.5 to 4.0 of @hidden_size step 64`";
  let parameters = (ins "::mlir::FloatAttr":$min, "::mlir::FloatAttr":$max,
                        "::mlir::FlatSymbolRefAttr":$of, "int64_t":$step);
}

def Arch_Tree : AttrDef<Arch_Dialect, "Tree"> {
  let mnemonic = "tree";
  let summary = "a dictionary that keeps its entries in order: `{best = [{speedup = 1.25}]}`";
  let description = [{
    Values are trees, arrays, strings, booleans, 64-bit integers, doubles, and `unit` for nothing.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::NamedAttribute">:$entries);
  let hasCustomAssemblyFormat = 1;
}

// Ranks of tensor, expert and pipeline parallelism.
def Arch_Splits : TypedArrayAttrBase<ConfinedAttr<DenseI64ArrayAttr, [DenseArrayCount<3>]>, "splits of a workload">;

// A size of a block: a positive constant or the dimension of the same name.
def Arch_Size : AnyAttrOf<[FlatSymbolRefAttr, ConfinedAttr<I64Attr, [IntPositive]>],
                          "a positive 64-bit constant or a dimension">;

#endif
