# cmake -DBUILD=… -DWORK=… -DSOURCE=… -DCC=… -DCXX=… -P RunInstallTest.cmake
# Installs into an empty prefix, then configures, builds and runs two projects that find codesign there: one uses the
# libraries, one the kernels of a model.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(JOIN " " command ${ARGV})
    message(FATAL_ERROR "${command}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
foreach(file bin/codesign bin/codesign-opt share/codesign/hwprofiles/mi300x.yaml include/codesign/Model/Block.h)
  if(NOT EXISTS "${WORK}/prefix/${file}")
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()

function(run_project source program)
  cmake_path(GET source FILENAME name)
  run("${CMAKE_COMMAND}" -S "${SOURCE}/${source}" -B "${WORK}/${name}" -G Ninja
      "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DCMAKE_C_COMPILER=${CC}" "-DCMAKE_CXX_COMPILER=${CXX}")
  run("${CMAKE_COMMAND}" --build "${WORK}/${name}")
  run("${WORK}/${name}/${program}")
endfunction()
run_project(test/install/libraries count-parameters)
run_project(examples/consumer consumer)
