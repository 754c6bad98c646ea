// Results of 8 bits: the last step before the store.
#ifndef CODESIGN_KERNEL_QUANTISE_OPS
#define CODESIGN_KERNEL_QUANTISE_OPS

def Kernel_QuantiseOp : Kernel_Op<"quantise", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "Divides by the scale of the output and saturates to what `element` holds";
  let description = [{
    `scale` is one fp32 in global memory: an element of the output times the scale is what it stands for. It is multiplied by the
    reciprocal, rounded to fp32. What lies past the largest finite number of `element`, infinity included, becomes that number; NaN stays NaN. The result is
    still fp32 and goes to a `kernel.store` of that type, which rounds it; no other step takes it.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$scale, TypeAttr:$element);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$fragment `by` $scale `to` $element attr-dict `:` type($fragment) `by` type($scale)";
  let hasVerifier = 1;
}

def Kernel_ReuseOp : Kernel_Op<"reuse"> {
  let summary = "A tile in the LDS of a ring that nobody reads any more; contents undefined";
  let arguments = (ins StrAttr:$name, Kernel_TileType:$ring);
  let results = (outs Kernel_TileType:$result);
  let assemblyFormat = "$name $ring attr-dict `:` type($ring) `->` type($result)";
  let hasVerifier = 1;
}

defvar outputWidth = [{
  /// Output columns of a wave.
  int64_t getWidth() { return getFragment().getType().getShape()[getTransposed() ? 0 : 1] / (getHalved() ? 2 : 1); }
}];

def Kernel_DepositMaximaOp : Kernel_Op<"deposit_maxima"> {
  let summary = "Writes the largest magnitude of what the wave holds of each output row, for the waves that share blocks of columns with it";
  let description = [{
    That of row j of the output goes to maxima[part, row + j]; waves side by side have parts that follow one another. Output columns at or past
    `columns` do not count, nor does NaN; 0 where nothing counts. With `transposed` the fragment's rows are output columns, with `halved` only the
    even ones of the product are. Others see it past the next barrier.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$maxima, Index:$part, Index:$row, Index:$column, I64Attr:$columns,
                       UnitAttr:$transposed, UnitAttr:$halved);
  let assemblyFormat = "(`transposed` $transposed^)? (`halved` $halved^)? $fragment `to` $maxima `[` $part `,` $row `]` `from` $column `below` $columns attr-dict `:` type($fragment) `to` type($maxima)";
  let hasVerifier = 1;
  let extraClassDeclaration = outputWidth;
}

def Kernel_QuantiseBlocksOp : Kernel_Op<"quantise_blocks", [AttrSizedOperandSegments, AllTypesMatch<["fragment", "result"]>]> {
  let summary = "A scale for each output row and 128 columns, from the largest magnitude there; divides by it and saturates to what `element` holds";
  let description = [{
    The scale of a block is its largest magnitude, but no less than `smallest` and no more than the largest fp32 number, times the reciprocal of the
    largest finite number of `element`. It goes to scales[row of the wave + j, column / 128], of which the wave that holds the first columns of the
    block writes it; the elements are multiplied by its reciprocal. NaN does not count in a block and stays NaN; infinity becomes the largest number.
    A wave that holds whole blocks finds their maxima itself; of those narrower the maxima are what `kernel.deposit_maxima` has left of all waves
    of the block, of which this one is `part`. Columns count as they do there. The result is still fp32 and goes to a `kernel.store` of that type.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_ScalePlacesType:$scales, Optional<Kernel_TileType>:$maxima, Optional<Index>:$part,
                       Optional<Index>:$row, Index:$column, I64Attr:$columns, F32Attr:$smallest, TypeAttr:$element, UnitAttr:$transposed, UnitAttr:$halved);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`transposed` $transposed^)? (`halved` $halved^)? $fragment `by` $scales (`maxima` $maxima^ `[` $part `,` $row `]` `:` type($maxima))? `from` $column `below` $columns `smallest` $smallest `to` $element attr-dict `:` type($fragment) `by` type($scales)";
  let hasVerifier = 1;
  let extraClassDeclaration = outputWidth;
}

#endif
