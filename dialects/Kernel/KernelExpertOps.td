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

#endif
