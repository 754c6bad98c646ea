// Instructions of all lanes of a warp.
#include "Machine.h"

namespace codesign::ptx {

bool Machine::executeWarp(Workgroup &workgroup, Warp &warp, uint32_t named, const Instruction &instruction) {
  const auto &operands = instruction.operands;
  const auto is = [&](int lane) { return named >> lane & 1; };
  switch (instruction.op) {
  case Op::WarpBarrier:
  case Op::WarpNothing:
    return true;
  case Op::LoadMatrix:
    return loadMatrices(workgroup, warp, instruction);
  case Op::StoreMatrix:
    return storeMatrices(workgroup, warp, instruction);
  case Op::Mma:
    return multiply(workgroup, warp, instruction);
  case Op::WgmmaProduct:
  case Op::WgmmaCommit:
  case Op::WgmmaWait:
    return executeWgmma(workgroup, warp, instruction);
  case Op::Elect: { // d|p, mask: the lowest lane
    const int elected = llvm::countr_zero(named);
    for (int i = 0; i < warpSize; ++i)
      if (is(i)) {
        assign(warp.lanes[i], operands[0], static_cast<uint64_t>(elected), {Kind::Bits, 32});
        assign(warp.lanes[i], operands[1], i == elected, {Kind::Predicate, 1});
      }
    return true;
  }
  case Op::Vote: {
    uint32_t votes = 0;
    for (int i = 0; i < warpSize; ++i)
      if (is(i) && (value(workgroup, warp.lanes[i], operands[1]) & 1) != operands[1].negated)
        votes |= 1u << i;
    const uint64_t result = instruction.has("ballot") ? votes
                            : instruction.has("any")  ? votes != 0
                                                      : votes == named; // all
    for (int i = 0; i < warpSize; ++i)
      if (is(i))
        assign(warp.lanes[i], operands[0], result, instruction.type);
    return true;
  }
  case Op::Shuffle: {
    const bool says = operands.size() == 6; // d|p, …
    const Operand &from = operands[says ? 2 : 1], &by = operands[says ? 3 : 2],
                  &clamp = operands[says ? 4 : 3];
    uint64_t results[warpSize] = {};
    bool known[warpSize] = {};
    for (int i = 0; i < warpSize; ++i) {
      if (!is(i))
        continue;
      const int b = static_cast<int>(value(workgroup, warp.lanes[i], by) & 31),
                c = static_cast<int>(value(workgroup, warp.lanes[i], clamp)), segment = c >> 8 & 31;
      const int most = (i & segment) | (c & 31 & ~segment), least = i & segment;
      int source = instruction.has("up")     ? i - b
                   : instruction.has("down") ? i + b
                   : instruction.has("bfly") ? i ^ b
                                             : least | (b & ~segment);
      known[i] = instruction.has("up") ? source >= most : source <= most;
      if (!known[i])
        source = i;
      if (!is(source))
        return fail(workgroup, warp.lanes[i].thread, instruction,
                    "takes the value of a lane that is not there");
      results[i] = value(workgroup, warp.lanes[source], from);
    }
    for (int i = 0; i < warpSize; ++i)
      if (is(i)) {
        assign(warp.lanes[i], operands[0], results[i], instruction.type);
        if (says)
          assign(warp.lanes[i], operands[1], known[i], {Kind::Predicate, 1});
      }
    return true;
  }
  default:
    return fail(workgroup, warp.lanes.front().thread, instruction, "is not executed");
  }
}

} // namespace codesign::ptx
