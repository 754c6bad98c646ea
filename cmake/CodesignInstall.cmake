# Installation: programs, data and the CMake functions for everyone; libraries, headers and their exports for those who
# build on them. A .deb comes from `cpack` in the build folder.
include(CMakePackageConfigHelpers)

set(CODESIGN_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/codesign")
get_property(codesign_libraries GLOBAL PROPERTY CODESIGN_LIBRARIES)
set(codesign_programs)
foreach(program codesign codesign-opt)
  if(TARGET ${program})
    list(APPEND codesign_programs ${program})
  endif()
endforeach()

# Debian keeps libMLIR in a folder of its own.
set_target_properties(${codesign_programs} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS ${codesign_programs} EXPORT codesignPrograms
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT programs)
install(EXPORT codesignPrograms NAMESPACE codesign:: DESTINATION "${CODESIGN_CMAKE_DIR}" COMPONENT programs)

install(TARGETS ${codesign_libraries} EXPORT codesignLibraries
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/codesign" COMPONENT libraries)
install(EXPORT codesignLibraries NAMESPACE codesign:: DESTINATION "${CODESIGN_CMAKE_DIR}" COMPONENT libraries)

set(headers FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/codesign" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        COMPONENT libraries ${headers})
foreach(root "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
  install(DIRECTORY "${root}/dialects" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/codesign" COMPONENT libraries
          ${headers})
endforeach()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/codesign-config.cmake.in"
  "${PROJECT_BINARY_DIR}/codesign-config.cmake" INSTALL_DESTINATION "${CODESIGN_CMAKE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/codesign-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/codesign-config.cmake" "${PROJECT_BINARY_DIR}/codesign-config-version.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/CodesignAddKernels.cmake"
        DESTINATION "${CODESIGN_CMAKE_DIR}" COMPONENT programs)
install(DIRECTORY "${CMAKE_CURRENT_LIST_DIR}/kernels-project" DESTINATION "${CODESIGN_CMAKE_DIR}"
        COMPONENT programs)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT programs)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR codesign)
set(CPACK_PACKAGE_CONTACT "the codesign project <codesign@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
# The exact shared libraries: dpkg-shlibdeps reads them from the programs.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libmlir-22-dev, libyaml-cpp-dev, clang-22")
set(CPACK_STRIP_FILES ON)
include(CPack)
