# Instructions of the mixing engine, compared with counts.txt (counts.sh). The
# engine is compiled a second time with -O2, so that the preset does not matter.
find_program(valgrind valgrind)
if(NOT valgrind OR CMAKE_C_FLAGS MATCHES "-fsanitize"
   OR NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  return()
endif()
foreach(lib core io)
  get_target_property(sources pl_media_${lib} SOURCES)
  list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/media-worker/)
  add_library(counts_${lib} STATIC ${sources})
  target_compile_options(counts_${lib} PRIVATE -O2)
endforeach()
target_include_directories(counts_core PUBLIC ${PROJECT_SOURCE_DIR}/media-worker)
target_link_libraries(counts_core PUBLIC pl_flags pl_base pl_proto m)
target_link_libraries(counts_io PUBLIC counts_core pl_run PRIVATE dep::opus
  dep::spandsp dep::speexdsp dep::ogg dep::openssl Threads::Threads)
add_executable(counts_engine counts_engine.c mixer_peers.c)
target_link_libraries(counts_engine PRIVATE pl_flags counts_io m)
add_test(NAME counts.engine COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/counts.sh
  $<TARGET_FILE:counts_engine> ${CMAKE_CURRENT_SOURCE_DIR}/counts.txt)
set_tests_properties(counts.engine PROPERTIES LABELS counts TIMEOUT 300
  PROCESSORS 2
  SKIP_RETURN_CODE 77)
