# The mixing engine: its pure modules; then whole engines on a virtual clock.
foreach(name rtp rtcp dtmf dtmf_send talkers levelling limiter packet_pool ring red tick_health budget)
  pl_unit(test_media_${name} SOURCES test_${name}.c LINK pl_media_core m)
endforeach()
foreach(name playout playout_drift)
  pl_unit(test_media_${name} SOURCES test_${name}.c playout_net.c
    LINK pl_media_core m)
endforeach()
target_link_libraries(test_media_ring PRIVATE Threads::Threads)
foreach(name engine_lend engine_random engine_stereo engine_rooms engine_input engine_keys engine_dtmf engine_drift engine_loss encoder_switch)
  pl_unit(test_media_${name} SOURCES test_${name}.c engine_rig.c engine_line.c
    test_voice.c
    LINK pl_media_io dep::opus m)
endforeach()
foreach(name engine_resume srtp)
  pl_unit(test_media_${name} SOURCES test_${name}.c srtp_library.c
    LINK pl_media_io m)
endforeach()
foreach(name codecs resampling mixer_thread late_ticks)
  pl_unit(test_media_${name} SOURCES test_${name}.c LINK pl_media_io m)
endforeach()
# With real speech, which is read as the worker reads its prompts.
if(TARGET pl_media_app)
  foreach(name engine_sound engine_rest)
    pl_unit(test_media_${name} SOURCES test_${name}.c engine_rig.c speech.c
      LINK pl_media_app m)
    target_compile_definitions(test_media_${name} PRIVATE
      PL_TEST_PROMPTS="${PROJECT_SOURCE_DIR}/media-worker/prompts")
  endforeach()
endif()
# The other side of test_srtp.c.
target_link_libraries(test_media_srtp PRIVATE dep::srtp)
