#include "ProfileReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace codesign::hardware {
namespace {

// Far outside any device, close enough to catch a wrong unit (gigabytes for bytes, microseconds for seconds).
constexpr double minBytesPerSecond = 1e9, maxBytesPerSecond = 1e15;
constexpr double minFlopsPerSecond = 1e11, maxFlopsPerSecond = 1e18;
constexpr double minHertz = 1e8, maxHertz = 1e10;
constexpr double maxCount = 1e6;

/// Reads `{value: …, source: …}` members and keeps their provenance.
class SourcedReader {
public:
  SourcedReader(Profile &profile, MapReader members) : profile(profile), members(std::move(members)) {}

  MapReader &map() { return members; }
  SourcedReader map(llvm::StringRef key) { return SourcedReader(profile, members.map(key)); }

  double number(llvm::StringRef key, double low, double high) {
    YAML::Node value = take(members.take(key), members.pathOf(key));
    return readNumber(members.context(), value, members.pathOf(key), low, high);
  }
  int integer(llvm::StringRef key, double low, double high) {
    YAML::Node value = take(members.take(key), members.pathOf(key));
    return static_cast<int>(readInteger(members.context(), value, members.pathOf(key), low, high));
  }
  long longInteger(llvm::StringRef key, double low, double high) {
    YAML::Node value = take(members.take(key), members.pathOf(key));
    return readInteger(members.context(), value, members.pathOf(key), low, high);
  }
  size_t choice(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> words) {
    YAML::Node value = take(members.take(key), members.pathOf(key));
    std::string word = readText(members.context(), value, members.pathOf(key));
    auto found = llvm::find(words, word);
    if (found == words.end()) {
      members.context().fail(value, "'" + members.pathOf(key) + "' must be one of " +
                                        llvm::join(words, ", ") + didYouMean(word, words));
      return 0;
    }
    return found - words.begin();
  }
  /// A mapping from data types to numbers.
  template <class Value>
  std::map<DataType, Value> perType(llvm::StringRef key, double low, double high) {
    std::map<DataType, Value> result;
    MapReader types = members.map(key);
    for (const auto &[name, entry] : types.members()) {
      std::optional<DataType> type = parseDataType(name.Scalar());
      if (!type || toString(*type) != name.Scalar()) {
        std::string hint = type ? ("; write '" + toString(*type) + "'").str() : std::string();
        members.context().fail(name, "'" + name.Scalar() + "' is not a data type" + hint);
        break;
      }
      std::string path = types.pathOf(name.Scalar());
      result[*type] = Value(readNumber(members.context(), take(entry, path), path, low, high));
    }
    return result;
  }
  YAML::Node take(const YAML::Node &entry, const std::string &path) {
    YamlContext &context = members.context();
    if (!context.failed() && !entry.IsMap()) {
      context.fail(entry, "'" + path + "' must be {value: …, source: …}");
      return YAML::Node();
    }
    MapReader fields(context, entry, path);
    YAML::Node value = fields.take("value");
    YAML::Node source = fields.take("source");
    fields.finish();
    if (context.failed())
      return YAML::Node();
    std::string id = readText(context, source, path + ".source");
    if (llvm::none_of(profile.sources, [&](const Source &s) { return s.id == id; })) {
      std::vector<llvm::StringRef> ids;
      ids.reserve(profile.sources.size());
      for (const Source &s : profile.sources)
        ids.push_back(s.id);
      context.fail(source, "'" + id + "' is not in 'sources'" + didYouMean(id, ids));
      return YAML::Node();
    }
    profile.entries.push_back({path, value.IsScalar() ? value.Scalar() : "", id, value.Mark().line + 1});
    return value;
  }

private:
  Profile &profile;
  MapReader members;
};

void readSources(Profile &profile, MapReader sources) {
  static constexpr llvm::StringRef kinds[] = {"datasheet", "measured", "derived", "estimate", "user_input"};
  for (const auto &[name, entry] : sources.members()) {
    MapReader fields(sources.context(), entry, sources.pathOf(name.Scalar()));
    auto kind = static_cast<SourceKind>(fields.choice("kind", kinds));
    profile.sources.push_back({name.Scalar(), kind, fields.text("text")});
    fields.finish();
  }
}

void readIdentity(Profile &profile, MapReader &root) {
  profile.name = root.text("name");
  profile.title = root.text("title");
  YAML::Node architecture = root.take("architecture");
  std::string word = readText(root.context(), architecture, "architecture");
  if (root.context().failed())
    return;
  if (std::optional<Architecture> parsed = parseArchitecture(word)) {
    profile.architecture = *parsed;
  } else {
    std::vector<llvm::StringRef> names;
    for (Architecture known : allArchitectures())
      names.push_back(toString(known));
    root.context().fail(architecture,
                        "unknown architecture '" + word + "'; known are " + llvm::join(names, ", "));
    return;
  }
  static constexpr llvm::StringRef vendors[] = {"amd", "nvidia"};
  profile.vendor = static_cast<Vendor>(root.choice("vendor", vendors));
  if (profile.vendor != vendorOf(profile.architecture))
    root.context().fail(root.take("vendor"), "'vendor' does not make " + toString(profile.architecture));
}

void readCompute(Profile &profile, SourcedReader reader) {
  static constexpr llvm::StringRef orders[] = {"round_robin"};
  ComputeResources &compute = profile.compute;
  compute.computeUnits = reader.integer("compute_units", 1, 4096);
  compute.dies = reader.integer("dies", 1, 64);
  compute.computeUnitsPerDie = reader.integer("compute_units_per_die", 1, 4096);
  compute.dispatchOrder = static_cast<DispatchOrder>(reader.choice("dispatch_order", orders));
  compute.simdsPerComputeUnit = reader.integer("simds_per_compute_unit", 1, 16);
  compute.waveSize = reader.integer("wave_size", 32, 64);
  compute.maxWavesPerSimd = reader.integer("max_waves_per_simd", 1, 64);
  compute.maxThreadsPerWorkgroup = reader.integer("max_threads_per_workgroup", 64, 4096);
  compute.maxWorkgroupsPerComputeUnit = reader.integer("max_workgroups_per_compute_unit", 1, 256);
  YamlContext &context = reader.map().context();
  if (compute.dies * compute.computeUnitsPerDie != compute.computeUnits)
    context.fail(reader.map().take("compute_units_per_die"),
                 llvm::formatv("{0} dies of {1} compute units are not {2}", compute.dies,
                               compute.computeUnitsPerDie, compute.computeUnits)
                     .str());
  if (compute.waveSize != waveSize(profile.architecture))
    context.fail(reader.map().take("wave_size"), "'compute.wave_size' is " +
                                                     llvm::Twine(waveSize(profile.architecture)) + " on " +
                                                     toString(profile.architecture));
  reader.map().finish();
}

void readClocks(Profile &profile, SourcedReader reader) {
  profile.peakClock = Hertz(reader.number("peak_hertz", minHertz, maxHertz));
  profile.boostClock = Hertz(reader.number("boost_hertz", minHertz, maxHertz));
  profile.sustainedClock = reader.perType<Hertz>("sustained_hertz", minHertz, maxHertz);
  if (profile.boostClock < profile.peakClock)
    reader.map().context().fail(reader.map().take("boost_hertz"),
                                "'clocks.boost_hertz' is below 'clocks.peak_hertz'");
  reader.map().finish();
}

void readRates(Profile &profile, SourcedReader &root) {
  auto read = [&](llvm::StringRef key) {
    return root.perType<FlopsPerSecond>(key, minFlopsPerSecond, maxFlopsPerSecond);
  };
  profile.peakMatrix = read("matrix_peak_flops_per_second");
  profile.achievableMatrix = read("matrix_achievable_flops_per_second");
  profile.peakVector = read("vector_peak_flops_per_second");
  YamlContext &context = root.map().context();
  if (context.failed())
    return;
  YAML::Node peak = root.map().take("matrix_peak_flops_per_second");
  YAML::Node achievable = root.map().take("matrix_achievable_flops_per_second");
  for (const auto &[type, rate] : profile.peakMatrix)
    if (profile.matrixFlopsPerClockPerComputeUnit(type) == 0)
      context.fail(peak, toString(profile.architecture) + " has no matrix instruction for '" +
                             toString(type) + "'");
  for (const auto &[type, rate] : profile.achievableMatrix) {
    if (!profile.supportsMatrix(type))
      context.fail(achievable, "'" + toString(type) + "' has no 'matrix_peak_flops_per_second'");
    else if (rate > profile.peakMatrix.at(type))
      context.fail(achievable, "'" + toString(type) + "' achieves more than its peak");
  }
  if (!profile.supportsMatrix(DataType::BF16))
    context.fail(peak, "missing key 'matrix_peak_flops_per_second.bf16'");
  if (!profile.achievableMatrix.count(DataType::BF16))
    context.fail(achievable, "missing key 'matrix_achievable_flops_per_second.bf16'");
  if (!profile.peakVector.count(DataType::F32))
    context.fail(root.map().take("vector_peak_flops_per_second"),
                 "missing key 'vector_peak_flops_per_second.fp32'");
}

void readRegisters(Profile &profile, SourcedReader reader) {
  RegisterFile &registers = profile.registers;
  registers.registersPerSimdLane = reader.integer("registers_per_simd_lane", 64, 4096);
  registers.maxPerThread = reader.integer("max_per_thread", 16, 1024);
  registers.maxArchitecturalPerThread = reader.integer("max_architectural_per_thread", 16, 1024);
  registers.maxAccumulationPerThread = reader.integer("max_accumulation_per_thread", 0, 1024);
  registers.allocationGranule = reader.integer("allocation_granule", 1, 64);
  reader.map().finish();
}

void readSharedMemory(Profile &profile, SourcedReader reader) {
  SharedMemory &shared = profile.shared;
  shared.capacityPerComputeUnit = Bytes(reader.integer("capacity_bytes_per_compute_unit", 1024, 1 << 24));
  shared.maxPerWorkgroup = Bytes(reader.integer("max_bytes_per_workgroup", 1024, 1 << 24));
  shared.allocationGranule = Bytes(reader.integer("allocation_granule_bytes", 1, 65536));
  shared.reservedPerWorkgroup = Bytes(reader.integer("reserved_bytes_per_workgroup", 0, 65536));
  shared.banks = reader.integer("banks", 1, 1024);
  shared.bankWidthBytes = reader.integer("bank_width_bytes", 1, 64);
  shared.bytesPerClock = reader.number("read_bytes_per_clock_per_compute_unit", 16, 4096);
  if (shared.maxPerWorkgroup > shared.capacityPerComputeUnit)
    reader.map().context().fail(
        reader.map().take("max_bytes_per_workgroup"),
        "'shared_memory.max_bytes_per_workgroup' exceeds the capacity of a compute unit");
  reader.map().finish();
}

void readCaches(Profile &profile, SourcedReader caches) {
  static constexpr llvm::StringRef scopes[] = {"compute_unit", "die", "device"};
  for (const auto &[name, entry] : caches.map().members()) {
    SourcedReader reader = caches.map(name.Scalar());
    Cache cache;
    cache.name = name.Scalar();
    cache.scope = static_cast<CacheScope>(reader.choice("scope", scopes));
    cache.instanceSize = Bytes(reader.number("instance_bytes", 1024, 1e10));
    cache.lineSize = Bytes(reader.integer("line_bytes", 16, 1024));
    cache.totalBandwidth = BytesPerSecond(
        reader.number("total_read_bandwidth_bytes_per_second", minBytesPerSecond, maxBytesPerSecond));
    if (!profile.caches.empty() && cache.scope < profile.caches.back().scope)
      caches.map().context().fail(name, "caches must be listed from the compute unit outwards");
    reader.map().finish();
    profile.caches.push_back(std::move(cache));
  }
  if (profile.caches.empty())
    caches.map().context().fail(caches.map().node(), "'caches' must list at least one cache");
}

void readMemory(Profile &profile, SourcedReader reader) {
  DeviceMemory &memory = profile.memory;
  auto bandwidth = [&](llvm::StringRef key) {
    return BytesPerSecond(reader.number(key, minBytesPerSecond, maxBytesPerSecond));
  };
  memory.capacity = Bytes(reader.number("capacity_bytes", 1e9, 1e13));
  memory.datasheetBandwidth = bandwidth("datasheet_bandwidth_bytes_per_second");
  memory.achievedReadBandwidth = bandwidth("achieved_read_bandwidth_bytes_per_second");
  memory.achievedWriteBandwidth = bandwidth("achieved_write_bandwidth_bytes_per_second");
  auto limit = [&](BytesPerSecond achieved, llvm::StringRef key) {
    if (achieved > memory.datasheetBandwidth)
      reader.map().context().fail(reader.map().take(key),
                                  "'" + reader.map().pathOf(key) + "' exceeds the data sheet");
  };
  limit(memory.achievedReadBandwidth, "achieved_read_bandwidth_bytes_per_second");
  limit(memory.achievedWriteBandwidth, "achieved_write_bandwidth_bytes_per_second");
  reader.map().finish();
}

void readLaunch(Profile &profile, SourcedReader reader) {
  LaunchLimits &launch = profile.launch;
  launch.graphLaunchFloor = Seconds(reader.number("graph_floor_seconds", 1e-8, 1e-3));
  launch.streamLaunchFloor = Seconds(reader.number("stream_floor_seconds", 1e-8, 1e-3));
  launch.maxGridX = reader.longInteger("max_grid_x", 1, 4294967296.0);
  launch.maxGridY = reader.longInteger("max_grid_y", 1, 4294967296.0);
  launch.maxGridZ = reader.longInteger("max_grid_z", 1, 4294967296.0);
  launch.maxClusterSize = reader.integer("max_cluster_workgroups", 1, 64);
  reader.map().finish();
}

void readLinks(Profile &profile, SourcedReader reader) {
  static constexpr llvm::StringRef topologies[] = {"nvswitch", "mesh", "pcie"};
  Links &links = profile.links;
  auto bandwidth = [&](llvm::StringRef key) {
    return BytesPerSecond(reader.number(key, minBytesPerSecond, maxBytesPerSecond));
  };
  links.topology = static_cast<LinkTopology>(reader.choice("topology", topologies));
  links.linksPerGpu = reader.integer("links_per_gpu", 1, 256);
  links.bandwidthPerLink = bandwidth("bytes_per_second_per_link_per_direction");
  links.gpusPerNode = reader.integer("gpus_per_node", 1, maxCount);
  links.latency = Seconds(reader.number("hop_latency_seconds", 1e-8, 1e-3));
  links.hostBandwidth = bandwidth("host_bytes_per_second_per_direction");
  links.achievedBusBandwidth = bandwidth("achieved_all_reduce_bus_bytes_per_second");
  if (links.topology == LinkTopology::Mesh && links.linksPerGpu != links.gpusPerNode - 1)
    reader.map().context().fail(reader.map().take("links_per_gpu"),
                                "a mesh has one link to each other GPU of the node");
  reader.map().finish();
}

void readPower(Profile &profile, SourcedReader reader) {
  profile.power.thermalDesign = Watts(reader.number("thermal_design_watts", 10, 1e5));
  profile.power.idle = Watts(reader.number("idle_watts", 1, 1e5));
  if (profile.power.idle > profile.power.thermalDesign)
    reader.map().context().fail(reader.map().take("idle_watts"),
                                "'power.idle_watts' exceeds the thermal design power");
  reader.map().finish();
}

void readOptionalParts(Profile &profile, SourcedReader &root) {
  YamlContext &context = root.map().context();
  if (std::optional<YAML::Node> tensorMemory = root.map().takeOptional("tensor_memory")) {
    SourcedReader reader(profile, MapReader(context, *tensorMemory, "tensor_memory"));
    profile.tensorMemoryPerComputeUnit = Bytes(reader.integer("bytes_per_compute_unit", 1024, 1 << 24));
    reader.map().finish();
  }
  if (root.map().takeOptional("price_dollars_per_hour")) {
    profile.priceDollarsPerHour = root.number("price_dollars_per_hour", 0, 1000);
    const Source *source = profile.sourceOf("price_dollars_per_hour");
    if (source && source->kind != SourceKind::UserInput)
      context.fail(root.map().take("price_dollars_per_hour"),
                   "the source of a price must be of kind 'user_input'");
  }
  for (const YAML::Node &family : root.map().list("kernel_families")) {
    std::string name = readText(context, family, "kernel_families");
    if (llvm::is_contained(profile.kernelFamilies, name))
      context.fail(family, "'" + name + "' is listed twice");
    profile.kernelFamilies.push_back(std::move(name));
  }
  if (!root.map().takeOptional("borrows_calibration_from"))
    return;
  for (const YAML::Node &device : root.map().list("borrows_calibration_from")) {
    std::string name = readText(context, device, "borrows_calibration_from");
    if (name == profile.name)
      context.fail(device, "a device cannot borrow from itself");
    // It becomes part of a path.
    if (!llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '-' || c == '_'; }))
      context.fail(device, "'" + name + "' is not the name of a profile");
    profile.borrowsCalibrationFrom.push_back(std::move(name));
  }
}

/// Clocks of a compute unit; the bandwidths follow from the caches.
void readTiming(Profile &profile, SourcedReader reader) {
  constexpr double most = 1e5;
  Timing timing;
  timing.vectorIssue = reader.integer("vector_issue_clocks", 1, most);
  timing.transcendentalIssue = reader.integer("transcendental_issue_clocks", 1, most);
  timing.scalarIssue = reader.integer("scalar_issue_clocks", 1, most);
  timing.branchTaken = reader.integer("branch_taken_clocks", 1, most);
  timing.matrixResult = reader.integer("matrix_result_clocks", 0, most);
  timing.sharedLatency = reader.integer("shared_latency_clocks", 1, most);
  timing.firstLevelLatency = reader.integer("first_level_latency_clocks", 1, most);
  timing.memoryLatency = reader.integer("memory_latency_clocks", 1, most);
  timing.hbmLatency = reader.integer("hbm_latency_clocks", 1, most);
  timing.scalarMemoryLatency = reader.integer("scalar_memory_latency_clocks", 1, most);
  timing.barrier = reader.integer("barrier_clocks", 0, most);
  timing.sharedQueueEntries = reader.integer("shared_queue_entries", 1, most);
  timing.memoryBytesInFlight = reader.integer("memory_in_flight_bytes", 1024, 1e7);
  const double clocks = profile.peakClock.value * profile.compute.computeUnits;
  timing.hbmBytesPerClock = profile.memory.achievedReadBandwidth.value / clocks;
  if (const Cache *first = profile.findCache("L1")) {
    timing.firstLevelBytesPerClock = first->totalBandwidth.value / clocks;
    timing.firstLevelBytes = first->instanceSize.value;
  }
  if (const Cache *second = profile.findCache("L2"))
    timing.memoryBytesPerClock = second->totalBandwidth.value / clocks;
  if (timing.firstLevelBytesPerClock <= 0 || timing.memoryBytesPerClock <= 0)
    reader.map().context().fail(reader.map().node(), "'timing' needs the caches 'L1' and 'L2'");
  profile.timing = timing;
}

} // namespace

Profile readProfile(YamlContext &context) {
  Profile profile;
  profile.path = context.source()->name;
  SourcedReader root(profile, MapReader(context, context.root(), ""));
  root.map().integer("profile_version", 1, 1);
  readIdentity(profile, root.map());
  readSources(profile, root.map().map("sources"));
  readCompute(profile, root.map("compute"));
  readClocks(profile, root.map("clocks"));
  readRates(profile, root);
  readRegisters(profile, root.map("registers"));
  readSharedMemory(profile, root.map("shared_memory"));
  readCaches(profile, root.map("caches"));
  readMemory(profile, root.map("hbm"));
  readLaunch(profile, root.map("launch"));
  readLinks(profile, root.map("links"));
  readPower(profile, root.map("power"));
  if (root.map().takeOptional("timing"))
    readTiming(profile, root.map("timing"));
  readOptionalParts(profile, root);
  root.map().finish();
  return profile;
}

} // namespace codesign::hardware
