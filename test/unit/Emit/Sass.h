// NVIDIA machine code as nvdisasm prints it: instructions, and the loops among them.
#pragma once

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace codesign::test {

/// CODESIGN_NVDISASM, or the one on the PATH, or the one beside nvcc; "" if there is none.
inline std::string findDisassembler() {
  if (const char *named = std::getenv("CODESIGN_NVDISASM"))
    return named;
  if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName("nvdisasm"))
    return *found;
  llvm::ErrorOr<std::string> compiler = llvm::sys::findProgramByName("nvcc");
  llvm::SmallString<128> real;
  if (!compiler || llvm::sys::fs::real_path(*compiler, real))
    return "";
  llvm::sys::path::remove_filename(real);
  llvm::sys::path::append(real, "nvdisasm");
  return llvm::sys::fs::can_execute(real) ? real.str().str() : "";
}

struct SassInstruction {
  std::string text;                 // "@P0 BRA `(.L_x_3)"
  std::string opcode;               // "BRA", "HGMMA.64x256x16.F32.BF16"
  bool guarded = false;             // by a predicate
  std::optional<size_t> branchesTo; // index of an instruction
};

/// Some instructions of a program, all those of a loop or all there are.
struct SassCode {
  std::vector<SassInstruction> instructions;

  /// Those whose opcode starts with the words, "SYNCS.ARRIVE", and whose text holds `operand`.
  int64_t count(llvm::StringRef opcode, llvm::StringRef operand = "") const {
    return std::count_if(instructions.begin(), instructions.end(), [&](const SassInstruction &instruction) {
      llvm::StringRef rest = instruction.opcode;
      return rest.consume_front(opcode) && (rest.empty() || rest.front() == '.') &&
             llvm::StringRef(instruction.text).contains(operand);
    });
  }
  int64_t size() const { return static_cast<int64_t>(instructions.size()); }
};

struct SassProgram : SassCode {
  /// Of the text that `nvdisasm -c` prints for a cubin of one kernel.
  explicit SassProgram(llvm::StringRef text) {
    llvm::StringMap<size_t> labels;
    std::vector<std::string> targets;
    for (llvm::StringRef rest = text, line; !rest.empty();) {
      std::tie(line, rest) = rest.split('\n');
      line = line.trim();
      if (line.starts_with(".L_") && line.ends_with(":"))
        labels[line.drop_back()] = instructions.size();
      if (!line.consume_front("/*") || !line.contains("*/"))
        continue;
      SassInstruction instruction;
      line = line.split("*/").second.split(';').first.trim();
      instruction.text = line.str();
      instruction.guarded = line.consume_front("@");
      if (instruction.guarded)
        line = line.split(' ').second;
      instruction.opcode = line.split(' ').first.str();
      targets.push_back(
          instruction.opcode.substr(0, 3) == "BRA" ? line.split("`(").second.split(')').first.str() : "");
      // "BRA P1, `(…)" and "BRA.U.ANY" have a condition of their own.
      instruction.guarded |= line.contains("BRA.") || line.starts_with("BRA P") ||
                             line.starts_with("BRA !") || line.starts_with("BRA U");
      instructions.push_back(instruction);
    }
    for (size_t i = 0; i < targets.size(); ++i)
      if (auto label = labels.find(targets[i]); label != labels.end() && label->second < targets.size())
        instructions[i].branchesTo = label->second;
  }

  /// The smallest loop that holds at least one instruction of each opcode; none if no loop does. What waits
  /// out of line for a barrier belongs to the loop that waits.
  std::optional<SassCode> loopWith(std::initializer_list<llvm::StringRef> opcodes) const {
    std::optional<SassCode> smallest;
    for (const std::set<size_t> &members : loops()) {
      SassCode loop;
      for (size_t index : members)
        loop.instructions.push_back(instructions[index]);
      if (llvm::all_of(opcodes, [&](llvm::StringRef opcode) { return loop.count(opcode) > 0; }) &&
          (!smallest || loop.size() < smallest->size()))
        smallest = loop;
    }
    return smallest;
  }

private:
  std::vector<size_t> successors(size_t index) const {
    const SassInstruction &instruction = instructions[index];
    std::vector<size_t> next;
    if (instruction.branchesTo)
      next.push_back(*instruction.branchesTo);
    const bool ends = instruction.branchesTo || instruction.opcode == "EXIT" || instruction.opcode == "RET";
    if ((!ends || instruction.guarded) && index + 1 < instructions.size())
      next.push_back(index + 1);
    return next;
  }

  /// Indices of the instructions of each natural loop: of those from which a back edge to its head can be
  /// reached without passing the head. An edge goes back where its target is on every way from the entry.
  std::vector<std::set<size_t>> loops() const {
    std::vector<std::vector<size_t>> predecessors(instructions.size());
    for (size_t i = 0; i < instructions.size(); ++i)
      for (size_t next : successors(i))
        predecessors[next].push_back(i);
    const std::vector<bool> alive = reached(instructions.size());
    std::vector<std::set<size_t>> found;
    for (size_t head = 0; head < instructions.size(); ++head) {
      if (predecessors[head].size() < 2)
        continue;
      const std::vector<bool> around = reached(head);
      std::vector<size_t> open;
      llvm::copy_if(predecessors[head], std::back_inserter(open),
                    [&](size_t from) { return alive[from] && !around[from]; });
      if (open.empty())
        continue;
      std::set<size_t> members = {head};
      while (!open.empty()) {
        const size_t index = open.back();
        open.pop_back();
        if (members.insert(index).second)
          open.insert(open.end(), predecessors[index].begin(), predecessors[index].end());
      }
      found.push_back(std::move(members));
    }
    return found;
  }

  /// What the entry reaches without passing `without`.
  std::vector<bool> reached(size_t without) const {
    std::vector<bool> seen(instructions.size());
    std::vector<size_t> open;
    if (without != 0)
      open.push_back(0);
    while (!open.empty()) {
      const size_t index = open.back();
      open.pop_back();
      if (seen[index])
        continue;
      seen[index] = true;
      for (size_t next : successors(index))
        if (next != without)
          open.push_back(next);
    }
    return seen;
  }
};

/// Disassembles a cubin; what nvdisasm prints.
inline std::string disassemble(const std::string &disassembler, const std::string &cubin) {
  const std::string output = cubin + ".sass", log = cubin + ".sass.log";
  const std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(output),
                                                      llvm::StringRef(log)};
  (void)llvm::sys::fs::remove(output); // a shorter program would leave the end of the one before
  if (llvm::sys::ExecuteAndWait(disassembler, {disassembler, "-c", cubin}, std::nullopt, redirects) != 0)
    return "";
  auto buffer = llvm::MemoryBuffer::getFile(output);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

} // namespace codesign::test
