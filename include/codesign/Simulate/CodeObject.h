// A gfx942 or gfx950 code object: kernels, their descriptors and arguments, and the bytes to place in memory.
// Layout: AMDHSA kernel descriptor and metadata of code object versions 4, 5 and 6 (LLVM AMDGPU usage guide).
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace codesign::simulate {

/// One entry of a kernel's argument list as the metadata gives it.
struct KernelArgument {
  std::string name;      // empty where the metadata has none
  std::string valueKind; // "global_buffer", "by_value", "hidden_block_count_x", …
  uint32_t offsetBytes = 0;
  uint32_t sizeBytes = 0;

  bool isHidden() const { return llvm::StringRef(valueKind).starts_with("hidden_"); }
};

/// One kernel: what its descriptor and metadata say about a launch.
struct Kernel {
  std::string name;
  uint64_t descriptorAddress = 0; // virtual addresses inside the object
  uint64_t entryAddress = 0;
  uint32_t staticLdsBytes = 0;
  uint32_t scratchBytesPerLane = 0;
  uint32_t kernargBytes = 0;    // the metadata's size; the descriptor's where there is no metadata
  uint32_t vectorRegisters = 0; // architectural and accumulation together, as allocated
  uint32_t accumulationOffset = 0;
  uint32_t scalarRegisters = 0;
  uint32_t maxWorkgroupSize = 0; // 0: not stated
  uint32_t rsrc1 = 0, rsrc2 = 0, rsrc3 = 0;
  uint16_t properties = 0;
  uint16_t preloadDwords = 0; // leading kernel arguments placed in scalar registers
  uint16_t preloadOffsetDwords = 0;
  std::vector<KernelArgument> arguments;

  uint32_t userScalarRegisters() const { return (rsrc2 >> 1) & 31; }
  uint32_t workItemIdDimensions() const { return ((rsrc2 >> 11) & 3) + 1; }
};

/// A PT_LOAD segment, already extended to its size in memory.
struct Segment {
  uint64_t address = 0;
  std::vector<uint8_t> bytes;
  bool writable = false;
  bool executable = false;
};

/// A function or variable symbol, sorted by address.
struct Symbol {
  std::string name;
  uint64_t address = 0;
};

class Program;

/// A loaded code object. Immutable; one object may serve many runs and threads.
class CodeObject {
public:
  /// Reads an ELF image. Any malformed input, another architecture or a bundle is an error naming `fileName`
  /// (exit code 2); no input makes it crash.
  static llvm::Expected<std::shared_ptr<const CodeObject>> load(llvm::StringRef bytes,
                                                                llvm::StringRef fileName);
  /// The same from a file.
  static llvm::Expected<std::shared_ptr<const CodeObject>> loadFile(llvm::StringRef path);

  ~CodeObject();

  const std::string &architecture() const { return arch; } // "gfx942" or "gfx950"
  const std::vector<Kernel> &kernels() const { return kernelList; }
  const std::vector<Segment> &segments() const { return segmentList; }
  const std::vector<Symbol> &symbols() const { return symbolList; }
  /// 4, 5 or 6; 0 where the ELF header names none of these.
  int codeObjectVersion() const { return version; }

  /// The kernel of this name, or an error that suggests the nearest one.
  llvm::Expected<const Kernel *> kernel(llvm::StringRef name) const;

  /// The decoded instructions of all executable sections.
  const Program &program() const { return *decoded; }

private:
  friend class CodeObjectReader;
  CodeObject();

  std::string arch;
  int version = 0;
  std::vector<Kernel> kernelList;
  std::vector<Segment> segmentList;
  std::vector<Symbol> symbolList;
  std::unique_ptr<Program> decoded;
};

} // namespace codesign::simulate
