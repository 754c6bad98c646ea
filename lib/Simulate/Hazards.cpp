#include "Hazards.h"

namespace codesign::simulate {

void checkHazards(Wave &wave, const Instruction &instruction) {
  (void)wave;
  (void)instruction;
}

} // namespace codesign::simulate
