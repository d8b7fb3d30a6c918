/* fake_relay.c - see fake_relay.h. One rig runs at a time. */
#include "fake_relay.h"

#include <string.h>

#include "pl/rng.h"
#include "pl/str.h"

enum { LONG = 262144, FED = 3 };

static atomic_uint waiting;
static pl_relay_put last_put;
static char last_event[1024];
static pl_relay_open last_open;

unsigned fake_relay_waiting(void)
{
    return atomic_load(&waiting);
}

const pl_relay_put *fake_relay_last_put(void)
{
    return &last_put;
}

const char *fake_relay_last_event(void)
{
    return last_event;
}

const pl_relay_open *fake_relay_last_open(void)
{
    return &last_open;
}

static bool is_hash_of(const char *hash, const char *token)
{
    char made[PL_SHA256_TEXT];
    pl_sha256_hex(token, strlen(token), made);
    return strcmp(hash, made) == 0;
}

static void refuse(const fake_relay *r, const pl_bus_in *in, pl_err e)
{
    pl_bus_reply_error(r->bus, &in->ticket, e, NULL);
}

static void give_channel(const fake_relay *r, const pl_bus_in *in,
                         bool has_tokens)
{
    pl_relay_channel c = {.channel_id = "feed",
                          .sink_id = "open",
                          .device_id = "phone",
                          .read_token = "reader",
                          .sink_token = "sender",
                          .expires_ms = 1000};
    if (has_tokens) {
        PL_MSG_SET(RELAY_CHANNEL, relay_channel, &c, read_token);
        PL_MSG_SET(RELAY_CHANNEL, relay_channel, &c, sink_token);
    }
    pl_bus_reply(r->bus, &in->ticket, &PL_MSG_RELAY_CHANNEL, &c);
}

static void on_open(void *ctx, const pl_bus_in *in)
{
    last_open = *(const pl_relay_open *)in->body;
    if (strcmp(last_open.device_id, "many") == 0) {
        refuse(ctx, in, PL_EFULL);
    } else {
        give_channel(ctx, in, true);
    }
}

static void on_get(void *ctx, const pl_bus_in *in)
{
    const pl_relay_get *m = in->body;
    if (strcmp(m->channel_id, "feed") == 0) {
        give_channel(ctx, in, false);
    } else {
        refuse(ctx, in, PL_ENOENT);
    }
}

static void on_extend(void *ctx, const pl_bus_in *in)
{
    give_channel(ctx, in, true);
}

static void reply_ok(const fake_relay *r, const pl_bus_in *in)
{
    static const pl_ok ok = {.present = 0};
    pl_bus_reply(r->bus, &in->ticket, &PL_MSG_OK_REPLY, &ok);
}

static void on_close(void *ctx, const pl_bus_in *in)
{
    reply_ok(ctx, in);
}

static void on_put(void *ctx, const pl_bus_in *in)
{
    const fake_relay *r = ctx;
    const pl_relay_put *m = in->body;
    if (!is_hash_of(m->token_hash, "sender")) {
        refuse(r, in, PL_EAUTH);
    } else if (strcmp(m->sink_id, "closed") == 0) {
        refuse(r, in, PL_EGONE);
    } else if (strcmp(m->sink_id, "full") == 0) {
        refuse(r, in, PL_EFULL);
    } else if (strcmp(m->sink_id, "open") == 0) {
        last_put = *m;
        pl_fmt_cut(last_event, sizeof last_event, "%.*s", (int)m->event.len,
                   (const char *)m->event.ptr);
        reply_ok(r, in);
    } else {
        refuse(r, in, PL_ENOENT);
    }
}

/* ---- reading ---- */

static void give(const fake_relay *r, const pl_bus_ticket *ticket, uint64_t seq,
                 pl_slice event, bool more)
{
    pl_relay_event e = {.seq = seq, .event = event, .more = more};
    pl_fmt_cut(e.event_id, sizeof e.event_id, "e%u", (unsigned)seq);
    PL_MSG_SET(RELAY_EVENT, relay_event, &e, event_id);
    PL_MSG_SET(RELAY_EVENT, relay_event, &e, event);
    PL_MSG_SET(RELAY_EVENT, relay_event, &e, more);
    pl_bus_reply(r->bus, ticket, &PL_MSG_RELAY_EVENT, &e);
}

static void give_short(const fake_relay *r, const pl_bus_ticket *ticket,
                       uint64_t seq)
{
    char text[64];
    pl_fmt_cut(text, sizeof text, "{\"id\":\r\n \"e%u\"}", (unsigned)seq);
    give(r, ticket, seq, pl_slice_str(text), seq < FED);
}

static void give_long(const fake_relay *r, const pl_bus_ticket *ticket)
{
    static uint8_t text[LONG];
    memset(text, ' ', sizeof text);
    text[0] = '{';
    text[LONG - 1] = '}';
    give(r, ticket, 1, (pl_slice){text, sizeof text}, false);
}

static void give_nothing(const fake_relay *r, const pl_bus_ticket *ticket)
{
    static const pl_relay_event nothing = {.seq = 0};
    pl_bus_reply(r->bus, ticket, &PL_MSG_RELAY_EVENT, &nothing);
}

static void park(fake_relay *r, const pl_bus_in *in, uint64_t after_seq)
{
    const pl_relay_read *m = in->body;
    for (size_t i = 0; i < FAKE_RELAY_PARKED; i++) {
        fake_relay_parked *p = &r->parked[i];
        if (p->is_used)
            continue;
        *p = (fake_relay_parked){
            .is_used = true, .ticket = in->ticket, .after_seq = after_seq};
        pl_fmt_cut(p->id, sizeof p->id, "%s", m->channel_id);
        atomic_fetch_add(&waiting, 1);
        return;
    }
}

static bool is_known(const char *id)
{
    return strcmp(id, "feed") == 0 || strcmp(id, "long") == 0 ||
           strcmp(id, "taken") == 0 || strcmp(id, "over") == 0;
}

static void on_read(void *ctx, const pl_bus_in *in)
{
    fake_relay *r = ctx;
    const pl_relay_read *m = in->body;
    uint64_t after = m->after_seq;
    if (m->after_id[0])
        after = (uint64_t)(m->after_id[1] - '0');
    if (!is_known(m->channel_id)) {
        refuse(r, in, PL_ENOENT);
    } else if (!is_hash_of(m->token_hash, "reader")) {
        refuse(r, in, PL_EAUTH);
    } else if (strcmp(m->channel_id, "feed") == 0 && after < FED) {
        give_short(r, &in->ticket, after + 1);
    } else if (strcmp(m->channel_id, "long") == 0 && after == 0) {
        give_long(r, &in->ticket);
    } else if (m->wait_ms == 0) {
        give_nothing(r, &in->ticket);
    } else {
        park(r, in, after);
    }
}

void fake_relay_release(fake_relay *r)
{
    for (size_t i = 0; i < FAKE_RELAY_PARKED; i++) {
        fake_relay_parked *p = &r->parked[i];
        if (!p->is_used)
            continue;
        p->is_used = false;
        atomic_fetch_sub(&waiting, 1);
        if (strcmp(p->id, "taken") == 0) {
            pl_bus_reply_error(r->bus, &p->ticket, PL_ESTALE, NULL);
        } else if (strcmp(p->id, "over") == 0) {
            pl_bus_reply_error(r->bus, &p->ticket, PL_EGONE, NULL);
        } else {
            give_short(r, &p->ticket, p->after_seq + 1);
        }
    }
}

pl_err fake_relay_open(fake_relay *relay, pl_bus *bus)
{
    static const struct {
        const pl_msg_desc *desc;
        pl_bus_handler handler;
    } rows[] = {
        {&PL_MSG_RELAY_OPEN, on_open},     {&PL_MSG_RELAY_GET, on_get},
        {&PL_MSG_RELAY_EXTEND, on_extend}, {&PL_MSG_RELAY_CLOSE, on_close},
        {&PL_MSG_RELAY_PUT, on_put},       {&PL_MSG_RELAY_READ, on_read},
    };
    pl_err e = PL_OK;
    relay->bus = bus;
    atomic_store(&waiting, 0);
    for (size_t i = 0; !e && i < sizeof rows / sizeof rows[0]; i++)
        e = pl_bus_handle(bus, rows[i].desc, rows[i].handler, relay);
    return e;
}
