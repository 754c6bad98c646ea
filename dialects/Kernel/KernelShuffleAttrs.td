// The order of matrices that are stored as matrix instructions take them.
#ifndef CODESIGN_KERNEL_SHUFFLE_ATTRS
#define CODESIGN_KERNEL_SHUFFLE_ATTRS

def Kernel_ShuffledAttr : Kernel_Attr<"Shuffled", "shuffled"> {
  let summary = "A global matrix in blocks of 16 rows by 64 bytes, each as the 64 lanes of a wave load it";
  let description = [{
    Blocks of one group of 16 rows follow each other along the columns, groups follow each other down the rows. In a
    block, the 16-byte chunk c (of four) of row r (of sixteen) stands at place `16 · c + r`: lane 16 · c + r of a wave that
    reads 16 consecutive bytes a lane has it, which is where instructions of 16 rows take it. Rows are a multiple of 16, and
    a row is a multiple of 64 bytes.
  }];
}

#endif
