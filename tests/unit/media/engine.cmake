# The mixing engine: its pure modules; then whole engines on a virtual clock.
foreach(name rtp rtcp dtmf dtmf_send talkers levelling limiter packet_pool ring red tick_health budget)
  pl_unit(test_media_${name} SOURCES test_${name}.c LINK pl_media_core m)
endforeach()
foreach(name playout playout_drift)
  pl_unit(test_media_${name} SOURCES test_${name}.c playout_net.c
    LINK pl_media_core m)
endforeach()
target_link_libraries(test_media_ring PRIVATE Threads::Threads)
foreach(name engine_rooms engine_input engine_keys engine_dtmf encoder_switch)
  pl_unit(test_media_${name} SOURCES test_${name}.c engine_rig.c
    LINK pl_media_io m)
endforeach()
foreach(name srtp codecs mixer_thread)
  pl_unit(test_media_${name} SOURCES test_${name}.c LINK pl_media_io m)
endforeach()
