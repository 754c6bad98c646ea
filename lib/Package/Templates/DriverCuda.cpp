// The CUDA driver, opened when it is first needed: this file compiles and links without the toolkit.
struct Driver {
  using Module = void *;
  using Function = void *;
  int (*getContext)(void **);
  int (*moduleLoadData)(Module *, const void *);
  int (*moduleGetFunction)(Function *, Module, const char *);
  int (*setAttribute)(Function, int, int);
  int (*launchKernel)(Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,
                      void **, void **);
  int (*getErrorString)(int, const char **);
  int (*getDevice)(int *);
  int (*getDeviceAttribute)(int *, int, int);
  /// Absent before CUDA 12: then kernels that take tensor maps are refused.
  int (*encodeTensorMap)(void *, int, std::uint32_t, void *, const std::uint64_t *, const std::uint64_t *,
                         const std::uint32_t *, const std::uint32_t *, int, int, int, int);

  static constexpr const char *libraries[] = {"libcuda.so.1", "libcuda.so"};

  bool bind(void *library) {
    find(library, encodeTensorMap, "cuTensorMapEncodeTiled");
    return find(library, getDevice, "cuCtxGetDevice") &&
           find(library, getDeviceAttribute, "cuDeviceGetAttribute") &&
           find(library, getContext, "cuCtxGetCurrent") &&
           find(library, moduleLoadData, "cuModuleLoadData") &&
           find(library, moduleGetFunction, "cuModuleGetFunction") &&
           find(library, setAttribute, "cuFuncSetAttribute") &&
           find(library, launchKernel, "cuLaunchKernel") && find(library, getErrorString, "cuGetErrorString");
  }

  /// What modules are loaded for: the current context.
  int currentDevice(std::intptr_t &device) const {
    void *context = nullptr;
    const int status = getContext(&context);
    device = reinterpret_cast<std::intptr_t>(context);
    constexpr int invalidContext = 201; // CUDA_ERROR_INVALID_CONTEXT
    return status == 0 && !context ? invalidContext : status;
  }
  const char *describe(int status) const {
    const char *text = nullptr;
    return getErrorString(status, &text) == 0 && text ? text : "unknown error";
  }
  int allowSharedBytes(Function function, unsigned bytes) const {
    constexpr int maxDynamicSharedBytes = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    return bytes ? setAttribute(function, maxDynamicSharedBytes, static_cast<int>(bytes)) : 0;
  }
  int launch(Function function, unsigned groups, unsigned parts, unsigned threads, unsigned sharedBytes,
             void *stream, void **arguments) const {
    return launchKernel(function, groups, parts, 1, threads, 1, 1, sharedBytes, stream, arguments, nullptr);
  }

  /// A kernel's argument for a matrix: its address, or what the tensor engine has to know of it.
  struct Argument {
    alignas(64) unsigned char map[128]; // CUtensorMap
    const void *pointer;
    bool isMap;
    void *get() { return isMap ? static_cast<void *>(map) : &pointer; }
  };
  /// Whether a kernel may be launched on matrices without a row.
  static bool takesNoRows(const Kernel &kernel) { return kernel.boxes[0].rows == 0; }
  /// `operand` is 0 for a, 1 for w, 2 for d.
  int prepare(Argument &argument, const void *matrix, std::int64_t rows, std::int64_t columns,
              const Gemm &gemm, const Kernel &kernel, int operand) const {
    const Box &box = kernel.boxes[operand];
    argument.pointer = matrix;
    argument.isMap = box.rows > 0;
    if (!argument.isMap)
      return 0;
    if (!encodeTensorMap)
      return 801; // CUDA_ERROR_NOT_SUPPORTED
    constexpr int bytes = 0, float16 = 6,
                  bfloat16 = 9; // CU_TENSOR_MAP_DATA_TYPE_UINT8, …_FLOAT16, …_BFLOAT16
    const bool narrow = operand < 2 ? gemm.narrow : gemm.quantised;
    const unsigned elementBytes = narrow ? 1 : 2;
    constexpr int noInterleave = 0; // CU_TENSOR_MAP_INTERLEAVE_NONE
    // CU_TENSOR_MAP_SWIZZLE_32B, …_64B, …_128B: the rows of a box are one span.
    const unsigned span = box.columns * elementBytes;
    const int swizzle = span == 32 ? 1 : span == 64 ? 2 : 3;
    constexpr int promote256Bytes = 3, zeros = 0; // CU_TENSOR_MAP_L2_PROMOTION_L2_256B, …_OOB_FILL_NONE
    // The contiguous dimension comes first.
    const std::uint64_t extents[] = {static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(rows)};
    const std::uint64_t rowBytes[] = {elementBytes * extents[0]};
    const std::uint32_t boxExtents[] = {box.columns, box.rows}, steps[] = {1, 1};
    const int type = narrow ? bytes : gemm.half ? float16 : bfloat16;
    return encodeTensorMap(argument.map, type, 2, const_cast<void *>(matrix), extents, rowBytes, boxExtents,
                           steps, noInterleave, swizzle, promote256Bytes, zeros);
  }
  /// A persistent kernel fills the device once.
  int countGroups(const Kernel &kernel, std::int64_t tiles, std::int64_t &groups) const {
    groups = kernel.streamWorkgroups > 0 ? kernel.streamWorkgroups : tiles;
    if (kernel.persistentCluster == 0 || kernel.streamWorkgroups > 0)
      return 0;
    int device = 0, multiprocessors = 0;
    constexpr int multiprocessorCount = 16; // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
    if (int status = getDevice(&device))
      return status;
    if (int status = getDeviceAttribute(&multiprocessors, multiprocessorCount, device))
      return status;
    const std::int64_t clusters = multiprocessors / kernel.persistentCluster, work = tiles * kernel.splitK;
    groups = (work < clusters ? work : clusters) * kernel.persistentCluster;
    return 0;
  }
  /// The launch's y: persistent workgroups find the part of a tile by themselves.
  unsigned partsOfGrid(const Kernel &kernel) const {
    return kernel.persistentCluster == 0 ? kernel.splitK : 1;
  }

private:
  template <class Pointer>
  static bool find(void *library, Pointer &pointer, const char *name) {
    pointer = reinterpret_cast<Pointer>(dlsym(library, name));
    return pointer != nullptr;
  }
};
