/* call_update.c - UPDATE from the peer, RFC 3311: a refresh, or an offer. */
#include <string.h>

#include "call_impl.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "sip_map.h"

enum { MAX_WAIT_S = 10 }; /* RFC 3311 section 5.2 */

static void answer(pl_call *c, pl_sip_txn_id txn, pl_slice sdp)
{
    pl_calls *all = c->all;
    char contact[CONTACT_TEXT];
    char extra[512] = "Allow: " PL_SIP_ALLOW "\r\n";
    pl_call_contact(c, &c->flow, contact);
    /* Before the call stands its INVITE's 2xx begins the timer. */
    if (c->state == PL_CALL_S_CONFIRMED)
        pl_call_accept_session(c, extra, sizeof extra);
    pl_sip_response_spec spec = {.status = 200,
                                 .contact = contact,
                                 .extra = extra,
                                 .content_type =
                                     sdp.len > 0 ? "application/sdp" : NULL,
                                 .body = sdp};
    pl_slice bytes;
    pl_call_keep_sdp(c, sdp);
    if (pl_sip_stack_write(all->stack, txn, &spec, &bytes) == PL_OK)
        (void)!pl_sip_stack_respond(all->stack, txn, 200, bytes);
    pl_call_save(c, false);
}

static void refuse(pl_call *c, pl_sip_txn_id txn, unsigned status)
{
    char line[48];
    uint32_t draw = 0;
    pl_random(&draw, sizeof draw);
    pl_fmt_cut(line, sizeof line, "Retry-After: %u\r\n",
               (unsigned)(draw % (MAX_WAIT_S + 1)));
    bool waits = status == 500 || status == 503;
    pl_call_answer_simple(c->all, txn, status, waits ? line : NULL);
}

/* Status for an offer that cannot be taken now, 0 for one that can. RFC 3311
 * section 5.2, RFC 3261 section 14.2. */
static unsigned judge_confirmed(const pl_call *c)
{
    bool is_ours_open = (c->is_offer_open && c->offer_again_us == 0) ||
                        c->refresh == REFRESH_INVITE ||
                        (c->retrans.is_running && c->is_offerless);
    if (is_ours_open)
        return 491;
    return c->is_reinvite_open ? 500 : 0;
}

/* Before the call stands nothing is negotiated twice: only said why. */
static unsigned judge_early(pl_call *c, const pl_sip_msg *m)
{
    if (!c->dialog.is_uas) {
        const pl_call_early *e = pl_call_early_find(c, m->from_tag);
        return e && e->is_answered ? 488 : 491;
    }
    if (c->is_offerless) /* our offer is in the 2xx, if it is out */
        return c->state == PL_CALL_S_IN_ANSWERED ? 491 : 488;
    return c->reliable.is_answered ? 488 : 500;
}

static void on_answered(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_calls *all = NULL;
    pl_call *c = pl_call_asked(ctx, &all);
    if (!c || !c->is_update_open)
        return;
    c->is_update_open = false;
    if (e == PL_OK && in->desc == &PL_MSG_CALL_ANSWER) {
        answer(c, c->update_txn, ((const pl_call_answer *)in->body)->sdp);
        pl_call_offer_is_stale(c);
        return;
    }
    unsigned retry = 0;
    unsigned status = pl_sip_status_of(e, &retry);
    pl_call_count(all, PL_SIG_bus_failed);
    refuse(c, c->update_txn, e == PL_EBUSY || e == PL_ESTATE ? 491 : status);
}

void pl_call_on_update(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    bool stands = c->state == PL_CALL_S_CONFIRMED;
    unsigned status = 0;
    if (c->state == PL_CALL_S_BYE_SENT)
        status = 481;
    else if (c->is_update_open)
        status = 500; /* section 5.2: one at a time, with an offer or not */
    else if (m->body.len > 0)
        status = stands ? judge_confirmed(c) : judge_early(c, m);
    if (status != 0) {
        refuse(c, txn, status);
        return;
    }
    if (c->dialog.remote_tag[0])
        pl_sip_dialog_refresh(&c->dialog, m);
    if (stands)
        pl_call_note_session(c, m);
    if (m->body.len == 0) {
        answer(c, txn, (pl_slice){0});
        return;
    }
    c->update_txn = txn;
    c->is_update_open = pl_call_ask_offer(c, m->body, on_answered) == PL_OK;
    if (!c->is_update_open)
        refuse(c, txn, 503);
}
