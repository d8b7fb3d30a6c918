if(NOT TARGET pl_roompool_io)
  return()
endif()
pl_fuzz(fuzz_management_filter SOURCES fuzz_management_filter.c
  LINK pl_roompool_io dep::sqlite
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/management_filter)
pl_fuzz(fuzz_platform SOURCES fuzz_platform.c LINK pl_roompool_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/platform)
