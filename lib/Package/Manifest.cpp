// Reads a package's manifest back.
#include "codesign/Package/Package.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace codesign {

// Found by argument-dependent lookup, so in the namespace of their types.
static bool fromJSON(const json::Value &value, PackagedStreamK &work, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("workgroups", work.workgroups) && map.map("steps", work.steps) &&
         map.map("least_steps", work.least) && map.map("chiplets", work.chiplets) && map.map("run", work.run);
}

static bool fromJSON(const json::Value &value, PackagedKernel &kernel, json::Path path) {
  json::ObjectMapper map(value, path);
  const json::Object *object = value.getAsObject();
  if (!map || !map.map("symbol", kernel.symbol) || !map.map("threads", kernel.threads) ||
      !map.map("tile_m", kernel.tileM) || !map.map("tile_n", kernel.tileN) ||
      !map.map("lds_bytes", kernel.ldsBytes) || !map.map("dynamic_lds_bytes", kernel.dynamicLdsBytes) ||
      !map.map("split_k", kernel.splitK) || !map.map("partial_bytes", kernel.partialBytes) ||
      !map.mapOptional("stream_k", kernel.streamK) ||
      !map.mapOptional("squares_width", kernel.squaresWidth) ||
      !map.mapOptional("persistent_cluster", kernel.persistentCluster) ||
      !map.map("schedule", kernel.schedule) || !map.map("reason", kernel.reason))
    return false;
  if (const json::Object *boxes = object->getObject("tensor_boxes"))
    for (auto [name, box] : {std::pair("a", &kernel.aBox), {"w", &kernel.wBox}, {"d", &kernel.dBox}}) {
      const json::Array *extents = boxes->getArray(name);
      if (!extents || extents->size() != 2 || !(*extents)[0].getAsInteger() ||
          !(*extents)[1].getAsInteger()) {
        path.field("tensor_boxes").report("expected two integers for each of a, w and d");
        return false;
      }
      *box = {*(*extents)[0].getAsInteger(), *(*extents)[1].getAsInteger()};
    }
  const json::Object *predicted = object->getObject("predicted");
  if (!predicted) {
    path.field("predicted").report("expected object");
    return false;
  }
  const json::Value predictedValue(json::Object{*predicted});
  json::ObjectMapper prediction(predictedValue, path.field("predicted"));
  return prediction && prediction.map("seconds", kernel.predictedSeconds) &&
         prediction.map("m", kernel.predictedM) && prediction.map("source", kernel.predictionSource);
}

static bool fromJSON(const json::Value &value, PackagedRange &range, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("min_m", range.minM) && map.map("max_m", range.maxM) &&
         map.map("symbol", range.symbol);
}

static bool fromJSON(const json::Value &value, PackagedGemm &gemm, json::Path path) {
  json::ObjectMapper map(value, path);
  std::string type, outputType, scaling;
  if (!map || !map.map("name", gemm.name) || !map.map("type", type) || !map.map("output_type", outputType) ||
      !map.map("scaling", scaling) || !map.map("n", gemm.n) || !map.map("k", gemm.k) ||
      !map.map("bias", gemm.bias) || !map.map("activation", gemm.activation) ||
      !map.map("gated", gemm.gated) || !map.map("residual", gemm.residual) ||
      !map.map("experts", gemm.experts) || !map.map("masked", gemm.masked) ||
      !map.map("gathered", gemm.gathered) || !map.map("weighted", gemm.weighted) ||
      !map.map("top_k", gemm.topK) || !map.mapOptional("sum_symbol", gemm.sumSymbol) ||
      !map.map("layout", gemm.layout) || !map.map("row_squares", gemm.rowSquares) ||
      !map.map("shuffled_weights", gemm.shuffledWeights) ||
      !map.mapOptional("quantised_blocks", gemm.quantisedBlocks) ||
      !map.mapOptional("leading_dimension_a", gemm.leadingA) ||
      !map.mapOptional("leading_dimension_w", gemm.leadingW) ||
      !map.mapOptional("rotary_head_columns", gemm.rotary.headColumns) ||
      !map.mapOptional("rotary_columns", gemm.rotary.columns) ||
      !map.mapOptional("rotary_positions", gemm.rotary.positions) || !map.map("ranges", gemm.ranges))
    return false;
  auto assign = [&](auto &member, auto known, const char *name) {
    if (!known) {
      path.field(name).report("unknown value");
      return false;
    }
    member = *known;
    return true;
  };
  return assign(gemm.type, parseDataType(type), "type") &&
         assign(gemm.outputType, parseDataType(outputType), "output_type") &&
         assign(gemm.scaling, parseScaling(scaling), "scaling");
}

static bool fromJSON(const json::Value &value, PackageSpec &spec, json::Path path) {
  json::ObjectMapper map(value, path);
  int64_t version = 0;
  if (!map || !map.map("schema_version", version))
    return false;
  if (version != packageSchemaVersion) {
    path.field("schema_version").report("unknown version");
    return false;
  }
  return map.map("generator", spec.generator) && map.map("name", spec.name) && map.map("model", spec.model) &&
         map.map("hardware", spec.hardware) && map.map("architecture", spec.architecture) &&
         map.map("prelude", spec.preludeFile) && map.map("kernels", spec.kernels) &&
         map.map("gemms", spec.gemms);
}

Expected<PackageSpec> readManifest(StringRef directory) {
  const std::string path = (directory + "/codesign.manifest.json").str();
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return usageError(path + ": " + buffer.getError().message());
  Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return usageError(path + ": " + toString(value.takeError()));
  PackageSpec spec;
  json::Path::Root root("manifest");
  if (!fromJSON(*value, spec, root))
    return usageError(path + ": " + toString(root.getError()));
  if (Error error = checkPackage(spec))
    return usageError(path + ": " + toString(std::move(error)));
  return spec;
}

} // namespace codesign
