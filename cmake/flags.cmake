# One interface target carries the language level and warnings of every file.
add_library(pl_flags INTERFACE)
target_compile_definitions(pl_flags INTERFACE _POSIX_C_SOURCE=200809L
  PL_VERSION="${PROJECT_VERSION}")
target_compile_options(pl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wvla -Wundef -Wswitch-enum
  $<$<BOOL:${PL_WERROR}>:-Werror>
  $<$<C_COMPILER_ID:Clang>:-Wassign-enum>
  $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2 -fstack-protector-strong -g>)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options($<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)
# Some 300 test programs are linked: a third of the time with this one.
find_program(LLD ld.lld)
if(LLD)
  add_link_options($<$<CONFIG:Debug>:-fuse-ld=lld>)
endif()
