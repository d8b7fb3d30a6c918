if(TARGET pl_signaling_parse)
  pl_fuzz(fuzz_sip SOURCES fuzz_sip.c LINK pl_signaling_parse
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/sip)
  pl_fuzz(fuzz_sip_values SOURCES fuzz_sip_values.c LINK pl_signaling_core
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/sip_values)
  pl_fuzz(fuzz_dialog_record SOURCES fuzz_dialog_record.c LINK pl_signaling_core
    CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/dialog_record)
endif()
