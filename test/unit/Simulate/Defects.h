// Programs with one planted defect each. Lines that start with '+' are only in the defective program, lines
// that start with '-' only in its clean twin.
#pragma once

#include "TestSupport.h"
#include "llvm/ADT/ArrayRef.h"

namespace codesign::simulate::test {

/// A body behind the prelude of DefectTest.cpp: s[4:5] input and s[6:7] output of 4096 bytes each, v1 = 4 *
/// work-item, v2 = 4 * lane. What it leaves in v10 is stored.
struct Defect {
  const char *name;
  FindingKind kind;
  int block; // work-items
  const char *body;
  const char *arch = "gfx942";
};

llvm::ArrayRef<Defect> memoryDefects();
llvm::ArrayRef<Defect> valueDefects();
llvm::ArrayRef<Defect> hazardDefects();

} // namespace codesign::simulate::test
