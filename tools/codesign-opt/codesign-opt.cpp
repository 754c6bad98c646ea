// Runs any pass of the project on a file of IR: for tests and for looking at one stage alone.
#include "KernelPasses.h"
#include "codesign/Planning/Passes.h"
#include "dialects/Arch/Arch.h"
#include "dialects/Arch/Passes.h"
#include "dialects/Kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::scf::SCFDialect, codesign::arch::ArchDialect,
                  codesign::kernel::KernelDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  codesign::arch::registerArchPasses();
  codesign::registerPlanningPasses();
  codesign::registerKernelPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "codesign's optimizer driver\n", registry));
}
