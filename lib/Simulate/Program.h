// All decoded instructions of a code object, in address order.
#pragma once

#include "Instruction.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <deque>
#include <memory>
#include <string>

namespace codesign::simulate {

struct CodeRange {
  uint64_t address = 0;
  llvm::ArrayRef<uint8_t> bytes;
};

struct DecoderState;

class Program {
public:
  /// Decodes every range with LLVM's disassembler. Words that are no instruction become one that stops a run;
  /// an instruction without a handler likewise.
  static llvm::Expected<std::unique_ptr<Program>> decode(llvm::StringRef architecture,
                                                         llvm::ArrayRef<CodeRange> ranges);
  ~Program();

  const std::vector<Instruction> &instructions() const { return list; }
  const Instruction &operator[](int index) const { return list[index]; }
  int size() const { return static_cast<int>(list.size()); }
  /// Index of the instruction at an address, -1 if none starts there.
  int indexAt(uint64_t address) const;
  /// Assembly text, one line.
  std::string text(int index) const;
  /// LLVM's name of the opcode ("V_ADD_F32_e32_vi"), for messages.
  std::string name(int index) const;
  bool isGfx950() const { return gfx950; }

private:
  friend class ProgramBuilder;
  Program();

  std::vector<Instruction> list;
  llvm::DenseMap<uint64_t, int> byAddress;
  std::deque<std::vector<uint32_t>> constants; // lane copies of literal operands
  std::unique_ptr<DecoderState> decoder;
  std::vector<CodeRange> ranges; // refer to the code object's segments
  bool gfx950 = false;
};

} // namespace codesign::simulate
