if(NOT TARGET pl_ctl_core)
  return()
endif()
pl_fuzz(fuzz_operator_rows SOURCES fuzz_operator_rows.c LINK pl_ctl_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/operator_rows)
