// What the readers of a kernel ask the operation that places its workgroups.
#ifndef CODESIGN_KERNEL_INTERFACES
#define CODESIGN_KERNEL_INTERFACES

include "mlir/IR/OpBase.td"

def Kernel_PlacementOpInterface : OpInterface<"PlacementOpInterface"> {
  let cppNamespace = "::codesign::kernel";
  let description = [{ Gives each workgroup its tile of the output, and with it the launch its size. }];
  let methods = [
    InterfaceMethod<"The number of output rows, known at launch", "::mlir::Value", "getRows">,
    InterfaceMethod<"Columns of the output", "uint64_t", "getColumns">,
    InterfaceMethod<"Rows and columns of a tile", "::llvm::ArrayRef<int64_t>", "getTile">,
    InterfaceMethod<"Tile rows that are walked together", "uint64_t", "getBand">,
    InterfaceMethod<"Dies that workgroups are dealt to in turn", "uint64_t", "getChiplets">,
    InterfaceMethod<"Consecutive tiles dealt to one die", "uint64_t", "getRun">,
    InterfaceMethod<"Workgroups of a launch over so many rows", "int64_t", "getWorkgroupCount", (ins "int64_t":$rowCount)>,
  ];
}

#endif
