if(TARGET pl_media_core)
  foreach(name stun dtls_record red)
    pl_fuzz(fuzz_${name} SOURCES fuzz_${name}.c LINK pl_media_core
      CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  endforeach()
endif()
if(TARGET pl_media_io)
  pl_fuzz(fuzz_rtp SOURCES fuzz_rtp.c LINK pl_media_io
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/rtp)
  pl_fuzz(fuzz_leg_state SOURCES fuzz_leg_state.c LINK pl_media_io
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/leg_state)
  pl_fuzz(fuzz_dtls_alert SOURCES fuzz_dtls_alert.c LINK pl_media_io
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/dtls_alert)
endif()
