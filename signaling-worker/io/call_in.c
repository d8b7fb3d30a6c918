/* call_in.c - calls from peers, and which call a request is of. */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "sip_map.h"

/* ---- responses ---- */

void pl_call_answer_simple(pl_calls *all, pl_sip_txn_id txn, unsigned status,
                           const char *extra)
{
    pl_sip_response_spec spec = {.status = status, .extra = extra};
    pl_slice bytes;
    pl_err e = pl_sip_stack_write(all->stack, txn, &spec, &bytes);
    if (e == PL_OK)
        e = pl_sip_stack_respond(all->stack, txn, status, bytes);
    if (e != PL_OK)
        PL_LOG(DEBUG, "sip", "response_failed", NULL, "%s", pl_err_text(e));
}

/* Keep a 2xx to send it again. */
static void keep_ok(pl_call *c, pl_slice bytes)
{
    uint8_t *copy = malloc(bytes.len);
    if (!copy)
        return;
    memcpy(copy, bytes.ptr, bytes.len);
    free(c->ok);
    c->ok = copy;
    c->ok_len = bytes.len;
    if (pl_sip_stack_flow(c->all->stack, c->txn, &c->ok_flow) == PL_OK)
        pl_sip_retrans_start(&c->retrans, pl_call_now(c->all));
}

void pl_call_send_answer(pl_call *c, unsigned status, pl_slice sdp)
{
    pl_calls *all = c->all;
    char contact[CONTACT_TEXT];
    char extra[768] = "";
    pl_call_contact(c, &c->flow, contact);
    if (status >= 200 && status < 300) {
        pl_fmt_cut(extra, sizeof extra, ALLOW_LINE ACCEPT_SDP);
        pl_call_accept_session(c, extra, sizeof extra);
        pl_call_keep_sdp(c, sdp);
    }
    bool is_reliable = status > 100 && status < 200 && c->reliable.is_on;
    if (is_reliable)
        pl_call_reliable_lines(c, extra, sizeof extra);
    unsigned retry = c->retry_after_s ? c->retry_after_s : 5;
    if (status == 503 || status == 500)
        pl_fmt_cut(extra, sizeof extra, "Retry-After: %u\r\n", retry);
    if (status >= 300)
        pl_sip_reason_response_line(c->reason, extra + strlen(extra),
                                    sizeof extra - strlen(extra));
    pl_sip_response_spec spec = {
        .status = status,
        .phrase = status >= 300 ? c->refuse_phrase : NULL,
        .to_tag = c->dialog.local_tag,
        .contact = status > 100 && status < 300 ? contact : NULL,
        .extra = extra[0] ? extra : NULL,
        .content_type = sdp.len > 0 ? "application/sdp" : NULL,
        .body = sdp};
    pl_slice bytes;
    pl_err e = pl_sip_stack_write(all->stack, c->txn, &spec, &bytes);
    if (e == PL_OK && status >= 200 && status < 300)
        keep_ok(c, bytes);
    if (e == PL_OK && is_reliable)
        pl_call_reliable_sent(c, status, bytes, sdp.len > 0);
    if (e == PL_OK)
        e = pl_sip_stack_respond(all->stack, c->txn, status, bytes);
    if (e != PL_OK) {
        PL_LOG(WARN, "sip", "answer_failed", PL_KV("call", c->id),
               "%u not sent: %s", status, pl_err_text(e));
    }
}

void pl_call_resend_ok(pl_call *c)
{
    if (!c->ok)
        return;
    pl_call_count(c->all, PL_SIG_retransmitted);
    pl_sip_stack_send(c->all->stack, &c->ok_flow, (pl_slice){c->ok, c->ok_len});
}

/* ---- which call ---- */

static void invite_key(const pl_sip_msg *m, char key[KEY_MAX])
{
    pl_fmt_cut(key, KEY_MAX, "%s\n%s\n%u", m->call_id, m->from_tag, m->cseq);
}

/* A CANCEL has the branch of its INVITE. RFC 3261 section 9.1. */
static void cancel_key(const pl_sip_msg *m, char key[KEY_MAX])
{
    pl_fmt_cut(key, KEY_MAX, "%s\n%s\n%u", m->branch, m->sent_by,
               m->sent_by_port);
}

static pl_call *find_dialog(pl_calls *all, const pl_sip_msg *m)
{
    char key[KEY_MAX];
    pl_call_dialog_key(m->call_id, m->to_tag, key);
    pl_call *c = pl_map_find(all->by_dialog, key);
    if (!c || pl_sip_dialog_matches(&c->dialog, m))
        return c;
    /* Early dialogs of our INVITE: their telephones may change or ask, but not
     * end them (RFC 3261 section 15). */
    bool is_early = !c->dialog.is_uas && !c->dialog.remote_tag[0] &&
                    m->method != PL_SIP_BYE && m->method != PL_SIP_ACK &&
                    strcmp(c->dialog.call_id, m->call_id) == 0 &&
                    pl_call_early_find(c, m->from_tag);
    return is_early ? c : NULL;
}

static bool is_host_of(const char *uri_text, const pl_ip *ip)
{
    pl_sip_uri uri;
    pl_ip host;
    return pl_sip_uri_parse(pl_slice_str(uri_text), &uri) == PL_OK &&
           pl_ip_parse(pl_slice_str(uri.host), &host) == PL_OK &&
           pl_ip_eq(&host, ip);
}

/* Requests inside a dialog come from where its INVITE came from or went to, or
 * from an address its peers named: knowing the tags is not enough. */
static bool is_from_peer(const pl_call *c, const pl_sip_flow *flow)
{
    if (pl_ip_eq(&flow->peer, &c->source) ||
        pl_ip_eq(&flow->peer, &c->flow.peer) ||
        is_host_of(c->dialog.target, &flow->peer)) {
        return true;
    }
    pl_slice rest = pl_slice_str(c->dialog.routes);
    pl_slice item;
    bool has_name = false;
    while (pl_sip_list_next(&rest, &item)) {
        pl_sip_uri uri;
        pl_ip host;
        if (pl_sip_uri_parse(item, &uri) != PL_OK)
            continue;
        if (pl_ip_parse(pl_slice_str(uri.host), &host) != PL_OK) {
            has_name = true; /* its address is not known here */
        } else if (pl_ip_eq(&host, &flow->peer)) {
            return true;
        }
    }
    return has_name;
}

/* ---- before a transaction exists ---- */

static bool refuse(pl_calls *all, const pl_sip_msg *m, const pl_sip_flow *flow,
                   unsigned status, const char *extra)
{
    if (status == 503)
        pl_call_count(all, PL_SIG_overload);
    pl_sip_stack_refuse(all->stack, flow, m->raw, status, extra);
    return false;
}

/* Rules for every request we serve. RFC 3261 section 8.2. */
static bool check_request(pl_calls *all, const pl_sip_msg *m,
                          const pl_sip_flow *flow)
{
    if (!pl_sip_method_is_handled(m->method)) {
        return refuse(all, m, flow, m->method == PL_SIP_UNKNOWN ? 501 : 405,
                      ALLOW_LINE);
    }
    char extra[320] = "Unsupported: ";
    size_t n = strlen(extra);
    if (m->method != PL_SIP_CANCEL &&
        pl_sip_options_unknown(pl_slice_str(m->require), pl_call_options(all),
                               extra + n, sizeof extra - n - 2)) {
        n = strlen(extra);
        pl_fmt_cut(extra + n, sizeof extra - n, "\r\n");
        return refuse(all, m, flow, 420, extra);
    }
    if ((m->method == PL_SIP_INVITE || m->method == PL_SIP_UPDATE) &&
        pl_call_judge_timer(all, m, extra, sizeof extra) != PL_OK) {
        return refuse(all, m, flow, 422, extra);
    }
    bool is_sdp = strcmp(m->content_type, "application/sdp") == 0;
    bool has_session = m->method == PL_SIP_INVITE ||
                       m->method == PL_SIP_UPDATE || m->method == PL_SIP_PRACK;
    if (has_session && m->body.len > 0 && !is_sdp) {
        return refuse(all, m, flow, 415,
                      ACCEPT_SDP "Accept-Encoding: identity\r\n");
    }
    return true;
}

/* The same INVITE again: after our 2xx (its transaction is over), or by
 * another path. RFC 3261 section 8.2.2.2. */
static bool is_repeated(pl_calls *all, const pl_sip_msg *m,
                        const pl_sip_flow *flow)
{
    char key[KEY_MAX];
    invite_key(m, key);
    pl_call *c = pl_map_find(all->by_invite, key);
    if (!c)
        return false;
    if (strcmp(c->invite_branch, m->branch) != 0) {
        (void)refuse(all, m, flow, 482, NULL);
    } else {
        pl_call_resend_ok(c);
    }
    return true;
}

/* An INVITE that we sent to ourselves: nobody else knows its tag. */
static bool is_of_ours(pl_calls *all, const pl_sip_msg *m)
{
    char key[KEY_MAX];
    pl_call_dialog_key(m->call_id, m->from_tag, key);
    const pl_call *c = pl_map_find(all->by_dialog, key);
    return m->method == PL_SIP_INVITE && c && c->line && c->line->is_local &&
           strcmp(c->branch, m->branch) == 0;
}

static bool is_emergency(const pl_calls *all, const pl_sip_msg *m,
                         const pl_sip_flow *flow)
{
    pl_sip_head head;
    pl_sip_line line;
    size_t cursor = 0;
    return pl_guard_trusts(all->guard, &flow->peer) &&
           pl_sip_head_split(m->raw, &head) == PL_OK &&
           pl_sip_head_find(&head, "Priority", &cursor, &line) &&
           pl_slice_eq_nocase(pl_sip_trim(line.value), "emergency");
}

/* Whether a new call goes away before it costs anything. Not one that takes the
 * place of another, one of ours, or one that a trusted peer says is an
 * emergency (RFC 3261 section 20.26). */
static bool is_shed(pl_calls *all, const pl_sip_msg *m, const pl_sip_flow *flow)
{
    if (all->pass.is_own || all->replaced[0] || is_emergency(all, m, flow))
        return false;
    bool is_taken = pl_overload_admits(&all->overload, pl_call_now(all));
    pl_call_show_share(all);
    if (is_taken)
        return false;
    /* Those refused now must not all come again at the same time. */
    char again[40];
    uint8_t r = 0;
    pl_random(&r, sizeof r);
    pl_fmt_cut(again, sizeof again, "Retry-After: %u\r\n",
               1 + r % PL_OVERLOAD_RETRY_S);
    pl_call_count(all, PL_SIG_shed);
    (void)refuse(all, m, flow, 503, again);
    return true;
}

static bool may_begin_new(pl_calls *all, const pl_sip_msg *m,
                          const pl_sip_flow *flow)
{
    if (m->method == PL_SIP_INVITE && is_repeated(all, m, flow))
        return false;
    bool is_own = is_of_ours(all, m);
    all->pass = (pl_guard_pass){.is_own = is_own};
    if ((!is_own &&
         !pl_guard_judge(all->guard, all->stack, m, flow, &all->pass)) ||
        !check_request(all, m, flow)) {
        return false;
    }
    if (m->method == PL_SIP_OPTIONS) {
        char abilities[ABILITY_MAX];
        pl_call_ability_lines(all, abilities, sizeof abilities);
        return refuse(all, m, flow, 200, abilities);
    }
    if (m->method == PL_SIP_REFER) /* nobody to refer, outside of a call */
        return refuse(all, m, flow, 405, ALLOW_LINE);
    if (m->method != PL_SIP_INVITE)
        return refuse(all, m, flow, 481, NULL);
    unsigned status = pl_call_judge_replaces(all, m);
    if (status != 0)
        return refuse(all, m, flow, status, NULL);
    if (!all->is_linked || all->is_draining ||
        all->n >= all->o.config->max_calls ||
        pl_sip_stack_is_full(all->stack)) {
        return refuse(all, m, flow, 503, RETRY_LATER);
    }
    return !is_shed(all, m, flow);
}

static bool may_begin_inside(pl_calls *all, const pl_sip_msg *m,
                             const pl_sip_flow *flow)
{
    const pl_call *c = find_dialog(all, m);
    bool is_foreign = c && !is_from_peer(c, flow);
    if (is_foreign)
        pl_call_count(all, PL_SIG_dialog_foreign);
    if (!c || is_foreign) {
        pl_call_count(all, PL_SIG_dialog_unknown);
        return refuse(all, m, flow, 481, NULL);
    }
    if (m->method == PL_SIP_INVITE && c->ok && m->cseq == c->invite_cseq &&
        c->retrans.is_running) {
        pl_call_resend_ok(pl_map_find(all->by_id, c->id));
        return false;
    }
    return check_request(all, m, flow);
}

bool pl_call_may_begin(void *ctx, const pl_sip_msg *m, const pl_sip_flow *flow)
{
    pl_calls *all = ctx;
    if (m->method == PL_SIP_CANCEL) {
        char key[KEY_MAX];
        cancel_key(m, key);
        const pl_call *c = pl_map_find(all->by_cancel, key);
        if (c && strcmp(c->dialog.call_id, m->call_id) == 0 &&
            pl_ip_eq(&c->source, &flow->peer)) {
            return true;
        }
        return refuse(all, m, flow, 481, NULL); /* section 9.2 */
    }
    return m->to_tag[0] ? may_begin_inside(all, m, flow)
                        : may_begin_new(all, m, flow);
}

/* ---- a new call ---- */

/* What is to be sent with roompool's reply; 0 nothing yet. */
static unsigned progress_of(const pl_bus_in *in)
{
    if (in->desc != &PL_MSG_CALL_TAKEN)
        return 180;
    const pl_call_taken *m = in->body;
    return PL_MSG_HAS(CALL_TAKEN, call_taken, m, sip_status) ? m->sip_status
                                                             : 0;
}

static void on_placed(void *ctx, pl_err e, const pl_bus_in *in)
{
    int64_t asked_us = ((const question *)ctx)->asked_us;
    pl_calls *all = NULL;
    pl_call *c = pl_call_asked(ctx, &all);
    int64_t now = pl_call_now(all);
    pl_overload_answered(&all->overload, now - asked_us, now);
    if (!c)
        return;
    if (e == PL_OK) {
        c->is_known = true;
        unsigned status = progress_of(in);
        if (c->state == PL_CALL_S_IN_PLACING && status != 0)
            (void)!pl_call_say_progress(c, status, (pl_slice){0});
        return;
    }
    c->is_known = e == PL_ETIMEOUT; /* it may have taken the call */
    c->refuse_status = pl_sip_status_of(e, &c->retry_after_s);
    if (in && in->desc == &PL_MSG_ERROR) {
        const pl_error *m = in->body;
        if (PL_MSG_HAS(ERROR, error, m, retry_after_s))
            c->retry_after_s = m->retry_after_s;
    }
    pl_call_count(all, PL_SIG_bus_failed);
    (void)!pl_call_event(c, PL_CALL_E_SAY_REFUSE, NULL, (pl_slice){0});
}

static pl_err copy_uri(char *to, size_t cap, const char *uri)
{
    size_t n = pl_sip_uri_bare(uri);
    pl_slice text = {(const uint8_t *)uri, n};
    return pl_is_utf8(text) ? pl_copy(to, cap, text) : PL_EINVAL;
}

/* RFC 3325, RFC 3323. */
static void add_identity(const pl_call *c, const pl_sip_msg *m,
                         pl_call_incoming *q)
{
    pl_sip_head head;
    if (pl_sip_head_split(m->raw, &head) != PL_OK)
        return;
    if ((c->pass.is_own || pl_guard_trusts(c->all->guard, &c->source)) &&
        pl_sip_identity_asserted(&head, q->identity, sizeof q->identity))
        PL_MSG_SET(CALL_INCOMING, call_incoming, q, identity);
    q->anonymous = pl_sip_identity_is_hidden(&head, m->from_uri);
    if (q->anonymous)
        PL_MSG_SET(CALL_INCOMING, call_incoming, q, anonymous);
}

/* Errors: PL_EINVAL the INVITE holds what the bus cannot carry. */
static pl_err ask_to_place(pl_call *c, const pl_sip_msg *m)
{
    static pl_call_incoming q;
    q = (pl_call_incoming){.authenticated = c->pass.is_authenticated};
    pl_fmt_cut(q.call_id, sizeof q.call_id, "%s", c->id);
    if (!pl_is_utf8(pl_slice_str(m->uri.user)) ||
        !pl_is_utf8(pl_slice_str(m->call_id)) ||
        copy_uri(q.from_uri, sizeof q.from_uri, m->from_uri) != PL_OK) {
        return PL_EINVAL;
    }
    pl_fmt_cut(q.to_user, sizeof q.to_user, "%s", m->uri.user);
    pl_fmt_cut(q.to_host, sizeof q.to_host, "%s", m->uri.host);
    pl_fmt_cut(q.from_name, sizeof q.from_name, "%s", m->from_name);
    pl_fmt_cut(q.sip_call_id, sizeof q.sip_call_id, "%s", m->call_id);
    pl_ip_text(&c->source, q.source);
    add_identity(c, m, &q);
    if (m->body.len > 0) {
        q.sdp = m->body;
        PL_MSG_SET(CALL_INCOMING, call_incoming, &q, sdp);
    }
    if (c->all->replaced[0]) {
        pl_fmt_cut(q.replaces, sizeof q.replaces, "%s", c->all->replaced);
        PL_MSG_SET(CALL_INCOMING, call_incoming, &q, replaces);
        q.replaces_early_only = c->all->is_replaced_early;
        PL_MSG_SET(CALL_INCOMING, call_incoming, &q, replaces_early_only);
    }
    if (c->pass.user[0] && pl_is_utf8(pl_slice_str(c->pass.user))) {
        pl_fmt_cut(q.auth_user, sizeof q.auth_user, "%s", c->pass.user);
        PL_MSG_SET(CALL_INCOMING, call_incoming, &q, auth_user);
    }
    pl_bus_send how = {.to = NULL};
    pl_err e = pl_call_ask(c, &how, &PL_MSG_CALL_INCOMING, &q, on_placed);
    if (e == PL_OK)
        pl_overload_asked(&c->all->overload, pl_call_now(c->all));
    return e;
}

static pl_err index_call(pl_call *c, const pl_sip_msg *m)
{
    char key[KEY_MAX];
    pl_call_dialog_key(m->call_id, c->dialog.local_tag, key);
    pl_err e = pl_call_index(c->all->by_dialog, c->dialog_key, key, c);
    invite_key(m, key);
    if (e == PL_OK)
        e = pl_call_index(c->all->by_invite, c->invite_key, key, c);
    return e;
}

pl_err pl_call_take_invite(pl_call *c, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    char key[KEY_MAX];
    c->txn = txn;
    c->invite_cseq = m->cseq;
    c->is_offerless = m->body.len == 0;
    pl_call_note_session(c, m);
    pl_fmt_cut(c->invite_branch, sizeof c->invite_branch, "%s", m->branch);
    cancel_key(m, key);
    pl_call_unindex(c->all->by_cancel, c->cancel_key);
    return pl_call_index(c->all->by_cancel, c->cancel_key, key, c);
}

static void on_invite(pl_calls *all, pl_sip_txn_id txn, const pl_sip_msg *m,
                      const pl_sip_flow *flow)
{
    char id[PL_UUID_TEXT];
    char tag[24];
    pl_random_uuid(id);
    pl_random_token(12, tag, sizeof tag);
    pl_call *c = pl_call_new(all, id);
    if (!c) {
        pl_call_answer_simple(all, txn, 503, RETRY_LATER);
        return;
    }
    c->source = flow->peer;
    c->is_sips = m->uri.scheme == PL_URI_SIPS;
    c->pass = all->pass;
    pl_call_take_flow(c, flow);
    pl_err e = pl_call_take_invite(c, txn, m);
    pl_call_note_reliable(c, m);
    c->reliable.cseq = m->cseq;
    if (e == PL_OK)
        e = pl_sip_dialog_accept(m, tag, &c->dialog);
    if (e == PL_OK)
        e = index_call(c, m);
    uint32_t none = 0;
    if (e == PL_OK)
        e = pl_call_sm_take(&c->state, PL_CALL_E_PLACING, &none);
    if (e == PL_OK) {
        pl_call_answer_simple(all, txn, 100, NULL);
        e = ask_to_place(c, m);
    }
    if (e != PL_OK) {
        bool is_theirs = e == PL_EPROTO || e == PL_EINVAL;
        pl_call_release(c);
        pl_call_answer_simple(all, txn, is_theirs ? 400 : 503,
                              is_theirs ? NULL : RETRY_LATER);
        return;
    }
    pl_call_count(all, PL_SIG_calls_in);
    c->deadline_us =
        pl_call_now(all) + (int64_t)all->o.config->answer_timeout_ms * 1000;
    PL_LOG(INFO, "sip", "call_incoming",
           PL_KV("call", c->id, "sip_call_id", m->call_id, "from", m->from_uri,
                 "to", m->uri.user),
           NULL);
}

/* ---- requests ---- */

static void on_cancel(pl_calls *all, pl_sip_txn_id txn, const pl_sip_msg *m)
{
    char key[KEY_MAX];
    cancel_key(m, key);
    pl_call *c = pl_map_find(all->by_cancel, key);
    pl_call_answer_simple(all, txn, c ? 200 : 481, NULL);
    if (!c)
        return;
    if (c->is_reinvite_open) {
        c->is_reinvite_open = false;
        c->refuse_phrase[0] = '\0';
        pl_call_send_answer(c, 487, (pl_slice){0});
        return;
    }
    pl_fmt_cut(c->reason, sizeof c->reason, "%s", m->why.text);
    pl_call_note_cause(c, m);
    (void)!pl_call_event(c, PL_CALL_E_GOT_CANCEL, m, (pl_slice){0});
}

static void follow_flow(pl_call *c, const pl_sip_flow *flow)
{
    bool is_other = flow->transport != c->flow.transport ||
                    (!pl_sip_is_stream(flow) && flow->port != c->flow.port);
    bool is_new = pl_sip_is_stream(flow) && flow->conn != c->flow.conn;
    pl_call_take_flow(c, flow);
    if (is_new)
        pl_call_adopt_reached(c);
    if (is_other)
        pl_call_save(c, false);
}

void pl_call_on_request(void *ctx, pl_sip_txn_id txn, const pl_sip_msg *m,
                        const pl_sip_flow *flow)
{
    pl_calls *all = ctx;
    if (m->method == PL_SIP_CANCEL) {
        on_cancel(all, txn, m);
        return;
    }
    if (!m->to_tag[0]) {
        on_invite(all, txn, m, flow);
        return;
    }
    pl_call *c = find_dialog(all, m);
    if (!c) {
        pl_call_answer_simple(all, txn, 481, NULL);
        return;
    }
    if (pl_ip_eq(&flow->peer, &c->flow.peer))
        follow_flow(c, flow); /* NATs rebind, clients reconnect */
    pl_call_on_inside(c, txn, m);
}

void pl_call_on_ack(void *ctx, const pl_sip_msg *m, const pl_sip_flow *flow)
{
    pl_calls *all = ctx;
    pl_call *c = find_dialog(all, m);
    if (!c || !is_from_peer(c, flow) || m->cseq != c->invite_cseq) {
        pl_call_count(all, PL_SIG_stray);
        return;
    }
    if (!c->retrans.is_running)
        return; /* a repetition */
    pl_sip_retrans_stop(&c->retrans);
    pl_call_unindex(all->by_cancel, c->cancel_key);
    bool is_sdp = strcmp(m->content_type, "application/sdp") == 0;
    pl_slice answer = {0};
    if (c->is_offerless && is_sdp)
        answer = m->body;
    if (c->state == PL_CALL_S_CONFIRMED && answer.len > 0) {
        pl_call_report_state(c, PL_CALL_STATE_CONFIRMED, 200, answer);
    } else {
        (void)!pl_call_event(c, PL_CALL_E_GOT_ACK, m, answer);
    }
}
