if(NOT TARGET pl_api_core)
  return()
endif()
pl_fuzz(fuzz_http SOURCES fuzz_http.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/http)
pl_fuzz(fuzz_json_api SOURCES fuzz_json_api.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/json_api)
pl_fuzz(fuzz_management SOURCES fuzz_management.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/management)
pl_fuzz(fuzz_form SOURCES fuzz_form.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/form)
pl_fuzz(fuzz_uui_data SOURCES fuzz_uui_data.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/uui_data)
pl_fuzz(fuzz_jwt SOURCES fuzz_jwt.c LINK pl_api_io
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/jwt)
pl_fuzz(fuzz_websocket SOURCES fuzz_websocket.c LINK pl_api_io
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/websocket)
pl_fuzz(fuzz_relay SOURCES fuzz_relay.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/relay)
pl_fuzz(fuzz_outgoing_url SOURCES fuzz_outgoing_url.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/outgoing_url)
pl_fuzz(fuzz_device_api SOURCES fuzz_device_api.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/device_api)
pl_fuzz(fuzz_proxy_header SOURCES fuzz_proxy_header.c LINK pl_api_core
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/proxy_header)
