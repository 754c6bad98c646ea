// Operations of kernels whose waves stream operands from global memory and share the K loop of one tile.
#ifndef CODESIGN_KERNEL_STREAM_OPS
#define CODESIGN_KERNEL_STREAM_OPS

def Kernel_WaveIndexOp : Kernel_Op<"wave_index", [Pure]> {
  let summary = "Number of this wave in its workgroup";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Kernel_FetchFragmentOp : Kernel_Op<"fetch_fragment"> {
  let summary = "Global memory to one wave's operand registers, 16 bytes per lane; does not wait";
  let description = [{
    Loads from (row, column) of the rows on. Rows past their extent and columns past the row's end read as zero. `inside`
    promises that no column lies past the end, which saves the check.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$rows, Index:$row, Index:$column, UnitAttr:$inside);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$name $rows `[` $row `,` $column `]` (`inside` $inside^)? attr-dict `:` type($rows) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_CopyWaveRowsOp : Kernel_Op<"copy_wave_rows"> {
  let summary = "Global memory to rows of LDS that belong to one wave, past the registers; belongs to the open group";
  let description = [{
    Each wave copies as many columns as the tile has, from its own `column` on, of all rows to the tile's rows from its own `row` on.
    What lies outside the matrix is filled with zeros. `whole` promises that nothing does, and tells the caches that it is read
    once. NVIDIA devices.
  }];
  let arguments = (ins Kernel_TileType:$rows, Index:$column, Kernel_TileType:$tile, Index:$row, UnitAttr:$inside, UnitAttr:$whole);
  let assemblyFormat = "$rows `[` $column `]` (`inside` $inside^)? (`whole` $whole^)? `to` $tile `[` $row `]` attr-dict `:` type($rows) `to` type($tile)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Instructions of one lane.
    int64_t getLoadsPerLane();
  }];
}

def Kernel_WaveBarrierOp : Kernel_Op<"wave_barrier"> {
  let summary = "The lanes of each wave meet: what one has copied and waited for, the others see";
  let assemblyFormat = "attr-dict";
}

def Kernel_DepositSumsOp : Kernel_Op<"deposit_sums"> {
  let summary = "Each wave writes its accumulators to the slot of its number, as the lanes hold them";
  let description = [{
    A slot has one row of 16 bytes for each four accumulators of a lane; neighbouring lanes write neighbouring rows.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$slots);
  let assemblyFormat = "$fragment `to` $slots attr-dict `:` type($fragment) `to` type($slots)";
  let hasVerifier = 1;
}

def Kernel_CollectSumsOp : Kernel_Op<"collect_sums"> {
  let summary = "Adds up, in the order of the waves, what all of them deposited for this wave's share";
  let description = [{
    The result is one of the equal shares along the first dimension of what was deposited; wave i has share i.
    `first` and `second` say where the share begins. A wave without a share has `second` at the end, outside the tile.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$slots);
  let results = (outs Kernel_FragmentType:$result, Index:$first, Index:$second);
  let assemblyFormat = "$name $slots attr-dict `:` type($slots) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Waves that have a share.
    int64_t getShareCount();
  }];
}

#endif
