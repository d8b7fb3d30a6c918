/* call_transfer.c - transfers that roompool asks for: our REFER to the peer of
 * a call, and what its NOTIFYs say became of it (RFC 3515). */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/str.h"
#include "refer.h"
#include "sip_map.h"

enum {
    WAIT_US = 35000000, /* roompool stops waiting at 40 s */
    STATUS_OK = 200,
    LINES_MAX = 1400,
};

/* One at a time. */
struct pl_refer_out {
    pl_bus_ticket ticket;
    bool is_taken; /* 2xx */
    int64_t end_us;
    char lines[LINES_MAX]; /* Refer-To, Referred-By */
};

static void finish(pl_call *c, pl_err e)
{
    pl_ok ok = {.present = 0};
    pl_refer_out *t = c->transfer;
    if (!t)
        return;
    c->transfer = NULL;
    if (e == PL_OK) {
        pl_bus_reply(c->all->o.bus, &t->ticket, &PL_MSG_OK_REPLY, &ok);
    } else {
        pl_bus_reply_error(c->all->o.bus, &t->ticket, e, NULL);
    }
    PL_LOG(INFO, "sip", "transfer", PL_KV("call", c->id), "%s", pl_err_text(e));
    free(t);
}

void pl_call_drop_transfer(pl_call *c)
{
    /* Who took it and hangs up has gone there. */
    finish(c, c->transfer && c->transfer->is_taken ? PL_OK : PL_EGONE);
}

/* Errors: PL_EINVAL, PL_EFULL. */
static pl_err write_target(const pl_call *c, const pl_call_transfer *m,
                           char *buf, size_t cap)
{
    char escaped[3 * sizeof m->target];
    char own[CONTACT_TEXT];
    pl_sip_uri uri;
    if (strncmp(m->target, "sip:", 4) == 0 && !strchr(m->target, '@')) {
        /* A user of ours: here. */
        pl_call_contact(c, &c->flow, own);
        const char *host =
            strchr(own, '@') ? strchr(own, '@') + 1 : strchr(own, ':') + 1;
        return pl_sip_escape_user(m->target + 4, escaped, sizeof escaped) ==
                       PL_OK
                   ? pl_fmt(buf, cap, "<%s:%s@%s>", c->is_sips ? "sips" : "sip",
                            escaped, host)
                   : PL_EFULL;
    }
    if (pl_sip_uri_parse(pl_slice_str(m->target), &uri) != PL_OK)
        return PL_EINVAL;
    return pl_fmt(buf, cap, "<%s>", uri.text);
}

static pl_err send_refer(pl_call *c, const char *auth)
{
    char extra[CALL_EXTRA_MAX];
    pl_fmt_cut(extra, sizeof extra, "%s%s", c->transfer->lines,
               auth ? auth : "");
    c->dialog.local_cseq++;
    pl_call_request r = {
        .method = PL_SIP_REFER, .cseq = c->dialog.local_cseq, .extra = extra};
    return pl_call_send_inside(c, &c->dialog, REQ_REFER, &r);
}

pl_err pl_calls_transfer(pl_calls *calls, const pl_call_transfer *m,
                         const pl_bus_ticket *ticket)
{
    char target[LINES_MAX - 300];
    pl_call *c = pl_map_find(calls->by_id, m->call_id);
    if (!c)
        return PL_EGONE;
    if (c->state != PL_CALL_S_CONFIRMED)
        return PL_ESTATE;
    if (c->transfer)
        return PL_EBUSY;
    if (c->refuses_refer)
        return PL_EUNSUPPORTED;
    pl_err e = write_target(c, m, target, sizeof target);
    if (e)
        return e;
    pl_refer_out *t = calloc(1, sizeof *t);
    if (!t)
        return PL_ENOMEM;
    t->ticket = *ticket;
    t->end_us = pl_call_now(calls) + WAIT_US;
    if (pl_fmt(t->lines, sizeof t->lines,
               "Refer-To: %s\r\nReferred-By: <%.200s>\r\n", target,
               c->dialog.local_uri) != PL_OK) {
        free(t);
        return PL_EFULL;
    }
    c->transfer = t;
    pl_digest_client_begin(&c->auth);
    uint32_t serial = c->serial;
    e = send_refer(c, NULL);
    if (e != PL_OK && pl_call_of_serial(calls, serial) && c->transfer)
        finish(c, e); /* the ticket is answered here */
    return PL_OK;
}

static pl_err outcome(unsigned status)
{
    if (status < 300)
        return PL_OK;
    pl_err e = pl_sip_err_of(status);
    return e == PL_ENOENT ? PL_ENOUSER : e;
}

void pl_call_on_refer_response(pl_call *c, const pl_sip_msg *m,
                               unsigned local_status)
{
    char line[CALL_EXTRA_MAX];
    if (!c->transfer || (m && m->status < 200))
        return;
    if (m && m->status < 300) {
        c->transfer->is_taken = true;
        return;
    }
    if (pl_call_is_challenge(m) &&
        pl_call_answer_challenge(c, m, "REFER", c->dialog.target, line,
                                 sizeof line) == PL_OK &&
        send_refer(c, line) == PL_OK)
        return;
    unsigned status = m ? m->status : local_status;
    if (status == 405 || status == 501)
        c->refuses_refer = true;
    finish(c, outcome(status));
    if (status == 481 || status == 408) { /* RFC 3261 section 12.2.1.2 */
        c->end_status = status;
        (void)!pl_call_event(c, PL_CALL_E_LOST, m, (pl_slice){0});
    }
}

/* "refer", with or without parameters. */
static bool is_of_refer(const pl_sip_msg *m)
{
    pl_sip_head head;
    pl_slice value;
    if (pl_sip_head_split(m->raw, &head) != PL_OK ||
        pl_sip_head_only(&head, "Event", &value) != 1)
        return false;
    const uint8_t *end = memchr(value.ptr, ';', value.len);
    if (end)
        value.len = (size_t)(end - value.ptr);
    return pl_slice_eq_nocase(pl_sip_trim(value), "refer");
}

void pl_call_on_notify(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    unsigned status = 0;
    if (!is_of_refer(m)) {
        pl_call_answer_simple(c->all, txn, 489,
                              "Allow-Events: refer\r\n"); /* RFC 6665 */
        return;
    }
    if (!c->transfer) {
        pl_call_answer_simple(c->all, txn, 481, NULL);
        return;
    }
    if (pl_sip_frag_status(m->body, &status) != PL_OK) {
        pl_call_answer_simple(c->all, txn, 400, NULL);
        return;
    }
    pl_call_answer_simple(c->all, txn, 200, NULL);
    if (status >= STATUS_OK)
        finish(c, outcome(status));
}

void pl_call_tick_transfer(pl_call *c, int64_t now_us)
{
    if (c->transfer && now_us >= c->transfer->end_us)
        finish(c, PL_ETIMEOUT);
}
