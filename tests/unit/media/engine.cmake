# The mixing engine: whole engines on a virtual clock.
foreach(name engine_rooms encoder_switch)
  pl_unit(test_${name} SOURCES test_${name}.c engine_rig.c LINK pl_media_io)
endforeach()
