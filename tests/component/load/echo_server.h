/* echo_server.h - a server as bad as can be: each one hears himself and nobody
 * else, and a part of the packets is lost. A test fake. */
#ifndef PL_TEST_ECHO_SERVER_H
#define PL_TEST_ECHO_SERVER_H

#include "adapter.h"

enum { ECHO_DROPS_EVERY = 10 };

extern const pl_load_adapter echo_server;

#endif
