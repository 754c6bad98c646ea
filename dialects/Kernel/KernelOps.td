// Operations of the kernel dialect.
#ifndef CODESIGN_KERNEL_OPS
#define CODESIGN_KERNEL_OPS

include "dialects/Kernel/KernelDialect.td"
include "dialects/Kernel/KernelInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

// An op below has memory effects unless it is Pure: none is moved across a barrier or dropped.

//===----------------------------------------------------------------------===//
// The kernel and its place in the launch
//===----------------------------------------------------------------------===//

def Kernel_FuncOp : Kernel_Op<"func", [FunctionOpInterface, IsolatedFromAbove]> {
  let summary = "A kernel: what every workgroup of the launch executes";
  let description = [{
    Arguments are global tiles and `index` values known at launch. `waves` is the grid of waves that share the
    workgroup's output tile, rows by columns. `residency` is the number of workgroups that a compute unit is to hold at
    once: compilers keep registers within what that allows. `cluster` is the number of workgroups that share a
    multicast; where the kernel has roles, `waves` are its consumer warpgroups.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, Kernel_TargetAttr:$target,
                       DenseI64ArrayAttr:$waves, StrArrayAttr:$argument_names,
                       DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$residency, OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs, OptionalAttr<I64Attr>:$cluster);
  let regions = (region AnyRegion:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    int64_t getWaveCount() { return getWaves()[0] * getWaves()[1]; }
    int64_t getThreadCount();
    /// Those that copy a tile together: all, or in a warp-specialised kernel the first warpgroup.
    int64_t getCopyingThreads();
    int64_t getClusterSize() { return getCluster().value_or(1); }
    /// The warp-specialised part, null if all waves do the same.
    RolesOp getRoles();
    /// LDS of all allocations in bytes.
    int64_t getSharedBytes();
  }];
}

def Kernel_ReturnOp : Kernel_Op<"return", [HasParent<"FuncOp">, Terminator]> {
  let summary = "End of the kernel";
  let assemblyFormat = "attr-dict";
}

def Kernel_ConstantOp : Kernel_Op<"constant", [Pure]> {
  let summary = "A number with a name in the emitted source: `kernel.constant \"tileK\" = 32`";
  let arguments = (ins StrAttr:$name, I64Attr:$value);
  let results = (outs Index:$result);
  let assemblyFormat = "$name `=` $value attr-dict";
  let hasVerifier = 1;
}

def Kernel_TileOrderOp : Kernel_Op<"tile_order", [Pure, DeclareOpInterfaceMethods<Kernel_PlacementOpInterface, ["getWorkgroupCount"]>]> {
  let summary = "First row and column of this workgroup's output tile";
  let description = [{
    The launch has ceil(rows / tile[0]) · ceil(columns / tile[1]) workgroups. Tiles are walked down columns inside
    bands of `band` tile rows. On a target with several chiplets, which receive workgroups in turn, runs of `run`
    consecutive tiles go to one chiplet, so that its L2 holds what they share. With `index` it is that tile instead of the
    workgroup's own, and the launch may have fewer workgroups.
  }];
  let arguments = (ins Index:$rows, I64Attr:$columns, DenseI64ArrayAttr:$tile, I64Attr:$band, I64Attr:$chiplets,
                       I64Attr:$run, Optional<Index>:$index);
  let results = (outs Index:$row, Index:$column);
  let assemblyFormat = "(`at` $index^ `of`)? $rows `by` $columns `tile` $tile `band` $band `chiplets` $chiplets `run` $run attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Origin of the tile of one workgroup of a launch over `rowCount` rows.
    std::pair<int64_t, int64_t> getOrigin(int64_t workgroup, int64_t rowCount);
  }];
}

def Kernel_WaveTileOp : Kernel_Op<"wave_tile", [Pure]> {
  let summary = "Row and column of this wave's part inside the workgroup's output tile";
  let arguments = (ins DenseI64ArrayAttr:$shape);
  let results = (outs Index:$row, Index:$column);
  let assemblyFormat = "$shape attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def Kernel_RowsOp : Kernel_Op<"rows", [Pure]> {
  let summary = "Consecutive rows of a global matrix, from `first` on";
  let description = [{ Rows at or past `extent` read as zero and are not written. }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$matrix, Index:$first, Index:$extent);
  let results = (outs Kernel_TileType:$result);
  let assemblyFormat = "$name $matrix `[` $first `]` `of` $extent attr-dict `:` type($matrix) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_AllocOp : Kernel_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "LDS for a tile or a ring of tiles; contents undefined";
  let arguments = (ins StrAttr:$name);
  let results = (outs Kernel_TileType:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Kernel_SlotOp : Kernel_Op<"slot", [Pure]> {
  let summary = "Slot `index` modulo the number of slots of a ring";
  let arguments = (ins Kernel_TileType:$ring, Index:$index);
  let results = (outs Kernel_TileType:$result);
  let assemblyFormat = "$ring `[` $index `]` attr-dict `:` type($ring) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_FetchOp : Kernel_Op<"fetch"> {
  let summary = "Global memory to registers, 16 bytes per lane, all threads together; does not wait";
  let description = [{
    Fetches the columns [column, column + width) of all rows, or of as many as the result has from `row` on. Columns past
    the row's end read as zero.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$rows, Index:$column, DefaultValuedAttr<I64Attr, "0">:$row);
  let results = (outs Kernel_StagedType:$result);
  let assemblyFormat = "$name $rows `[` $column `]` (`row` $row^)? attr-dict `:` type($rows) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_DepositOp : Kernel_Op<"deposit"> {
  let summary = "Registers to LDS, after the fetch has arrived; visible to other waves past the next barrier";
  let description = [{ To all rows of the tile, or to those from `row` on. }];
  let arguments = (ins Kernel_StagedType:$staged, Kernel_TileType:$tile, DefaultValuedAttr<I64Attr, "0">:$row);
  let assemblyFormat = "$staged `to` $tile (`row` $row^)? attr-dict `:` type($staged) `to` type($tile)";
  let hasVerifier = 1;
}

def Kernel_CopyAsyncOp : Kernel_Op<"copy_async"> {
  let summary = "Global memory to LDS past the registers; belongs to the open group";
  let description = [{
    cp.async of 16 bytes per lane to any address; on AMD devices a load whose lanes land side by side in LDS (16 bytes each on
    gfx950, 4 on gfx942), so that a swizzled tile is permuted by what each lane asks for.
  }];
  let arguments = (ins Kernel_TileType:$rows, Index:$column, Kernel_TileType:$tile);
  let assemblyFormat = "$rows `[` $column `]` `to` $tile attr-dict `:` type($rows) `to` type($tile)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Instructions of one thread.
    int64_t getLoadsPerThread();
  }];
}

def Kernel_CommitCopiesOp : Kernel_Op<"commit_copies"> {
  let summary = "Closes the group of asynchronous copies issued since the last commit";
  let assemblyFormat = "attr-dict";
}

def Kernel_WaitCopiesOp : Kernel_Op<"wait_copies"> {
  let summary = "Waits until at most `pending` groups of this thread's copies are under way";
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$pending);
  let assemblyFormat = "$pending attr-dict";
}

def Kernel_BarrierOp : Kernel_Op<"barrier"> {
  let summary = "All waves of the workgroup meet; their LDS traffic before is ordered before what follows";
  let assemblyFormat = "attr-dict";
}

def Kernel_SchedulingFenceOp : Kernel_Op<"scheduling_fence"> {
  let summary = "The compiler moves no instruction across: keeps what is loaded and computed later, and its registers, out of what is before";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

def Kernel_LoadFragmentOp : Kernel_Op<"load_fragment"> {
  let summary = "LDS to one wave's operand registers, from (row, column) of the tile on";
  let description = [{
    With `across`, k runs along the rows of the tile: element (i, k) of the fragment is that of row `column` + k and column `row` + i.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$tile, Index:$row, Index:$column, UnitAttr:$across);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$name (`across` $across^)? $tile `[` $row `,` $column `]` attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_ZeroOp : Kernel_Op<"zero", [Pure]> {
  let summary = "Accumulators set to zero";
  let arguments = (ins StrAttr:$name);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Kernel_MmaOp : Kernel_Op<"mma", [Pure, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "accumulator[i][j] + sum over k of a[i][k] · b[j][k], by the instruction the types name";
  let arguments = (ins Kernel_FragmentType:$a, Kernel_FragmentType:$b, Kernel_FragmentType:$accumulator);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$a `,` $b `,` $accumulator attr-dict `:` type($a) `,` type($b) `,` type($accumulator)";
  let hasVerifier = 1;
}

def Kernel_MmaPartOp : Kernel_Op<"mma_part", [Pure, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "The same to the part of the accumulators from row and column `at` on";
  let arguments = (ins Kernel_FragmentType:$a, Kernel_FragmentType:$b, Kernel_FragmentType:$accumulator,
                       DenseI64ArrayAttr:$at);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$a `,` $b `,` $accumulator `at` $at attr-dict `:` type($a) `,` type($b) `,` type($accumulator)";
  let hasVerifier = 1;
}

include "dialects/Kernel/KernelEpilogueOps.td"
include "dialects/Kernel/KernelPhaseOps.td"
include "dialects/Kernel/KernelQuantiseOps.td"
include "dialects/Kernel/KernelRowOps.td"
include "dialects/Kernel/KernelScaleOps.td"
include "dialects/Kernel/KernelExpertOps.td"
include "dialects/Kernel/KernelQueueOps.td"
include "dialects/Kernel/KernelSplitOps.td"
include "dialects/Kernel/KernelStreamKOps.td"
include "dialects/Kernel/KernelStreamOps.td"
include "dialects/Kernel/KernelTransposeOps.td"
include "dialects/Kernel/KernelAsyncOps.td"

#endif
