/* management_query.h - objects of the management API are read as they stand in
 * the database, with what this turn has written. */
#ifndef PL_ROOMPOOL_MANAGEMENT_QUERY_H
#define PL_ROOMPOOL_MANAGEMENT_QUERY_H

#include "pool.h"

void pl_on_management_query(pl_pool *pool, const pl_bus_in *in);

#endif
