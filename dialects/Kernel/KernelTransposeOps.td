// Operands whose reduced dimension runs along the rows of their matrix: transposed on the way to LDS.
#ifndef CODESIGN_KERNEL_TRANSPOSE_OPS
#define CODESIGN_KERNEL_TRANSPOSE_OPS

def Kernel_BlockSwizzledAttr : Kernel_Attr<"BlockSwizzled", "block_swizzled"> {
  let summary = "Rows of 128 bytes whose 16-byte chunks are permuted by an XOR with the row number and that of its block of eight";
  let description = [{
    Chunk j of row r lies at position `j xor (r mod 8) xor swap(r / 8 mod 8)`, where swap exchanges the lowest two bits. Lanes that
    read chunks of eight neighbouring rows touch every bank once, as with `#kernel.swizzled`; so do lanes that write one chunk
    column of every fourth row.
  }];
}

def Kernel_TransposableAttr : Kernel_Attr<"Transposable", "transposable"> {
  let summary = "Rows of k, whose 16-byte chunks are permuted for reads that transpose";
  let description = [{
    A tile as it lies in global memory, for the reads of CDNA4 that hand columns to lanes: 32 lanes read 16 bytes of each of 16 rows of
    bytes, or 32 bytes of each of eight rows of 16-bit elements. Those rows are numbered p = 0, 1, …; chunk j of one stands at
    `j xor p / r`, of 16-bit elements `j xor 2 (p / r)`, where r rows fill the 256 bytes of the banks, each with the largest power of two
    of bytes that divides it.
  }];
}

def Kernel_PanelsAttr : Kernel_Attr<"Panels", "panels"> {
  let summary = "Columns are cut in panels of 128 bytes, which follow each other; the 16-byte chunks of a panel's row are XORed with the row";
  let description = [{
    What the copy engine leaves of a tile whose rows are longer than a swizzle span, a box for each panel, and what wgmma takes
    as an operand whose k runs along rows: chunk j of row r of a panel lies at position `j xor (r mod 8)`.
  }];
}

def Kernel_StagedBlocksType : Kernel_Type<"StagedBlocks", "staged_blocks"> {
  let summary = "A tile on its way from global memory to LDS, where it will be transposed: `!kernel.staged_blocks<64x256xbf16>`";
  let description = [{ Thread t of T holds the blocks t, t + T, … of eight rows (16 of 8-bit elements) by four columns, which follow each other along the columns. }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Kernel_FetchAcrossOp : Kernel_Op<"fetch_across"> {
  let summary = "Global memory to registers, four columns of a chunk of rows per lane, all threads together; does not wait";
  let description = [{
    Fetches the columns [column, column + width) of all rows. Columns past the row's end read as zero.
  }];
  let arguments = (ins StrAttr:$name, Kernel_TileType:$rows, Index:$column);
  let results = (outs Kernel_StagedBlocksType:$result);
  let assemblyFormat = "$name $rows `[` $column `]` attr-dict `:` type($rows) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_DepositTransposedOp : Kernel_Op<"deposit_transposed"> {
  let summary = "Registers to LDS, rows becoming columns; visible to other waves past the next barrier";
  let arguments = (ins Kernel_StagedBlocksType:$staged, Kernel_TileType:$tile);
  let assemblyFormat = "$staged `to` $tile attr-dict `:` type($staged) `to` type($tile)";
  let hasVerifier = 1;
}

def Kernel_DepthTilesOp : Kernel_Op<"depth_tiles", [Pure]> {
  let summary = "Tiles of a reduction whose length is known at launch, at least so many; past its end operands are zero";
  let arguments = (ins StrAttr:$name, Index:$length, I64Attr:$tile, I64Attr:$least);
  let results = (outs Index:$result);
  let assemblyFormat = "$name `=` $length `by` $tile `least` $least attr-dict";
  let hasVerifier = 1;
}

#endif
