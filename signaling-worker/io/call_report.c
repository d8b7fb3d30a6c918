/* call_report.c - what roompool is asked and told of a call. */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/str.h"
#include "sip_map.h"

static question *ask(pl_call *c, const pl_bus_send *how,
                     const pl_msg_desc *desc, const void *body,
                     pl_bus_on_reply on_reply, pl_err *ret_e)
{
    question *q = calloc(1, sizeof *q);
    *ret_e = PL_ENOMEM;
    if (!q)
        return NULL;
    *q = (question){
        .all = c->all, .serial = c->serial, .asked_us = pl_call_now(c->all)};
    *ret_e =
        pl_bus_request(c->all->o.bus, how, desc, body, on_reply, q, &q->corr);
    if (*ret_e == PL_OK) {
        pl_list_append(&c->all->questions, &q->link);
        return q;
    }
    pl_call_count(c->all, PL_SIG_bus_failed);
    free(q);
    return NULL;
}

pl_err pl_call_ask(pl_call *c, const pl_bus_send *how, const pl_msg_desc *desc,
                   const void *body, pl_bus_on_reply on_reply)
{
    pl_err e;
    (void)ask(c, how, desc, body, on_reply, &e);
    return e;
}

pl_call *pl_call_asked(void *ctx, pl_calls **ret_all)
{
    question *q = ctx;
    *ret_all = q->all;
    pl_call *c = pl_call_of_serial(q->all, q->serial);
    pl_list_remove(&q->link);
    free(q);
    return c;
}

/* ---- reports ---- */

static void forget_report(pl_call *c)
{
    free(c->told_sdp);
    c->told_sdp = NULL;
    c->told_len = 0;
    c->told = PL_CALL_STATE_UNKNOWN;
}

static void on_reported(void *ctx, pl_err e, const pl_bus_in *in)
{
    (void)in;
    uint64_t corr = ((const question *)ctx)->corr;
    pl_calls *all = NULL;
    pl_call *c = pl_call_asked(ctx, &all);
    if (e == PL_OK) {
        if (c && c->told_corr == corr)
            forget_report(c);
        return;
    }
    if (e != PL_EGONE && e != PL_ENOENT) {
        pl_call_count(all, PL_SIG_bus_failed);
    } else if (c) { /* roompool does not know it: nobody would ever end it */
        (void)!pl_call_event(c, PL_CALL_E_END, NULL, (pl_slice){0});
    }
}

/* Why it ended; before that, a provisional answer in our words. */
static const char *reason_of(const pl_call *c)
{
    if (c->reason[0])
        return pl_is_utf8(pl_slice_str(c->reason)) ? c->reason : "";
    return c->told_status > 100 && c->told_status < 200
               ? pl_sip_phrase(c->told_status)
               : "";
}

static void send_report(pl_call *c)
{
    static pl_call_report m;
    const char *reason = reason_of(c);
    m = (pl_call_report){.state = c->told,
                         .sip_status = c->told_status,
                         .sdp = {c->told_sdp, c->told_len}};
    pl_fmt_cut(m.call_id, sizeof m.call_id, "%s", c->id);
    if (c->told_status != 0)
        PL_MSG_SET(CALL_REPORT, call_report, &m, sip_status);
    if (reason[0]) {
        pl_fmt_cut(m.reason, sizeof m.reason, "%s", reason);
        PL_MSG_SET(CALL_REPORT, call_report, &m, reason);
    }
    if (c->told_len > 0)
        PL_MSG_SET(CALL_REPORT, call_report, &m, sdp);
    if (c->cause[0]) {
        pl_fmt_cut(m.reason_header, sizeof m.reason_header, "%s", c->cause);
        PL_MSG_SET(CALL_REPORT, call_report, &m, reason_header);
    }
    pl_fmt_cut(m.sip_call_id, sizeof m.sip_call_id, "%s", c->dialog.call_id);
    if (m.sip_call_id[0] && pl_is_utf8(pl_slice_str(m.sip_call_id)))
        PL_MSG_SET(CALL_REPORT, call_report, &m, sip_call_id);
    pl_ip_text(&c->source, m.remote_address);
    PL_MSG_SET(CALL_REPORT, call_report, &m, remote_address);
    pl_bus_send how = {.retry = true};
    pl_err e;
    const question *q = ask(c, &how, &PL_MSG_CALL_REPORT, &m, on_reported, &e);
    c->told_corr = q ? q->corr : 0;
}

void pl_call_report_state(pl_call *c, pl_call_state state, unsigned status,
                          pl_slice sdp)
{
    uint8_t *copy = sdp.len > 0 ? malloc(sdp.len) : NULL;
    c->told = state;
    c->told_status = status;
    if (copy) {
        memcpy(copy, sdp.ptr, sdp.len);
        free(c->told_sdp);
        c->told_sdp = copy;
        c->told_len = sdp.len;
    }
    send_report(c);
}

void pl_calls_repeat_reports(pl_calls *calls)
{
    for (unsigned i = 0; i < calls->o.config->max_calls; i++) {
        pl_call *c = calls->slots[i];
        if (c && c->told != PL_CALL_STATE_UNKNOWN)
            send_report(c);
        if (c)
            pl_call_save(c, true);
    }
}
