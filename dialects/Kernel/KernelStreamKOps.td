// Stream-K: a fixed number of workgroups share the steps of k of all tiles.
#ifndef CODESIGN_KERNEL_STREAM_K_OPS
#define CODESIGN_KERNEL_STREAM_K_OPS

def Kernel_StreamKOp : Kernel_Op<"stream_k", [Pure, DeclareOpInterfaceMethods<Kernel_PlacementOpInterface, ["getWorkgroupCount"]>]> {
  let summary = "How many pieces of tiles this workgroup computes, where `workgroups` of them share the steps of all tiles";
  let description = [{
    A tile takes `steps` steps of k. As long as tiles last for two rounds of all workgroups, each takes a whole one. The last tiles, fewer
    than two for each, are cut: their steps, in units of `least` or more, are dealt to all workgroups in equal runs, which may begin and end
    inside of a tile (two-tile Stream-K). With fewer tiles than workgroups all are cut; where rounds come out even, none is.
    Workgroups are dealt to chiplets as kernel.tile_order does, so that those with the parts of one tile share an L2.
  }];
  let arguments = (ins Index:$rows, I64Attr:$columns, DenseI64ArrayAttr:$tile, I64Attr:$band, I64Attr:$chiplets, I64Attr:$run,
                       I64Attr:$steps, I64Attr:$least, I64Attr:$workgroups);
  let results = (outs Index:$pieces);
  let assemblyFormat = [{
    $rows `by` $columns `tile` $tile `band` $band `chiplets` $chiplets `run` $run `steps` $steps `of` $least `among` $workgroups attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How a launch over `rowCount` rows deals its work.
    StreamKWork getWork(int64_t rowCount);
    /// First row and column of a tile of such a launch.
    std::pair<int64_t, int64_t> getOrigin(int64_t tile, int64_t rowCount);
    /// The place of a workgroup in the order of the work.
    int64_t getPosition(int64_t workgroup);
    /// Places for the sums of a workgroup that others need, of all workgroups.
    int64_t getPartialPlaces() { return StreamKWork::placesPerWorkgroup * static_cast<int64_t>(getWorkgroups()); }
  }];
}

def Kernel_StreamKPieceOp : Kernel_Op<"stream_k_piece", [Pure]> {
  let summary = "One piece of this workgroup's work: the tile's first row and column, its first step of k and how many there are, and those before";
  let description = [{ `round` counts the pieces of the loop around; `piece` is what kernel.sum_pieces asks for; `before` counts the steps of the pieces before. }];
  let arguments = (ins Index:$round, Index:$pieces);
  let results = (outs Index:$piece, Index:$row, Index:$column, Index:$first, Index:$count, Index:$before);
  let assemblyFormat = "$round `of` $pieces attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    StreamKOp getWork() { return getPieces().getDefiningOp<StreamKOp>(); }
  }];
}

def Kernel_SumPiecesOp : Kernel_Op<"sum_pieces", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "The sums of all pieces of a tile; of the waves that have the same place in it, the last to arrive goes on with them";
  let description = [{
    What kernel.sum_parts is to workgroups that have one tile: where the piece is not the whole tile, a wave leaves its accumulators in
    `partials`, of which a workgroup has places for two pieces, and counts itself in `arrivals`, one i32 for each wave of each workgroup.
    The last one adds up all pieces in the order of k; the others go on with their next piece. `arrivals` must be zero before a launch, and
    is so after it.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Index:$piece, Kernel_TileType:$partials, Kernel_TileType:$arrivals);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$fragment `of` $piece `in` $partials `,` $arrivals attr-dict `:` type($fragment) `in` type($partials) `,` type($arrivals)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    StreamKPieceOp getPieceOp() { return getPiece().getDefiningOp<StreamKPieceOp>(); }
    /// Rows of `partials` that one wave writes for one piece.
    int64_t getRowsPerWave();
    /// Bytes of `partials` that a workgroup writes for one piece.
    int64_t getBytesPerWorkgroup();
  }];
}

#endif
