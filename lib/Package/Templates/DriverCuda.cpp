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

  static constexpr const char *libraries[] = {"libcuda.so.1", "libcuda.so"};

  bool bind(void *library) {
    return find(library, getContext, "cuCtxGetCurrent") &&
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
  int launch(Function function, unsigned groups, unsigned threads, unsigned sharedBytes, void *stream,
             void **arguments) const {
    return launchKernel(function, groups, 1, 1, threads, 1, 1, sharedBytes, stream, arguments, nullptr);
  }

private:
  template <class Pointer>
  static bool find(void *library, Pointer &pointer, const char *name) {
    pointer = reinterpret_cast<Pointer>(dlsym(library, name));
    return pointer != nullptr;
  }
};
