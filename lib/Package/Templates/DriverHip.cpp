// The HIP runtime, opened when it is first needed: this file compiles and links without ROCm.
struct Driver {
  using Module = void *;
  using Function = void *;
  int (*getDevice)(int *);
  int (*moduleLoadData)(Module *, const void *);
  int (*moduleGetFunction)(Function *, Module, const char *);
  int (*moduleLaunchKernel)(Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                            void *, void **, void **);
  const char *(*getErrorString)(int);

  static constexpr const char *libraries[] = {"libamdhip64.so", "libamdhip64.so.7", "libamdhip64.so.6"};

  bool bind(void *library) {
    return find(library, getDevice, "hipGetDevice") && find(library, moduleLoadData, "hipModuleLoadData") &&
           find(library, moduleGetFunction, "hipModuleGetFunction") &&
           find(library, moduleLaunchKernel, "hipModuleLaunchKernel") &&
           find(library, getErrorString, "hipGetErrorString");
  }

  /// What modules are loaded for: the current device.
  int currentDevice(std::intptr_t &device) const {
    int index = 0;
    const int status = getDevice(&index);
    device = index;
    return status;
  }
  const char *describe(int status) const { return getErrorString(status); }
  int allowSharedBytes(Function, unsigned) const { return 0; }
  int launch(Function function, unsigned groups, unsigned parts, unsigned threads, unsigned sharedBytes,
             void *stream, void **arguments) const {
    return moduleLaunchKernel(function, groups, parts, 1, threads, 1, 1, sharedBytes, stream, arguments,
                              nullptr);
  }

  /// A kernel's argument for a matrix: its address.
  struct Argument {
    const void *pointer;
    void *get() { return &pointer; }
  };
  /// Whether a kernel may be launched on matrices without a row.
  static bool takesNoRows(const Kernel &) { return true; }
  int prepare(Argument &argument, const void *matrix, std::int64_t, std::int64_t, const Gemm &,
              const Kernel &, int) const {
    argument.pointer = matrix;
    return 0;
  }
  int countGroups(const Kernel &kernel, std::int64_t tiles, std::int64_t &groups) const {
    groups = kernel.streamWorkgroups > 0 ? kernel.streamWorkgroups : tiles;
    return 0;
  }
  /// The launch's y.
  unsigned partsOfGrid(const Kernel &kernel) const { return kernel.splitK; }

private:
  template <class Pointer>
  static bool find(void *library, Pointer &pointer, const char *name) {
    pointer = reinterpret_cast<Pointer>(dlsym(library, name));
    return pointer != nullptr;
  }
};
