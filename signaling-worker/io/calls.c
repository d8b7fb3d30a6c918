/* calls.c - the table of calls: indexes, timers, actions, reports. */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "policy.h"

enum {
    TICK_US = 100000,
    PROGRESS_AGAIN_US = 55000000, /* RFC 3261 section 13.3.1.1: 60 s */
    CANCEL_WAIT_US = 64 * PL_SIP_T1_US,
    SERIAL_BITS = 16,
};

int64_t pl_call_now(const pl_calls *all)
{
    return pl_loop_now_us(all->o.loop);
}

void pl_call_count(const pl_calls *all, pl_sig_metric metric)
{
    pl_metrics_add(all->o.metrics, metric, 1);
}

void pl_call_dialog_key(const char *call_id, const char *local_tag,
                        char key[KEY_MAX])
{
    pl_fmt_cut(key, KEY_MAX, "%s\n%s", call_id, local_tag);
}

void pl_call_show_share(const pl_calls *all)
{
    pl_metrics_set(all->o.metrics, PL_SIG_taken_percent,
                   pl_overload_share(&all->overload));
}

/* ---- the table ---- */

static void start_tick(pl_calls *all)
{
    all->tick_due_us = pl_call_now(all) + TICK_US;
    pl_timer_start(all->tick, TICK_US);
}

pl_err pl_call_index(pl_map *map, char *key_field, const char *key, pl_call *c)
{
    pl_err e = pl_map_put(map, key, c);
    if (e == PL_OK)
        pl_fmt_cut(key_field, KEY_MAX, "%s", key);
    return e;
}

void pl_call_unindex(pl_map *map, char *key_field)
{
    if (key_field[0])
        (void)pl_map_remove(map, key_field);
    key_field[0] = '\0';
}

pl_call *pl_call_new(pl_calls *all, const char *id)
{
    unsigned max = all->o.config->max_calls;
    pl_call *c = all->n < max ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return NULL;
    unsigned at = all->after % max;
    while (all->slots[at])
        at = (at + 1) % max;
    all->after = at + 1;
    pl_fmt_cut(c->id, sizeof c->id, "%s", id);
    if (pl_map_put(all->by_id, c->id, c) != PL_OK) {
        free(c);
        return NULL;
    }
    all->generation++;
    c->all = all;
    c->serial = (uint32_t)all->generation << SERIAL_BITS | (at + 1);
    all->slots[at] = c;
    all->n++;
    pl_metrics_set(all->o.metrics, PL_SIG_calls, (int64_t)all->n);
    if (!pl_timer_is_running(all->tick))
        start_tick(all);
    return c;
}

pl_call *pl_call_of_serial(pl_calls *all, uint32_t serial)
{
    unsigned at = (serial & 0xffff) - 1;
    if (serial == 0 || at >= all->o.config->max_calls || !all->slots[at])
        return NULL;
    return all->slots[at]->serial == serial ? all->slots[at] : NULL;
}

void pl_call_take_flow(pl_call *c, const pl_sip_flow *flow)
{
    pl_sip_transport *t = pl_sip_stack_transport(c->all->stack);
    if (pl_sip_is_stream(&c->flow) && pl_sip_is_stream(flow) &&
        c->flow.conn == flow->conn)
        return;
    pl_sip_transport_hold(t, &c->flow, -1);
    c->flow = *flow;
    pl_sip_transport_hold(t, &c->flow, 1);
}

static void check_drained(pl_calls *all)
{
    if (!all->is_draining || all->n > 0 || !all->on_drained)
        return;
    void (*done)(void *) = all->on_drained;
    all->on_drained = NULL;
    done(all->drained_ctx);
}

void pl_call_release(pl_call *c)
{
    pl_calls *all = c->all;
    (void)pl_map_remove(all->by_id, c->id);
    pl_call_unindex(all->by_dialog, c->dialog_key);
    pl_call_unindex(all->by_invite, c->invite_key);
    pl_call_unindex(all->by_cancel, c->cancel_key);
    if (pl_sip_is_stream(&c->flow))
        pl_sip_transport_hold(pl_sip_stack_transport(all->stack), &c->flow, -1);
    if (c->is_reinvite_open)
        pl_call_answer_simple(all, c->txn, 487, NULL);
    if (c->is_update_open)
        pl_call_answer_simple(all, c->update_txn, 487, NULL);
    if (c->is_offer_open)
        pl_bus_reply_error(all->o.bus, &c->offer_ticket, PL_EGONE, NULL);
    if (c->is_adopting)
        pl_bus_reply_error(all->o.bus, &c->adopt_ticket, PL_EGONE, NULL);
    pl_call_drop_refer(c);
    pl_call_drop_transfer(c);
    all->slots[(c->serial & 0xffff) - 1] = NULL;
    all->n--;
    pl_metrics_set(all->o.metrics, PL_SIG_calls, (int64_t)all->n);
    free(c->ok);
    pl_call_drop_reliable(c);
    free(c->offer);
    free(c->first_lines);
    free(c->sdp);
    free(c->ack);
    free(c->told_sdp);
    free(c->prack);
    pl_call_line_destroy(&c->line);
    free(c);
    check_drained(all);
}

void pl_call_contact(const pl_call *c, const pl_sip_flow *flow,
                     char buf[CONTACT_TEXT])
{
    pl_sip_transport_contact(pl_sip_stack_transport(c->all->stack), flow,
                             c->contact_user, c->is_sips, buf);
}

static void log_call(const pl_call *c, const char *event, unsigned status)
{
    char text[16];
    pl_fmt_cut(text, sizeof text, "%u", status);
    PL_LOG(INFO, "sip", event,
           PL_KV("call", c->id, "sip_call_id", c->dialog.call_id, "peer",
                 c->dialog.remote_uri, "status", status ? text : NULL),
           NULL);
}

/* ---- actions ---- */

typedef struct cause {
    const pl_sip_msg *m;
    pl_slice sdp;
} cause;

static void do_stop_timers(pl_call *c, const cause *w)
{
    (void)w;
    pl_sip_retrans_stop(&c->retrans);
    pl_sip_retrans_stop(&c->reliable.retrans);
    c->deadline_us = 0;
    c->ring_us = 0;
}

static void do_send_progress(pl_call *c, const cause *w)
{
    pl_call_send_progress(c, c->last_progress, w->sdp);
    c->progress_us = pl_call_now(c->all);
}

static void do_send_answer(pl_call *c, const cause *w)
{
    c->deadline_us = 0;
    /* RFC 3262 section 3: but its PRACK may still come */
    pl_sip_retrans_stop(&c->reliable.retrans);
    pl_call_send_answer(c, 200, w->sdp);
    if (!c->retrans.is_running) /* not sent: no ACK can come */
        c->deadline_us = pl_call_now(c->all);
    pl_call_count(c->all, PL_SIG_calls_answered);
    log_call(c, "call_answered", 0);
}

static void do_send_refusal(pl_call *c, const cause *w)
{
    (void)w;
    unsigned status = c->refuse_status ? c->refuse_status : 480;
    pl_call_send_answer(c, status, (pl_slice){0});
    if (c->end_status == 0)
        c->end_status = status;
}

static void do_send_487(pl_call *c, const cause *w)
{
    (void)w;
    pl_call_send_answer(c, 487, (pl_slice){0});
    c->end_status = 487;
}

static void do_send_ack(pl_call *c, const cause *w)
{
    pl_call_send_ack(c, w->m);
}

static void do_send_cancel(pl_call *c, const cause *w)
{
    (void)w;
    pl_call_send_cancel(c);
    c->deadline_us = pl_call_now(c->all) + CANCEL_WAIT_US;
}

static void do_send_bye(pl_call *c, const cause *w)
{
    (void)w;
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    c->deadline_us = pl_call_now(c->all) + CANCEL_WAIT_US + PL_SIP_T2_US;
    pl_call_flush_refer(c);
    if (pl_call_of_serial(all, serial))
        pl_call_send_bye(c);
}

static pl_call_state progress_state(const pl_call *c, unsigned status,
                                    bool has_sdp)
{
    static const struct {
        unsigned status;
        pl_call_state state;
    } rows[] = {{100, PL_CALL_STATE_TRYING},
                {181, PL_CALL_STATE_FORWARDED},
                {182, PL_CALL_STATE_QUEUED}};
    bool tells_all = c->line && c->line->tells_all;
    for (size_t i = 0; tells_all && i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == status && !has_sdp)
            return rows[i].state;
    }
    if (status <= 100)
        return PL_CALL_STATE_UNKNOWN; /* "trying" tells nobody anything */
    return has_sdp ? PL_CALL_STATE_EARLY : PL_CALL_STATE_RINGING;
}

/* What comes again says nothing new. */
static void do_tell_progress(pl_call *c, const cause *w)
{
    unsigned status = w->m ? w->m->status : 0;
    pl_call_state state = progress_state(c, status, w->sdp.len > 0);
    uint64_t seen = pl_call_hash(w->sdp) ^ status;
    if (state == PL_CALL_STATE_UNKNOWN || seen == c->progress_seen)
        return;
    c->progress_seen = seen;
    pl_call_report_state(c, state, status, w->sdp);
}

static void do_tell_answered(pl_call *c, const cause *w)
{
    pl_call_count(c->all, PL_SIG_calls_answered);
    log_call(c, "call_answered", 0);
    pl_call_report_state(c, PL_CALL_STATE_ANSWERED, 200, w->sdp);
}

static void do_tell_confirmed(pl_call *c, const cause *w)
{
    pl_call_report_state(c, PL_CALL_STATE_CONFIRMED, 200, w->sdp);
}

static void do_tell_ended(pl_call *c, const cause *w)
{
    (void)w;
    log_call(c, "call_ended", c->end_status);
    if (c->is_known) {
        pl_call_report_state(c, PL_CALL_STATE_ENDED, c->end_status,
                             (pl_slice){0});
    }
}

static void do_release(pl_call *c, const cause *w)
{
    (void)w;
    pl_call_release(c);
}

static void (*const ACTIONS[PL_CALL_N_ACTIONS])(pl_call *, const cause *) = {
    [PL_CALL_A_STOP_TIMERS] = do_stop_timers,
    [PL_CALL_A_SEND_PROGRESS] = do_send_progress,
    [PL_CALL_A_SEND_ANSWER] = do_send_answer,
    [PL_CALL_A_SEND_REFUSAL] = do_send_refusal,
    [PL_CALL_A_SEND_487] = do_send_487,
    [PL_CALL_A_SEND_ACK] = do_send_ack,
    [PL_CALL_A_SEND_CANCEL] = do_send_cancel,
    [PL_CALL_A_SEND_BYE] = do_send_bye,
    [PL_CALL_A_TELL_PROGRESS] = do_tell_progress,
    [PL_CALL_A_TELL_ANSWERED] = do_tell_answered,
    [PL_CALL_A_TELL_CONFIRMED] = do_tell_confirmed,
    [PL_CALL_A_TELL_ENDED] = do_tell_ended,
    [PL_CALL_A_RELEASE] = do_release,
};

pl_err pl_call_event(pl_call *c, pl_call_sm_event event, const pl_sip_msg *m,
                     pl_slice sdp)
{
    uint32_t actions = 0;
    pl_call_sm_state from = c->state;
    pl_err e = pl_call_sm_take(&c->state, event, &actions);
    PL_LOG(DEBUG, "sip", "call_event",
           PL_KV("call", c->id, "from", pl_call_sm_state_name(from), "event",
                 pl_call_sm_event_name(event), "to",
                 pl_call_sm_state_name(c->state)),
           NULL);
    if (e != PL_OK)
        return e;
    cause why = {.m = m, .sdp = sdp};
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    for (unsigned i = 0; i < PL_CALL_N_ACTIONS; i++) {
        if (!(actions >> i & 1))
            continue;
        if (pl_call_of_serial(all, serial) != c)
            break; /* an action ended it, by a failed send */
        ACTIONS[i](c, &why);
    }
    if (from != PL_CALL_S_CONFIRMED && pl_call_of_serial(all, serial) == c)
        pl_call_save(c, false);
    return PL_OK;
}

/* ---- time ---- */

static void on_deadline(pl_call *c)
{
    static const struct {
        pl_call_sm_state state;
        pl_call_sm_event event;
    } force[] = {
        {PL_CALL_S_IN_PLACING, PL_CALL_E_SAY_REFUSE},
        {PL_CALL_S_IN_RINGING, PL_CALL_E_SAY_REFUSE},
        {PL_CALL_S_IN_ANSWERED, PL_CALL_E_NO_ACK},
        {PL_CALL_S_IN_LEAVING, PL_CALL_E_NO_ACK},
        {PL_CALL_S_OUT_CANCELLED, PL_CALL_E_RING_TIMEOUT},
        {PL_CALL_S_BYE_SENT, PL_CALL_E_BYE_DONE},
    };
    c->deadline_us = 0;
    for (size_t i = 0; i < sizeof force / sizeof *force; i++) {
        if (force[i].state == c->state) {
            (void)!pl_call_event(c, force[i].event, NULL, (pl_slice){0});
            return;
        }
    }
}

/* A peer that lost its power or its network sends no BYE: without this its
 * call would stay for ever. RFC 3261 section 11: everybody answers OPTIONS. */
static void probe_peer(pl_call *c, int64_t now)
{
    int64_t pause_us = (int64_t)c->all->o.config->probe_s * 1000000;
    if (pause_us == 0 || c->is_probing)
        return;
    bool is_due = c->probe_us != 0 && now >= c->probe_us;
    if (c->probe_us == 0 || is_due)
        c->probe_us = now + pause_us;
    if (is_due)
        pl_call_send_probe(c);
}

static void tick_call(pl_call *c, int64_t now)
{
    if (c->reliable.retrans.is_running) {
        pl_calls *all = c->all;
        uint32_t serial = c->serial;
        pl_call_tick_reliable(c, now);
        if (!pl_call_of_serial(all, serial))
            return;
    }
    switch (pl_sip_retrans_due(&c->retrans, now)) {
    case PL_SIP_RETRANS_WAIT: break;
    case PL_SIP_RETRANS_SEND: pl_call_resend_ok(c); break;
    case PL_SIP_RETRANS_GIVE_UP:
        pl_call_count(c->all, PL_SIG_ack_missing);
        c->end_status = 408;
        (void)!pl_call_event(c, PL_CALL_E_NO_ACK, NULL, (pl_slice){0});
        return;
    }
    if (c->state == PL_CALL_S_IN_RINGING &&
        now - c->progress_us > PROGRESS_AGAIN_US) {
        c->progress_us = now;
        if (!c->reliable.is_open)
            pl_call_send_progress(c, c->last_progress, (pl_slice){0});
    }
    if (c->is_offer_open && now - c->offer_us > CANCEL_WAIT_US) {
        c->is_offer_open = false; /* a 1xx came, but no final answer */
        pl_bus_reply_error(c->all->o.bus, &c->offer_ticket, PL_ETIMEOUT, NULL);
    }
    if (c->is_offer_open && c->offer_again_us != 0 &&
        now >= c->offer_again_us) {
        pl_call_offer_again(c);
        return;
    }
    if (c->ring_us != 0 && now >= c->ring_us) {
        c->ring_us = 0;
        c->end_status = 480;
        (void)!pl_call_event(c, PL_CALL_E_RING_TIMEOUT, NULL, (pl_slice){0});
    } else if (c->deadline_us != 0 && now >= c->deadline_us) {
        on_deadline(c);
    } else if (c->state == PL_CALL_S_CONFIRMED) {
        pl_calls *all = c->all;
        uint32_t serial = c->serial;
        pl_call_tick_session(c, now);
        if (pl_call_of_serial(all, serial))
            probe_peer(c, now);
        if (pl_call_of_serial(all, serial))
            pl_call_tick_adoption(c, now);
        if (pl_call_of_serial(all, serial))
            pl_call_tick_refer(c, now);
        if (pl_call_of_serial(all, serial))
            pl_call_tick_transfer(c, now);
        if (pl_call_of_serial(all, serial) && c->saved_cseq != 0 &&
            c->dialog.local_cseq >= c->saved_cseq)
            pl_call_save(c, false);
    }
}

void pl_calls_end_all(pl_calls *all)
{
    for (unsigned i = 0; all->slots && i < all->o.config->max_calls; i++) {
        pl_call *c = all->slots[i];
        if (!c)
            continue;
        c->refuse_status = 503;
        pl_fmt_cut(c->reason, sizeof c->reason, "shutting down");
        (void)!pl_call_event(c, PL_CALL_E_END, NULL, (pl_slice){0});
    }
}

/* How far the loop is behind: by its clock, or by what it has not read. */
static void note_lateness(pl_calls *all, int64_t now)
{
    int64_t late = now - all->tick_due_us;
    int64_t backlog =
        pl_sip_transport_backlog_us(pl_sip_stack_transport(all->stack));
    pl_overload_late(&all->overload, late > backlog ? late : backlog, now);
    pl_call_show_share(all);
}

void pl_calls_on_tick(void *ctx)
{
    pl_calls *all = ctx;
    int64_t now = pl_call_now(all);
    note_lateness(all, now);
    for (unsigned i = 0; i < all->o.config->max_calls && all->n > 0; i++) {
        if (all->slots[i])
            tick_call(all->slots[i], now);
    }
    if (all->drain_end_us != 0 && now >= all->drain_end_us) {
        all->drain_end_us = 0;
        pl_calls_end_all(all);
    }
    if (all->n > 0)
        start_tick(all);
}

/* ---- for roompool ---- */

pl_err pl_call_say_progress(pl_call *c, unsigned status, pl_slice sdp)
{
    enum { EARLY_DIALOG_OVER = 199 }; /* RFC 6228: said once */
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    unsigned before = c->last_progress ? c->last_progress : 180;
    c->last_progress = status;
    pl_err e = pl_call_event(c, PL_CALL_E_SAY_PROGRESS, NULL, sdp);
    if (status == EARLY_DIALOG_OVER && pl_call_of_serial(all, serial))
        c->last_progress = before;
    return e;
}

pl_err pl_calls_respond(pl_calls *calls, const pl_call_respond *m)
{
    pl_call *c = pl_map_find(calls->by_id, m->call_id);
    if (!c)
        return PL_EGONE;
    if (!c->dialog.is_uas)
        return PL_ESTATE;
    c->is_known = true;
    if (m->sip_status < 200)
        return pl_call_say_progress(c, m->sip_status, m->sdp);
    if (m->sip_status < 300) {
        if (m->sdp.len == 0)
            return PL_EINVAL;
        return pl_call_hold_answer(c, m->sdp)
                   ? PL_OK
                   : pl_call_event(c, PL_CALL_E_SAY_ANSWER, NULL, m->sdp);
    }
    c->refuse_status = m->sip_status;
    c->retry_after_s = m->retry_after_s;
    pl_fmt_cut(c->refuse_phrase, sizeof c->refuse_phrase, "%s", m->reason);
    return pl_call_event(c, PL_CALL_E_SAY_REFUSE, NULL, (pl_slice){0});
}

pl_err pl_calls_end(pl_calls *calls, const pl_call_end *m)
{
    pl_call *c = pl_map_find(calls->by_id, m->call_id);
    if (!c)
        return PL_EGONE;
    if (m->is_elsewhere) {
        pl_call_release(c); /* its peer knows another worker by now */
        return PL_OK;
    }
    c->is_known = true;
    c->refuse_status = m->sip_status;
    pl_fmt_cut(c->reason, sizeof c->reason, "%s", m->reason);
    return pl_call_event(c, PL_CALL_E_END, NULL, (pl_slice){0});
}

size_t pl_calls_count(const pl_calls *calls)
{
    return calls->n;
}

pl_sip_transport *pl_calls_transport(pl_calls *calls)
{
    return pl_sip_stack_transport(calls->stack);
}

void pl_calls_set_link(pl_calls *calls, bool is_up)
{
    calls->is_linked = is_up;
}

static pl_call_state public_state(pl_call_sm_state s)
{
    switch (s) {
    case PL_CALL_S_IN_RINGING:
    case PL_CALL_S_OUT_RINGING: return PL_CALL_STATE_RINGING;
    case PL_CALL_S_IN_ANSWERED: return PL_CALL_STATE_ANSWERED;
    case PL_CALL_S_CONFIRMED: return PL_CALL_STATE_CONFIRMED;
    case PL_CALL_S_NEW:
    case PL_CALL_S_IN_PLACING:
    case PL_CALL_S_OUT_RESOLVING:
    case PL_CALL_S_OUT_CALLING: return PL_CALL_STATE_CALLING;
    case PL_CALL_S_IN_LEAVING:
    case PL_CALL_S_OUT_QUITTING:
    case PL_CALL_S_OUT_CANCELLED:
    case PL_CALL_S_BYE_SENT:
    case PL_CALL_S_ENDED:
    case PL_CALL_N_STATES: break;
    }
    return PL_CALL_STATE_ENDED;
}

void pl_calls_send_inventory(pl_calls *calls)
{
    pl_inventory_end end = {.count = 0};
    pl_bus_send how = {.to = NULL};
    for (unsigned i = 0; i < calls->o.config->max_calls; i++) {
        const pl_call *c = calls->slots[i];
        if (!c || public_state(c->state) == PL_CALL_STATE_ENDED)
            continue;
        pl_inventory_item item = {.kind = PL_INVENTORY_CALL,
                                  .state = public_state(c->state)};
        pl_fmt_cut(item.id, sizeof item.id, "%s", c->id);
        PL_MSG_SET(INVENTORY_ITEM, inventory_item, &item, state);
        if (pl_bus_event(calls->o.bus, &how, &PL_MSG_INVENTORY_ITEM, &item) !=
            PL_OK) {
            pl_call_count(calls, PL_SIG_bus_failed);
            return; /* without its end the list means nothing */
        }
        end.count++;
    }
    if (pl_bus_event(calls->o.bus, &how, &PL_MSG_INVENTORY_END, &end) != PL_OK)
        pl_call_count(calls, PL_SIG_bus_failed);
}

void pl_calls_drain(pl_calls *calls, unsigned end_ms, void (*done)(void *),
                    void *ctx)
{
    calls->is_draining = true;
    calls->on_drained = done;
    calls->drained_ctx = ctx;
    calls->drain_end_us = pl_call_now(calls) + (int64_t)end_ms * 1000;
    check_drained(calls);
}

void pl_calls_dump(const pl_calls *calls)
{
    for (unsigned i = 0; i < calls->o.config->max_calls; i++) {
        const pl_call *c = calls->slots[i];
        if (c) {
            PL_LOG(INFO, "sip", "call",
                   PL_KV("call", c->id, "state",
                         pl_call_sm_state_name(c->state), "peer",
                         c->dialog.remote_uri),
                   NULL);
        }
    }
}
