// What an estimate says, in words with numbers.
#pragma once

#include "codesign/Cost/Estimate.h"
#include "codesign/Hardware/Profile.h"
#include "codesign/Model/Operators.h"
#include <string>

namespace codesign {

/// "256x192 tiles, split-K 2; 1152 workgroups = 3.79 waves of 304, the last 79 % full"; for own kernels the
/// schedule's own line comes first. Empty for operators without tiles.
std::string scheduleText(const Estimate &estimate, const Profile &profile);

/// Of an own kernel, for the head of its source: "limited by L2; 1152 tiles are 3.79 rounds of 132 SMs, the
/// last 79% full".
std::string kernelReason(const Estimate &estimate, const Profile &profile);

/// Why the time went from `before` to `after`: the largest change among tiles, waves, arithmetic, traffic and
/// alignment.
std::string changeText(const OperatorShape &beforeShape, const Estimate &before,
                       const OperatorShape &afterShape, const Estimate &after, const Profile &profile);

} // namespace codesign
