// Operations of warp-specialised kernels: tensor copies, mbarriers, roles, products that run on their own.
#ifndef CODESIGN_KERNEL_ASYNC_OPS
#define CODESIGN_KERNEL_ASYNC_OPS

include "dialects/Kernel/KernelDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Kernel_AsyncOp<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Persistent launches
//===----------------------------------------------------------------------===//

def Kernel_ClusterPositionOp : Kernel_AsyncOp<"cluster_position", [Pure]> {
  let summary = "Number of this workgroup's cluster, clusters of the launch, and place inside the cluster";
  let results = (outs Index:$index, Index:$count, Index:$rank);
  let assemblyFormat = "attr-dict";
}

def Kernel_TileCountOp : Kernel_AsyncOp<"tile_count", [Pure]> {
  let summary = "Output tiles in all: ceil(rows / tile[0]) · ceil(columns / tile[1])";
  let arguments = (ins Index:$rows, I64Attr:$columns, DenseI64ArrayAttr:$tile);
  let results = (outs Index:$result);
  let assemblyFormat = "$rows `by` $columns `tile` $tile attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

def Kernel_RolesOp : Kernel_AsyncOp<"roles", [HasParent<"FuncOp">, NoRegionArguments, SingleBlock, NoTerminator]> {
  let summary = "One warpgroup copies, the others multiply; each runs its own region";
  let description = [{
    One lane of the first warpgroup executes `producer`; the function's `waves` are the consumer warpgroups, which all
    execute `consumers`. Registers move from the producer to the consumers at the start (setmaxnreg);
    with 0 and 0 they stay as launched. With `whole` all lanes of the first warpgroup execute `producer`, and one of them what is there for
    the copy engine. With `uniform` the compiler is told that the lanes of a warp agree on their role and group: what follows from
    them, such as descriptors, takes uniform registers, and what is loaded behind the products more of the others.
  }];
  let arguments = (ins UnitAttr:$uniform, I64Attr:$producerRegisters, I64Attr:$consumerRegisters, UnitAttr:$whole);
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumers);
  let assemblyFormat = "(`uniform` $uniform^)? `producer` (`whole` $whole^)? `registers` $producerRegisters $producer `consumers` `registers` $consumerRegisters $consumers attr-dict";
  let hasVerifier = 1;
}

def Kernel_GroupOp : Kernel_AsyncOp<"group", [Pure]> {
  let summary = "Number of this consumer warpgroup in its workgroup";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

def Kernel_GroupBarrierOp : Kernel_AsyncOp<"group_barrier"> {
  let summary = "The warps of one consumer warpgroup meet";
  let assemblyFormat = "attr-dict";
}

def Kernel_ClusterBarrierOp : Kernel_AsyncOp<"cluster_barrier"> {
  let summary = "All threads of all workgroups of the cluster meet; mbarriers that were set up are visible to copies";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// mbarriers: one of a ring serves use t, t + ring, …; each use is one phase
//===----------------------------------------------------------------------===//

def Kernel_MbarriersOp : Kernel_AsyncOp<"mbarriers", [MemoryEffects<[MemAlloc]>]> {
  let summary = "A ring of mbarriers in shared memory; a phase ends after `arrivals` arrivals and all bytes it expects";
  let arguments = (ins StrAttr:$name, I64Attr:$arrivals);
  let results = (outs Kernel_MbarriersType:$result);
  let assemblyFormat = "$name `arrivals` $arrivals attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Kernel_AwaitOp : Kernel_AsyncOp<"await"> {
  let summary = "Waits for the end of the phase of use `use`";
  let description = [{
    With `previous`, for the phase before, which is that of use − ring size; the first round does not wait.
    The hardware knows a phase by its parity alone, so no more than one phase may lie between waiter and barrier.
  }];
  let arguments = (ins UnitAttr:$previous, Kernel_MbarriersType:$barriers, Index:$use);
  let assemblyFormat = "(`previous` $previous^)? $barriers `[` $use `]` attr-dict `:` type($barriers)";
}

def Kernel_ExpectBytesOp : Kernel_AsyncOp<"expect_bytes"> {
  let summary = "Arrives once and adds `bytes` to what the phase waits for";
  let arguments = (ins Kernel_MbarriersType:$barriers, Index:$use, I64Attr:$bytes);
  let assemblyFormat = "$bytes `on` $barriers `[` $use `]` attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def Kernel_ArriveOp : Kernel_AsyncOp<"arrive"> {
  let summary = "Each of the four warps of this warpgroup arrives once, on the barrier of every workgroup of the cluster";
  let arguments = (ins Kernel_MbarriersType:$barriers, Index:$use);
  let assemblyFormat = "$barriers `[` $use `]` attr-dict `:` type($barriers)";
}

//===----------------------------------------------------------------------===//
// Tensor copies
//===----------------------------------------------------------------------===//

def Kernel_CopyTensorOp : Kernel_AsyncOp<"copy_tensor"> {
  let summary = "A box of a global matrix to shared memory by the copy engine (TMA); its bytes count on an mbarrier";
  let description = [{
    The box starts at (row, column) of the matrix and lands from row `toRow` of the tile on. What lies outside the matrix arrives
    as zeros and counts like the rest. With `multicast` the box lands at the same place in every workgroup of the cluster, and
    counts on the barrier of each. Of a tile in `#kernel.panels` the boxes are panels from column `toRow` on, side by side; with
    `multicast` those of one workgroup's share.
  }];
  let arguments = (ins UnitAttr:$multicast, Kernel_TensorMapType:$map, Index:$row, Index:$column, Kernel_TileType:$tile,
                       Index:$toRow, Kernel_MbarriersType:$barriers, Index:$use);
  let assemblyFormat = "(`multicast` $multicast^)? $map `[` $row `,` $column `]` `to` $tile `[` $toRow `]` `on` $barriers `[` $use `]` attr-dict `:` type($map) `to` type($tile) `on` type($barriers)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Boxes that are copied, side by side.
    int64_t getBoxes();
  }];
}

def Kernel_StageOp : Kernel_AsyncOp<"stage"> {
  let summary = "Rounds a warpgroup's sums into shared memory: panels of the ring from `panel` on, side by side";
  let arguments = (ins Kernel_FragmentType:$fragment, Kernel_TileType:$ring, Index:$panel);
  let assemblyFormat = "$fragment `to` $ring `[` $panel `]` attr-dict `:` type($fragment) `to` type($ring)";
  let hasVerifier = 1;
}

def Kernel_FenceAsyncOp : Kernel_AsyncOp<"fence_async"> {
  let summary = "What this thread wrote to shared memory can be read by the copy engine";
  let assemblyFormat = "attr-dict";
}

def Kernel_StoreTensorOp : Kernel_AsyncOp<"store_tensor"> {
  let summary = "Panels of shared memory to a global matrix by the copy engine, by one lane; outside it nothing is written";
  let arguments = (ins Kernel_TileType:$ring, Index:$panel, I64Attr:$count, Kernel_TensorMapType:$map, Index:$row, Index:$column);
  let assemblyFormat = "$ring `[` $panel `]` `count` $count `to` $map `[` $row `,` $column `]` attr-dict `:` type($ring) `to` type($map)";
  let hasVerifier = 1;
}

def Kernel_WaitStoresOp : Kernel_AsyncOp<"wait_stores"> {
  let summary = "The lane that stored waits until the copy engine has read all it was given";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Products from shared memory
//===----------------------------------------------------------------------===//

def Kernel_WgmmaOp : Kernel_AsyncOp<"wgmma", [AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "accumulator[i][j] + Σ a[row + i][k]·w[column + j][k] over the tiles' depth; runs on after this op";
  let description = [{
    All instructions of one op form a group. Until kernel.wait_products has seen the group, neither the sums nor the tiles may be
    touched by anything but further products. With `fresh` the accumulator counts as zero. A tile in `#kernel.panels` has its k along
    rows; `row` or `column` is then the first of its columns.
  }];
  let arguments = (ins UnitAttr:$fresh, Kernel_TileType:$a, Index:$row, Kernel_TileType:$b, Index:$column, Kernel_FragmentType:$accumulator);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "(`fresh` $fresh^)? $a `[` $row `]` `,` $b `[` $column `]` `,` $accumulator attr-dict `:` type($a) `,` type($b) `,` type($accumulator)";
  let hasVerifier = 1;
}

def Kernel_WaitProductsOp : Kernel_AsyncOp<"wait_products", [AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "Waits until at most `pending` groups of products are under way";
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$pending, Kernel_FragmentType:$accumulator);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$pending $accumulator attr-dict `:` type($accumulator)";
}

def Kernel_AddProductsOp : Kernel_AsyncOp<"add_products", [AllTypesMatch<["sums", "result", "products"]>]> {
  let summary = "sums[i][j] + scales[i][j mod turns] · products[i][j] in fp32, once the products are done; without scales, their sum";
  let description = [{
    8-bit products are summed by the instruction with fewer bits than fp32 has; after a step of k they are added to sums that have them all.
  }];
  let arguments = (ins Kernel_FragmentType:$sums, Kernel_FragmentType:$products, Optional<Kernel_ScalesType>:$scales);
  let results = (outs Kernel_FragmentType:$result);
  let assemblyFormat = "$sums `,` $products (`scaled` `by` $scales^ `:` type($scales))? attr-dict `:` type($sums)";
  let hasVerifier = 1;
}

#endif
