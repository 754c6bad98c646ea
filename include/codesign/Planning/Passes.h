// Passes that search; lib/Planning/Passes.td describes them.
#pragma once

#include "dialects/Arch/Arch.h"
#include "mlir/Pass/Pass.h"

namespace codesign {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Planning/Passes.h.inc"

} // namespace codesign
