# Recordings: pure modules; files that opus-tools and sox read; the engine.
pl_unit(test_media_record SOURCES test_record.c LINK pl_media_core)
add_library(pl_sound_file STATIC ${PROJECT_SOURCE_DIR}/tests/support/sound_file.c)
target_include_directories(pl_sound_file PUBLIC
  ${PROJECT_SOURCE_DIR}/tests/support)
target_link_libraries(pl_sound_file PUBLIC cmocka m PRIVATE pl_flags)
foreach(name record_files record_set)
  pl_unit(test_media_${name} SOURCES test_${name}.c record_rig.c
    LINK pl_media_io pl_sound_file m)
endforeach()
pl_unit(test_media_engine_record SOURCES test_engine_record.c engine_rig.c
  LINK pl_media_io m)
