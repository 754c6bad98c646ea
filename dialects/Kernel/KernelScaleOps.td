// Scales of 8-bit operands that change along k, so that they multiply the products of a block, not the sums.
#ifndef CODESIGN_KERNEL_SCALE_OPS
#define CODESIGN_KERNEL_SCALE_OPS

def Kernel_LocateScalesOp : Kernel_Op<"locate_scales", [Pure]> {
  let summary = "Where the scales of a wave's rows lie: of its row i those of row first + i of a matrix, or of row list[first + i]";
  let description = [{
    The matrix is column-major and has `count` rows. Rows at or past `extent`, and those that the list looks for past `count`, have none.
    A list may be missing at launch, as that of `gather_rows`. A lane looks its rows up once.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$matrix, Index:$count, Optional<Kernel_TileType>:$list, Index:$first, Index:$extent);
  let results = (outs Kernel_ScalePlacesType:$result);
  let assemblyFormat = "$name $matrix `of` $count (`by` $list^ `:` type($list))? `[` $first `]` `of` $extent attr-dict `:` type($matrix) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_FetchScalesOp : Kernel_Op<"fetch_scales"> {
  let summary = "The scales of one block of k for a wave's part of the output; does not wait";
  let description = [{
    The result is column `step` of the matrix of the places for every row of the part, and blocks[block, step], which is the same for all
    its columns; where columns take turns, blocks[block, step] for the even and blocks[block + 1, step] for the odd ones. Past the last
    step or block, and where a row has none, they are zero.
  }];
  let arguments = (ins StrAttr:$name, Kernel_ScalePlacesType:$places, Kernel_TileType:$blocks, Index:$block, Index:$step);
  let results = (outs Kernel_ScalesType:$result);
  let assemblyFormat = "$name $places `,` $blocks `[` $block `]` `at` $step attr-dict `:` type($places) `,` type($blocks) `->` type($result)";
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
  let summary = "accumulator[i][j] + scales[j][i mod turns] · (sum over one block of k of a[i][k] · b[j][k])";
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
