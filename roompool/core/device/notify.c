/* notify.c - see notify.h. */
#include "notify.h"

void pl_notify(pl_pool *pool, const pl_reg *reg, uint32_t type,
               const char *media_session_id, pl_slice data)
{
    (void)pool; /* nobody can subscribe yet */
    (void)reg;
    (void)type;
    (void)media_session_id;
    (void)data;
}

bool pl_notify_has(const pl_pool *pool, const pl_reg *reg, uint32_t type)
{
    (void)pool;
    (void)reg;
    (void)type;
    return false;
}

void pl_notify_hold(pl_pool *pool, const char *id)
{
    (void)pool;
    (void)id;
}

void pl_on_device_told(pl_pool *pool, const pl_bus_in *in)
{
    (void)pool;
    (void)in;
}
