/* call_offer.c - our re-INVITE: roompool's offers inside a call. */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/rng.h"
#include "sip_map.h"

enum {
    STATUS_PENDING = 491,
    OFFER_WAIT_US = 7000000, /* roompool stops waiting a second later */
};

static pl_err send_reinvite(pl_call *c, const char *extra)
{
    pl_call_forget_early(c);
    c->dialog.local_cseq++;
    c->out_cseq = c->dialog.local_cseq;
    c->offer_again_us = 0;
    pl_call_request r = {.method = PL_SIP_INVITE,
                         .cseq = c->out_cseq,
                         .extra = extra,
                         .body = c->offer,
                         .body_len = c->offer_len};
    return pl_call_send_inside(c, &c->dialog, REQ_REINVITE, &r);
}

static void refuse_offer(pl_call *c, pl_err e)
{
    if (!c->is_offer_open)
        return;
    c->is_offer_open = false;
    c->offer_again_us = 0;
    pl_bus_reply_error(c->all->o.bus, &c->offer_ticket, e, NULL);
}

bool pl_call_is_peers_turn(const pl_call *c)
{
    return c->is_reinvite_open || c->is_update_open || c->retrans.is_running ||
           c->refresh == REFRESH_INVITE;
}

void pl_call_offer_again(pl_call *c)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    if (c->state != PL_CALL_S_CONFIRMED) {
        refuse_offer(c, PL_EGONE);
        return;
    }
    if (pl_call_now(all) - c->offer_us > OFFER_WAIT_US) {
        refuse_offer(c, PL_EBUSY);
        return;
    }
    if (pl_call_is_peers_turn(c))
        return; /* looked at again with the next tick */
    pl_digest_client_begin(&c->auth);
    pl_err e = send_reinvite(c, NULL);
    if (e != PL_OK && pl_call_of_serial(all, serial))
        refuse_offer(c, e);
}

void pl_call_offer_is_stale(pl_call *c)
{
    if (c->offer_again_us != 0)
        refuse_offer(c, PL_EBUSY);
}

/* Their re-INVITE crossed ours: theirs may come first now. */
static void wait_for_peer(pl_call *c)
{
    uint32_t draw = 0;
    pl_random(&draw, sizeof draw);
    pl_call_count(c->all, PL_SIG_glare);
    c->offer_again_us =
        pl_call_now(c->all) + pl_sip_glare_wait_us(!c->dialog.is_uas, draw);
}

pl_err pl_calls_offer(pl_calls *calls, const pl_call_offer *m,
                      const pl_bus_ticket *ticket)
{
    pl_call *c = pl_map_find(calls->by_id, m->call_id);
    if (!c)
        return PL_EGONE;
    if (m->sdp.len == 0)
        return PL_EINVAL; /* the ACK would have to bring the answer */
    if (c->state != PL_CALL_S_CONFIRMED)
        return PL_ESTATE;
    if (c->is_offer_open)
        return PL_EBUSY;
    uint8_t *copy = malloc(m->sdp.len);
    if (!copy)
        return PL_ENOMEM;
    memcpy(copy, m->sdp.ptr, m->sdp.len);
    free(c->offer);
    c->offer = copy;
    c->offer_len = m->sdp.len;
    pl_digest_client_begin(&c->auth);
    c->is_offer_open = true;
    c->offer_ticket = *ticket;
    c->offer_us = pl_call_now(calls);
    if (pl_call_is_peers_turn(c)) {
        c->offer_again_us = c->offer_us;
        return PL_OK;
    }
    uint32_t serial = c->serial;
    pl_err e = send_reinvite(c, NULL);
    if (e == PL_OK || !pl_call_of_serial(calls, serial))
        return PL_OK; /* the ticket is answered by the response, or was */
    c->is_offer_open = false;
    return e;
}

static void on_reinvite_ok(pl_call *c, const pl_sip_msg *m)
{
    pl_slice sdp = pl_call_sdp_of(m);
    pl_sip_dialog_refresh(&c->dialog, m);
    pl_call_agree_session(c, m);
    pl_call_keep_sdp(c, (pl_slice){c->offer, c->offer_len});
    pl_call_send_ack(c, m);
    pl_call_save(c, false);
    if (!c->is_offer_open)
        return; /* too late: roompool has been told */
    c->is_offer_open = false;
    if (sdp.len == 0) {
        pl_bus_reply_error(c->all->o.bus, &c->offer_ticket, PL_EMEDIA,
                           "the peer's 200 has no answer");
        return;
    }
    pl_call_answer reply = {.sdp = sdp};
    pl_bus_reply(c->all->o.bus, &c->offer_ticket, &PL_MSG_CALL_ANSWER, &reply);
}

void pl_call_on_reinvite_response(pl_call *c, const pl_sip_msg *m,
                                  unsigned local_status)
{
    if (m && m->status < 200) {
        (void)pl_call_take_provisional(c, m);
        return;
    }
    if (m && m->status < 300) {
        on_reinvite_ok(c, m);
        return;
    }
    if (pl_call_raise_session(c, m) && send_reinvite(c, NULL) == PL_OK)
        return;
    char line[CALL_EXTRA_MAX];
    if (pl_call_is_challenge(m) &&
        pl_call_answer_challenge(c, m, "INVITE", c->dialog.target, line,
                                 sizeof line) == PL_OK &&
        send_reinvite(c, line) == PL_OK) {
        return;
    }
    unsigned status = m ? m->status : local_status;
    if (status == STATUS_PENDING && c->is_offer_open) {
        wait_for_peer(c);
        return;
    }
    refuse_offer(c, pl_sip_err_of(status));
    if (status == 481 || status == 408) { /* RFC 3261 section 12.2.1.2 */
        c->end_status = status;
        (void)!pl_call_event(c, PL_CALL_E_LOST, m, (pl_slice){0});
    }
}
