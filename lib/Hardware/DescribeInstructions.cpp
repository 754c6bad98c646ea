// The instruction tables in the text of `codesign hw show`.
#include "TextColumns.h"
#include "codesign/Isa/MatrixInstruction.h"
#include "codesign/Isa/MemoryInstruction.h"
#include <tuple>

namespace codesign::hardware {
namespace {

/// Records that differ only in n or in operand formats, shown as one line.
struct InstructionGroup {
  const MatrixInstruction *first;
  const MatrixInstruction *last;
  int typePairs = 1;
};

bool isF8F6F4(const MatrixInstruction &row) {
  return llvm::StringRef(row.mnemonic).ends_with("f8f6f4");
}

bool sameLine(const MatrixInstruction &x, const MatrixInstruction &y) {
  auto key = [](const MatrixInstruction &row) {
    return std::tuple(row.kind, row.m, row.k, row.blocks, row.sparse, row.scaled, row.matrixCores,
                      row.a.space, row.flopsPerCyclePerComputeUnit());
  };
  bool sameTypes = x.a.type == y.a.type && x.b.type == y.b.type && x.c.type == y.c.type;
  bool oneMnemonic = isF8F6F4(x) && x.mnemonic == y.mnemonic;
  return key(x) == key(y) && (sameTypes || oneMnemonic) && (x.n != y.n || oneMnemonic);
}

std::vector<InstructionGroup> groupRows(Architecture architecture) {
  std::vector<InstructionGroup> groups;
  for (const MatrixInstruction &row : matrixInstructions(architecture)) {
    InstructionGroup *found = nullptr;
    for (InstructionGroup &group : groups)
      if (sameLine(*group.first, row))
        found = &group;
    if (!found) {
      groups.push_back({&row, &row});
      continue;
    }
    found->typePairs += isF8F6F4(row);
    found->last = &row;
  }
  return groups;
}

std::string shapeOf(const InstructionGroup &group) {
  const MatrixInstruction &row = *group.first;
  std::string n = std::to_string(row.n);
  if (group.last->n != row.n)
    n += "…" + std::to_string(group.last->n);
  std::string shape = std::to_string(row.m) + "×" + n + "×" + std::to_string(row.k);
  return row.blocks == 1 ? shape : shape + " ×" + std::to_string(row.blocks);
}

std::string typesOf(const InstructionGroup &group) {
  const MatrixInstruction &row = *group.first;
  std::string pair = toString(row.a.type).str() + " × " + toString(row.b.type).str();
  if (group.typePairs > 1)
    pair = bitWidth(row.a.type) == 8 || bitWidth(row.b.type) == 8 ? "fp8 with fp8, fp6, fp4" : "fp6, fp4";
  return pair + " → " + toString(row.c.type).str();
}

std::string clocksOf(const InstructionGroup &group) {
  std::string clocks = std::to_string(group.first->cycles);
  return group.last->cycles == group.first->cycles ? clocks
                                                   : clocks + "…" + std::to_string(group.last->cycles);
}

std::string notesOf(const MatrixInstruction &row) {
  std::string notes;
  auto add = [&](const std::string &note) { notes += (notes.empty() ? "" : ", ") + note; };
  if (row.coIssueCycles == 0)
    add("no co-issue");
  if (row.sparse)
    add("A 2:4 sparse");
  if (row.scaled)
    add("block scales");
  if (row.kind == MatrixInstructionKind::Wgmma)
    add("A in " + toString(row.a.space).str());
  if (row.matrixCores == 8)
    add("two SMs");
  return notes;
}

} // namespace

void printInstructions(llvm::raw_ostream &stream, Architecture architecture) {
  stream << "\nmatrix instructions of " << familyName(architecture)
         << " (m×n×k, clocks one instruction keeps its cores busy)\n";
  TextColumns matrix("lllrrl");
  matrix.add({"kind", "shape", "types", "clocks", "FLOP/clk/CU", "notes"});
  for (const InstructionGroup &group : groupRows(architecture))
    matrix.add({toString(group.first->kind).str(), shapeOf(group), typesOf(group), clocksOf(group),
                fixed(group.last->flopsPerCyclePerComputeUnit(), 0), notesOf(*group.first)});
  matrix.print(stream);

  stream << "\ncopies\n";
  TextColumns copies("lrlll");
  copies.add({"instruction", "bytes/lane", "path", "done when", "notes"});
  for (const CopyInstruction &copy : copyInstructions(architecture)) {
    std::string notes = copy.laneContiguousDestination ? "lanes contiguous" : "";
    if (copy.clampsOutOfRange)
      notes += std::string(notes.empty() ? "" : ", ") + "clamps";
    copies.add({copy.name, copy.bytesPerLane == 0 ? "any" : std::to_string(copy.bytesPerLane),
                toString(copy.from).str() + " → " + toString(copy.to).str(), toString(copy.completion).str(),
                notes});
  }
  copies.print(stream);

  stream << "\nLDS accesses (phases: groups of lanes served one after another)\n";
  TextColumns phases("rlrrl");
  phases.add({"bytes/lane", "access", "phases", "banks", "evidence"});
  for (const SharedAccessPhases &row : sharedAccessPhases(architecture))
    phases.add({std::to_string(row.bytesPerLane), row.isWrite ? "write" : "read",
                std::to_string(row.phases.size()), std::to_string(row.banks), toString(row.evidence).str()});
  phases.print(stream);

  for (const WaitCounter &counter : waitCounters(architecture)) {
    if (&counter == waitCounters(architecture).begin())
      stream << "\nwait counters\n";
    printParagraph(stream, counter.name + " up to " + std::to_string(counter.maximum) + ": " + counter.counts,
                   2);
  }
}

} // namespace codesign::hardware
