#include "ClusterMemory.h"
#include <string>

namespace codesign {

void Mbarrier::endPhase() {
  if (pending != 0 || bytes != 0)
    return;
  ++phase;
  pending = arrivals;
  atLastPhase = gathered;
}

void Mbarrier::arrive(int64_t count, int64_t expected, const Knowledge &from) {
  gathered.join(from);
  bytes += expected;
  pending -= count;
  endPhase();
}

void Mbarrier::complete(int64_t count, unsigned copy) {
  gathered.add(copy);
  bytes -= count;
  endPhase();
}

WorkgroupMemory::WorkgroupMemory(int64_t size) : bytes(size), rows((size + rowBytes - 1) / rowBytes) {}

llvm::Error WorkgroupMemory::read(int64_t byte, int64_t size, unsigned access, const Knowledge &knowledge,
                                  bool engine) {
  for (int64_t row = byte / rowBytes; row * rowBytes < byte + size; ++row) {
    Row &accessed = rows[row];
    const std::string where = " (LDS byte " + std::to_string(row * rowBytes) + ")";
    if (!accessed.written)
      return llvm::createStringError("reads LDS that nothing has written" + where);
    if (!knowledge.over.test(accessed.write))
      return llvm::createStringError("reads where a write may be under way: nothing waited for it" + where);
    if (engine && !knowledge.fenced.test(accessed.write))
      return llvm::createStringError("reads what was written without a fence for the copy engine" + where);
    if (accessed.reads.empty() || accessed.reads.back() != access)
      accessed.reads.push_back(access);
  }
  return llvm::Error::success();
}

llvm::Error WorkgroupMemory::write(int64_t byte, int64_t size, unsigned access, const Knowledge &knowledge) {
  for (int64_t row = byte / rowBytes; row * rowBytes < byte + size; ++row) {
    Row &accessed = rows[row];
    const std::string where = " (LDS byte " + std::to_string(row * rowBytes) + ")";
    if (accessed.written && accessed.write != access && !knowledge.over.test(accessed.write))
      return llvm::createStringError("overwrites where a write may be under way" + where);
    for (unsigned earlier : accessed.reads)
      if (!knowledge.over.test(earlier))
        return llvm::createStringError("overwrites what may still be read: nothing waited for the reader" +
                                       where);
    accessed.reads.clear();
    accessed.written = true;
    accessed.write = access;
  }
  return llvm::Error::success();
}

} // namespace codesign
