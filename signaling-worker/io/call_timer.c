/* call_timer.c - session timers of calls: what we ask for, what was agreed, and
 * our refreshes. RFC 4028. */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/rng.h"
#include "pl/str.h"

enum {
    STATUS_BAD_OPTION = 420,
    STATUS_TOO_SHORT = 422,
    STATUS_PENDING = 491,
    RETRY_US = 5000000, /* after a refusal that may pass */
};

static pl_session_policy policy_of(const pl_calls *all)
{
    return (pl_session_policy){.interval_s = all->o.config->session_expires_s,
                               .min_s = all->o.config->min_se_s};
}

static void append(char *buf, size_t cap, const char *text)
{
    size_t n = strlen(buf);
    pl_fmt_cut(buf + n, cap - n, "%s", text);
}

/* Options that this call is still offered with. */
static unsigned offered_in(const pl_call *c)
{
    return pl_call_options(c->all) & ~c->without;
}

static void append_supported(unsigned options, char *buf, size_t cap)
{
    char tags[64];
    pl_sip_options_text(options, tags, sizeof tags);
    if (!tags[0])
        return;
    append(buf, cap, "Supported: ");
    append(buf, cap, tags);
    append(buf, cap, "\r\n");
}

void pl_call_ability_lines(const pl_calls *all, char *buf, size_t cap)
{
    pl_fmt_cut(buf, cap, "%s", ALLOW_LINE ACCEPT_SDP);
    append_supported(pl_call_options(all), buf, cap);
}

void pl_call_request_lines(const pl_call *c, char *buf, size_t cap)
{
    pl_session_policy own = policy_of(c->all);
    char line[128];
    buf[0] = '\0';
    append_supported(offered_in(c), buf, cap);
    if (own.interval_s == 0 || c->without & PL_SIP_OPTION_TIMER)
        return;
    const pl_session_terms *now = &c->session.terms;
    uint32_t min = c->session_min_s > own.min_s ? c->session_min_s : own.min_s;
    uint32_t interval = now->interval_s ? now->interval_s : own.interval_s;
    bool is_theirs = now->interval_s != 0 && !now->is_ours;
    pl_fmt_cut(line, sizeof line,
               "Session-Expires: %u;refresher=%s\r\nMin-SE: %u\r\n",
               interval > min ? interval : min, is_theirs ? "uas" : "uac", min);
    append(buf, cap, line);
}

bool pl_call_drop_options(pl_call *c, const pl_sip_msg *m)
{
    unsigned offered = offered_in(c);
    if (!m || m->status != STATUS_BAD_OPTION || c->without || !offered)
        return false;
    c->without = m->unsupported & offered ? m->unsupported & offered : offered;
    return true;
}

pl_err pl_call_judge_timer(const pl_calls *all, const pl_sip_msg *m, char *line,
                           size_t cap)
{
    pl_session_policy own = policy_of(all);
    pl_session_terms terms;
    pl_err e = pl_session_accept(&own, &m->session,
                                 m->supported & PL_SIP_OPTION_TIMER, &terms);
    if (e != PL_OK)
        pl_fmt_cut(line, cap, "Min-SE: %u\r\n", own.min_s);
    return e;
}

void pl_call_note_session(pl_call *c, const pl_sip_msg *m)
{
    pl_session_policy own = policy_of(c->all);
    /* The interval was judged before. */
    (void)!pl_session_accept(&own, &m->session,
                             m->supported & PL_SIP_OPTION_TIMER,
                             &c->session_asked);
    if (m->has_allow) {
        c->allows_update = m->allows_update;
        c->refuses_refer = !m->allows_refer;
    }
}

void pl_call_accept_session(pl_call *c, char *buf, size_t cap)
{
    const pl_session_terms *terms = &c->session_asked;
    pl_session_start(&c->session, terms, pl_call_now(c->all));
    append_supported(offered_in(c), buf, cap);
    if (terms->interval_s == 0)
        return;
    char line[128];
    pl_fmt_cut(line, sizeof line, "%sSession-Expires: %u;refresher=%s\r\n",
               terms->must_be_required ? "Require: timer\r\n" : "",
               terms->interval_s, terms->is_ours ? "uas" : "uac");
    append(buf, cap, line);
}

void pl_call_agree_session(pl_call *c, const pl_sip_msg *ok)
{
    pl_session_policy own = policy_of(c->all);
    pl_session_terms terms;
    pl_session_agree(&own, &ok->session, &terms);
    pl_session_start(&c->session, &terms, pl_call_now(c->all));
    if (ok->has_allow) {
        c->allows_update = ok->allows_update;
        c->refuses_refer = !ok->allows_refer;
    }
}

bool pl_call_raise_session(pl_call *c, const pl_sip_msg *m)
{
    uint32_t own = c->all->o.config->min_se_s;
    if (!m || m->status != STATUS_TOO_SHORT ||
        c->all->o.config->session_expires_s == 0)
        return false;
    if (c->session_min_s < own)
        c->session_min_s = own;
    return pl_session_raise(&m->session, &c->session_min_s) == PL_OK;
}

void pl_call_keep_sdp(pl_call *c, pl_slice sdp)
{
    if (sdp.len == 0 || sdp.ptr == c->sdp)
        return;
    uint8_t *copy = malloc(sdp.len);
    if (!copy)
        return;
    memcpy(copy, sdp.ptr, sdp.len);
    free(c->sdp);
    c->sdp = copy;
    c->sdp_len = sdp.len;
}

/* ---- our refreshes ---- */

static void session_over(pl_call *c, const char *why)
{
    pl_call_count(c->all, PL_SIG_sessions_expired);
    c->end_status = 408;
    pl_fmt_cut(c->reason, sizeof c->reason, "%s", why);
    (void)!pl_call_event(c, PL_CALL_E_LOST, NULL, (pl_slice){0});
}

/* Section 7.4: UPDATE without a description where the peer takes it, else a
 * re-INVITE with the description it has. */
static pl_err send_refresh(pl_call *c, const char *auth)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    c->dialog.local_cseq++;
    pl_call_request r = {
        .method = PL_SIP_UPDATE, .cseq = c->dialog.local_cseq, .extra = auth};
    if (!c->allows_update) {
        pl_call_forget_early(c);
        r.method = PL_SIP_INVITE;
        r.body = c->sdp;
        r.body_len = c->sdp_len;
    }
    c->refresh = c->allows_update ? REFRESH_UPDATE : REFRESH_INVITE;
    pl_err e = pl_call_send_inside(c, &c->dialog, REQ_REFRESH, &r);
    if (e == PL_OK || !pl_call_of_serial(all, serial))
        return PL_OK;
    c->refresh = REFRESH_NONE;
    return e;
}

pl_err pl_call_refresh_now(pl_call *c)
{
    return send_refresh(c, NULL);
}

static void refresh(pl_call *c)
{
    bool is_busy = c->is_offer_open || pl_call_is_peers_turn(c);
    if (!c->allows_update && (is_busy || c->sdp_len == 0)) {
        /* one INVITE at a time; its 2xx refreshes as well */
        pl_session_retry(&c->session, pl_call_now(c->all));
        return;
    }
    pl_digest_client_begin(&c->auth);
    pl_call_count(c->all, PL_SIG_session_refreshes);
    if (send_refresh(c, NULL) != PL_OK)
        pl_session_retry(&c->session, pl_call_now(c->all) + RETRY_US);
}

void pl_call_tick_session(pl_call *c, int64_t now_us)
{
    if (c->state != PL_CALL_S_CONFIRMED)
        return;
    switch (pl_session_due(&c->session, now_us)) {
    case PL_SESSION_WAIT: break;
    case PL_SESSION_REFRESH: refresh(c); break;
    case PL_SESSION_END: session_over(c, "session not refreshed"); break;
    }
}

static void refresh_refused(pl_call *c, const pl_sip_msg *m, unsigned status)
{
    int64_t wait_us = 0;
    uint32_t draw = 0;
    if (status == 481 || status == 408) { /* section 10 */
        (void)pl_call_adopt_refused(c, status, 0);
        session_over(c, "session lost");
        return;
    }
    if (status == 405 || status == 501) {
        wait_us = c->allows_update ? 0 : RETRY_US;
        c->allows_update = false; /* it said so, but does not */
    } else if (status == STATUS_PENDING) {
        pl_random(&draw, sizeof draw);
        wait_us = pl_sip_glare_wait_us(!c->dialog.is_uas, draw);
    } else if (!pl_call_raise_session(c, m)) {
        wait_us = RETRY_US;
    }
    if (!pl_call_adopt_refused(c, status, wait_us))
        pl_session_retry(&c->session, pl_call_now(c->all) + wait_us);
}

void pl_call_on_refresh_response(pl_call *c, const pl_sip_msg *m,
                                 const pl_sip_flow *flow, unsigned local_status)
{
    if (m && m->status < 200) {
        (void)pl_call_take_provisional(c, m);
        return;
    }
    bool is_invite = c->refresh == REFRESH_INVITE;
    c->refresh = REFRESH_NONE;
    if (m && m->status < 300) {
        pl_sip_dialog_refresh(&c->dialog, m);
        pl_call_agree_session(c, m);
        if (is_invite)
            pl_call_send_ack(c, m);
        if (c->is_adopting)
            pl_call_adopt_taken(c, flow);
        else
            pl_call_save(c, false);
        return;
    }
    char line[CALL_EXTRA_MAX];
    if (c->state != PL_CALL_S_CONFIRMED)
        return;
    if (pl_call_is_challenge(m) &&
        pl_call_answer_challenge(c, m, is_invite ? "INVITE" : "UPDATE",
                                 c->dialog.target, line,
                                 sizeof line) == PL_OK) {
        if (send_refresh(c, line) != PL_OK)
            refresh_refused(c, NULL, 503);
        return;
    }
    refresh_refused(c, m, m ? m->status : local_status);
}
