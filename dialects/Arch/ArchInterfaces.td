// The interface of everything that a layer consists of.
#ifndef CODESIGN_ARCH_INTERFACES_TD
#define CODESIGN_ARCH_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Arch_BlockOpInterface : OpInterface<"BlockOpInterface"> {
  let cppNamespace = "::codesign::arch";
  let description = [{
    A block of a model. Its sizes are the attributes that are named like a `codesign::Dimension`; everything
    that follows from them is computed by the Model library's `codesign::Block`.
  }];
  let methods = [
    InterfaceMethod<"The block at the given values of the symbolic dimensions",
      "std::shared_ptr<const ::codesign::Block>", "getBlock",
      (ins "const ::codesign::DimensionValues &":$values)>,
    InterfaceMethod<"The parameters of one occurrence", "::codesign::ParameterCount", "parameters",
      (ins "const ::codesign::DimensionValues &":$values), [{}], [{
        return $_op.getBlock(values)->parameters();
      }]>,
    InterfaceMethod<"What one rank runs in one occurrence; the workload's split must divide the block",
      "std::vector<::codesign::Operator>", "operators",
      (ins "const ::codesign::DimensionValues &":$values, "const ::codesign::Workload &":$workload), [{}], [{
        std::vector<::codesign::Operator> operators;
        $_op.getBlock(values)->appendOperators(workload, operators);
        return operators;
      }]>,
    InterfaceMethod<"Arithmetic of one occurrence on one rank", "::codesign::Flops", "flops",
      (ins "const ::codesign::DimensionValues &":$values, "const ::codesign::Workload &":$workload), [{}], [{
        ::codesign::Flops sum;
        for (const ::codesign::Operator &op : $_op.operators(values, workload))
          sum += double(op.count) * ::codesign::flops(op.shape);
        return sum;
      }]>,
    InterfaceMethod<"Bytes that one occurrence must move through the memory of one rank",
      "::codesign::Bytes", "bytesMoved",
      (ins "const ::codesign::DimensionValues &":$values, "const ::codesign::Workload &":$workload), [{}], [{
        ::codesign::Bytes sum;
        for (const ::codesign::Operator &op : $_op.operators(values, workload))
          sum += double(op.count) * ::codesign::compulsoryBytes(op.shape);
        return sum;
      }]>,
  ];
}

#endif
