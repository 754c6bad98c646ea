// Kernel arguments from text: numbers, generated buffers, buffers from files.
#pragma once

#include "codesign/Simulate/Simulator.h"
#include <map>
#include <random>

namespace codesign::simulate {

class ArgumentParser {
public:
  ArgumentParser(DeviceMemory &memory, uint64_t seed) : memory(memory), generator(seed) {}
  /// Appends one argument; see SimulateCommandOptions::arguments for the forms.
  llvm::Error add(llvm::StringRef text, KernelArguments &arguments);
  /// Device addresses of the named buffers.
  const std::map<std::string, uint64_t> &buffers() const { return named; }

private:
  llvm::Error addBuffer(llvm::StringRef name, llvm::StringRef text, KernelArguments &arguments);
  llvm::Expected<std::vector<uint8_t>> generate(llvm::StringRef type, uint64_t count, llvm::StringRef init);

  DeviceMemory &memory;
  std::mt19937_64 generator;
  std::map<std::string, uint64_t> named;
};

} // namespace codesign::simulate
