// Epilogue: operations that take and give an accumulator fragment, so that they compose.
#ifndef CODESIGN_KERNEL_EPILOGUE_OPS
#define CODESIGN_KERNEL_EPILOGUE_OPS

def Kernel_AddBiasOp : Kernel_Op<"add_bias", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Adds bias[column + position of the element's output column]";
  let description = [{
    `bias` is a global tile of one row. With `transposed` the fragment's rows are the output's columns.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$bias, Index:$column, UnitAttr:$transposed);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? $fragment `,` $bias `[` $column `]` attr-dict `:` type($fragment) `,` type($bias)";
  let hasVerifier = 1;
}

def Kernel_ScaleColumnsOp : Kernel_Op<"scale_columns", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Multiplies by scales[column + position of the element's output column]";
  let description = [{
    `scales` is a global tile of one row of fp32: a scale for each output column, or a single one for all of them. With `transposed`
    the fragment's rows are the output's columns.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$scales, Index:$column, UnitAttr:$transposed);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? $fragment `,` $scales `[` $column `]` attr-dict `:` type($fragment) `,` type($scales)";
  let hasVerifier = 1;
}

def Kernel_ScaleRowsOp : Kernel_Op<"scale_rows", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Multiplies by scales[row + position of the element's output row]";
  let description = [{
    `scales` are rows of one fp32 each. With `transposed` the fragment's columns are the output's rows.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$scales, Index:$row, UnitAttr:$transposed);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? $fragment `,` $scales `[` $row `]` attr-dict `:` type($fragment) `,` type($scales)";
  let hasVerifier = 1;
}

def Kernel_ActivationOp : Kernel_Op<"activation", [Pure, AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Applies an elementwise function in fp32";
  let arguments = (ins Kernel_ActivationAttr:$function, Kernel_FragmentType:$fragment);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$function $fragment attr-dict `:` type($fragment)";
}

def Kernel_GateOp : Kernel_Op<"gate", [Pure, AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Of each pair of output columns (2j, 2j + 1), gate and up: function(gate) · up, in column 2j";
  let description = [{
    With `transposed` the fragment's rows are the output's columns. Its odd columns hold nothing of meaning afterwards, so what follows
    looks at the even ones only (`kernel.store halved`).
  }];
  let arguments = (ins Kernel_ActivationAttr:$function, Kernel_FragmentType:$fragment, UnitAttr:$transposed);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? $function $fragment attr-dict `:` type($fragment)";
  let hasVerifier = 1;
}

def Kernel_AddMatrixOp : Kernel_Op<"add_matrix", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Adds a matrix of the output's shape: a residual stream";
  let description = [{
    rows[row + i, column + j] is added to element (i, j), zero where the rows have none. With `transposed` the fragment's rows are the
    output's columns. With `halved` it is the element at half the output's column, to the even ones.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$rows, Index:$row, Index:$column,
                       UnitAttr:$transposed, UnitAttr:$halved);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? (`halved` $halved^)? $fragment `,` $rows `[` $row `,` $column `]` attr-dict `:` type($fragment) `,` type($rows)";
  let hasVerifier = 1;
}

def Kernel_StoreOp : Kernel_Op<"store"> {
  let summary = "Rounds a fragment to the element type of `rows` and writes it from (row, column) on";
  let description = [{
    Elements outside the rows or past the last column are not written. With `transposed`, element (i, j) of the fragment
    goes to (row + j, column + i). With `halved`, those of even output columns go to half that column, the others nowhere.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$rows, Index:$row, Index:$column,
                       UnitAttr:$transposed, UnitAttr:$halved);
  let assemblyFormat = "(`transposed` $transposed^)? (`halved` $halved^)? $fragment `to` $rows `[` $row `,` $column `]` attr-dict `:` type($fragment) `to` type($rows)";
  let hasVerifier = 1;
}

#endif
