// Products whose rows belong to experts, each with weights of its own, and how many rows each has is on the device.
#ifndef CODESIGN_KERNEL_EXPERT_OPS
#define CODESIGN_KERNEL_EXPERT_OPS

def Kernel_ExpertLayout : I32EnumAttr<"ExpertLayout", "where the rows of an expert are", [
  I32EnumAttrCase<"Contiguous", 0, "contiguous">,
  I32EnumAttrCase<"Masked", 1, "masked">
]> {
  let cppNamespace = "::codesign::kernel";
  let genSpecializedAttr = 0;
}
def Kernel_ExpertLayoutAttr : EnumAttr<Kernel_Dialect, Kernel_ExpertLayout, "expert_layout"> { let assemblyFormat = "$value"; }

def Kernel_ExpertTileOp : Kernel_Op<"expert_tile", [DeclareOpInterfaceMethods<Kernel_PlacementOpInterface, ["getWorkgroupCount"]>]> {
  let summary = "The expert that this workgroup computes for, and the first row, the end of the expert's rows and the first column of its tile";
  let description = [{
    `table` is one row of i32. Contiguous: expert e has the rows [table[e], table[e + 1]) of `rows`. Masked: each expert has
    rows / experts of them, of which the first table[e] count. Tiles of an expert, which hold no rows of another, are walked as
    kernel.tile_order does. The launch has as many workgroups as tiles may be needed; those past the last tile end here.
  }];
  let arguments = (ins Kernel_ExpertLayoutAttr:$layout, Kernel_TileType:$table, Index:$rows, I64Attr:$experts, I64Attr:$columns,
                       DenseI64ArrayAttr:$tile, I64Attr:$band, I64Attr:$chiplets, I64Attr:$run);
  let results = (outs Index:$expert, Index:$row, Index:$end, Index:$column);
  let assemblyFormat = "$layout $table `of` $experts `in` $rows `by` $columns `tile` $tile `band` $band `chiplets` $chiplets `run` $run attr-dict `:` type($table)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    struct Place {
      int64_t expert = -1, row = 0, end = 0, column = 0; // no expert: past the last tile
    };
    /// The tile of one workgroup, where `numbers` is what the table holds.
    Place getPlace(int64_t workgroup, int64_t rowCount, ::llvm::ArrayRef<int64_t> numbers);
    /// Numbers in the table.
    int64_t getTableLength() { return getExperts() + (getLayout() == ExpertLayout::Contiguous); }
  }];
}

def Kernel_GatherRowsOp : Kernel_Op<"gather_rows", [Pure]> {
  let summary = "Rows of a global matrix in the order of a list: row i is matrix[list[first + i]]";
  let description = [{
    `list` is one column of i32. Without any, where a launch passes none, row i is matrix[first + i]. Rows at or past `extent`, and those
    that the list looks for past `count`, the rows of the matrix, read as zero. For fetches, copies and scales of rows: nothing is
    written through a list.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$matrix, Index:$count, Kernel_TileType:$list, Index:$first, Index:$extent);
  let results = (outs Kernel_TileType:$result);
  let assemblyFormat = "$name $matrix `of` $count `by` $list `[` $first `]` `of` $extent attr-dict `:` type($matrix) `by` type($list) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_SumListedRowsOp : Kernel_Op<"sum_listed_rows"> {
  let summary = "Makes each output row the sum of the rows of a matrix that its list names: the top-k sum of a token";
  let description = [{
    Row i of `to` becomes the sum of matrix[lists[i][s]] over the entries s of its list, in their order, in fp32, and is rounded once. An
    entry that is negative, or not below `count`, the rows of the matrix, names none and adds nothing; a row without any becomes zero. The
    waves are a grid over rows and columns: each has one row and four columns in each of its lanes, from `column` on.
  }];
  let arguments = (ins Kernel_TileType:$matrix, Index:$count, Kernel_TileType:$lists, Kernel_TileType:$to, Index:$column);
  let assemblyFormat = "$matrix `of` $count `by` $lists `to` $to `[` $column `]` attr-dict `:` type($matrix) `by` type($lists) `to` type($to)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Columns that a lane adds up, which it loads at once.
    static constexpr int64_t laneColumns = 4;
    /// Entries of a list.
    int64_t getEntries() { return getLists().getType().getColumns(); }
    /// Columns that the waves side by side write.
    int64_t getWidth();
  }];
}

#endif
