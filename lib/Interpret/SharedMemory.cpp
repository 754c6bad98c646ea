#include "SharedMemory.h"
#include "llvm/ADT/Twine.h"
#include <cassert>
#include <cstring>

namespace codesign {

namespace {

constexpr int64_t chunkBytes = 16;

llvm::Error hazard(const llvm::Twine &what, int64_t byte) {
  return llvm::createStringError(what + " (LDS byte " + llvm::Twine(byte) + ")");
}

} // namespace

SharedContents::SharedContents(int64_t size) : bytes(size), chunks((size + chunkBytes - 1) / chunkBytes) {}

llvm::Error SharedContents::checkWrite(const Chunk &chunk, int64_t byte, int wave) const {
  if (chunk.copiesUnderWay)
    return hazard("writes where an asynchronous copy is under way", byte);
  if (chunk.writeEpoch == epoch && chunk.writer != wave)
    return hazard("wave " + llvm::Twine(wave) + " overwrites what wave " + llvm::Twine(chunk.writer) +
                      " wrote, without a barrier between",
                  byte);
  if (chunk.readEpoch == epoch && (chunk.readers & ~(1ull << wave)))
    return hazard(
        "wave " + llvm::Twine(wave) + " overwrites what another wave has read since the last barrier", byte);
  return llvm::Error::success();
}

llvm::Error SharedContents::write(int64_t byte, const uint8_t *from, int wave) {
  assert(byte % chunkBytes == 0 && byte + chunkBytes <= static_cast<int64_t>(bytes.size()));
  Chunk &chunk = chunks[byte / chunkBytes];
  if (llvm::Error error = checkWrite(chunk, byte, wave))
    return error;
  std::memcpy(&bytes[byte], from, chunkBytes);
  chunk.writeEpoch = epoch;
  chunk.writer = wave;
  return llvm::Error::success();
}

llvm::Error SharedContents::read(int64_t byte, uint8_t *to, int wave) {
  assert(byte % chunkBytes == 0 && byte + chunkBytes <= static_cast<int64_t>(bytes.size()));
  Chunk &chunk = chunks[byte / chunkBytes];
  if (chunk.copiesUnderWay)
    return hazard("reads where an asynchronous copy is under way", byte);
  if (chunk.writeEpoch == 0)
    return hazard("reads LDS that nothing has written", byte);
  if (chunk.seenByOneLane)
    return hazard("reads what another lane has copied, without a barrier of the wave between", byte);
  if (chunk.writeEpoch == epoch && chunk.writer != wave)
    return hazard("wave " + llvm::Twine(wave) + " reads what wave " + llvm::Twine(chunk.writer) +
                      " wrote, without a barrier between",
                  byte);
  if (chunk.readEpoch != epoch)
    chunk.readers = 0;
  chunk.readEpoch = epoch;
  chunk.readers |= 1ull << wave;
  std::memcpy(to, &bytes[byte], chunkBytes);
  return llvm::Error::success();
}

llvm::Error SharedContents::copyAsync(Copies &copies, int64_t byte, const uint8_t *from, int wave) {
  Chunk &chunk = chunks[byte / chunkBytes];
  if (llvm::Error error = checkWrite(chunk, byte, wave))
    return error;
  ++chunk.copiesUnderWay;
  Copy copy{byte, wave, {}};
  std::memcpy(copy.data, from, chunkBytes);
  copies.open.push_back(copy);
  return llvm::Error::success();
}

void SharedContents::commit(Copies &copies) {
  copies.groups.push_back(std::move(copies.open));
  copies.open.clear();
}

void SharedContents::meetInWaves() {
  for (int64_t byte : arrived)
    chunks[byte / chunkBytes].seenByOneLane = false;
  arrived.clear();
}

llvm::Error SharedContents::wait(Copies &copies, size_t pending) {
  while (copies.groups.size() > pending) {
    for (const Copy &copy : copies.groups.front()) {
      Chunk &chunk = chunks[copy.byte / chunkBytes];
      --chunk.copiesUnderWay;
      std::memcpy(&bytes[copy.byte], copy.data, chunkBytes);
      chunk.writeEpoch = epoch;
      chunk.writer = copy.wave;
      chunk.seenByOneLane = true;
      arrived.push_back(copy.byte);
    }
    copies.groups.erase(copies.groups.begin());
  }
  return llvm::Error::success();
}

} // namespace codesign
