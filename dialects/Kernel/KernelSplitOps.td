// Workgroups that share the K loop of one tile.
#ifndef CODESIGN_KERNEL_SPLIT_OPS
#define CODESIGN_KERNEL_SPLIT_OPS

def Kernel_PartOp : Kernel_Op<"part", [Pure]> {
  let summary = "Which of the `parts` workgroups that share a tile's k this is";
  let description = [{ The launch has `parts` times the workgroups that its tiles need; those of one part are consecutive. }];
  let arguments = (ins I64Attr:$parts);
  let results = (outs Index:$result);
  let assemblyFormat = "`of` $parts attr-dict";
  let hasVerifier = 1;
}

def Kernel_SumPartsOp : Kernel_Op<"sum_parts", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "The sums of all parts; of the waves that have the same place in the workgroups of a tile, the last to arrive goes on with them";
  let description = [{
    A wave writes its accumulators to `partials`, rows of four fp32, at the place of its tile, its number and its part, and
    counts itself in `arrivals`, one i32 for each wave of each tile. The wave that finds all others there sets that back to zero and
    adds up what they wrote in the order of the parts, so the result does not depend on which wave it is; the others end.
    `arrivals` must be zero before a launch, and is so after it.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Index:$part, Kernel_TileType:$partials, Kernel_TileType:$arrivals);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$fragment `by` $part `in` $partials `,` $arrivals attr-dict `:` type($fragment) `in` type($partials) `,` type($arrivals)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Workgroups that share a tile.
    int64_t getParts();
    /// Rows of `partials` that one wave writes.
    int64_t getRowsPerWave();
    /// Bytes of `partials` that a workgroup writes.
    int64_t getBytesPerWorkgroup();
  }];
}

#endif
