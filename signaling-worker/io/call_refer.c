/* call_refer.c - transfers asked for by peers: REFER inside a call (RFC 3515,
 * 4488, 3892) and INVITE with Replaces (RFC 3891). */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/str.h"
#include "refer.h"
#include "sip_map.h"

enum {
    SUBSCRIBED_S = 180, /* roompool tells the end before */
    STATUS_TRYING = 100,
    STATUS_FINAL = 200,
};

/* The peer's REFER: one at a time. */
struct pl_refer_in {
    pl_sip_txn_id txn; /* roompool is asked; 0 answered */
    bool is_quiet;     /* no NOTIFY wanted */
    bool is_on;        /* it is told how the new call goes */
    bool is_pending;   /* a NOTIFY has not been answered */
    unsigned next;     /* status of the one after it, 0 none */
    unsigned n;        /* REFERs so far */
    uint32_t cseq;     /* of it, its id from the second on */
    int64_t end_us;
};

/* Its ACK may be overtaken, or lost. */
static bool is_answered(const pl_call *c)
{
    return c->state == PL_CALL_S_CONFIRMED || c->state == PL_CALL_S_IN_ANSWERED;
}

/* ---- telling how it goes: one NOTIFY at a time ---- */

static void send_notify(pl_call *c, unsigned status)
{
    pl_refer_in *r = c->refer;
    char extra[256];
    char id[32] = "";
    char body[128];
    bool is_end = status >= STATUS_FINAL;
    if (r->n > 1)
        pl_fmt_cut(id, sizeof id, ";id=%u", r->cseq);
    pl_fmt_cut(extra, sizeof extra,
               "Event: refer%s\r\nSubscription-State: ", id);
    size_t n = strlen(extra);
    if (is_end) {
        pl_fmt_cut(extra + n, sizeof extra - n,
                   "terminated;reason=noresource\r\n");
    } else {
        int64_t left = r->end_us - pl_call_now(c->all);
        pl_fmt_cut(extra + n, sizeof extra - n, "active;expires=%u\r\n",
                   left > 0 ? (unsigned)(left / 1000000) + 1 : 1);
    }
    pl_fmt_cut(body, sizeof body, "SIP/2.0 %u %s\r\n", status,
               pl_sip_phrase(status));
    r->is_on = !is_end;
    c->dialog.local_cseq++;
    pl_call_request q = {.method = PL_SIP_NOTIFY,
                         .cseq = c->dialog.local_cseq,
                         .extra = extra,
                         .content_type = "message/sipfrag;version=2.0",
                         .body = (const uint8_t *)body,
                         .body_len = strlen(body)};
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    r->is_pending = true;
    if (pl_call_send_inside(c, &c->dialog, REQ_NOTIFY, &q) != PL_OK &&
        pl_call_of_serial(all, serial))
        r->is_pending = false;
}

/* The latest word counts. */
static void notify(pl_call *c, unsigned status)
{
    if (c->refer->is_pending)
        c->refer->next = status;
    else
        send_notify(c, status);
}

static void send_next(pl_call *c)
{
    unsigned status = c->refer->next;
    c->refer->next = 0;
    if (status != 0 && c->refer->is_on)
        send_notify(c, status);
}

void pl_call_on_notify_response(pl_call *c, const pl_sip_msg *m)
{
    if (!c->refer || (m && m->status < 200))
        return;
    c->refer->is_pending = false;
    if (m && m->status == 481)
        c->refer->is_on = false; /* RFC 6665 section 4.2.2 */
    if (is_answered(c))
        send_next(c);
}

void pl_call_flush_refer(pl_call *c)
{
    if (c->refer)
        send_next(c);
}

pl_err pl_calls_referred(pl_calls *calls, const pl_call_referred *m)
{
    pl_call *c = pl_map_find(calls->by_id, m->call_id);
    if (!c)
        return PL_EGONE;
    if (c->refer && c->refer->is_on && is_answered(c))
        notify(c, m->sip_status);
    return PL_OK;
}

void pl_call_tick_refer(pl_call *c, int64_t now_us)
{
    if (c->refer && c->refer->is_on && now_us >= c->refer->end_us) {
        c->refer->is_pending = false;
        notify(c, 408);
    }
}

/* ---- the request ---- */

static void accept(pl_call *c)
{
    pl_refer_in *r = c->refer;
    char contact[CONTACT_TEXT];
    pl_slice bytes;
    pl_call_contact(c, &c->flow, contact);
    pl_sip_response_spec spec = {.status = 202,
                                 .contact = contact,
                                 .extra = r->is_quiet ? "Refer-Sub: false\r\n"
                                                      : NULL};
    pl_sip_txn_id txn = r->txn;
    r->txn = 0;
    if (pl_sip_stack_write(c->all->stack, txn, &spec, &bytes) == PL_OK)
        (void)!pl_sip_stack_respond(c->all->stack, txn, 202, bytes);
    r->is_on = !r->is_quiet;
    if (r->is_on)
        notify(c, STATUS_TRYING);
}

static void on_asked(void *ctx, pl_err e, const pl_bus_in *in)
{
    pl_calls *all = NULL;
    pl_call *c = pl_call_asked(ctx, &all);
    (void)in;
    if (!c || !c->refer || c->refer->txn == 0)
        return;
    if (e == PL_OK) {
        pl_call_count(all, PL_SIG_refers);
        accept(c);
        return;
    }
    pl_sip_txn_id txn = c->refer->txn;
    unsigned retry = 0;
    c->refer->txn = 0;
    pl_call_answer_simple(all, txn, pl_sip_status_of(e, &retry),
                          retry ? "Retry-After: 5\r\n" : NULL);
}

/* Which call of ours a Replaces means; NULL none. RFC 3891 section 3. */
static pl_call *find(pl_calls *all, const pl_sip_replaces *r)
{
    char key[KEY_MAX];
    pl_call_dialog_key(r->call_id, r->to_tag, key);
    pl_call *c = pl_map_find(all->by_dialog, key);
    bool is_it = c && (strcmp(c->dialog.remote_tag, r->from_tag) == 0 ||
                       (!c->dialog.is_uas && !c->dialog.remote_tag[0] &&
                        pl_call_early_find(c, r->from_tag)));
    return is_it ? c : NULL;
}

/* Errors: PL_EPROTO; PL_EUNSUPPORTED. */
static pl_err read_target(pl_call *c, const pl_sip_head *head, pl_call_refer *q)
{
    pl_sip_refer_to to;
    pl_sip_replaces replaces;
    pl_slice value;
    if (pl_sip_head_only(head, "Refer-To", &value) != 1)
        return PL_EPROTO;
    pl_err e = pl_sip_refer_to_parse(value, &to);
    if (e)
        return e;
    if (!pl_is_utf8(pl_slice_str(to.uri.text)) ||
        !pl_is_utf8(pl_slice_str(to.replaces)) ||
        pl_fmt(q->refer_to, sizeof q->refer_to, "%s", to.uri.text) != PL_OK)
        return PL_EPROTO;
    if (!to.replaces[0])
        return PL_OK;
    if (pl_sip_replaces_parse(pl_slice_str(to.replaces), &replaces) != PL_OK)
        return PL_EPROTO;
    const pl_call *other = find(c->all, &replaces);
    if (other) {
        pl_fmt_cut(q->replaces, sizeof q->replaces, "%s", other->id);
        PL_MSG_SET(CALL_REFER, call_refer, q, replaces);
    } else {
        pl_fmt_cut(q->foreign_replaces, sizeof q->foreign_replaces, "%s",
                   to.replaces);
        PL_MSG_SET(CALL_REFER, call_refer, q, foreign_replaces);
    }
    return PL_OK;
}

static void read_referrer(const pl_sip_head *head, pl_call_refer *q)
{
    pl_slice value;
    if (pl_sip_head_only(head, "Referred-By", &value) == 1 &&
        pl_sip_is_clean(value) && /* it goes into an INVITE */
        pl_copy(q->referred_by, sizeof q->referred_by, value) == PL_OK &&
        q->referred_by[0])
        PL_MSG_SET(CALL_REFER, call_refer, q, referred_by);
}

/* It called us, as anybody may. Whom we called is somebody's choice. */
static bool is_stranger(const pl_call *c)
{
    return c->dialog.is_uas && !c->pass.is_own && !c->pass.is_authenticated &&
           !pl_guard_knows(c->all->guard, &c->source);
}

static unsigned ask(pl_call *c, const pl_sip_msg *m)
{
    static pl_call_refer q;
    pl_sip_head head;
    q = (pl_call_refer){.present = 0};
    if (pl_sip_head_split(m->raw, &head) != PL_OK)
        return 400;
    pl_err e = read_target(c, &head, &q);
    if (e)
        return e == PL_EUNSUPPORTED ? 501 : 400;
    read_referrer(&head, &q);
    if (is_stranger(c)) {
        q.is_stranger = true;
        PL_MSG_SET(CALL_REFER, call_refer, &q, is_stranger);
    }
    pl_fmt_cut(q.call_id, sizeof q.call_id, "%s", c->id);
    pl_bus_send how = {.to = NULL};
    if (!c->all->is_linked ||
        pl_call_ask(c, &how, &PL_MSG_CALL_REFER, &q, on_asked) != PL_OK)
        return 503;
    return 0;
}

static bool wants_no_notify(const pl_sip_msg *m)
{
    pl_sip_head head;
    pl_slice value;
    return pl_sip_head_split(m->raw, &head) == PL_OK &&
           pl_sip_head_only(&head, "Refer-Sub", &value) == 1 &&
           pl_slice_eq_nocase(value, "false"); /* RFC 4488 section 4 */
}

void pl_call_on_refer(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    pl_calls *all = c->all;
    if (!c->refer)
        c->refer = calloc(1, sizeof *c->refer);
    unsigned status = 0;
    if (!c->refer)
        status = 503;
    else if (!is_answered(c))
        status = 403;
    else if (c->refer->txn != 0 || c->refer->is_on)
        status = 491;
    else
        status = ask(c, m);
    if (status != 0) {
        pl_call_answer_simple(all, txn, status,
                              status == 503 ? "Retry-After: 5\r\n" : NULL);
        return;
    }
    c->refer->txn = txn;
    c->refer->n++;
    c->refer->cseq = m->cseq;
    c->refer->is_quiet = wants_no_notify(m);
    c->refer->end_us = pl_call_now(all) + (int64_t)SUBSCRIBED_S * 1000000;
    PL_LOG(INFO, "sip", "refer", PL_KV("call", c->id), NULL);
}

void pl_call_drop_refer(pl_call *c)
{
    if (c->refer && c->refer->txn != 0)
        pl_call_answer_simple(c->all, c->refer->txn, 481, NULL);
    free(c->refer);
    c->refer = NULL;
}

/* ---- INVITE with Replaces ---- */

unsigned pl_call_judge_replaces(pl_calls *all, const pl_sip_msg *m)
{
    pl_sip_head head;
    pl_slice value;
    pl_sip_replaces r;
    all->replaced[0] = '\0';
    unsigned n = pl_sip_head_split(m->raw, &head) == PL_OK
                     ? pl_sip_head_only(&head, "Replaces", &value)
                     : 0;
    if (n == 0)
        return 0;
    if (n > 1 || pl_sip_replaces_parse(value, &r) != PL_OK)
        return 400;
    const pl_call *c = find(all, &r);
    if (!c)
        return 481;
    bool is_ours_early =
        c->state == PL_CALL_S_OUT_RINGING || c->state == PL_CALL_S_OUT_CALLING;
    if (is_answered(c) && r.is_early_only)
        return 486;
    if (c->state == PL_CALL_S_BYE_SENT || c->state == PL_CALL_S_IN_LEAVING)
        return 603;
    if (!is_answered(c) && !is_ours_early)
        return 481;
    pl_fmt_cut(all->replaced, sizeof all->replaced, "%s", c->id);
    all->is_replaced_early = r.is_early_only;
    return 0;
}
