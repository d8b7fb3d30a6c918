# PROCESSORS of a test are half cores: ctest is run with -j of twice the cores
# (tools/lib/ctest.sh). Component tests wait for each other's timers most of their
# time, so they take one; unit tests, which compute, take two. TIMEOUT is for
# what hangs: many times what the slowest takes on a busy machine.
# pl_unit(name SOURCES a.c LINK lib.. [WRAP calloc..])      label unit
# pl_component(name SOURCES a.c LINK lib..)                 label component
# pl_fuzz(name SOURCES a.c LINK lib.. CORPUS dir)           label fuzz: replays
#   the committed corpus in every build; with PL_FUZZ it is a libFuzzer binary.
function(pl_test_program name label halves timeout)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;WRAP" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE pl_flags ${A_LINK} cmocka)
  foreach(w ${A_WRAP})
    target_link_options(${name} PRIVATE -Wl,--wrap=${w})
  endforeach()
  add_test(NAME ${label}.${name} COMMAND ${name})
  set_tests_properties(${label}.${name} PROPERTIES
    LABELS ${label} TIMEOUT ${timeout} PROCESSORS ${halves} ENVIRONMENT
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp")
endfunction()

function(pl_unit name)
  pl_test_program(${name} unit 2 600 ${ARGN})
endfunction()

function(pl_component name)
  pl_test_program(${name} component 1 600 ${ARGN})
endfunction()

function(pl_fuzz name)
  cmake_parse_arguments(A "" "CORPUS" "SOURCES;LINK" ${ARGN})
  if(PL_FUZZ)
    add_executable(${name} ${A_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${A_SOURCES}
      ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.c)
  endif()
  target_link_libraries(${name} PRIVATE pl_flags ${A_LINK})
  add_test(NAME fuzz.${name} COMMAND ${name} ${A_CORPUS})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 600
    PROCESSORS 2)
endfunction()
