// Which instructions of code objects the simulator executes, before anything runs: for whoever wants to know
// whether a folder of kernels from elsewhere can be simulated.
#pragma once

#include "codesign/Simulate/CodeObject.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace codesign::simulate {

/// An opcode without a handler.
struct MissingInstruction {
  std::string name;          // of LLVM's instruction table ("IMAGE_LOAD_V4_V4_vi"), or "(not an instruction)"
  uint64_t count = 0;        // occurrences in the code
  uint64_t firstAddress = 0; // inside the object
};

/// What stands in one object's executable sections.
struct ObjectInventory {
  std::string architecture;
  int codeObjectVersion = 0;
  uint64_t kernels = 0;
  uint64_t instructions = 0;
  std::map<std::string, uint64_t> opcodes; // LLVM's name → occurrences
  std::vector<MissingInstruction> missing; // by name; empty: everything has a handler
};
ObjectInventory takeInventory(const CodeObject &object);

/// Takes the inventory of a code object, or of every .co and .hsaco file below a folder, and prints objects
/// that do not load, instructions without a handler, and totals. Ok; Infeasible where something is missing;
/// an error for a path that cannot be read or a folder without code objects.
llvm::Expected<ExitCode> runInventory(llvm::StringRef path, bool json, llvm::raw_ostream &out);

} // namespace codesign::simulate
