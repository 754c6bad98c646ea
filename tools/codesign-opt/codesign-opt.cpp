// Runs the project's passes on textual IR; the dialects' tests use it.
#include "dialects/Arch/Arch.h"
#include "dialects/Arch/Passes.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<codesign::arch::ArchDialect>();
  codesign::arch::registerArchPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "codesign's optimizer driver\n", registry));
}
