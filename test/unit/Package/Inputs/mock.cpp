// A GPU that records what it is asked: linked into one program with a generated dispatcher. Written for both
// vendors.
#include "sample/sample.h"
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#undef NDEBUG
#include <cassert>

/// What the mock driver keeps of a tensor map.
struct TensorMap {
  void *address;
  uint64_t extents[2], rowBytes;
  uint32_t box[2];
  int type;
};

namespace {
[[maybe_unused]] TensorMap maps[3];
[[maybe_unused]] bool resultIsMap;
std::string lastFunction;
unsigned groups, parts, threads, sharedBytes;
void *stream;
void *argumentValues[8];
int lastM, moduleLoads, failNext;
[[maybe_unused]] int sharedAllowed;
int argumentCount;
/// The last launch of the kernel that sums up the rows of tokens.
struct {
  void *rows, *lists, *d;
  int count, tokens;
  unsigned groups;
} sum;
} // namespace

static int launched(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                    unsigned bz, unsigned shared, void *onStream, void **arguments) {
  if (failNext)
    return failNext;
  assert(gz == 1 && by == 1 && bz == 1);
  if (std::strcmp(static_cast<const char *>(function), "token_sum") == 0) {
    assert(gy == 1 && bx == 256 && onStream == stream);
    auto pointer = [&](int i) { return *static_cast<void **>(arguments[i]); };
    sum = {pointer(0),
           pointer(1),
           pointer(2),
           *static_cast<int *>(arguments[3]),
           *static_cast<int *>(arguments[4]),
           gx};
    return 0;
  }
  lastFunction = static_cast<const char *>(function);
  groups = gx;
  parts = gy;
  threads = bx;
  sharedBytes = shared;
  stream = onStream;
  for (int i = 0; i < argumentCount; ++i)
    argumentValues[i] = *static_cast<void **>(arguments[i]);
#ifdef MOCK_TENSOR_MAPS
  for (int i = 0; i < 2; ++i)
    std::memcpy(&maps[i], arguments[i], sizeof(TensorMap));
  if (resultIsMap)
    std::memcpy(&maps[2], arguments[argumentCount - 1], sizeof(TensorMap));
#endif
  lastM = *static_cast<int *>(arguments[argumentCount]);
  return 0;
}

extern "C" {
#ifdef MOCK_HIP
int hipGetDevice(int *device) {
  *device = 0;
  return 0;
}
int hipModuleLoadData(void **module, const void *image) {
  ++moduleLoads;
  *module = const_cast<void *>(image);
  return 0;
}
int hipModuleGetFunction(void **function, void *, const char *name) {
  *function = const_cast<char *>(name);
  return 0;
}
int hipModuleLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                          unsigned bz, unsigned shared, void *s, void **arguments, void **) {
  return launched(f, gx, gy, gz, bx, by, bz, shared, s, arguments);
}
const char *hipGetErrorString(int) {
  return "mock failure";
}
#else
int cuCtxGetCurrent(void **context) {
  static int here;
  *context = &here;
  return 0;
}
int cuModuleLoadData(void **module, const void *image) {
  ++moduleLoads;
  *module = const_cast<void *>(image);
  return 0;
}
int cuModuleGetFunction(void **function, void *, const char *name) {
  *function = const_cast<char *>(name);
  return 0;
}
int cuFuncSetAttribute(void *, int attribute, int value) {
  assert(attribute == 8);
  sharedAllowed = value;
  return 0;
}
int cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *s, void **arguments, void **) {
  return launched(f, gx, gy, gz, bx, by, bz, shared, s, arguments);
}
int cuCtxGetDevice(int *device) {
  *device = 3;
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  assert(attribute == 16 && device == 3);
  *value = 21; // multiprocessors: ten clusters of two
  return 0;
}
#ifdef MOCK_TENSOR_MAPS
/// Writes what it was told into the map, as the real one does in a form of its own.
int cuTensorMapEncodeTiled(TensorMap *map, int type, uint32_t rank, void *address, const uint64_t *extents,
                           const uint64_t *strides, const uint32_t *box, const uint32_t *steps,
                           int interleave, int swizzle, int promotion, int fill) {
  assert(reinterpret_cast<uintptr_t>(map) % 64 == 0 && rank == 2 && steps[0] == 1 && steps[1] == 1);
  assert((type == 9 || type == 0) && interleave == 0 && promotion == 3 && fill == 0);
  assert(swizzle == (type == 9 ? 3 : 2)); // rows of 128 bytes, or of 64
  *map = {address, {extents[0], extents[1]}, strides[0], {box[0], box[1]}, type};
  return 0;
}
#endif
int cuGetErrorString(int, const char **text) {
  *text = "mock failure";
  return 0;
}
#endif
}

static sample_gemm_parameters operands(const void *a, const void *w, void *d, int64_t m) {
  sample_gemm_parameters parameters = {};
  parameters.a = a;
  parameters.w = w;
  parameters.d = d;
  parameters.m = m;
  return parameters;
}

int main() {
  alignas(16) static char a[16], w[16], bias[16], d[16];
  int marker = 0;
  sample_gemm_parameters p = operands(a, w, d, 64);
  argumentCount = 3;
  assert(sample_qkv_proj_workspace_size(&p) == 0);
  assert(sample_qkv_proj_launch(&p, nullptr, 0, &marker) == SAMPLE_OK);
  assert(lastFunction == "linear_16" && groups == 4 * 48 && parts == 1 && threads == 256 && lastM == 64 &&
         stream == &marker);
  assert(argumentValues[0] == a && argumentValues[1] == w && argumentValues[2] == d);
  p.m = 65;
  assert(sample_qkv_proj_launch(&p, nullptr, 0, &marker) == SAMPLE_OK);
#ifdef MOCK_TENSOR_MAPS
  // 48 tiles, ten clusters.
  assert(lastFunction == "linear_128" && groups == 20 && sharedBytes == 98304);
  assert(maps[0].address == a && maps[0].extents[0] == 4096 && maps[0].extents[1] == 65);
  assert(maps[0].rowBytes == 8192 && maps[0].box[0] == 64 && maps[0].box[1] == 64);
  assert(maps[1].address == w && maps[1].extents[0] == 4096 && maps[1].extents[1] == 6144);
  assert(maps[1].rowBytes == 8192 && maps[1].box[0] == 64 && maps[1].box[1] == 128);
  assert(argumentValues[2] == d);
#else
  assert(lastFunction == "linear_128" && groups == 48 && sharedBytes == 98304);
#endif
#ifndef MOCK_HIP
  assert(sharedAllowed == 98304);
#endif
  assert(moduleLoads == 2);
  assert(sample_qkv_proj_launch(&p, nullptr, 0, &marker) == SAMPLE_OK && moduleLoads == 2); // loaded once

  // Nothing to do is no error; negative rows, misaligned and missing pointers are.
  p.m = 0;
  lastFunction.clear();
  assert(sample_qkv_proj_launch(&p, nullptr, 0, &marker) == SAMPLE_OK && lastFunction.empty());
  p.m = -1;
  assert(sample_qkv_proj_launch(&p, nullptr, 0, &marker) == SAMPLE_INVALID_ARGUMENT);
  assert(std::strstr(sample_last_error(), "negative"));
  p = operands(a + 2, w, d, 1);
  assert(sample_qkv_proj_is_supported(&p) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "aligned"));
  assert(sample_qkv_proj_is_supported(nullptr) == SAMPLE_INVALID_ARGUMENT);
  p = operands(a, w, d, 100);
  assert(sample_fc_launch(&p, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "bias"));

  // With a bias there is one argument more; rows past the last range name the shape.
  p.bias = bias;
  argumentCount = 4;
  assert(sample_fc_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == bias && argumentValues[3] == d && lastM == 100);
#ifdef MOCK_TENSOR_MAPS
  assert(groups == 16); // eight clusters for eight tiles
#else
  assert(groups == 8);
#endif
  p.m = 5000;
  assert(sample_fc_is_supported(&p) == SAMPLE_UNSUPPORTED);
  assert(std::strstr(sample_last_error(), "m = 5000 with n = 1000, k = 4096"));

  // Workgroups that share tiles: counts and sums in a workspace, which must be there and large enough.
  p = operands(a, w, d, 20);
#ifdef MOCK_HIP
  constexpr int waves = 4;
#else
  constexpr int waves = 8;
#endif
  constexpr int counts = 4 * 8 * waves * 4; // of the four by eight tiles of 64 rows
  alignas(16) static char workspace[counts + 2 * 8 * 4 * 8192];
  argumentCount = 5;
  assert(sample_o_proj_workspace_size(&p) == sizeof workspace); // two by eight tiles, four workgroups each
  assert(sample_o_proj_launch(&p, nullptr, sizeof workspace, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "aligned workspace of"));
  assert(sample_o_proj_launch(&p, workspace, sizeof workspace - 1, nullptr) == SAMPLE_INVALID_ARGUMENT);
  assert(sample_o_proj_launch(&p, workspace + 4, sizeof workspace, nullptr) == SAMPLE_INVALID_ARGUMENT);
  assert(sample_o_proj_launch(&p, workspace, sizeof workspace, nullptr) == SAMPLE_OK);
#ifdef MOCK_TENSOR_MAPS
  // Persistent: 64 parts of 16 tiles are walked by as many workgroups as there are multiprocessors.
  assert(lastFunction == "linear_split" && groups == 21 && parts == 1 && lastM == 20);
#else
  assert(lastFunction == "linear_split" && groups == 2 * 8 && parts == 4 && lastM == 20);
#endif
  assert(argumentValues[2] == workspace + counts && argumentValues[3] == workspace && argumentValues[4] == d);
  p.m = 65;
  argumentCount = 3;
  assert(sample_o_proj_workspace_size(&p) == 0 && sample_o_proj_workspace_size(nullptr) == 0);
  assert(sample_o_proj_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK && parts == 1);

#ifndef MOCK_TENSOR_MAPS
  // Stream-K: six workgroups and places for two tiles of each, whatever m is.
  constexpr int places = 6 * 2 * 8192;
  argumentCount = 5;
  for (int rows : {20, 5000}) {
    p.m = rows;
    assert(sample_streamed_o_proj_workspace_size(&p) == counts + places);
    assert(sample_streamed_o_proj_launch(&p, workspace, counts + places - 1, nullptr) ==
           SAMPLE_INVALID_ARGUMENT);
    assert(sample_streamed_o_proj_launch(&p, workspace, sizeof workspace, nullptr) == SAMPLE_OK);
    assert(lastFunction == "linear_streamed" && groups == 6 && parts == 1 && lastM == rows);
    assert(argumentValues[2] == workspace + counts && argumentValues[3] == workspace &&
           argumentValues[4] == d);
  }
#endif

  // Experts: a table before the output, and workgroups for every tile that there may be.
  alignas(4) static int32_t rows[9];
  p = operands(a, w, d, 100);
  assert(sample_experts_launch(&p, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "expert_rows"));
  p.expert_rows = rows;
  argumentCount = 4;
  assert(sample_experts_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == rows && argumentValues[3] == d && lastM == 100);
#ifdef MOCK_TENSOR_MAPS
  // Persistent: ten clusters walk the tiles, and the map of w has the rows of all experts.
  assert(groups == 20 && maps[0].extents[1] == 100 && maps[1].extents[1] == 8 * 1000);
#else
  assert(groups == (100 + 8 * 15) / 16 * 8);
  p.m = 3; // one expert for each row at most
  assert(sample_experts_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK && groups == 3 * 8);
#endif
  p.m = 8 * 20; // shares of 20 rows, two tiles each
  assert(sample_experts_masked_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK && groups == 8 * 2 * 8);
  p.m = 7; // no share has a row
  lastFunction.clear();
  assert(sample_experts_masked_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK && lastFunction.empty());
  p = operands(a, w, d, 100);
  p.bias = bias;

  // Bias, residual and output in this order; the grid covers the columns of the product, two for each of d's.
  p.m = 100;
  assert(sample_gate_up_proj_launch(&p, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "residual"));
  p.residual = w;
  argumentCount = 5;
  assert(sample_gate_up_proj_launch(&p, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == bias && argumentValues[3] == w && argumentValues[4] == d);
#ifdef MOCK_TENSOR_MAPS
  assert(groups == 16); // eight clusters
#else
  assert(groups == 8);
#endif
  // A list of rows and weights before d, the rows of a behind it: without a list, those of d.
  sample_gemm_parameters routed = operands(a, w, d, 100);
  routed.expert_rows = rows;
  assert(sample_routed_is_supported(&routed) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "row_weights"));
  static float weights[4];
  routed.row_weights = weights;
  argumentCount = 6;
  assert(sample_routed_launch(&routed, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == rows && argumentValues[3] == nullptr && argumentValues[4] == weights &&
         argumentValues[5] == d && lastM == 100);
  routed.a_rows = rows + 1;
  assert(sample_routed_is_supported(&routed) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "a_row_count"));
  routed.a_row_count = 50;
  assert(sample_routed_launch(&routed, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[3] == rows + 1 && lastM == 50); // what follows d
  routed.a_row_count = 1 << 20;
  assert(sample_routed_is_supported(&routed) == SAMPLE_UNSUPPORTED &&
         std::strstr(sample_last_error(), "4 GiB"));
  // Rows that tokens sum up: the products leave them in the workspace, past the counts, and d is another
  // kernel's. Tokens without rows get zeros from it alone.
  sample_gemm_parameters summed = operands(a, w, d, 100);
  summed.expert_rows = rows;
  summed.row_weights = weights;
  summed.token_count = 50;
  assert(sample_summed_is_supported(&summed) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "token_rows"));
  summed.token_rows = rows;
  alignas(16) static char rowsOfTokens[counts + 100 * 1000 * 4];
  assert(sample_summed_workspace_size(&summed) == sizeof rowsOfTokens);
  assert(sample_summed_launch(&summed, rowsOfTokens, sizeof rowsOfTokens - 1, nullptr) ==
         SAMPLE_INVALID_ARGUMENT);
  argumentCount = 5;
  assert(sample_summed_launch(&summed, rowsOfTokens, sizeof rowsOfTokens, nullptr) == SAMPLE_OK);
  assert(lastFunction == "linear_16" && argumentValues[3] == weights &&
         argumentValues[4] == rowsOfTokens + counts && lastM == 100);
  assert(sum.rows == rowsOfTokens + counts && sum.lists == rows && sum.d == d && sum.count == 100 &&
         sum.tokens == 50 && sum.groups == 25 * 2);
  summed.m = 0;
  lastFunction.clear();
  assert(sample_summed_workspace_size(&summed) == 0);
  assert(sample_summed_launch(&summed, nullptr, 0, nullptr) == SAMPLE_OK && lastFunction.empty());
  assert(sum.rows == nullptr && sum.count == 0 && sum.tokens == 50);
  summed.token_count = -1;
  assert(sample_summed_is_supported(&summed) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "token_count"));
#ifdef MOCK_HIP
  argumentCount = 5;
  // Scales come right behind the operands they belong to, and need no more than the alignment of fp32.
  static float scales[4];
  sample_gemm_parameters narrow = operands(a, w, d, 100);
  assert(sample_down_proj_launch(&narrow, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "w_scale"));
  narrow.a_scale = scales + 1;
  narrow.w_scale = scales + 2;
  assert(sample_down_proj_launch(&narrow, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == scales + 1 && argumentValues[3] == scales + 2 && argumentValues[4] == d);
  // Of a quantised output another stands before it.
  assert(sample_up_proj_launch(&narrow, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "d_scale"));
  narrow.d_scale = scales + 3;
  argumentCount = 6;
  assert(sample_up_proj_launch(&narrow, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[4] == scales + 3 && argumentValues[5] == d);
  // In the same place those that a launch writes.
  sample_gemm_parameters inBlocks = operands(a, w, d, 100);
  inBlocks.d_scale = scales;
  assert(sample_blocks_launch(&inBlocks, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "d_block_scale"));
  inBlocks.d_block_scale = scales + 1;
  argumentCount = 4;
  assert(sample_blocks_launch(&inBlocks, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == scales + 1 && argumentValues[3] == d);
#endif
#ifdef MOCK_TENSOR_MAPS
  // Results of 8 bits have a map of bytes and a scale.
  static float outScale;
  sample_gemm_parameters narrow = operands(a, w, d, 100);
  assert(sample_up_proj_launch(&narrow, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "d_scale"));
  narrow.d_scale = &outScale;
  argumentCount = 4;
  resultIsMap = true;
  assert(sample_up_proj_launch(&narrow, nullptr, 0, nullptr) == SAMPLE_OK);
  resultIsMap = false;
  assert(argumentValues[2] == &outScale && maps[0].type == 9 && maps[1].type == 9 && maps[2].type == 0);
  assert(maps[2].address == d && maps[2].extents[0] == 1024 && maps[2].extents[1] == 100 &&
         maps[2].rowBytes == 1024 && maps[2].box[0] == 64 && maps[2].box[1] == 64);
  // Of a gradient of weights both operands have m rows, and d has k.
  sample_gemm_parameters turned = operands(a, w, d, 100);
  argumentCount = 3;
  resultIsMap = true;
  assert(sample_turned_gradient_launch(&turned, nullptr, 0, nullptr) == SAMPLE_OK);
  resultIsMap = false;
  assert(maps[0].extents[0] == 4096 && maps[0].extents[1] == 100 && maps[0].rowBytes == 8192);
  assert(maps[1].extents[0] == 6144 && maps[1].extents[1] == 100 && maps[1].rowBytes == 12288);
  assert(maps[2].extents[0] == 6144 && maps[2].extents[1] == 4096 && maps[2].type == 9);
  turned.m = 0;
  assert(sample_turned_gradient_launch(&turned, nullptr, 0, nullptr) == SAMPLE_UNSUPPORTED &&
         std::strstr(sample_last_error(), "m = 0"));
#endif
  // A gradient of weights has k by n tiles, and is a sum of nothing over no rows.
  sample_gemm_parameters gradient = operands(a, w, d, 7);
  argumentCount = 3;
  assert(sample_qkv_gradient_launch(&gradient, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(lastFunction == "linear_16" && groups == 4096 / 16 * 6144 / 128 && lastM == 7);
  gradient.m = 0;
  assert(sample_qkv_gradient_launch(&gradient, nullptr, 0, nullptr) == SAMPLE_OK && lastM == 0);
  // Positions and angles, squares.
  alignas(16) static float table[4];
  sample_gemm_parameters rotated = operands(a, w, d, 100);
  rotated.positions = rows;
  assert(sample_rotated_qkv_launch(&rotated, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "rotations"));
  rotated.rotations = table;
  argumentCount = 5;
  assert(sample_rotated_qkv_launch(&rotated, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == rows && argumentValues[3] == table && argumentValues[4] == d);
  sample_gemm_parameters stream = operands(a, w, d, 100);
  assert(sample_stream_squares_columns(&stream) == (1000 + 31) / 32);
  assert(sample_stream_launch(&stream, nullptr, 0, nullptr) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "row_squares"));
  stream.row_squares = table;
  argumentCount = 4;
  assert(sample_stream_launch(&stream, nullptr, 0, nullptr) == SAMPLE_OK);
  assert(argumentValues[2] == table && argumentValues[3] == d);
#ifdef MOCK_HIP
  // Shuffled weights: byte b of row r of 4096 bytes, in blocks of 16 rows by 64 bytes, columns of 16-byte
  // pieces.
  static unsigned char plain[1024 * 4096], blocks[1024 * 4096];
  for (int i = 0; i < 1024 * 4096; ++i)
    plain[i] = static_cast<unsigned char>(i * 2654435761u >> 24);
  assert(sample_down_proj_shuffle_weights(plain, blocks) == SAMPLE_OK);
  for (int r : {0, 1, 15, 16, 17, 1023})
    for (int b : {0, 15, 16, 63, 64, 4095})
      assert(blocks[r / 16 * 65536 + b / 64 * 1024 + b % 64 / 16 * 256 + r % 16 * 16 + b % 16] ==
             plain[r * 4096 + b]);
  assert(sample_down_proj_shuffle_weights(plain, plain) == SAMPLE_INVALID_ARGUMENT &&
         std::strstr(sample_last_error(), "two places"));
#endif
  argumentCount = 4;
  p.m = 100;
  failNext = 7;
  assert(sample_fc_launch(&p, nullptr, 0, nullptr) == SAMPLE_DRIVER_ERROR &&
         std::strstr(sample_last_error(), "mock failure"));
  std::puts("all calls as expected");
  return 0;
}
