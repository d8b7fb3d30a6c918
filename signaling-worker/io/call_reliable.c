/* call_reliable.c - reliable provisional responses, RFC 3262: ours until their
 * PRACK, and PRACKs for the peer's. */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/rng.h"
#include "pl/str.h"

enum { STATUS_NO_PRACK = 504 };

/* ---- ours ---- */

static bool is_set_to(const pl_calls *all, const char *word)
{
    return strcmp(all->o.config->reliable_provisional, word) == 0;
}

unsigned pl_call_options(const pl_calls *all)
{
    unsigned options = PL_SIP_OPTION_REPLACES | PL_SIP_OPTION_NOREFERSUB;
    if (all->o.config->session_expires_s)
        options |= PL_SIP_OPTION_TIMER;
    if (!is_set_to(all, "never"))
        options |= PL_SIP_OPTION_100REL;
    return options;
}

void pl_call_note_reliable(pl_call *c, const pl_sip_msg *m)
{
    reliable *r = &c->reliable;
    bool is_required = m->required & PL_SIP_OPTION_100REL;
    bool is_wished = m->supported & PL_SIP_OPTION_100REL &&
                     is_set_to(c->all, "supported") && !c->is_offerless;
    uint32_t draw = 0;
    pl_random(&draw, sizeof draw);
    r->is_on = is_required || is_wished;
    r->rseq = pl_sip_rseq_first(draw);
}

static void forget(slab *s)
{
    free(s->bytes);
    *s = (slab){.bytes = NULL};
}

static void keep(slab *s, unsigned status, pl_slice bytes)
{
    forget(s);
    s->status = status;
    if (bytes.len == 0)
        return;
    s->bytes = malloc(bytes.len);
    if (!s->bytes)
        return; /* what it was for comes without it */
    memcpy(s->bytes, bytes.ptr, bytes.len);
    s->len = bytes.len;
}

void pl_call_drop_reliable(pl_call *c)
{
    reliable *r = &c->reliable;
    pl_sip_retrans_stop(&r->retrans);
    forget(&r->open);
    forget(&r->held);
    for (unsigned i = 0; i < r->n_queued; i++)
        forget(&r->queue[i]);
    r->n_queued = 0;
}

void pl_call_send_progress(pl_call *c, unsigned status, pl_slice sdp)
{
    reliable *r = &c->reliable;
    /* Section 5: the first reliable answer to an INVITE without an offer would
     * have to bring ours, and that comes with the 2xx. */
    if (r->is_on && c->is_offerless)
        return;
    if (!r->is_on || !r->is_open) {
        pl_call_send_answer(c, status, sdp);
    } else if (r->n_queued < MAX_QUEUED) {
        keep(&r->queue[r->n_queued++], status, sdp); /* section 3: one by one */
    }
}

void pl_call_reliable_lines(const pl_call *c, char *buf, size_t cap)
{
    size_t n = strlen(buf);
    pl_fmt_cut(buf + n, cap - n,
               "Require: 100rel\r\nRSeq: %u\r\nAllow: " PL_SIP_ALLOW "\r\n",
               c->reliable.rseq);
}

void pl_call_reliable_sent(pl_call *c, unsigned status, pl_slice bytes,
                           bool has_sdp)
{
    reliable *r = &c->reliable;
    if (pl_sip_stack_flow(c->all->stack, c->txn, &r->flow) != PL_OK)
        return;
    keep(&r->open, status, bytes);
    r->is_open = true;
    r->has_sdp = has_sdp;
    pl_sip_retrans_start_reliable(&r->retrans, pl_call_now(c->all));
}

bool pl_call_hold_answer(pl_call *c, pl_slice sdp)
{
    reliable *r = &c->reliable;
    if (c->state != PL_CALL_S_IN_RINGING || !r->is_open || !r->has_sdp)
        return false;
    keep(&r->held, 200, sdp);
    return r->held.bytes != NULL;
}

void pl_call_tick_reliable(pl_call *c, int64_t now_us)
{
    reliable *r = &c->reliable;
    switch (pl_sip_retrans_due(&r->retrans, now_us)) {
    case PL_SIP_RETRANS_WAIT: break;
    case PL_SIP_RETRANS_SEND:
        pl_call_count(c->all, PL_SIG_retransmitted);
        if (!r->open.bytes)
            break;
        pl_sip_stack_send(c->all->stack, &r->flow,
                          (pl_slice){r->open.bytes, r->open.len});
        break;
    case PL_SIP_RETRANS_GIVE_UP: /* section 3 */
        pl_call_count(c->all, PL_SIG_prack_missing);
        c->refuse_status = STATUS_NO_PRACK;
        c->refuse_phrase[0] = '\0';
        pl_fmt_cut(c->reason, sizeof c->reason, "no PRACK");
        (void)!pl_call_event(c, PL_CALL_E_SAY_REFUSE, NULL, (pl_slice){0});
        break;
    }
}

/* The next in line, or the 200 that had to wait. */
static void go_on(pl_call *c)
{
    reliable *r = &c->reliable;
    if (c->state != PL_CALL_S_IN_RINGING)
        return;
    slab next = {.bytes = NULL};
    if (r->n_queued > 0) {
        next = r->queue[0];
        memmove(r->queue, r->queue + 1, --r->n_queued * sizeof *r->queue);
        pl_call_send_answer(c, next.status, (pl_slice){next.bytes, next.len});
    } else if (r->held.bytes) {
        next = r->held;
        r->held = (slab){.bytes = NULL};
        (void)!pl_call_event(c, PL_CALL_E_SAY_ANSWER, NULL,
                             (pl_slice){next.bytes, next.len});
    }
    free(next.bytes);
}

void pl_call_on_prack(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    reliable *r = &c->reliable;
    pl_calls *all = c->all;
    if (m->rack.rseq == 0) {
        pl_call_answer_simple(all, txn, 400, NULL);
        return;
    }
    bool is_it = r->is_open && m->rack.rseq == r->rseq &&
                 m->rack.cseq == r->cseq && m->rack.is_invite;
    if (!is_it) {
        pl_call_answer_simple(all, txn, 481, NULL); /* section 3 */
        return;
    }
    r->is_open = false;
    r->is_answered |= r->has_sdp;
    r->rseq++;
    pl_sip_retrans_stop(&r->retrans);
    /* An offer in it would be a second one while the first is being answered,
     * or a change before the call stands: neither is taken. */
    pl_call_answer_simple(all, txn, m->body.len > 0 ? 488 : 200, NULL);
    go_on(c);
}

/* ---- the peer's ---- */

pl_call_early *pl_call_early_find(pl_call *c, const char *tag)
{
    for (unsigned i = 0; i < c->n_early; i++) {
        if (strcmp(c->early[i].tag, tag) == 0)
            return &c->early[i];
    }
    return NULL;
}

static pl_call_early *early_of(pl_call *c, const char *tag)
{
    pl_call_early *found = tag[0] ? pl_call_early_find(c, tag) : NULL;
    if (found || !tag[0] || c->n_early >= MAX_FORKS)
        return found;
    pl_call_early *e = &c->early[c->n_early++];
    *e = (pl_call_early){.rseq = 0};
    pl_fmt_cut(e->tag, sizeof e->tag, "%s", tag);
    return e;
}

/* Without it the peer repeats its response, and then gives up. */
static void repeat_prack(pl_call *c, const char *auth)
{
    static pl_sip_dialog d; /* large; the call may end meanwhile */
    char extra[CALL_EXTRA_MAX + 64];
    d = c->prack->dialog;
    pl_fmt_cut(extra, sizeof extra, "%s%s", c->prack->line, auth);
    if (auth[0])
        c->prack->line[0] = '\0'; /* once */
    c->dialog.local_cseq++;
    pl_call_request r = {
        .method = PL_SIP_PRACK, .cseq = c->dialog.local_cseq, .extra = extra};
    (void)!pl_call_send_inside(c, &d, REQ_PRACK, &r);
}

static void send_prack(pl_call *c, const pl_sip_msg *m)
{
    if (!c->prack)
        c->prack = calloc(1, sizeof *c->prack);
    pl_prack *p = c->prack;
    if (!p)
        return;
    p->dialog = c->dialog;
    if (!p->dialog.remote_tag[0]) {
        pl_fmt_cut(p->dialog.target, sizeof p->dialog.target, "%s",
                   c->hop.request_uri);
        if (pl_sip_dialog_establish(&p->dialog, m) != PL_OK)
            return;
    }
    pl_fmt_cut(p->line, sizeof p->line, "RAck: %u %u INVITE\r\n", m->rseq,
               m->cseq);
    pl_call_count(c->all, PL_SIG_pracks);
    repeat_prack(c, "");
}

void pl_call_on_prack_response(pl_call *c, const pl_sip_msg *m)
{
    char auth[CALL_EXTRA_MAX];
    if (!c->prack || !c->prack->line[0] || !pl_call_is_challenge(m))
        return;
    pl_digest_client_begin(&c->auth);
    if (pl_call_answer_challenge(c, m, "PRACK", c->prack->dialog.target, auth,
                                 sizeof auth) == PL_OK) {
        repeat_prack(c, auth);
        return;
    }
    c->prack->line[0] = '\0';
}

bool pl_call_take_provisional(pl_call *c, const pl_sip_msg *m)
{
    pl_call_early *e = m->status > 100 ? early_of(c, m->to_tag) : NULL;
    bool is_reliable = m->required & PL_SIP_OPTION_100REL && m->rseq != 0;
    if (m->status <= 100 || !is_reliable)
        return true;
    if (!e || pl_sip_rseq_take(&e->rseq, m->rseq) != PL_RSEQ_NEXT)
        return false; /* the PRACK of a repeated one is on its way */
    e->is_answered |= pl_call_sdp_of(m).len > 0;
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    send_prack(c, m);
    return pl_call_of_serial(all, serial) != NULL;
}

void pl_call_forget_early(pl_call *c)
{
    c->n_early = 0;
}
