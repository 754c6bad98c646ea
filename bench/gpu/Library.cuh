// cuBLASLt's product of one matrix, as its heuristic does it.
#pragma once

#include "Common.cuh"

namespace {

/// D[m, n] = A[m, k] W[n, k]^T to bf16: column-major, so that the operands trade places.
class Library {
public:
  explicit Library(cudaStream_t stream) : stream(stream), workspace(workspaceBytes) {
    check(cublasLtCreate(&handle), "cublasLtCreate");
    check(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const size_t bytes = workspaceBytes;
    check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes,
                                               sizeof bytes),
          "cublasLtMatmulPreferenceSetAttribute");
  }
  ~Library() {
    cublasLtMatmulPreferenceDestroy(preference);
    cublasLtMatmulDescDestroy(product);
    cublasLtDestroy(handle);
  }
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  /// `type` is that of both operands.
  void choose(long long m, long long n, long long k, cudaDataType_t type) {
    layouts[0] = layout(type, k, n);
    layouts[1] = layout(type, k, m);
    layouts[2] = layout(CUDA_R_16BF, n, m);
    int found = 0;
    check(cublasLtMatmulAlgoGetHeuristic(handle, product, layouts[0], layouts[1], layouts[2], layouts[2],
                                         preference, 1, &choice, &found),
          "cublasLtMatmulAlgoGetHeuristic");
    require(found == 1, "cublasLtMatmulAlgoGetHeuristic", "no algorithm");
  }
  void multiply(const void *a, const void *w, void *d) {
    const float one = 1, zero = 0;
    check(cublasLtMatmul(handle, product, &one, w, layouts[0], a, layouts[1], &zero, d, layouts[2], d,
                         layouts[2], &choice.algo, workspace.data, workspaceBytes, stream),
          "cublasLtMatmul");
  }
  void release() {
    for (cublasLtMatrixLayout_t &each : layouts)
      cublasLtMatrixLayoutDestroy(each);
  }

protected:
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value) {
    check(cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }

private:
  static constexpr size_t workspaceBytes = 64 << 20;

  static cublasLtMatrixLayout_t layout(cudaDataType_t type, long long rows, long long columns) {
    cublasLtMatrixLayout_t created;
    check(cublasLtMatrixLayoutCreate(&created, type, rows, columns, rows), "cublasLtMatrixLayoutCreate");
    return created;
  }

  cudaStream_t stream;
  Buffer workspace;
  cublasLtHandle_t handle;
  cublasLtMatmulDesc_t product;
  cublasLtMatmulPreference_t preference;
  cublasLtMatrixLayout_t layouts[3];
  cublasLtMatmulHeuristicResult_t choice;
};

} // namespace
