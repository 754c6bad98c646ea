
// How wgmma finds its operands in shared memory, for sm_90a. Arithmetic alone.

namespace {

/// Start, distances and swizzle; all but the last in units of 16 bytes (PTX ISA, wgmma, matrix descriptor).
DEVICE constexpr unsigned long long matrixDescriptor(unsigned address, int leadingBytes, int strideBytes,
                                                     int swizzleBytes) {
  const unsigned long long swizzle = swizzleBytes == 128 ? 1 : swizzleBytes == 64 ? 2 : 3;
  return (address & 0x3ffff) >> 4 | static_cast<unsigned long long>(leadingBytes >> 4) << 16 |
         static_cast<unsigned long long>(strideBytes >> 4) << 32 | swizzle << 62;
}

/// An operand whose k is contiguous, in rows of RowBytes under the swizzle of that span: groups of eight rows
/// follow each other; the distance along k is not used.
template <int RowBytes>
struct DepthInRows {
  static_assert(RowBytes == 128 || RowBytes == 64 || RowBytes == 32, "a swizzle spans 32, 64 or 128 bytes");
  static constexpr int stepBytes = 32, steps = RowBytes / stepBytes; // of k, per instruction

  DEVICE constexpr int offset(int row) { return row * RowBytes; }
  DEVICE constexpr unsigned long long descriptor(unsigned address) {
    return matrixDescriptor(address, 16, 8 * RowBytes, RowBytes);
  }
};
static_assert(DepthInRows<128>::descriptor(0) == 0x4000004000010000, "CuTe's descriptor of the same operand");

/// An operand of 16 bits whose k runs along Depth rows of panels, 64 rows of it side by side: groups of eight
/// of k follow each other in a panel, panels of the operand lead on.
template <int Depth>
struct DepthInPanels {
  static constexpr int stepBytes = 16 * 128, steps = Depth / 16;

  DEVICE constexpr int offset(int row) { return row / 64 * (Depth * 128); }
  DEVICE constexpr unsigned long long descriptor(unsigned address) {
    return matrixDescriptor(address, Depth * 128, 8 * 128, 128);
  }
};
static_assert(DepthInPanels<64>::descriptor(0) == 0x4000004002000000,
              "CuTe's ((T,8,m),(8,k)):((1,T,LBO),(8T,SBO))");

} // namespace
