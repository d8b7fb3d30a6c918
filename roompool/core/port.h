/* port.h - what the core asks of the outside world. Filled by io/; by a
 * script of fakes in tests. */
#ifndef PL_ROOMPOOL_PORT_H
#define PL_ROOMPOOL_PORT_H

#include "pl/bus.h"
#include "pl/log.h"

/* What is to happen with the reply of a request; see op.h. */
typedef struct pl_op pl_op;

enum { PL_PIN_HASH_TEXT = 201 };

typedef struct pl_port {
    void *ctx;
    /* Send; when op is set, pl_pool_on_reply(pool, op, ..) follows once, later.
     * Called only after what caused the message was committed. */
    void (*request)(void *ctx, const pl_bus_send *how, const pl_msg_desc *desc,
                    const void *body, pl_op *op);
    void (*reply)(void *ctx, const pl_bus_ticket *ticket,
                  const pl_msg_desc *desc, const void *body);
    void (*reply_error)(void *ctx, const pl_bus_ticket *ticket, pl_err e,
                        const char *text);
    void (*new_id)(void *ctx, char id[37]); /* UUID */
    int64_t (*clock_us)(void *ctx);         /* pl_now.us, now */
    void (*random)(void *ctx, void *buf, size_t len);
    /* SHA-256 of a text as hex. */
    void (*hash)(void *ctx, const char *text, char hash[65]);
    /* Salted, slow hash of a PIN, and comparison in constant time. */
    pl_err (*pin_hash)(void *ctx, const char *pin, char hash[PL_PIN_HASH_TEXT]);
    bool (*pin_matches)(void *ctx, const char *pin, const char *hash);
    /* One line about a life cycle; ids may be "". */
    void (*note)(void *ctx, pl_log_level level, const char *event,
                 const char *conf, const char *part, const char *text);
    /* State can no longer be kept: the process must end. */
    void (*fatal)(void *ctx, pl_err e, const char *why);
} pl_port;

#endif
