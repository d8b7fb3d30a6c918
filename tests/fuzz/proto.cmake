if(TARGET pl_proto)
  foreach(name sdp offer_answer oa_state uri)
    pl_fuzz(fuzz_${name} SOURCES fuzz_${name}.c LINK pl_proto
      CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  endforeach()
endif()
