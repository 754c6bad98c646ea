// A program of somebody else: builds a model as IR and counts its parameters.
#include "dialects/Arch/Arch.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include <cstdio>

int main() {
  mlir::MLIRContext context;
  context.loadDialect<codesign::arch::ArchDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    arch.model @tiny family "llama" type bf16 positions 128 {
      arch.dimension @hidden_size = 64
      arch.layers 2 {
        arch.mlp gelu hidden @hidden_size intermediate 256
      }
    })",
                                                        &context);
  if (!module)
    return 1;
  auto model = *module->getOps<codesign::arch::ModelOp>().begin();
  auto count = codesign::countParameters(codesign::arch::toModelSpec(model, model.baseValues()));
  std::printf("%lld\n", static_cast<long long>(count.total));
  return count.total == 2 * 2 * 64 * 256 ? 0 : 1;
}
