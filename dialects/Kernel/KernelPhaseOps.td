// Waves that alternate between memory and matrix phases, half of them one phase behind the others.
#ifndef CODESIGN_KERNEL_PHASE_OPS
#define CODESIGN_KERNEL_PHASE_OPS

def Kernel_FallBehindOp : Kernel_Op<"fall_behind"> {
  let summary = "The second half of the workgroup's waves meets one barrier more, and is one phase behind the first from here on";
  let description = [{
    A phase is what stands between two barriers. Until `kernel.catch_up` every barrier ends one phase of the first half and the one before it of
    the second, so that one half uses the matrix cores while the other uses memory. The workgroup has two waves for each SIMD, one of each half.
    The verifier follows both halves through their phases, all rounds of the loops included, and rejects tiles of LDS that one of them
    writes while the other reads or writes them, or that it reads before a barrier has made them visible.
  }];
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

def Kernel_CatchUpOp : Kernel_Op<"catch_up"> {
  let summary = "The first half of the workgroup's waves meets the barrier that the second had more: all are in step again";
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

def Kernel_PriorityOp : Kernel_Op<"priority"> {
  let summary = "Among waves of a SIMD that could issue, those of the highest priority, 0 to 3, come first; kernels start with 0";
  let arguments = (ins I64Attr:$level);
  let assemblyFormat = "$level attr-dict";
  let hasVerifier = 1;
}

def Kernel_InterleaveOp : Kernel_Op<"interleave"> {
  let summary = "The products since the last barrier, fence or interleave are mixed evenly with the reads, writes and loads there";
  let description = [{
    The compiler moves nothing across, and issues between two of the memory operations as many products as there are for each. A wave that has
    a SIMD for itself keeps its matrix core busy that way.
  }];
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Instructions of one wave in the phase that ends here.
    struct Counts {
      int64_t products = 0, reads = 0, writes = 0, loads = 0;
    };
    Counts getCounts();
  }];
}

#endif
