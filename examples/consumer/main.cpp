// Asks the model's kernels what they can do; launches nothing, so it runs on any machine.
#include <cstdio>
#include <model_kernels/kernels.h>

int main() {
  alignas(16) static char anywhere[16];
  small_mi300x_gemm_parameters parameters = {};
  parameters.a = parameters.w = anywhere;
  parameters.d = anywhere;
  parameters.positions = reinterpret_cast<const int32_t *>(anywhere); // of the rows, whose heads are turned
  parameters.rotations = reinterpret_cast<const float *>(anywhere);
  parameters.m = 8192;
  int status = small_mi300x_qkv_proj_is_supported(&parameters);
  std::printf("8192 rows: %s\n", status == SMALL_MI300X_OK ? "supported" : small_mi300x_last_error());
  std::printf("workspace: %zu bytes\n", small_mi300x_qkv_proj_workspace_size(&parameters));
  parameters.m = -1;
  std::printf("-1 rows: %s\n", small_mi300x_qkv_proj_is_supported(&parameters) == SMALL_MI300X_OK
                                   ? "supported"
                                   : small_mi300x_last_error());
  return status == SMALL_MI300X_OK ? 0 : 1;
}
