// Steps behind the sums that look at more than one column of a row.
#ifndef CODESIGN_KERNEL_ROW_OPS
#define CODESIGN_KERNEL_ROW_OPS

def Kernel_RotateOp : Kernel_Op<"rotate", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Rotary position embedding: turns each pair of output columns (2i, 2i + 1) by the angle of its row's position";
  let description = [{
    Columns below `columns` are heads of as many columns as the table has. Of the row with position p, pair i of a head becomes
    (x·cos − y·sin, x·sin + y·cos), where table[p][2i] is the cosine and table[p][2i + 1] the sine. Other columns stay as they are; rows
    whose position the table lacks become zero in the heads. With `transposed` the fragment's rows are the output's columns.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$positions, Index:$row, Kernel_TileType:$table,
                       Index:$column, I64Attr:$columns, UnitAttr:$transposed);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? $fragment `,` $positions `[` $row `]` `,` $table `[` $column `]` `below` $columns attr-dict `:` type($fragment) `,` type($positions) `,` type($table)";
  let hasVerifier = 1;
}

def Kernel_RowSquaresOp : Kernel_Op<"row_squares"> {
  let summary = "Writes the sum of squares of what the wave holds of each output row: a part of the row's mean square";
  let description = [{
    Output columns at or past `columns` do not count. The sum of row j of the output goes to partials[row + j, column / width], where the
    fragment is `width` of them wide; with `transposed` they are its rows. It is what is stored, before it is rounded.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$partials, Index:$row, Index:$column, I64Attr:$columns,
                       UnitAttr:$transposed);
  let assemblyFormat = "(`transposed` $transposed^)? $fragment `to` $partials `[` $row `,` $column `]` `below` $columns attr-dict `:` type($fragment) `to` type($partials)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Output columns whose squares make one sum.
    int64_t getWidth() { return getFragment().getType().getShape()[getTransposed() ? 0 : 1]; }
  }];
}

#endif
