/* bus_glue.c - between pl_bus and the pure core. */
#include "bus_glue.h"

#include <stdlib.h>
#include <string.h>

#include "core/op.h"
#include "io/pin_hash.h"
#include "pl/list.h"
#include "pl/rng.h"

struct pl_glue {
    pl_glue_options options;
    pl_port port;
    pl_pool *pool;
    pl_timer *timer;
    pl_list waiting;
    bool is_ended; /* fatal was called */
};

/* A request under way, so that the reply finds both. */
typedef struct waiting {
    pl_list link;
    pl_glue *glue;
    pl_op *op;
} waiting;

static void flush(void *ctx);

pl_now pl_glue_now(const pl_glue *glue)
{
    return (pl_now){.us = pl_loop_now_us(glue->options.loop),
                    .wall_ms = pl_loop_wall_ms(glue->options.loop)};
}

void pl_glue_wake(pl_glue *glue)
{
    if (!glue->is_ended && pl_loop_defer(glue->options.loop, flush, glue))
        glue->port.fatal(glue, PL_ENOMEM, "out of memory");
}

static void arm(pl_glue *glue)
{
    int64_t next = pl_pool_next_us(glue->pool);
    int64_t now = pl_loop_now_us(glue->options.loop);
    if (next == INT64_MAX) {
        pl_timer_stop(glue->timer);
    } else {
        pl_timer_start(glue->timer, next > now ? next - now : 0);
    }
}

static void flush(void *ctx)
{
    pl_glue *glue = ctx;
    if (glue->is_ended)
        return;
    pl_pool_flush(glue->pool);
    if (!glue->is_ended)
        arm(glue);
}

static void on_timer(void *ctx)
{
    pl_glue *glue = ctx;
    pl_pool_tick(glue->pool, pl_glue_now(glue));
    pl_glue_wake(glue);
}

/* ---- messages in ---- */

static void on_message(void *ctx, const pl_bus_in *in)
{
    pl_glue *glue = ctx;
    if (glue->is_ended)
        return;
    pl_pool_handle(glue->pool, pl_glue_now(glue), in);
    pl_glue_wake(glue);
}

static void on_peer(void *ctx, const char *node, bool is_up)
{
    pl_glue *glue = ctx;
    if (glue->is_ended)
        return;
    pl_pool_on_peer(glue->pool, pl_glue_now(glue), node, is_up);
    pl_glue_wake(glue);
}

static void on_reply(void *ctx, pl_err e, const pl_bus_in *in)
{
    waiting *w = ctx;
    pl_glue *glue = w->glue;
    pl_op *op = w->op;
    pl_list_remove(&w->link);
    free(w);
    pl_pool_on_reply(glue->pool, pl_glue_now(glue), op, e, in);
    pl_glue_wake(glue);
}

/* ---- messages out ---- */

static void out_request(void *ctx, const pl_bus_send *how,
                        const pl_msg_desc *desc, const void *body, pl_op *op)
{
    pl_glue *glue = ctx;
    if (desc->kind == PL_EVENT) {
        if (pl_bus_event(glue->options.bus, how, desc, body))
            pl_op_destroy(&op); /* counted by the bus */
        return;
    }
    waiting *w = malloc(sizeof *w);
    if (w)
        *w = (waiting){.glue = glue, .op = op};
    pl_err e = w ? pl_bus_request(glue->options.bus, how, desc, body, on_reply,
                                  w, NULL)
                 : PL_ENOMEM;
    if (!e) {
        pl_list_append(&glue->waiting, &w->link);
        return;
    }
    free(w);
    pl_pool_on_reply(glue->pool, pl_glue_now(glue), op, e, NULL);
}

static void out_reply(void *ctx, const pl_bus_ticket *ticket,
                      const pl_msg_desc *desc, const void *body)
{
    const pl_glue *glue = ctx;
    pl_bus_reply(glue->options.bus, ticket, desc, body);
}

static void out_error(void *ctx, const pl_bus_ticket *ticket, pl_err e,
                      const char *text)
{
    const pl_glue *glue = ctx;
    pl_bus_reply_error(glue->options.bus, ticket, e, text);
}

static void new_id(void *ctx, char id[37])
{
    (void)ctx;
    pl_random_uuid(id);
}

static void random_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    pl_random(buf, len);
}

static void hash_text(void *ctx, const char *text, char hash[PL_SHA256_TEXT])
{
    (void)ctx;
    pl_sha256_hex(text, strlen(text), hash);
}

static int64_t clock_us(void *ctx)
{
    const pl_glue *glue = ctx;
    return pl_loop_now_us(glue->options.loop);
}

static pl_err pin_hash(void *ctx, const char *pin, char hash[PL_PIN_HASH_TEXT])
{
    const pl_glue *glue = ctx;
    return pl_pin_hash(pin, glue->options.config->pin_hash_rounds, hash);
}

static bool pin_matches(void *ctx, const char *pin, const char *hash)
{
    (void)ctx;
    return pl_pin_matches(pin, hash);
}

static void note(void *ctx, pl_log_level level, const char *event,
                 const char *conf, const char *part, const char *text)
{
    (void)ctx;
    if (pl_log_is_on(level)) {
        pl_log_line(level, "pool", event,
                    PL_KV("conf", conf, "part", part, "what", text), NULL);
    }
}

static void fatal(void *ctx, pl_err e, const char *why)
{
    pl_glue *glue = ctx;
    if (glue->is_ended)
        return;
    glue->is_ended = true;
    glue->options.fatal(glue->options.fatal_ctx, e, why);
}

/* ---- life ---- */

static pl_err take_messages(pl_glue *g)
{
    const pl_msg_desc *desc;
    for (size_t i = 0; (desc = pl_pool_handled(i)) != NULL; i++) {
        pl_err e = pl_bus_handle(g->options.bus, desc, on_message, g);
        if (e && !(e == PL_EEXIST && desc == &PL_MSG_BEAT))
            return e;
    }
    pl_bus_watch_peers(g->options.bus, on_peer, g);
    return PL_OK;
}

static pl_err create_pool(pl_glue *g)
{
    uint64_t boot = 0;
    pl_pool_options o = {.config = g->options.config,
                         .store = g->options.store,
                         .port = &g->port,
                         .metrics = g->options.metrics,
                         .platform_login = g->options.platform_login,
                         .lines = g->options.lines};
    pl_err e = pl_pool_create(&o, &g->pool);
    if (e)
        return e;
    pl_random(&boot, sizeof boot);
    pl_pool_set_boot(g->pool, boot, g->options.node, g->options.beat_ms);
    return pl_pool_load(g->pool, pl_glue_now(g));
}

pl_err pl_glue_create(const pl_glue_options *options, pl_glue **ret_glue)
{
    pl_glue *g = calloc(1, sizeof *g);
    if (!g)
        return PL_ENOMEM;
    g->options = *options;
    pl_list_init(&g->waiting);
    g->port = (pl_port){.ctx = g,
                        .request = out_request,
                        .reply = out_reply,
                        .reply_error = out_error,
                        .new_id = new_id,
                        .clock_us = clock_us,
                        .random = random_bytes,
                        .hash = hash_text,
                        .pin_hash = pin_hash,
                        .pin_matches = pin_matches,
                        .note = note,
                        .fatal = fatal};
    pl_err e = pl_timer_create(options->loop, on_timer, g, &g->timer);
    if (!e)
        e = create_pool(g);
    if (!e)
        e = take_messages(g);
    if (e) {
        pl_glue_destroy(&g);
        return e;
    }
    pl_glue_wake(g);
    *ret_glue = g;
    return PL_OK;
}

void pl_glue_destroy(pl_glue **glue)
{
    if (!glue || !*glue)
        return;
    (*glue)->is_ended = true;
    PL_LIST_EACH_SAFE(node, &(*glue)->waiting)
    {
        pl_list_remove(node);
        free(PL_CONTAINER(node, waiting, link));
    }
    pl_timer_destroy(&(*glue)->timer);
    pl_pool_destroy(&(*glue)->pool);
    free(*glue);
    *glue = NULL;
}

pl_pool *pl_glue_pool(pl_glue *glue)
{
    return glue->pool;
}
