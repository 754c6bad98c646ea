#include "RegisterIndexing.h"
#include "Hazards.h"

namespace codesign::simulate {
namespace {

/// Moves an operand, and the range of registers that stands for it.
void shift(Operand &operand, std::vector<RegisterRange> &ranges, unsigned by) {
  if (!operand.isVector() || by == 0)
    return;
  const uint16_t from = operand.index;
  operand.index = static_cast<uint16_t>((from + by) % vectorRegisterCount);
  for (RegisterRange &range : ranges)
    if (!range.isScalar && range.first == from) {
      range.first = operand.index;
      return;
    }
}

} // namespace

Instruction withIndexedRegisters(const Wave &wave, const Instruction &instruction) {
  constexpr unsigned destinationBit = 3;
  Instruction copy = instruction;
  const auto offset = [&](unsigned bit) { return (wave.gprIndexMode >> bit) & 1 ? wave.gprIndex : 0u; };
  for (unsigned k = 0; k < copy.sourceCount && k < destinationBit; ++k)
    shift(copy.sources[k], copy.reads, offset(k));
  shift(copy.destination, copy.writes, offset(destinationBit));
  // v_swap and its kin write their source too.
  if (copy.scalarDestination.isVector()) {
    Operand second = copy.scalarDestination;
    shift(second, copy.reads, offset(0));
    shift(copy.scalarDestination, copy.writes, offset(0));
  }
  describeRegisters(copy);
  return copy;
}

} // namespace codesign::simulate
