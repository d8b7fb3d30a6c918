# Recordings: pure modules; files that opus-tools and sox read; the engine.
pl_unit(test_media_record SOURCES test_record.c LINK pl_media_core)
add_library(pl_sound_file STATIC ${PROJECT_SOURCE_DIR}/tests/support/sound_file.c)
target_include_directories(pl_sound_file PUBLIC
  ${PROJECT_SOURCE_DIR}/tests/support)
target_link_libraries(pl_sound_file PUBLIC cmocka m PRIVATE pl_flags)
pl_unit(test_media_record_files SOURCES test_record_files.c record_rig.c
  LINK pl_media_io pl_sound_file m)
pl_unit(test_media_record_set SOURCES test_record_set.c record_rig.c
  LINK pl_media_io pl_sound_file m WRAP fdatasync)
pl_unit(test_media_recorder SOURCES test_recorder.c record_rig.c
  LINK pl_media_io pl_sound_file m WRAP clock_gettime fdatasync)
pl_unit(test_media_engine_record SOURCES test_engine_record.c engine_rig.c
  LINK pl_media_io m)
