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

#endif
