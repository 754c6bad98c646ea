# Headers that most sources read, compiled once: parsing them is most of what a source costs. A source still includes what it
# uses; `make lint` builds without (CMAKE_DISABLE_PRECOMPILE_HEADERS). ccache accepts precompiled headers with the leave that
# CodesignOptions gives it.
set(CODESIGN_HEADERS_Base
  <algorithm> <array> <cmath> <cstdint> <functional> <map> <memory> <numeric> <optional> <random> <string> <vector>
  <llvm/ADT/ArrayRef.h> <llvm/ADT/STLExtras.h> <llvm/ADT/StringExtras.h> <llvm/ADT/StringMap.h> <llvm/ADT/StringSwitch.h>
  <llvm/Support/Error.h> <llvm/Support/FileSystem.h> <llvm/Support/FormatVariadic.h> <llvm/Support/JSON.h>
  <llvm/Support/MemoryBuffer.h> <llvm/Support/raw_ostream.h>)
set(CODESIGN_HEADERS_Mlir ${CODESIGN_HEADERS_Base} <llvm/ADT/TypeSwitch.h>
  <mlir/Bytecode/BytecodeOpInterface.h> <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/SCF/IR/SCF.h> <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h> <mlir/IR/DialectImplementation.h> <mlir/IR/ImplicitLocOpBuilder.h> <mlir/IR/Matchers.h>
  <mlir/IR/MLIRContext.h> <mlir/IR/OpDefinition.h> <mlir/IR/OpImplementation.h> <mlir/IR/SymbolTable.h> <mlir/IR/Verifier.h>
  <mlir/Interfaces/FunctionInterfaces.h> <mlir/Interfaces/InferTypeOpInterface.h> <mlir/Interfaces/SideEffectInterfaces.h>
  <mlir/Parser/Parser.h>)
set(CODESIGN_HEADERS_BaseTest ${CODESIGN_HEADERS_Base} <gmock/gmock.h> <gtest/gtest.h>)
set(CODESIGN_HEADERS_MlirTest ${CODESIGN_HEADERS_Mlir} <gmock/gmock.h> <gtest/gtest.h>)

# codesign_precompiled(target kind): lets a target use the precompiled headers of that kind, and builds them at the first use.
function(codesign_precompiled target kind)
  set(headers codesignPrecompiled${kind})
  if(NOT TARGET ${headers})
    set(source "${PROJECT_BINARY_DIR}/${headers}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// Compiled for its headers.\n")
    add_library(${headers} OBJECT "${source}")
    target_precompile_headers(${headers} PRIVATE ${CODESIGN_HEADERS_${kind}})
    target_compile_features(${headers} PRIVATE cxx_std_20)
    if(NOT kind MATCHES "Test$")
      set_target_properties(${headers} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    else()
      target_link_libraries(${headers} PRIVATE GTest::gmock)
    endif()
    codesign_warnings(${headers})
    # Without this, two builds of the same headers differ, and so would all that ccache keeps.
    target_compile_options(${headers} PRIVATE $<$<CXX_COMPILER_ID:Clang>:-Xclang> $<$<CXX_COMPILER_ID:Clang>:-fno-pch-timestamp>)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${headers})
endfunction()
