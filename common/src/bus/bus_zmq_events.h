/* bus_zmq_events.h - what ZeroMQ tells of its connections, for the bus. */
#ifndef PL_BUS_ZMQ_EVENTS_H
#define PL_BUS_ZMQ_EVENTS_H

#include "bus_impl.h"

typedef struct pl_zmq_events pl_zmq_events;

/* Watch a socket that is neither bound nor connected yet, and tell the bus of
 * closed connections. grace_us: see pl_bus_connection_closed(). The bus borrows
 * nothing; context and socket are ZeroMQ's. Errors: PL_EIO, PL_ENOMEM. */
PL_MUST_USE pl_err pl_zmq_events_open(pl_bus *bus, void *context, void *socket,
                                      int64_t grace_us,
                                      pl_zmq_events **ret_events);
/* Before the socket is closed. */
void pl_zmq_events_close(pl_zmq_events **events);

#endif
