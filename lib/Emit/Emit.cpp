#include "codesign/Emit/Emit.h"
#include "KernelWriter.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace codesign {

namespace {

/// The tile rows of a launch over m rows; of experts, as many as there may be.
std::string tileRowsText(kernel::PlacementOpInterface order) {
  const int64_t rows = order.getTile()[0];
  auto ofExperts = [&](auto op) -> std::string {
    if (op.getLayout() == kernel::ExpertLayout::Masked)
      return formatv("{0} * ceil(m / {0} / {1})", op.getExperts(), rows);
    return formatv("floor((m + min(m, {0}) * {1}) / {2})", op.getExperts(), rows - 1, rows);
  };
  if (auto tile = dyn_cast<kernel::ExpertTileOp>(order.getOperation()))
    return ofExperts(tile);
  if (auto tiles = dyn_cast<kernel::CountExpertTilesOp>(order.getOperation()))
    return ofExperts(tiles);
  if (auto constant = order.getRows().getDefiningOp<mlir::arith::ConstantIndexOp>())
    return formatv("ceil({0} / {1})", constant.value(), rows);
  return formatv("ceil(m / {0})", rows);
}

/// What the IR itself says about the kernel; the caller adds time and reasons.
void writeHeaderFacts(kernel::FuncOp function, raw_ostream &out) {
  const StringRef architecture = function.getTarget().getArchitecture().getValue();
  const bool persistent = function.getRoles() != nullptr;
  out << formatv("// Target:   {0}, {1} threads as {2}{3} x {4} {5}, {6} bytes of LDS\n", architecture,
                 function.getThreadCount(), persistent ? "one producer and " : "", function.getWaves()[0],
                 function.getWaves()[1], persistent ? "consumer warpgroups" : "waves",
                 function.getSharedBytes());
  kernel::PlacementOpInterface order;
  function.walk([&](kernel::PlacementOpInterface op) { order = op; });
  if (order) {
    const bool cluster = function.getClusterSize() > 1;
    out << formatv("// Tile:     {0} x {1} of the output for each {2}, in bands of {3} tile rows",
                   order.getTile()[0], order.getTile()[1],
                   cluster ? formatv("cluster of {0} workgroups", function.getClusterSize()).str()
                           : "workgroup",
                   order.getBand());
    if (order.getChiplets() > 1)
      out << formatv(", runs of {0} tiles to each of {1} chiplets", order.getRun(), order.getChiplets());
    const int64_t splitK = launchFacts(function).splitK;
    if (auto work = dyn_cast<kernel::StreamKOp>(order.getOperation()))
      out << formatv(
          "\n// Grid:     {0} workgroups that share the {1} steps of each of the last tiles, up to two "
          "for each (Stream-K)\n",
          work.getWorkgroups(), work.getSteps());
    else
      out << formatv("\n// Grid:     {0} * {1} {2}{3}{4}\n", tileRowsText(order),
                     divideCeil(order.getColumns(), order.getTile()[1]), cluster ? "clusters" : "workgroups",
                     persistent ? ", or fewer that compute several tiles each" : "",
                     splitK > 1 ? formatv(", by {0} that share the k of each tile", splitK).str() : "");
  }
  for (auto [name, type] : llvm::zip_equal(function.getArgumentNames().getAsValueRange<mlir::StringAttr>(),
                                           function.getArgumentTypes()))
    if (auto tile = dyn_cast<kernel::TileType>(type); tile && tile.isPadded())
      out << formatv("// Padding:  rows of {0} are {1} elements long and start {2} apart\n", name,
                     tile.getColumns(), tile.getPitch());
  function.walk([&](kernel::AllocOp alloc) {
    out << formatv("// LDS:      {0}, {1} slots of {2} x {3}\n", alloc.getName(), alloc.getType().getSlots(),
                   alloc.getType().getRows(), alloc.getType().getColumns());
  });
}

/// The header's text for a file that is not a header.
std::string withoutIncludeGuard(StringRef text) {
  auto [before, after] = text.split("#pragma once\n");
  return (before + after).str();
}

} // namespace

Expected<std::string> emitKernel(kernel::FuncOp function, const EmitOptions &options) {
  const Architecture architecture = emit::architectureOf(function);
  std::unique_ptr<emit::Target> target = emit::createTarget(architecture);
  if (!target)
    return usageError("no kernels are emitted for " + toString(architecture) + " yet");
  std::string source;
  raw_string_ostream out(source);
  out << "// " << emit::commentText(function.getSymName());
  if (!options.title.empty())
    out << ": " << emit::commentText(options.title);
  out << '\n';
  writeHeaderFacts(function, out);
  for (const std::string &note : options.notes)
    out << "// " << emit::commentText(note) << '\n';
  const Prelude prelude = preludeOf(architecture);
  if (options.inlinePrelude)
    out << '\n' << withoutIncludeGuard(prelude.text) << '\n';
  else
    out << "#include \"" << prelude.fileName << "\"\n\n";
  emit::KernelWriter writer(function, *target, out);
  if (Error error = writer.write())
    return error;
  return source;
}

} // namespace codesign
