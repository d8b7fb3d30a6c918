/* call_adopt.c - calls outlive their worker: what another one needs is told to
 * roompool, and calls of one that is gone are taken over. RFC 3261 section
 * 12. */
#include <string.h>

#include "call_impl.h"
#include "dialog_record.h"
#include "pl/log.h"
#include "pl/str.h"

enum {
    CSEQ_STEP = 1000, /* numbers that one record reserves */
    ADOPT_TRIES = 5,
    ADOPT_PAUSE_US = 2000000,
};

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* ---- telling ---- */

static void fill(const pl_call *c, pl_dialog_record *r)
{
    *r = (pl_dialog_record){.dialog = c->dialog,
                            .transport = c->flow.transport,
                            .peer = c->flow.peer,
                            .source = c->source,
                            .is_sips = c->is_sips,
                            .allows_update = c->allows_update,
                            .session_s = c->session.terms.interval_s,
                            .is_refresher = c->session.terms.is_ours,
                            .session_min_s = c->session_min_s};
    pl_fmt_cut(r->contact_user, sizeof r->contact_user, "%s", c->contact_user);
    if (!pl_sip_is_stream(&c->flow))
        r->port = c->flow.port;
    if (c->sdp_len > 0 && c->sdp_len < sizeof r->sdp)
        memcpy(r->sdp, c->sdp, c->sdp_len);
}

/* FNV-1a, 64 bits. */
static void mix(uint64_t *h, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        *h = (*h ^ bytes[i]) * UINT64_C(0x100000001b3);
}

uint64_t pl_call_hash(pl_slice text)
{
    uint64_t h = HASH_START;
    mix(&h, text.ptr, text.len);
    return h;
}

/* Of all that may change while the call stands, but for numbers. */
static uint64_t fingerprint(const pl_call *c)
{
    uint64_t h = HASH_START;
    uint32_t small[] = {
        c->flow.transport,        pl_sip_is_stream(&c->flow) ? 0 : c->flow.port,
        c->allows_update,         c->session.terms.interval_s,
        c->session.terms.is_ours, c->session_min_s};
    mix(&h, small, sizeof small);
    mix(&h, &c->flow.peer, sizeof c->flow.peer);
    mix(&h, c->dialog.target, strlen(c->dialog.target));
    mix(&h, c->sdp, c->sdp_len);
    return h;
}

static pl_err send_record(const pl_call *c, const pl_dialog_record *r)
{
    static pl_dialog_save m;
    pl_bus_send how = {.to = NULL};
    pl_buf text;
    pl_err e = pl_dialog_record_write(r, &text);
    if (e)
        return e;
    m = (pl_dialog_save){.version = c->save_version};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", c->id);
    e = pl_copy(m.dialog, sizeof m.dialog, pl_buf_slice(&text));
    pl_buf_fini(&text);
    return e ? e : pl_bus_event(c->all->o.bus, &how, &PL_MSG_DIALOG_SAVE, &m);
}

void pl_call_save(pl_call *c, bool is_again)
{
    static pl_dialog_record r;
    if (c->state != PL_CALL_S_CONFIRMED || c->is_adopting)
        return;
    uint64_t now = fingerprint(c);
    bool is_new = c->saved_cseq == 0 || now != c->saved_hash ||
                  c->dialog.local_cseq >= c->saved_cseq;
    if (!is_new && !is_again)
        return;
    if (is_new) {
        c->saved_hash = now;
        c->saved_cseq = c->dialog.local_cseq + CSEQ_STEP;
        c->save_version++;
    }
    fill(c, &r);
    r.dialog.local_cseq = c->saved_cseq;
    if (send_record(c, &r) != PL_OK)
        pl_call_count(c->all, PL_SIG_bus_failed); /* again after a hello */
}

/* ---- taking over ---- */

/* The flow is not there any more; the next request makes one. */
static void take_flow(pl_call *c, const pl_dialog_record *r)
{
    pl_sip_to to = {.transport = PL_URI_UDP, .ip = &r->peer, .port = r->port};
    c->flow = (pl_sip_flow){
        .transport = r->transport, .peer = r->peer, .port = r->port};
    if (r->transport == PL_URI_UDP) {
        (void)!pl_sip_transport_reach(pl_sip_stack_transport(c->all->stack),
                                      &to, &c->flow);
    }
}

static pl_err rebuild(pl_call *c, const pl_dialog_record *r)
{
    char key[KEY_MAX];
    uint32_t none = 0;
    c->dialog = r->dialog;
    c->source = r->source;
    c->is_sips = r->is_sips;
    pl_fmt_cut(c->contact_user, sizeof c->contact_user, "%s", r->contact_user);
    c->is_known = true;
    c->allows_update = r->allows_update;
    c->session_min_s = r->session_min_s;
    c->session.terms = (pl_session_terms){.interval_s = r->session_s,
                                          .is_ours = r->is_refresher};
    take_flow(c, r);
    pl_call_keep_sdp(c, pl_slice_str(r->sdp));
    pl_call_dialog_key(c->dialog.call_id, c->dialog.local_tag, key);
    pl_err e = pl_call_index(c->all->by_dialog, c->dialog_key, key, c);
    if (!e)
        e = pl_sip_dialog_hop(&c->dialog, &c->hop);
    return e ? e : pl_call_sm_take(&c->state, PL_CALL_E_ADOPTED, &none);
}

static void give_up(pl_call *c, pl_err e)
{
    pl_calls *all = c->all;
    c->is_adopting = false;
    pl_bus_reply_error(all->o.bus, &c->adopt_ticket, e, NULL);
    PL_LOG(WARN, "sip", "adoption_failed", PL_KV("call", c->id), "%s",
           pl_err_text(e));
    if (e != PL_EGONE)
        pl_call_release(c); /* whoever is asked next goes on */
}

static void try_it(pl_call *c)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    c->adopt_us = 0;
    pl_digest_client_begin(&c->auth);
    if (!c->allows_update && c->sdp_len == 0) {
        give_up(c, PL_EUNAVAILABLE); /* there is nothing to say to it */
        return;
    }
    pl_err e = pl_call_refresh_now(c);
    if (e != PL_OK && pl_call_of_serial(all, serial))
        (void)pl_call_adopt_refused(c, 503, ADOPT_PAUSE_US);
}

pl_err pl_calls_adopt(pl_calls *calls, const pl_call_adopt *m,
                      const pl_bus_ticket *ticket)
{
    static pl_dialog_record r;
    if (calls->is_draining)
        return PL_EDRAIN;
    if (pl_map_find(calls->by_id, m->call_id))
        return PL_EEXIST;
    if (pl_sip_stack_is_full(calls->stack))
        return PL_EFULL;
    pl_err e = pl_dialog_record_read(pl_slice_str(m->dialog), &r);
    if (e)
        return e;
    pl_call *c = pl_call_new(calls, m->call_id);
    if (!c)
        return PL_EFULL;
    e = rebuild(c, &r);
    if (e) {
        pl_call_release(c);
        return e;
    }
    c->is_adopting = true;
    c->adopt_ticket = *ticket;
    c->save_version = m->version;
    pl_call_count(calls, PL_SIG_adopted);
    PL_LOG(INFO, "sip", "call_adopted",
           PL_KV("call", c->id, "sip_call_id", c->dialog.call_id), NULL);
    try_it(c);
    return PL_OK;
}

void pl_call_tick_adoption(pl_call *c, int64_t now_us)
{
    if (c->is_adopting && c->adopt_us != 0 && now_us >= c->adopt_us)
        try_it(c);
}

void pl_call_adopt_reached(pl_call *c)
{
    if (c->adopt_us != 0)
        c->adopt_us = pl_call_now(c->all);
}

void pl_call_adopt_taken(pl_call *c, const pl_sip_flow *flow)
{
    pl_ok ok = {.present = 0};
    c->is_adopting = false;
    pl_call_take_flow(c, flow);
    pl_bus_reply(c->all->o.bus, &c->adopt_ticket, &PL_MSG_OK_REPLY, &ok);
    pl_call_save(c, false);
}

bool pl_call_adopt_refused(pl_call *c, unsigned status, int64_t wait_us)
{
    bool is_gone = status == 481 || status == 408;
    if (!c->is_adopting)
        return false;
    if (is_gone) {
        give_up(c, PL_EGONE);
        return false; /* the call ends as any whose peer is gone */
    }
    if (++c->adopt_tries < ADOPT_TRIES) {
        c->adopt_us = pl_call_now(c->all) + wait_us;
    } else {
        give_up(c, PL_EUNAVAILABLE);
    }
    return true;
}
