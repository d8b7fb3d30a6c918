/* owner.c - see owner.h. */
#include "device/owner.h"

#include <string.h>

#include "pl/str.h"

const char *pl_owner_subject(const pl_owner *owner)
{
    return owner->subject[0] ? owner->subject : owner->number;
}

bool pl_owner_sees(const pl_owner *owner, const char *client_id,
                   const char *subject, const char *number)
{
    if (strcmp(owner->client_id, client_id) != 0)
        return false;
    if (strcmp(pl_owner_subject(owner), subject) == 0)
        return true;
    return owner->number[0] && strcmp(owner->number, number) == 0;
}

static void refuse(pl_pool *pool, const pl_bus_ticket *ticket,
                   const pl_device_refused *m)
{
    pl_pool_count(pool, PL_RM_devices_refused);
    pl_pool_reply(pool, ticket, &PL_MSG_DEVICE_REFUSED, m);
}

void pl_device_refuse(pl_pool *pool, const pl_bus_ticket *ticket,
                      uint32_t fault, const char *text)
{
    pl_device_refused m = {.fault = fault};
    PL_SET(m.text, text);
    refuse(pool, ticket, &m);
}

void pl_device_refuse_later(pl_pool *pool, const pl_bus_ticket *ticket,
                            uint32_t fault, const char *text,
                            uint32_t retry_after_s)
{
    pl_device_refused m = {.fault = fault, .retry_after_s = retry_after_s};
    PL_SET(m.text, text);
    PL_MSG_SET(DEVICE_REFUSED, device_refused, &m, retry_after_s);
    refuse(pool, ticket, &m);
}
