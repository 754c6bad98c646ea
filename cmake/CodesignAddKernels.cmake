# codesign_add_kernels(TARGET t MODEL model.yaml HW mi300x [DIRECTORY dir] [DEPENDS files...]
#                      [OPTIONS options of `codesign plan`...])
#
# At build time, plans the model for the device, emits the kernels of the plan and compiles them into a static library.
# Target t carries the library and its headers:
#   #include <t/kernels.h>   the C interface of the package that the plan chose
# The plan itself (plan.json, config.json, kernels/) stays in `dir`, by default ${CMAKE_CURRENT_BINARY_DIR}/t.
# A change of the model file, of the files after DEPENDS (a `base:`) or of the codesign program plans again. A device without kernels of codesign's own is a build error.
include_guard(GLOBAL)
set(CODESIGN_KERNELS_PROJECT "${CMAKE_CURRENT_LIST_DIR}/kernels-project")

function(codesign_add_kernels)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "TARGET;MODEL;HW;DIRECTORY" "DEPENDS;OPTIONS")
  foreach(required TARGET MODEL HW)
    if(NOT ARG_${required})
      message(FATAL_ERROR "codesign_add_kernels: ${required} is missing")
    endif()
  endforeach()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "codesign_add_kernels: unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  cmake_path(ABSOLUTE_PATH ARG_MODEL BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  if(NOT ARG_DIRECTORY)
    set(ARG_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}")
  endif()
  set(plan "${ARG_DIRECTORY}/plan")
  set(library "${ARG_DIRECTORY}/${CMAKE_STATIC_LIBRARY_PREFIX}${ARG_TARGET}${CMAKE_STATIC_LIBRARY_SUFFIX}")

  add_custom_command(OUTPUT "${plan}/plan.json"
    COMMAND codesign::codesign plan "${ARG_MODEL}" --hw "${ARG_HW}" --out "${plan}" ${ARG_OPTIONS}
            > "${ARG_DIRECTORY}/plan.txt"
    DEPENDS "${ARG_MODEL}" ${ARG_DEPENDS} codesign::codesign
    COMMENT "Planning ${ARG_MODEL} for ${ARG_HW}" VERBATIM)
  add_custom_command(OUTPUT "${library}"
    COMMAND "${CMAKE_COMMAND}" -S "${CODESIGN_KERNELS_PROJECT}" -B "${ARG_DIRECTORY}/build" -G "${CMAKE_GENERATOR}"
            "-DCODESIGN_PACKAGE=${plan}/kernels" "-DCODESIGN_TARGET=${ARG_TARGET}" "-DCODESIGN_OUTPUT=${ARG_DIRECTORY}"
            "-DCMAKE_BUILD_TYPE=$<CONFIG>" "-DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}"
            "-DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}" "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}"
    COMMAND "${CMAKE_COMMAND}" --build "${ARG_DIRECTORY}/build"
    COMMAND "${CMAKE_COMMAND}" -E touch "${library}"
    DEPENDS "${plan}/plan.json" "${CODESIGN_KERNELS_PROJECT}/CMakeLists.txt"
    COMMENT "Compiling the kernels of ${ARG_TARGET}" VERBATIM)
  add_custom_target(${ARG_TARGET}-kernels DEPENDS "${library}")

  # CMake wants the folder of an imported target's headers to exist when it configures.
  file(MAKE_DIRECTORY "${ARG_DIRECTORY}/include")
  add_library(${ARG_TARGET} STATIC IMPORTED GLOBAL)
  set_target_properties(${ARG_TARGET} PROPERTIES IMPORTED_LOCATION "${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${ARG_DIRECTORY}/include"
    INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
  add_dependencies(${ARG_TARGET} ${ARG_TARGET}-kernels)
endfunction()
