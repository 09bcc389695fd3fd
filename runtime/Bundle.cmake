# Collects in lib/runtime/ARCH what `ingot compile` links a program or a library of that target from, so that linking
# needs no compiler and no development package on the user's machine:
#
#   libingot_program_main.a, libingot_train_main.a, libingot_runtime.a
#                                                  our own, never with the build's sanitizers or debug switches
#   start files, libc.a, libm.a, libgcc*.a         for static programs
#   libc.so.6, libm.so.6, the dynamic loader       what libraries name as needed
#   exports.map                                    what libraries export
#   manifest-exe, manifest-train, manifest-so      the linker's arguments, one a line: `@objects` stands for the
#                                                  compiled model, what starts with `-` is passed as it is, the rest
#                                                  are files beside the manifest
find_program(INGOT_CLANG NAMES clang++-22 clang++ REQUIRED)
find_program(INGOT_AR NAMES llvm-ar-22 llvm-ar ar REQUIRED)

# The real file behind a library's name: glibc's libm.a is a linker script on x86-64.
function(ingot_resolve_library path result)
  file(SIZE ${path} size)
  if(size LESS 1000)
    file(STRINGS ${path} script REGEX "GROUP")
    if(script MATCHES "([^ ]+/libm-[0-9.]+\\.a)")
      set(path ${CMAKE_MATCH_1})
    endif()
  endif()
  file(REAL_PATH ${path} path)
  set(${result} ${path} PARENT_SCOPE)
endfunction()

function(ingot_runtime_bundle arch loader)
  set(target --target=${arch}-linux-gnu)
  set(folder ${CMAKE_BINARY_DIR}/lib/runtime/${arch})
  set(compile ${CMAKE_CXX_COMPILER_LAUNCHER} ${INGOT_CLANG} ${target} -std=c++20 -O2 -fPIC -fno-exceptions -fno-rtti
              -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -Wall -Wextra -I${CMAKE_SOURCE_DIR})

  # Without this target's libc there is nothing to link with.
  set(libc_files rcrt1.o crti.o crtn.o libc.a libm.a libgcc.a libgcc_eh.a libc.so.6 libm.so.6 ${loader})
  set(paths)
  foreach(file ${libc_files})
    execute_process(COMMAND ${INGOT_CLANG} ${target} -print-file-name=${file} OUTPUT_VARIABLE path
                    OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT IS_ABSOLUTE "${path}" OR NOT EXISTS "${path}")
      message(STATUS "No programs for ${arch}: ${file} of its libc is missing")
      return()
    endif()
    list(APPEND paths ${path})
  endforeach()
  set(probe ${CMAKE_CURRENT_BINARY_DIR}/${arch}-probe.cpp)
  file(WRITE ${probe} "#include <atomic>\n#include <stdio.h>\n")
  execute_process(COMMAND ${INGOT_CLANG} ${target} -std=c++20 -fsyntax-only ${probe} RESULT_VARIABLE fails
                  OUTPUT_QUIET ERROR_QUIET)
  if(fails)
    message(STATUS "No programs for ${arch}: its C++ headers are missing")
    return()
  endif()

  set(outputs)
  foreach(file path IN ZIP_LISTS libc_files paths)
    ingot_resolve_library(${path} path)
    add_custom_command(OUTPUT ${folder}/${file} DEPENDS ${path}
                       COMMAND ${CMAKE_COMMAND} -E copy ${path} ${folder}/${file} VERBATIM)
    list(APPEND outputs ${folder}/${file})
  endforeach()

  foreach(library ingot_runtime ingot_program_main ingot_train_main)
    set(sources ProgramMain.cpp)
    if(library STREQUAL ingot_train_main)
      set(sources TrainMain.cpp)
    elseif(library STREQUAL ingot_runtime)
      set(sources ${INGOT_RUNTIME_SOURCES})
    endif()
    set(objects)
    foreach(source ${sources})
      set(object ${CMAKE_CURRENT_BINARY_DIR}/${arch}/${source}.o)
      add_custom_command(OUTPUT ${object} DEPENDS ${source} DEPFILE ${object}.d
                         COMMAND ${compile} -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
                         COMMENT "Building ${arch} ${source}" VERBATIM)
      list(APPEND objects ${object})
    endforeach()
    set(archive ${folder}/lib${library}.a)
    add_custom_command(OUTPUT ${archive} DEPENDS ${objects}
                       COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
                       COMMAND ${INGOT_AR} rcsD ${archive} ${objects} VERBATIM)
    add_custom_target(${library}_${arch} DEPENDS ${archive})
    list(APPEND outputs ${archive})
  endforeach()

  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${arch})
  foreach(kind exe train)
    set(main libingot_program_main.a)
    if(kind STREQUAL train)
      set(main libingot_train_main.a)
    endif()
    configure_file(manifest-exe.in ${folder}/manifest-${kind} @ONLY)
  endforeach()
  configure_file(manifest-so.in ${folder}/manifest-so @ONLY)
  configure_file(exports.map ${folder}/exports.map COPYONLY)
  add_custom_target(ingot_runtime_bundle_${arch} DEPENDS ${outputs})
  add_dependencies(ingot_runtime_bundles ingot_runtime_bundle_${arch})
endfunction()
