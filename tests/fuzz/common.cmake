if(TARGET pl_bus)
  pl_fuzz(fuzz_msg SOURCES fuzz_msg.c LINK pl_bus
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/msg)
  target_include_directories(fuzz_msg PRIVATE
    ${PROJECT_SOURCE_DIR}/common/src/bus)
  pl_fuzz(fuzz_config SOURCES fuzz_config.c LINK pl_loop
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/config)
endif()
