#include "DeviceCode.h"
#include "codesign/Support/Diagnostics.h"
#include "codesign/Verify/DeviceCompiler.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

namespace codesign {

llvm::Expected<DeviceCode> DeviceCode::compile(llvm::StringRef compiler, llvm::StringRef source,
                                               llvm::StringRef architecture, llvm::StringRef folder) {
  const bool isAmd = architecture.starts_with("gfx");
  llvm::SmallString<256> path(folder);
  llvm::sys::path::append(path, llvm::sys::path::stem(source) + (isAmd ? ".co" : ".ptx"));
  if (llvm::Error error = compileForDevice(compiler, source, architecture, path))
    return error;
  DeviceCode code;
  if (isAmd) {
    auto object = simulate::CodeObject::loadFile(std::string(path));
    if (!object)
      return object.takeError();
    code.object = std::move(*object);
    return code;
  }
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text)
    return usageError("cannot read '" + path + "': " + text.getError().message());
  auto program = ptx::parse((*text)->getBuffer());
  if (!program)
    return program.takeError();
  code.program = std::move(*program);
  return code;
}

llvm::Error DeviceCode::run(const ptx::Launch &launch, simulate::DeviceMemory &memory,
                            const VerifyOptions &options, uint64_t first, uint64_t count,
                            VerifiedLaunch &report) const {
  report.workgroups += count;
  if (object)
    return simulateWorkgroups(launch, memory, options, first, count, report);
  ptx::RunOptions runOptions;
  runOptions.seed = options.seed + first / launch.clusterSize; // copies at once or late in turn
  runOptions.firstWorkgroup = first;
  runOptions.workgroupCount = count;
  llvm::Expected<ptx::RunReport> ran = ptx::run(*program, launch, memory, runOptions);
  if (!ran) {
    const std::string text = llvm::toString(ran.takeError());
    llvm::StringRef finding = text;
    finding.consume_front("error: ");
    report.findings.push_back(finding.str());
    return llvm::Error::success();
  }
  report.instructions += ran->instructions;
  return llvm::Error::success();
}

llvm::Error DeviceCode::simulateWorkgroups(const ptx::Launch &launch, simulate::DeviceMemory &memory,
                                           const VerifyOptions &options, uint64_t first, uint64_t count,
                                           VerifiedLaunch &report) const {
  simulate::Launch request;
  request.kernel = launch.kernel;
  request.grid.x = launch.gridX;
  request.grid.y = launch.gridY;
  request.block.x = launch.threads;
  request.dynamicLdsBytes = launch.dynamicSharedBytes;
  for (const ptx::Argument &argument : launch.arguments)
    request.arguments.append(argument.bytes, argument.bytes.size());
  simulate::RunOptions runOptions;
  runOptions.checks = options.checks;
  runOptions.seed = options.seed + first;
  runOptions.threads = options.threads;
  runOptions.firstWorkgroup = first;
  runOptions.workgroupCount = count;
  llvm::Expected<simulate::RunReport> ran = simulate::run(*object, request, memory, runOptions);
  if (!ran)
    return ran.takeError();
  report.instructions += ran->instructions;
  for (const simulate::InstructionStatistics &instruction : ran->perInstruction)
    report.bankConflictClocks += instruction.ldsConflictCycles;
  for (const simulate::Finding &finding : ran->findings) {
    const std::string text = summaryOf(finding);
    if (!llvm::is_contained(report.findings, text))
      report.findings.push_back(text);
  }
  return llvm::Error::success();
}

} // namespace codesign
