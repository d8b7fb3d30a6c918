/* owner.h - whom the token of a request speaks for, what it may see, and how
 * devices are refused. */
#ifndef PL_ROOMPOOL_OWNER_H
#define PL_ROOMPOOL_OWNER_H

#include "model.h"

/* Borrowed from a message; "" for what it has not. A 3-legged token names a
 * subject or a number; a 2-legged one speaks for its client alone. */
typedef struct pl_owner {
    const char *client_id, *subject, *number;
} pl_owner;

/* Of a message that begins with PL_DEVICE_OWNER_FIELDS. */
#define PL_OWNER_OF(m)                                                         \
    ((pl_owner){(m)->client_id, (m)->subject, (m)->token_number})

/* What is stored as the subject of an object that it makes: its subject, else
 * its number, else "": 2-legged. */
const char *pl_owner_subject(const pl_owner *owner);
/* Whether it sees an object of that client and (stored) subject. number: of a
 * registration, which a token for this number sees too; else "". */
bool pl_owner_sees(const pl_owner *owner, const char *client_id,
                   const char *subject, const char *number);

/* Answer device_refused, counted. fault: pl_device_fault; text: for people,
 * without secrets. */
void pl_device_refuse(pl_pool *pool, const pl_bus_ticket *ticket,
                      uint32_t fault, const char *text);
/* The same; it may work after retry_after_s. */
void pl_device_refuse_later(pl_pool *pool, const pl_bus_ticket *ticket,
                            uint32_t fault, const char *text,
                            uint32_t retry_after_s);

#endif
