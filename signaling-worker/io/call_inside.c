/* call_inside.c - requests of the peer inside a call: re-INVITE, INFO, BYE; the
 * rest has files of its own. */
#include "call_impl.h"
#include "dtmf_info.h"
#include "pl/str.h"
#include "sip_map.h"

#define ACCEPT_INFO "Accept: application/dtmf-relay, application/dtmf\r\n"

static void on_offer_answered(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_calls *all = NULL;
    pl_call *c = pl_call_asked(ctx, &all);
    if (!c || !c->is_reinvite_open)
        return;
    c->is_reinvite_open = false;
    uint32_t serial = c->serial;
    if (e == PL_OK && in->desc == &PL_MSG_CALL_ANSWER) {
        const pl_call_answer *m = in->body;
        pl_call_send_answer(c, 200, m->sdp);
        if (pl_call_of_serial(all, serial)) {
            pl_call_offer_is_stale(c);
            pl_call_save(c, false);
        }
        return;
    }
    pl_call_count(all, PL_SIG_bus_failed);
    unsigned status = pl_sip_status_of(e, &c->retry_after_s);
    if (e == PL_EBUSY || e == PL_ESTATE)
        status = 491;
    c->refuse_phrase[0] = '\0';
    pl_call_send_answer(c, status, (pl_slice){0});
}

pl_err pl_call_ask_offer(pl_call *c, pl_slice sdp, pl_bus_on_reply on_reply)
{
    static pl_call_offer q;
    if (!c->all->is_linked)
        return PL_EUNAVAILABLE;
    q = (pl_call_offer){.sdp = sdp};
    pl_fmt_cut(q.call_id, sizeof q.call_id, "%s", c->id);
    if (sdp.len > 0)
        PL_MSG_SET(CALL_OFFER, call_offer, &q, sdp);
    pl_bus_send how = {.to = NULL};
    return pl_call_ask(c, &how, &PL_MSG_CALL_OFFER, &q, on_reply);
}

/* RFC 3261 section 14.2. */
static void on_reinvite(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    pl_calls *all = c->all;
    if ((c->is_offer_open && c->offer_again_us == 0) ||
        c->refresh == REFRESH_INVITE) {
        pl_call_answer_simple(all, txn, 491, NULL);
        return;
    }
    if (c->state != PL_CALL_S_CONFIRMED || c->is_reinvite_open ||
        c->is_update_open || c->retrans.is_running) {
        pl_call_answer_simple(all, txn, 500, RETRY_LATER);
        return;
    }
    pl_call_answer_simple(all, txn, 100, NULL);
    /* Without the index, a CANCEL finds nothing to end. */
    (void)!pl_call_take_invite(c, txn, m);
    pl_sip_dialog_refresh(&c->dialog, m);
    if (pl_call_ask_offer(c, m->body, on_offer_answered) == PL_OK) {
        c->is_reinvite_open = true;
    } else {
        pl_call_answer_simple(all, txn, 503, RETRY_LATER);
    }
}

static void on_info(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    pl_calls *all = c->all;
    if (m->body.len == 0) { /* RFC 6086 section 4.2.2: nothing to do */
        pl_call_answer_simple(all, txn, 200, NULL);
        return;
    }
    pl_call_dtmf event = {.present = 0};
    pl_err e = pl_dtmf_info_parse(m->content_type, m->body, event.digit);
    if (e == PL_OK) {
        pl_call_count(all, PL_SIG_dtmf);
        pl_fmt_cut(event.call_id, sizeof event.call_id, "%s", c->id);
        pl_bus_send how = {.to = NULL};
        e = pl_bus_event(all->o.bus, &how, &PL_MSG_CALL_DTMF, &event);
        if (e != PL_OK)
            pl_call_count(all, PL_SIG_bus_failed);
        pl_call_answer_simple(all, txn, e == PL_OK ? 200 : 503,
                              e == PL_OK ? NULL : RETRY_LATER);
        return;
    }
    bool is_type = e == PL_EUNSUPPORTED;
    pl_call_answer_simple(all, txn, is_type ? 415 : 400,
                          is_type ? ACCEPT_INFO : NULL);
}

static void on_bye(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    pl_calls *all = c->all;
    pl_call_answer_simple(all, txn, 200, NULL);
    pl_fmt_cut(c->reason, sizeof c->reason, "%s", m->why.text);
    pl_call_note_cause(c, m);
    (void)!pl_call_event(c, PL_CALL_E_GOT_BYE, m, (pl_slice){0});
}

/* Each early dialog of ours counts by itself. */
static pl_err take_number(pl_call *c, const pl_sip_msg *m)
{
    pl_call_early *e = c->dialog.is_uas || c->dialog.remote_tag[0]
                           ? NULL
                           : pl_call_early_find(c, m->from_tag);
    if (!e)
        return pl_sip_dialog_receive(&c->dialog, m);
    if (e->has_remote_cseq && m->cseq <= e->remote_cseq)
        return PL_ESTATE;
    e->has_remote_cseq = true;
    e->remote_cseq = m->cseq;
    return PL_OK;
}

static void on_options(pl_calls *all, pl_sip_txn_id txn)
{
    char abilities[ABILITY_MAX];
    pl_call_ability_lines(all, abilities, sizeof abilities);
    pl_call_answer_simple(all, txn, 200, abilities);
}

void pl_call_on_inside(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    pl_calls *all = c->all;
    if (take_number(c, m) != PL_OK) {
        pl_call_answer_simple(all, txn, 500, NULL); /* section 12.2.2 */
        return;
    }
    switch (m->method) {
    case PL_SIP_INVITE: on_reinvite(c, txn, m); break;
    case PL_SIP_INFO: on_info(c, txn, m); break;
    case PL_SIP_BYE: on_bye(c, txn, m); break;
    case PL_SIP_PRACK: pl_call_on_prack(c, txn, m); break;
    case PL_SIP_UPDATE: pl_call_on_update(c, txn, m); break;
    case PL_SIP_REFER: pl_call_on_refer(c, txn, m); break;
    case PL_SIP_NOTIFY: pl_call_on_notify(c, txn, m); break;
    case PL_SIP_OPTIONS: on_options(all, txn); break;
    case PL_SIP_UNKNOWN:
    case PL_SIP_ACK:
    case PL_SIP_CANCEL:
    case PL_SIP_REGISTER:
    case PL_SIP_SUBSCRIBE:
    case PL_SIP_PUBLISH:
    case PL_SIP_MESSAGE:
        pl_call_answer_simple(all, txn, 405, ALLOW_LINE);
        break;
    }
}
