// Persistent workgroups that walk the tiles of experts: the tiles are counted once, into shared memory.
#ifndef CODESIGN_KERNEL_QUEUE_OPS
#define CODESIGN_KERNEL_QUEUE_OPS

def Kernel_CountExpertTilesOp : Kernel_Op<"count_expert_tiles", [DeclareOpInterfaceMethods<Kernel_PlacementOpInterface, ["getWorkgroupCount"]>]> {
  let summary = "Writes for every expert the tiles of all before it, its first row and the end of its rows to shared memory";
  let description = [{
    `table` is that of kernel.expert_tile. `counts` has three rows of i32: the tiles before each expert and, at the end, of all of them; first rows;
    ends. One warp writes them; a barrier must follow. The launch has as many workgroups as tiles may be needed, or fewer that compute several.
  }];
  let arguments = (ins Kernel_ExpertLayoutAttr:$layout, Kernel_TileType:$table, Index:$rows, I64Attr:$experts, I64Attr:$columns,
                       DenseI64ArrayAttr:$tile, I64Attr:$band, Kernel_TileType:$counts);
  let assemblyFormat = "$layout $table `of` $experts `in` $rows `by` $columns `tile` $tile `band` $band `to` $counts attr-dict `:` type($table) `to` type($counts)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Numbers in the table.
    int64_t getTableLength() { return getExperts() + (getLayout() == ExpertLayout::Contiguous); }
  }];
}

def Kernel_ExpertTileCountOp : Kernel_Op<"expert_tile_count"> {
  let summary = "Tiles of all experts, as kernel.count_expert_tiles left them";
  let arguments = (ins Kernel_TileType:$counts, I64Attr:$experts);
  let results = (outs Index:$result);
  let assemblyFormat = "$counts `of` $experts attr-dict `:` type($counts)";
}

def Kernel_ExpertTileAtOp : Kernel_Op<"expert_tile_at"> {
  let summary = "The expert that a tile belongs to, the tile's first row, the end of the expert's rows and the tile's first column";
  let description = [{ The tiles of one expert follow those of the one before; within it they are walked as kernel.tile_order does. }];
  let arguments = (ins Kernel_TileType:$counts, I64Attr:$experts, Index:$index, I64Attr:$columns, DenseI64ArrayAttr:$tile, I64Attr:$band);
  let results = (outs Index:$expert, Index:$row, Index:$end, Index:$column);
  let assemblyFormat = "$counts `of` $experts `at` $index `by` $columns `tile` $tile `band` $band attr-dict `:` type($counts)";
}

def Kernel_StorePanelsOp : Kernel_Op<"store_panels"> {
  let summary = "Panels of shared memory to rows of a global matrix by the threads of a warpgroup; outside the rows nothing is written";
  let description = [{
    The copy engine writes whole boxes; these are rows that end inside of one. Rows of the matrix start at multiples of 16 bytes.
  }];
  let arguments = (ins Kernel_TileType:$ring, Index:$panel, I64Attr:$count, Kernel_TileType:$rows, Index:$row, Index:$column);
  let assemblyFormat = "$ring `[` $panel `]` `count` $count `to` $rows `[` $row `,` $column `]` attr-dict `:` type($ring) `to` type($rows)";
  let hasVerifier = 1;
}

def Kernel_SumGroupPartsOp : Kernel_Op<"sum_group_parts", [AllTypesMatch<["fragment", "result"]>]> {
  let summary = "The sums of all parts of a tile; of the warpgroups that have the same place in it, the last to arrive goes on with them";
  let description = [{
    What kernel.sum_parts is to waves that end: persistent warpgroups that are not the last go on with their next tile. `tile` counts the tiles of the
    launch, `part` the parts of one; `arrivals` has an i32 for each warpgroup of each tile.
  }];
  let arguments = (ins Kernel_FragmentType:$fragment, Index:$tile, Index:$part, I64Attr:$parts, Kernel_TileType:$partials, Kernel_TileType:$arrivals);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$fragment `of` $tile `by` $part `of` $parts `in` $partials `,` $arrivals attr-dict `:` type($fragment) `in` type($partials) `,` type($arrivals)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Rows of `partials` that one warpgroup writes.
    int64_t getRowsPerGroup();
    /// Bytes of `partials` that a workgroup writes for one part.
    int64_t getBytesPerWorkgroup();
  }];
}

#endif
