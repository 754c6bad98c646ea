// Scales of 8-bit operands that change along k, so that they multiply the products of a block, not the sums.
#ifndef CODESIGN_KERNEL_SCALE_OPS
#define CODESIGN_KERNEL_SCALE_OPS

def Kernel_FetchScalesOp : Kernel_Op<"fetch_scales"> {
  let summary = "The scales of one block of k for a wave's part of the output; does not wait";
  let description = [{
    `rows` hold a row of scales for each row of the output, `blocks` one for each 128 columns of it. The result is rows[row + i, step] of
    every row i of the part, and blocks[block, step], which is the same for all its columns. Past the last step, row or block they are zero.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$rows, Index:$row, Kernel_TileType:$blocks, Index:$block, Index:$step);
  let results = (outs Kernel_ScalesType:$result);
  let assemblyFormat = "$name $rows `[` $row `]` `,` $blocks `[` $block `]` `at` $step attr-dict `:` type($rows) `,` type($blocks) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_CombineScalesOp : Kernel_Op<"combine_scales", [Pure, AllTypesMatch<["scales", "result"]>]> {
  let summary = "The product of each row's scale and the columns'; waits for them, so that their registers can be fetched into again";
  let arguments = (ins StrAttr:$name, Kernel_ScalesType:$scales);
  let results = (outs Kernel_ScalesType:$result);
  let assemblyFormat = "$name $scales attr-dict `:` type($scales)";
  let hasVerifier = 1;
}

def Kernel_MmaScaledOp : Kernel_Op<"mma_scaled", [Pure, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "accumulator[i][j] + scales[j] · (sum over one block of k of a[i][k] · b[j][k])";
  let description = [{
    The sums are transposed: their columns are rows of the output. The products of a block, 128 of k, or of an even part of one are summed
    from zero. With `mixed` the additions of some products stand beside the next matrix instructions, and the compiler moves nothing across.
  }];
  let arguments = (ins Kernel_FragmentType:$a, Kernel_FragmentType:$b, Kernel_ScalesType:$scales, Kernel_FragmentType:$accumulator, UnitAttr:$mixed);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$a `,` $b `,` $scales `,` $accumulator (`mixed` $mixed^)? attr-dict `:` type($a) `,` type($b) `,` type($scales) `,` type($accumulator)";
  let hasVerifier = 1;
}

#endif
