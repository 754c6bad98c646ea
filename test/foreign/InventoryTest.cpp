// Every object of the package loads, and every instruction in it has a handler.
#include "codesign/Simulate/Inventory.h"
#include "ForeignRun.h"

namespace codesign::foreign {
namespace {

using Inventory = ForeignTest;

TEST_F(Inventory, EveryInstructionHasAHandler) {
  for (const char *architecture : {"gfx942", "gfx950"}) {
    std::string text;
    llvm::raw_string_ostream out(text);
    auto code = simulate::runInventory(kernelFolder() + "/" + architecture, /*json=*/false, out);
    ASSERT_TRUE(bool(code)) << llvm::toString(code.takeError());
    EXPECT_EQ(*code, ExitCode::Ok);
    std::printf("%s: %s", architecture, text.c_str());
  }
}

} // namespace
} // namespace codesign::foreign
