/// The last error of this thread; a caller reads it after a status other than 0.
thread_local char lastError[256] = "";

template <class... Arguments>
int fail(int status, const char *format, Arguments... arguments) {
  std::snprintf(lastError, sizeof lastError, format, arguments...);
  return status;
}

/// The driver of this process: already linked in, or opened now. Null if there is none.
const Driver *driver() {
  static Driver instance;
  static const bool ready = [] {
    if (instance.bind(RTLD_DEFAULT))
      return true;
    for (const char *library : Driver::libraries)
      if (void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL))
        if (instance.bind(handle))
          return true;
    return false;
  }();
  return ready ? &instance : nullptr;
}

/// Kernels that are loaded, per device. Never unloaded: graphs may hold them.
struct Loaded {
  std::intptr_t device;
  const Kernel *kernel;
  Driver::Function function;
};

int load(const Driver &gpu, const Kernel &kernel, Driver::Function &function) {
  static std::mutex lock;
  static std::vector<Loaded> loaded;
  std::intptr_t device = 0;
  if (int status = gpu.currentDevice(device))
    return fail(driverError, "no current device: %s", gpu.describe(status));
  const std::lock_guard<std::mutex> guard(lock);
  for (const Loaded &entry : loaded)
    if (entry.device == device && entry.kernel == &kernel) {
      function = entry.function;
      return ok;
    }
  if (!kernel.image)
    return fail(noImage, "%s: this library was built without a device compiler", kernel.symbol);
  Driver::Module module = nullptr;
  if (int status = gpu.moduleLoadData(&module, kernel.image))
    return fail(driverError, "%s: loading failed: %s", kernel.symbol, gpu.describe(status));
  if (int status = gpu.moduleGetFunction(&function, module, kernel.symbol))
    return fail(driverError, "%s: not in its image: %s", kernel.symbol, gpu.describe(status));
  if (int status = gpu.allowSharedBytes(function, kernel.dynamicLdsBytes))
    return fail(driverError, "%s: %u bytes of shared memory refused: %s", kernel.symbol,
                kernel.dynamicLdsBytes, gpu.describe(status));
  loaded.push_back({device, &kernel, function});
  return ok;
}

/// The kernel that serves m rows, or null. A sum over no rows is one, too.
const Kernel *kernelFor(const Gemm &gemm, std::int64_t m) {
  if (gemm.overRows && m == 0)
    m = 1;
  for (int i = 0; i < gemm.rangeCount; ++i)
    if (m >= gemm.ranges[i].minM && (gemm.ranges[i].maxM == 0 || m <= gemm.ranges[i].maxM))
      return &kernels[gemm.ranges[i].kernel];
  return nullptr;
}

/// Rows of w as a matrix.
std::int64_t weightRows(const Gemm &gemm, std::int64_t m) {
  if (gemm.across)
    return gemm.overRows ? m : gemm.k;
  return gemm.n * (gemm.experts > 0 ? gemm.experts : 1);
}

/// Output tiles, each of a workgroup or a cluster; of experts as many as there may be.
std::int64_t tileCount(const Gemm &gemm, const Kernel &kernel, std::int64_t m) {
  std::int64_t rows = ((gemm.overRows ? gemm.k : m) + kernel.tileM - 1) / kernel.tileM;
  if (gemm.masked)
    rows = gemm.experts * ((m / gemm.experts + kernel.tileM - 1) / kernel.tileM);
  else if (gemm.experts > 0)
    rows = (m + (m < gemm.experts ? m : gemm.experts) * (kernel.tileM - 1)) / kernel.tileM;
  return rows * ((gemm.n + kernel.tileN - 1) / kernel.tileN);
}

/// Whether workgroups leave sums of tiles to others.
bool sharesTiles(const Kernel &kernel) {
  return kernel.splitK > 1 || kernel.streamWorkgroups > 0;
}

/// Workgroups that add up the rows of tokens.
std::int64_t sumTileCount(const Gemm &gemm, std::int64_t tokens) {
  const Kernel &kernel = kernels[gemm.sumKernel];
  return (tokens + kernel.tileM - 1) / kernel.tileM * ((gemm.n + kernel.tileN - 1) / kernel.tileN);
}

/// What a launch needs beside its operands: the counts, then the sums of all workgroups, or the rows of fp32
/// that are added up.
std::size_t workspaceBytes(const Gemm &gemm, const Parameters *parameters) {
  const Kernel *kernel =
      parameters && (parameters->m > 0 || gemm.overRows) ? kernelFor(gemm, parameters->m) : nullptr;
  if (kernel && gemm.topK > 0 && parameters->token_count > 0)
    return static_cast<std::size_t>(arrivalBytes + parameters->m * gemm.n * std::int64_t{sizeof(float)});
  if (!kernel || !sharesTiles(*kernel))
    return 0;
  constexpr std::int64_t tilesOfEach = 2; // that a workgroup may have a part of
  const std::int64_t parts = kernel->streamWorkgroups > 0
                                 ? tilesOfEach * kernel->streamWorkgroups
                                 : tileCount(gemm, *kernel, parameters->m) * kernel->splitK;
  return static_cast<std::size_t>(arrivalBytes + parts * kernel->partialBytes);
}

/// What a sum over the rows of tokens asks for.
int checkTokens(const Gemm &gemm, const Parameters *parameters) {
  const long long tokens = parameters->token_count;
  if (tokens < 0)
    return fail(invalidArgument, "%s: token_count = %lld is negative", gemm.name, tokens);
  if (tokens == 0)
    return ok;
  if (!parameters->token_rows || reinterpret_cast<std::uintptr_t>(parameters->token_rows) % 4)
    return fail(invalidArgument, "%s: token_rows must be a device pointer to int32", gemm.name);
  if (!parameters->d || reinterpret_cast<std::uintptr_t>(parameters->d) % 16)
    return fail(invalidArgument, "%s: d must be a 16-byte aligned device pointer", gemm.name);
  if (tokens > INT32_MAX || sumTileCount(gemm, tokens) > INT32_MAX)
    return fail(unsupported, "%s: %lld tokens are outside every range", gemm.name, tokens);
  return ok;
}

/// Status ok, or why these arguments cannot be served, with the shape in lastError.
int check(const Gemm &gemm, const Parameters *parameters) {
  if (!parameters)
    return fail(invalidArgument, "%s: no parameters", gemm.name);
  const std::int64_t m = parameters->m;
  if (m < 0)
    return fail(invalidArgument, "%s: m = %lld is negative", gemm.name, static_cast<long long>(m));
  if (gemm.topK > 0)
    if (int status = checkTokens(gemm, parameters))
      return status;
  if (m == 0 && !gemm.overRows)
    return ok;
  const void *const pointers[] = {parameters->a, parameters->w, parameters->d};
  for (const void *pointer : pointers)
    if (!pointer || reinterpret_cast<std::uintptr_t>(pointer) % 16)
      return fail(invalidArgument, "%s: a, w and d must be 16-byte aligned device pointers", gemm.name);
  const float *const scales[] = {parameters->a_scale, parameters->w_scale};
  for (const float *scale : scales)
    if (gemm.scaled && (!scale || reinterpret_cast<std::uintptr_t>(scale) % sizeof(float)))
      return fail(invalidArgument, "%s: a_scale and w_scale must be device pointers to fp32", gemm.name);
  if (gemm.bias && !parameters->bias)
    return fail(invalidArgument, "%s: bias is missing", gemm.name);
  if (gemm.residual && (!parameters->residual || reinterpret_cast<std::uintptr_t>(parameters->residual) % 16))
    return fail(invalidArgument, "%s: residual must be a 16-byte aligned device pointer", gemm.name);
  if (gemm.experts > 0 &&
      (!parameters->expert_rows || reinterpret_cast<std::uintptr_t>(parameters->expert_rows) % 4))
    return fail(invalidArgument, "%s: expert_rows must be a device pointer to int32", gemm.name);
  if (gemm.weighted &&
      (!parameters->row_weights || reinterpret_cast<std::uintptr_t>(parameters->row_weights) % sizeof(float)))
    return fail(invalidArgument, "%s: row_weights must be a device pointer to fp32", gemm.name);
  if (gemm.rotary && (!parameters->positions || !parameters->rotations ||
                      reinterpret_cast<std::uintptr_t>(parameters->positions) % sizeof(std::int32_t) ||
                      reinterpret_cast<std::uintptr_t>(parameters->rotations) % 16))
    return fail(invalidArgument,
                "%s: positions must be a device pointer to int32, rotations a 16-byte aligned one to fp32",
                gemm.name);
  if (gemm.squares &&
      (!parameters->row_squares || reinterpret_cast<std::uintptr_t>(parameters->row_squares) % sizeof(float)))
    return fail(invalidArgument, "%s: row_squares must be a device pointer to fp32", gemm.name);
  if (gemm.scaledBlocks && (!parameters->d_block_scale ||
                            reinterpret_cast<std::uintptr_t>(parameters->d_block_scale) % sizeof(float)))
    return fail(invalidArgument, "%s: d_block_scale must be a device pointer to fp32", gemm.name);
  if (gemm.quantised && !gemm.scaledBlocks &&
      (!parameters->d_scale || reinterpret_cast<std::uintptr_t>(parameters->d_scale) % sizeof(float)))
    return fail(invalidArgument, "%s: d_scale must be a device pointer to fp32", gemm.name);
  if (gemm.gathered && parameters->a_rows) {
    constexpr std::int64_t reach = 0xffff0000; // of 32-bit offsets
    if (reinterpret_cast<std::uintptr_t>(parameters->a_rows) % 4 || parameters->a_row_count < 1)
      return fail(invalidArgument, "%s: a_rows must be a device pointer to int32, of a_row_count rows",
                  gemm.name);
    if (parameters->a_row_count > reach / (gemm.k * (gemm.narrow ? 1 : 2)))
      return fail(unsupported, "%s: %lld rows of a are more than 4 GiB", gemm.name,
                  static_cast<long long>(parameters->a_row_count));
  }
  const Kernel *kernel = kernelFor(gemm, m);
  if (!kernel || m > INT32_MAX || tileCount(gemm, *kernel, m) > INT32_MAX)
    return fail(unsupported, "%s: m = %lld with n = %lld, k = %lld is outside every range", gemm.name,
                static_cast<long long>(m), static_cast<long long>(gemm.n), static_cast<long long>(gemm.k));
  if (m == 0 && !Driver::takesNoRows(*kernel))
    return fail(unsupported,
                "%s: m = 0, and its kernel describes matrices to the tensor engine, which have rows",
                gemm.name);
  return ok;
}

/// Sums of squares that a launch leaves of each row of d.
[[maybe_unused]] std::int64_t squaresColumns(const Gemm &gemm, const Parameters *parameters) {
  const Kernel *kernel = parameters && parameters->m > 0 ? kernelFor(gemm, parameters->m) : nullptr;
  return kernel ? (gemm.n + kernel->squaresWidth - 1) / kernel->squaresWidth : 0;
}

struct Workspace {
  void *memory;
  std::size_t bytes;
};

/// The products, with their rows to `result`.
int launchProducts(const Gemm &gemm, const Parameters *parameters, void *workspace, void *result,
                   const Driver *gpu, void *stream) {
  const Kernel &kernel = *kernelFor(gemm, parameters->m);
  Driver::Function function = nullptr;
  if (int status = load(*gpu, kernel, function))
    return status;
  const void *aScale = parameters->a_scale, *wScale = parameters->w_scale;
  const void *bias = parameters->bias, *residual = parameters->residual, *rows = parameters->expert_rows;
  const void *list = parameters->a_rows, *weights = parameters->row_weights,
             *dScale = gemm.scaledBlocks ? parameters->d_block_scale : parameters->d_scale;
  const void *positions = parameters->positions, *rotations = parameters->rotations,
             *squares = parameters->row_squares;
  int listed = static_cast<int>(parameters->a_rows ? parameters->a_row_count : parameters->m);
  int m = static_cast<int>(parameters->m);
  Driver::Argument a, w, d;
  int status = gpu->prepare(a, parameters->a, m, gemm.k, gemm, kernel, 0);
  if (!status)
    status =
        gpu->prepare(w, parameters->w, weightRows(gemm, m), gemm.across ? gemm.n : gemm.k, gemm, kernel, 1);
  if (!status)
    status = gpu->prepare(d, result, gemm.overRows ? gemm.k : m, gemm.gated ? gemm.n / 2 : gemm.n, gemm,
                          kernel, 2);
  if (status)
    return fail(driverError, "%s: describing a, w or d failed: %s", kernel.symbol, gpu->describe(status));
  std::int64_t groups = 0;
  status = gpu->countGroups(kernel, tileCount(gemm, kernel, m), groups);
  if (status)
    return fail(driverError, "%s: no launch size: %s", kernel.symbol, gpu->describe(status));
  if (groups == 0) // masked experts without a row
    return ok;
  void *arrivals = workspace,
       *partials = sharesTiles(kernel) ? static_cast<char *>(workspace) + arrivalBytes : nullptr;
  void *arguments[18] = {a.get(), w.get()};
  int count = 2;
  if (gemm.scaled) {
    arguments[count++] = &aScale;
    arguments[count++] = &wScale;
  }
  if (gemm.bias)
    arguments[count++] = &bias;
  if (gemm.residual)
    arguments[count++] = &residual;
  if (gemm.experts > 0)
    arguments[count++] = &rows;
  if (gemm.gathered)
    arguments[count++] = &list;
  if (gemm.weighted)
    arguments[count++] = &weights;
  if (gemm.rotary) {
    arguments[count++] = &positions;
    arguments[count++] = &rotations;
  }
  if (gemm.squares)
    arguments[count++] = &squares;
  if (gemm.quantised)
    arguments[count++] = &dScale;
  if (sharesTiles(kernel)) {
    arguments[count++] = &partials;
    arguments[count++] = &arrivals;
  }
  arguments[count++] = d.get();
  if (gemm.gathered)
    arguments[count++] = &listed;
  arguments[count++] = &m;
  status = gpu->launch(function, static_cast<unsigned>(groups), gpu->partsOfGrid(kernel), kernel.threads,
                       kernel.dynamicLdsBytes, stream, arguments);
  if (status)
    return fail(driverError, "%s: launch failed: %s", kernel.symbol, gpu->describe(status));
  return ok;
}

/// d of each token from the rows of the products, of which there are m.
int launchTokenSum(const Gemm &gemm, const Parameters *parameters, const void *rows, const Driver *gpu,
                   void *stream) {
  const Kernel &kernel = kernels[gemm.sumKernel];
  Driver::Function function = nullptr;
  if (int status = load(*gpu, kernel, function))
    return status;
  const void *lists = parameters->token_rows;
  void *d = parameters->d;
  int count = static_cast<int>(parameters->m), tokens = static_cast<int>(parameters->token_count);
  void *arguments[] = {&rows, &lists, &d, &count, &tokens};
  if (int status = gpu->launch(function, static_cast<unsigned>(sumTileCount(gemm, tokens)), 1, kernel.threads,
                               kernel.dynamicLdsBytes, stream, arguments))
    return fail(driverError, "%s: launch failed: %s", kernel.symbol, gpu->describe(status));
  return ok;
}

int launch(const Gemm &gemm, const Parameters *parameters, Workspace workspace, void *stream) {
  if (int status = check(gemm, parameters))
    return status;
  const bool noRows = parameters->m == 0 && !gemm.overRows;
  if (gemm.topK > 0 ? parameters->token_count == 0 : noRows)
    return ok;
  const std::size_t needed = workspaceBytes(gemm, parameters);
  if (needed > 0 && (!workspace.memory || workspace.bytes < needed ||
                     reinterpret_cast<std::uintptr_t>(workspace.memory) % 16))
    return fail(invalidArgument, "%s: m = %lld needs a 16-byte aligned workspace of %zu bytes", gemm.name,
                static_cast<long long>(parameters->m), needed);
  const Driver *gpu = driver();
  if (!gpu)
    return fail(noDriver, "%s: %s was not found", gemm.name, Driver::libraries[0]);
  if (gemm.topK == 0)
    return launchProducts(gemm, parameters, workspace.memory, parameters->d, gpu, stream);
  void *const rows = needed > 0 ? static_cast<char *>(workspace.memory) + arrivalBytes : nullptr;
  if (!noRows)
    if (int status = launchProducts(gemm, parameters, workspace.memory, rows, gpu, stream))
      return status;
  return launchTokenSum(gemm, parameters, rows, gpu, stream);
}

/// Loads every kernel on the current device, so that no later launch does.
int loadAll() {
  const Driver *gpu = driver();
  if (!gpu)
    return fail(noDriver, "%s was not found", Driver::libraries[0]);
  for (const Kernel &kernel : kernels) {
    Driver::Function function = nullptr;
    if (int status = load(*gpu, kernel, function))
      return status;
  }
  return ok;
}

} // namespace
