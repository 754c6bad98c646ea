// The log of LDS reads must not be seen in the verdicts: the same accesses are recorded with it and without.
#include "lib/Simulate/LdsHistory.h"
#include <bit>
#include <gtest/gtest.h>
#include <random>

using namespace codesign::simulate;

namespace {

constexpr uint32_t ldsBytes = 2048;

/// Takes every access dword by dword.
struct PlainHistory {
  LdsHistory history;
  PlainHistory() { history.start(ldsBytes); }
  uint64_t read(const LdsWaveAccess &access) {
    uint64_t clean = 0;
    for (int lane = 0; lane < 64; ++lane) {
      bool all = (access.lanes >> lane) & 1;
      for (int d = 0; ((access.lanes >> lane) & 1) && d < access.dwords; ++d)
        all &= history.readWhole(access.address[lane] / 4 + d, access.operation);
      clean |= uint64_t(all) << lane;
    }
    return clean;
  }
  uint64_t write(const LdsWaveAccess &access) {
    uint64_t clean = 0;
    for (uint64_t rest = access.lanes; rest; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      bool all = true;
      for (uint32_t d = 0; d < static_cast<uint32_t>(access.dwords); ++d)
        all &= history.storeWhole(access.address[lane] / 4 + d, access.operation);
      clean |= uint64_t(all) << lane;
    }
    return clean;
  }
};

/// Keeps quiet reads in the log.
struct LoggingHistory : PlainHistory {
  uint64_t quietReads = 0;
  void enterNear(const LdsWaveAccess &access) {
    for (uint64_t rest = access.lanes; rest; rest &= rest - 1)
      history.enterReadsNear(access.address[std::countr_zero(rest)], 4 * access.dwords);
  }
  uint64_t read(const LdsWaveAccess &access) {
    if (history.isQuiet(access)) {
      ++quietReads;
      history.addQuietRead(access);
      return access.lanes;
    }
    enterNear(access);
    return PlainHistory::read(access);
  }
  uint64_t write(const LdsWaveAccess &access) {
    enterNear(access);
    return PlainHistory::write(access);
  }
};

TEST(LdsHistory, LoggedReadsGiveTheSameVerdicts) {
  std::mt19937 random(7);
  const auto below = [&](uint32_t end) { return static_cast<uint32_t>(random() % end); };
  uint64_t quiet = 0, refusedReads = 0, refusedWrites = 0;
  for (int run = 0; run < 60; ++run) {
    PlainHistory plain;
    LoggingHistory logging;
    LdsWaveAccess access;
    const uint32_t region = 64u << below(4); // small ones let accesses meet, large ones keep them apart
    for (int step = 0; step < 1500; ++step) {
      if (below(40) == 0) { // a barrier, sometimes with an operation in flight
        const uint32_t last = static_cast<uint32_t>(plain.history.nextSerial() - 1);
        const LdsOperationId pending = last > 4 && below(2) ? (last - below(4)) << ldsSerialShift : 0;
        plain.history.passBarrier(pending);
        logging.history.passBarrier(pending);
      }
      const bool repeats = below(2); // the addresses of the access before, often by the same instruction
      const uint32_t wave = repeats && below(4) ? ldsWave(access.operation) : below(4);
      if (below(3) == 0 && plain.history.nextSerial() > 40) { // s_waitcnt covers one of the latest operations
        const LdsOperationId id = static_cast<LdsOperationId>(plain.history.nextSerial() - 1 - below(30))
                                  << ldsSerialShift;
        plain.history.operation(id).waitedEpoch = plain.history.epoch;
        logging.history.operation(id).waitedEpoch = plain.history.epoch;
      }
      const bool isRead = below(4) != 0 || step > 1400; // the end overfills the log
      access.operation = static_cast<LdsOperationId>(plain.history.nextSerial()) << ldsSerialShift | wave |
                         (isRead || below(2) ? 0 : ldsDmaBit);
      plain.history.addOperation({});
      logging.history.addOperation({});
      if (!repeats) {
        access.instruction = static_cast<int32_t>(below(700));
        access.dwords = 1 + static_cast<int>(below(4));
        access.lanes = below(4) ? ~0ull : random() | uint64_t(random()) << 32;
        const uint32_t base = 4 * below((ldsBytes - region - 16) / 4 + 1);
        for (uint32_t &address : access.address)
          address = base + 4 * below(region / 4);
      }
      const uint64_t expected = isRead ? plain.read(access) : plain.write(access);
      ASSERT_EQ(isRead ? logging.read(access) : logging.write(access), expected)
          << "run " << run << ", step " << step;
      (isRead ? refusedReads : refusedWrites) += expected != access.lanes;
    }
    quiet += logging.quietReads;
  }
  // All kinds of verdicts were compared.
  EXPECT_GT(quiet, 5000u);
  EXPECT_GT(refusedReads, 5000u);
  EXPECT_GT(refusedWrites, 5000u);
}

TEST(LdsHistory, FullLogEntersTheCells) {
  LoggingHistory logging;
  LdsWaveAccess access;
  access.dwords = 1;
  access.lanes = 1;
  for (uint32_t address = 0; address < ldsBytes; address += 4) { // wave 0 defines all bytes
    access.address[0] = address;
    access.operation = static_cast<LdsOperationId>(logging.history.nextSerial()) << ldsSerialShift;
    logging.history.addOperation({});
    ASSERT_EQ(logging.write(access), 1u);
  }
  logging.history.passBarrier(0);
  for (uint32_t address = 0; address < ldsBytes; address += 4) { // more reads than the log holds, by wave 1
    access.address[0] = address;
    access.instruction = static_cast<int32_t>(address);
    access.operation = static_cast<LdsOperationId>(logging.history.nextSerial()) << ldsSerialShift | 1;
    logging.history.addOperation({});
    ASSERT_EQ(logging.read(access), 1u);
  }
  for (uint32_t address = 0; address < ldsBytes; address += 4) { // each is in the way of a store by wave 2
    access.address[0] = address;
    access.operation = static_cast<LdsOperationId>(logging.history.nextSerial()) << ldsSerialShift | 2;
    logging.history.addOperation({});
    EXPECT_EQ(logging.write(access), 0u) << address;
  }
}

} // namespace
