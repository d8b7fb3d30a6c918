if(TARGET pl_media_core)
  foreach(name stun)
    pl_fuzz(fuzz_${name} SOURCES fuzz_${name}.c LINK pl_media_core
      CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  endforeach()
endif()
