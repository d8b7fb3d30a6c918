/* media_stream.h - the management API's view of how good the media of a
 * participant is (of each leg, by the latest report), or was (by its call
 * record). */
#ifndef PL_ROOMPOOL_MEDIA_STREAM_H
#define PL_ROOMPOOL_MEDIA_STREAM_H

#include "pool.h"

void pl_on_management_streams(pl_pool *pool, const pl_bus_in *in);

#endif
