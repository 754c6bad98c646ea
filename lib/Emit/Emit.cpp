#include "codesign/Emit/Emit.h"
#include "KernelWriter.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"
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

/// "Tile:     256 x 256 …", wrapped under itself.
void writeFact(StringRef key, const Twine &text, raw_ostream &out) {
  constexpr int width = 10;
  emit::writeComment(out, formatv("{0,-10}", key).str() + text.str(), 0, width);
}

/// What the IR itself says about the kernel; the caller adds time and reasons.
void writeHeaderFacts(kernel::FuncOp function, raw_ostream &out) {
  const Architecture architecture = emit::architectureOf(function);
  const bool persistent = function.getRoles() != nullptr, isAmd = vendorOf(architecture) == Vendor::Amd;
  writeFact("Target:",
            formatv("{0}, {1} threads as {2}{3} x {4} {5}, {6} bytes of {7}",
                    function.getTarget().getArchitecture().getValue(), function.getThreadCount(),
                    persistent ? "one producer and " : "", function.getWaves()[0], function.getWaves()[1],
                    persistent ? "consumer warpgroups"
                    : isAmd    ? "waves"
                               : "warps",
                    function.getSharedBytes(), isAmd ? "LDS" : "shared memory")
                .str(),
            out);
  kernel::PlacementOpInterface order;
  function.walk([&](kernel::PlacementOpInterface op) { order = op; });
  if (order) {
    const bool cluster = function.getClusterSize() > 1;
    std::string tile = formatv("{0} x {1} of the output for each {2}", order.getTile()[0], order.getTile()[1],
                               cluster ? formatv("cluster of {0} workgroups", function.getClusterSize()).str()
                                       : "workgroup");
    if (order.getBand() > 1)
      tile += formatv(", in bands of {0} tile rows", order.getBand());
    if (order.getChiplets() > 1 && order.getRun() > 1)
      tile += formatv(", runs of {0} tiles to each of {1} chiplets", order.getRun(), order.getChiplets());
    writeFact("Tile:", tile, out);
    const int64_t splitK = launchFacts(function).splitK;
    std::string grid;
    if (auto work = dyn_cast<kernel::StreamKOp>(order.getOperation()))
      grid = formatv(
          "{0} workgroups that share the {1} steps of each of the last tiles, up to two for each (Stream-K)",
          work.getWorkgroups(), work.getSteps());
    else
      grid = formatv("{0} * {1} {2}{3}{4}", tileRowsText(order),
                     divideCeil(order.getColumns(), order.getTile()[1]), cluster ? "clusters" : "workgroups",
                     persistent ? ", or fewer that compute several tiles each" : "",
                     splitK > 1 ? formatv(", by {0} that share the k of each tile", splitK).str() : "");
    writeFact("Grid:", grid, out);
  }
  for (auto [name, type] : llvm::zip_equal(function.getArgumentNames().getAsValueRange<mlir::StringAttr>(),
                                           function.getArgumentTypes()))
    if (auto tile = dyn_cast<kernel::TileType>(type); tile && tile.isPadded())
      writeFact("Padding:",
                formatv("rows of {0} are {1} elements long and start {2} apart", name, tile.getColumns(),
                        tile.getPitch())
                    .str(),
                out);
  SmallVector<std::string> rings;
  function.walk([&](kernel::AllocOp alloc) {
    const kernel::TileType type = alloc.getType();
    rings.push_back(formatv("{0}, {1} slot{2} of {3} x {4}", alloc.getName(), type.getSlots(),
                            type.getSlots() == 1 ? "" : "s", type.getRows(), type.getColumns()));
  });
  if (!rings.empty())
    writeFact(isAmd ? "LDS:" : "Shared:", join(rings, "; "), out);
}

/// "Why: …" under the facts, or another line as it is.
void writeNote(StringRef note, raw_ostream &out) {
  const auto [key, text] = note.split(": ");
  if (text.empty() || key.size() > 9 || key.contains(' '))
    return emit::writeComment(out, note, 0, 2);
  writeFact((key + ":").str(), text, out);
}

/// Where a statement that is too long may go on in the next line: behind the last argument of its call that
/// fits, or of its template where none of the call does, or npos.
size_t breakOf(StringRef line) {
  size_t at = StringRef::npos, inTemplate = StringRef::npos;
  int parentheses = 0, brackets = 0;
  for (size_t i = 0; i + 1 < line.size() && i < emit::lineLength; ++i) {
    parentheses += line[i] == '(' ? 1 : line[i] == ')' ? -1 : 0;
    // With spaces around it is a comparison.
    brackets += line[i] == '<' && line[i + 1] != ' ' ? 1 : line[i] == '>' && line[i - 1] != ' ' ? -1 : 0;
    if (parentheses == 1 && brackets == 0 && line.substr(i, 2) == ", ")
      at = i + 1;
    if (parentheses == 0 && brackets == 1 && line.substr(i, 2) == ", ")
      inTemplate = i + 1;
  }
  return at != StringRef::npos ? at : inTemplate;
}

/// Long calls in several lines; what has a string or a comment stays as it is.
void writeWrapped(StringRef source, raw_ostream &out) {
  while (!source.empty()) {
    StringRef line;
    std::tie(line, source) = source.split('\n');
    const bool wraps = line.size() > emit::lineLength && !line.contains('"') && !line.contains("//");
    if (const size_t at = wraps ? breakOf(line) : StringRef::npos; at != StringRef::npos) {
      out << line.take_front(at) << '\n';
      out.indent(line.find_first_not_of(' ') + 4) << line.drop_front(at + 1) << '\n';
    } else {
      out << line << '\n';
    }
  }
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
  emit::writeComment(out, (function.getSymName() + (options.title.empty() ? "" : ": ") + options.title).str(),
                     0, 2);
  writeHeaderFacts(function, out);
  for (const std::string &note : options.notes)
    writeNote(note, out);
  const Prelude prelude = preludeOf(architecture);
  if (options.inlinePrelude)
    out << '\n' << withoutIncludeGuard(prelude.text) << '\n';
  else
    out << "#include \"" << prelude.fileName << "\"\n\n";
  std::string kernel;
  raw_string_ostream body(kernel);
  if (Error error = emit::KernelWriter(function, *target).write(body))
    return error;
  writeWrapped(kernel, out);
  return source;
}

} // namespace codesign
