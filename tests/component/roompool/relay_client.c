/* relay_client.c - see relay_client.h. */
#include "relay_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

#define OWNER(UPPER, sym, m, client, user)                                     \
    do {                                                                       \
        PUT((m).client_id, (client));                                          \
        if (user) {                                                            \
            PUT((m).subject, (user));                                          \
            PL_MSG_SET(UPPER, sym, &(m), subject);                             \
        }                                                                      \
    } while (0)

static pl_err take(const answer *a, channel *ret)
{
    if (a->error)
        return a->error;
    const pl_relay_channel *r = &a->body.relay_channel;
    assert_ptr_equal(a->desc, &PL_MSG_RELAY_CHANNEL);
    PUT(ret->channel_id, r->channel_id);
    PUT(ret->sink_id, r->sink_id);
    PUT(ret->read_token, r->read_token);
    PUT(ret->sink_token, r->sink_token);
    ret->expires_ms = r->expires_ms;
    return PL_OK;
}

pl_err channel_open(world *w, const char *client, const char *subject,
                    uint32_t life_s, channel *ret)
{
    pl_relay_open m = {.life_s = life_s};
    answer a;
    OWNER(RELAY_OPEN, relay_open, m, client, subject);
    PUT(m.device_id, "device");
    if (life_s)
        PL_MSG_SET(RELAY_OPEN, relay_open, &m, life_s);
    world_ask(w, &PL_MSG_RELAY_OPEN, &m, &a);
    return take(&a, ret);
}

pl_err channel_get(world *w, const char *client, const char *subject,
                   const channel *c, channel *ret)
{
    pl_relay_get m = {.present = 0};
    answer a;
    OWNER(RELAY_GET, relay_get, m, client, subject);
    PUT(m.channel_id, c->channel_id);
    world_ask(w, &PL_MSG_RELAY_GET, &m, &a);
    return take(&a, ret);
}

pl_err channel_extend(world *w, const char *client, const char *subject,
                      uint32_t life_s, const channel *c, channel *ret)
{
    pl_relay_extend m = {.life_s = life_s};
    answer a;
    OWNER(RELAY_EXTEND, relay_extend, m, client, subject);
    PUT(m.channel_id, c->channel_id);
    if (life_s)
        PL_MSG_SET(RELAY_EXTEND, relay_extend, &m, life_s);
    world_ask(w, &PL_MSG_RELAY_EXTEND, &m, &a);
    return take(&a, ret);
}

pl_err channel_close(world *w, const char *client, const char *subject,
                     const channel *c)
{
    pl_relay_close m = {.present = 0};
    answer a;
    OWNER(RELAY_CLOSE, relay_close, m, client, subject);
    PUT(m.channel_id, c->channel_id);
    world_ask(w, &PL_MSG_RELAY_CLOSE, &m, &a);
    return a.error;
}

pl_err event_put(world *w, const channel *c, const char *id, const char *type)
{
    char text[64];
    pl_relay_put m = {.present = 0};
    answer a;
    pl_fmt_cut(text, sizeof text, "{\"id\":\"%s\"}", id);
    PUT(m.sink_id, c->sink_id);
    PUT(m.token_hash, hash_of(c->sink_token));
    PUT(m.event_id, id);
    PUT(m.source, "test");
    PUT(m.type, type);
    m.event = pl_slice_str(text);
    world_ask(w, &PL_MSG_RELAY_PUT, &m, &a);
    return a.error;
}

void event_read_begin(world *w, const channel *c, const reading *r, answer *a)
{
    pl_relay_read m = {
        .wait_ms = r->wait_ms, .after_seq = r->after_seq, .begins = r->begins};
    PUT(m.channel_id, c->channel_id);
    PUT(m.token_hash, hash_of(c->read_token));
    PUT(m.reader, r->reader ? r->reader : "R");
    PL_MSG_SET(RELAY_READ, relay_read, &m, begins);
    PL_MSG_SET(RELAY_READ, relay_read, &m, after_seq);
    if (r->after_id) {
        PUT(m.after_id, r->after_id);
        PL_MSG_SET(RELAY_READ, relay_read, &m, after_id);
    }
    world_send(w, w->api, &PL_MSG_RELAY_READ, &m, a);
}

pl_err event_read(world *w, const channel *c, const reading *r, answer *a)
{
    event_read_begin(w, c, r, a);
    world_wait(w, a);
    return a->error;
}
