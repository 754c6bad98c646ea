# codesign_library(Name sources... DEPENDS libraries... [TABLEGEN target] [OPTIONS compiler options...])
# One static library per folder; DEPENDS lists exactly what the design allows it to see.
function(codesign_library name)
  cmake_parse_arguments(ARG "" "TABLEGEN" "DEPENDS;OPTIONS" ${ARGN})
  set(target codesign${name})
  add_library(${target} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(codesign::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/codesign>") # for dialects/…
  # TableGen's output is not ours to keep free of warnings.
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>")
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS})
  codesign_warnings(${target})
  if(ARG_TABLEGEN)
    add_dependencies(${target} ${ARG_TABLEGEN})
  endif()
  codesign_reads_mlir(isMlir ${ARG_DEPENDS})
  set_target_properties(${target} PROPERTIES CODESIGN_READS_MLIR ${isMlir})
  if(ARG_OPTIONS) # such a library shares no headers
    target_compile_options(${target} PRIVATE ${ARG_OPTIONS})
    target_precompile_headers(${target} PRIVATE ${CODESIGN_HEADERS_Base})
  elseif(isMlir)
    codesign_precompiled(${target} Mlir)
  else()
    codesign_precompiled(${target} Base)
  endif()
  set_property(GLOBAL APPEND PROPERTY CODESIGN_LIBRARIES ${target})
endfunction()

# codesign_reads_mlir(result libraries...): whether one of them is MLIR, or a library of ours that reads MLIR's headers.
function(codesign_reads_mlir result)
  set(${result} OFF PARENT_SCOPE)
  foreach(library ${ARGN})
    set(reads OFF)
    if(library MATCHES "^codesign::")
      get_target_property(reads ${library} CODESIGN_READS_MLIR)
    endif()
    if(library STREQUAL "MLIR" OR reads)
      set(${result} ON PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# codesign_unit_test(Library sources... [DEPENDS more libraries...] [APART prefix]): one GoogleTest program per library, run as
# one test, and a second one for suites of this prefix, which take as long as all others.
function(codesign_unit_test library)
  cmake_parse_arguments(ARG "" "APART" "DEPENDS" ${ARGN})
  set(target ${library}Test)
  add_executable(${target} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE codesign::${library} ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/test/unit")
  target_compile_definitions(${target} PRIVATE CODESIGN_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                               CODESIGN_BINARY_DIR="${PROJECT_BINARY_DIR}")
  codesign_warnings(${target})
  codesign_reads_mlir(isMlir codesign::${library} ${ARG_DEPENDS})
  if(isMlir)
    codesign_precompiled(${target} MlirTest)
  else()
    codesign_precompiled(${target} BaseTest)
  endif()
  if(ARG_APART)
    add_test(NAME unit.${library}.${ARG_APART} COMMAND ${target} --gtest_filter=${ARG_APART}*)
    add_test(NAME unit.${library} COMMAND ${target} --gtest_filter=-${ARG_APART}*)
  else()
    add_test(NAME unit.${library} COMMAND ${target})
  endif()
endfunction()

function(codesign_warnings target)
  # clang 22 reports libstdc++ 12's own stable_sort as deprecated; g++ keeps watching for real ones.
  target_compile_options(${target} PRIVATE -Wall -Wextra $<$<BOOL:${CODESIGN_WERROR}>:-Werror>
                                           $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
endfunction()
