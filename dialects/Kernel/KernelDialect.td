// The kernel dialect: how one tiled kernel computes what it computes.
#ifndef CODESIGN_KERNEL_DIALECT
#define CODESIGN_KERNEL_DIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::codesign::kernel";
  let summary = "One tiled kernel: memory spaces, layouts, copies, matrix instructions, barriers";
  let description = [{
    A `kernel.func` describes what every workgroup of a launch does, at the level of tiles: which part of a matrix
    goes where, in which layout, by which instruction. Four readers take it: Emit writes HIP or CUDA, Interpret
    computes, Price counts, and a verifier run checks the compiled code. Index arithmetic is `arith`, loops are `scf.for`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class Kernel_Attr<string name, string attrMnemonic> : AttrDef<Kernel_Dialect, name> { let mnemonic = attrMnemonic; }
class Kernel_Type<string name, string typeMnemonic> : TypeDef<Kernel_Dialect, name> { let mnemonic = typeMnemonic; }

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Kernel_TargetAttr : Kernel_Attr<"Target", "target"> {
  let summary = "The architecture a kernel is written for, and the limits its verifier holds it to";
  let description = [{
    `sharedBytes` is the LDS (shared memory) one workgroup may allocate, `registersPerLane` the 32-bit registers
    one lane may own, `chiplets` the dies that the hardware deals workgroups to in turn (1: a single die).
  }];
  let parameters = (ins "::mlir::StringAttr":$architecture, "int64_t":$waveSize, "int64_t":$sharedBytes,
                        "int64_t":$registersPerLane, "int64_t":$chiplets);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Kernel_RowMajorAttr : Kernel_Attr<"RowMajor", "row_major"> {
  let summary = "Rows follow each other; `padding` elements are left free after each row";
  let parameters = (ins DefaultValuedParameter<"int64_t", "0">:$padding);
  let assemblyFormat = "(`<` `padding` `=` $padding^ `>`)?";
}

def Kernel_SwizzledAttr : Kernel_Attr<"Swizzled", "swizzled"> {
  let summary = "Rows follow each other; the 16-byte chunks of a row are permuted by an XOR with the row number";
  let description = [{
    With c chunks in a row, chunk j of row r lies at position `j xor ((r / rowsPerCycle) mod min(c, 8))`, where
    rowsPerCycle = max(1, 8 / c) rows fill the 128 bytes that the banks deliver in one cycle. Lanes that read
    one chunk column of eight neighbouring rows then touch every bank once.
  }];
}

def Kernel_ColumnMajorAttr : Kernel_Attr<"ColumnMajor", "column_major"> {
  let summary = "Columns follow each other, each with all rows: element (i, j) of r rows at j · r + i; global matrices of scales";
}

include "dialects/Kernel/KernelShuffleAttrs.td"

def Kernel_Space : I32EnumAttr<"Space", "where a tile lives", [
  I32EnumAttrCase<"Global", 0, "global">,
  I32EnumAttrCase<"Shared", 1, "lds">
]> { let cppNamespace = "::codesign::kernel"; }

def Kernel_Role : I32EnumAttr<"Role", "what a fragment is to its instruction", [
  I32EnumAttrCase<"A", 0, "a">,
  I32EnumAttrCase<"B", 1, "b">,
  I32EnumAttrCase<"Accumulator", 2, "accumulator">
]> { let cppNamespace = "::codesign::kernel"; }

def Kernel_Activation : I32EnumAttr<"Activation", "elementwise function", [
  I32EnumAttrCase<"Relu", 0, "relu">,
  I32EnumAttrCase<"Silu", 1, "silu">,
  I32EnumAttrCase<"Gelu", 2, "gelu">,
  I32EnumAttrCase<"GeluTanh", 3, "gelu_tanh">
]> {
  let cppNamespace = "::codesign::kernel";
  let genSpecializedAttr = 0;
}
def Kernel_ActivationAttr : EnumAttr<Kernel_Dialect, Kernel_Activation, "activation"> { let assemblyFormat = "$value"; }

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Kernel_TileType : Kernel_Type<"Tile", "tile"> {
  let summary = "A matrix in memory: `!kernel.tile<2x256x32xbf16, lds, #kernel.swizzled>`";
  let description = [{
    Two dimensions are rows and columns; a leading third one counts the slots of a ring of such tiles. Only the
    row count of a global matrix may be dynamic. Columns are contiguous, apart from what the layout does to them.
    Rows of a global matrix that is padded start further apart than they are long (its leading dimension is the
    number of columns and the padding); what lies between them is never read.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
                        "::codesign::kernel::Space":$space, "::mlir::Attribute":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isRing() const { return getShape().size() == 3; }
    int64_t getRows() const { return getShape()[getShape().size() - 2]; }
    int64_t getColumns() const { return getShape().back(); }
    int64_t getSlots() const { return isRing() ? getShape().front() : 1; }
    /// The type of one slot of a ring; of a plain tile, itself.
    TileType getSlotType() const;
    /// Distance of two rows in elements, padding included.
    int64_t getPitch() const;
    /// Bytes of all slots. The row count must be static.
    int64_t getSizeInBytes() const;
    /// Byte offset of element (row, column) from the start of its slot, or of its global matrix.
    int64_t getByteOffset(int64_t row, int64_t column) const;
    bool isShuffled() const { return ::mlir::isa<ShuffledAttr>(getLayout()); }
    bool isPadded() const { return getPitch() != getColumns(); }
  }];
}

def Kernel_StagedType : Kernel_Type<"Staged", "staged"> {
  let summary = "A tile on its way from global memory to LDS, spread over the registers of all threads";
  let description = [{ Thread t of T holds the 16-byte chunks t, t + T, t + 2T, … of the tile in row-major order. }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Kernel_FragmentType : Kernel_Type<"Fragment", "fragment"> {
  let summary = "One wave's part of a matrix in registers, laid out as an operand of a matrix instruction";
  let description = [{
    `!kernel.fragment<128x32xbf16, a, "mfma_f32_16x16x16_bf16", 2>`: 128 rows by 32 of depth. Operands a and b both have
    their non-reduced dimension first; the accumulator is rows of a by rows of b. The last number is the pack:
    a lane holds that many consecutive instruction operands of depth at once, so that one wide LDS read fills
    several instructions. The order of the reduced dimension changes with it, alike for a and b.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
                        "::codesign::kernel::Role":$role, "::mlir::StringAttr":$instruction,
                        DefaultValuedParameter<"int64_t", "1">:$pack);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Kernel_ScalePlacesType : Kernel_Type<"ScalePlaces", "scale_places"> {
  let summary = "Where the scales of the rows of a wave's part of the output lie, known to the lanes that hold them: `!kernel.scale_places<128>`";
  let parameters = (ins "int64_t":$rows);
  let assemblyFormat = "`<` $rows `>`";
  let genVerifyDecl = 1;
}

def Kernel_ScalesType : Kernel_Type<"Scales", "scales"> {
  let summary = "A scale for each row of a wave's part of the output, in the registers of the lanes that hold it: `!kernel.scales<128>`";
  let description = [{ `!kernel.scales<128, 2>` has two for each row: that of its even columns (gates) and that of its odd ones (up). }];
  let parameters = (ins "int64_t":$rows, DefaultValuedParameter<"int64_t", "1">:$turns);
  let assemblyFormat = "`<` $rows (`,` $turns^)? `>`";
  let genVerifyDecl = 1;
}

def Kernel_MbarriersType : Kernel_Type<"Mbarriers", "mbarriers"> {
  let summary = "A ring of mbarriers in shared memory: `!kernel.mbarriers<4>`";
  let parameters = (ins "int64_t":$count);
  let assemblyFormat = "`<` $count `>`";
  let genVerifyDecl = 1;
}

def Kernel_TensorMapType : Kernel_Type<"TensorMap", "tensor_map"> {
  let summary = "A global matrix as the copy engine sees it: `!kernel.tensor_map<?x4096xbf16, 128x64>`";
  let description = [{
    The last two numbers are the box that one copy moves, rows by columns. In shared memory the box lies as
    `#kernel.swizzled` says, which for rows of 32, 64 and 128 bytes is the engine's own permutation.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType, ArrayRefParameter<"int64_t">:$box);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRows() const { return getShape()[0]; }
    int64_t getColumns() const { return getShape()[1]; }
    int64_t getBoxBytes() const;
  }];
}

#endif
