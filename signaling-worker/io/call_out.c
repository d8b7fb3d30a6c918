/* call_out.c - calls and requests to peers. */
#include <stdlib.h>
#include <string.h>

#include "call_impl.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "sip_map.h"

enum {
    MAX_INVITES = 32, /* of one call, for whatever reason */
    FIRST_LINES_MAX = 900,
    TAG_SHIFT = 8,
};

static uint64_t tag_of(const pl_call *c, request_kind kind)
{
    return (uint64_t)c->serial << TAG_SHIFT | (uint64_t)kind;
}

static void fresh_branch(char branch[40])
{
    pl_fmt_cut(branch, 40, "z9hG4bK");
    pl_random_token(15, branch + 7, 40 - 7);
}

/* ---- where to ---- */

/* Behind a NAT a telephone names an address that only it can reach. */
static bool is_unreachable(const pl_call *c, const pl_ip *named)
{
    return pl_ip_is_private(named) && !pl_ip_is_private(&c->flow.peer) &&
           !pl_ip_is_loopback(&c->flow.peer);
}

/* The flow for a request inside the dialog. Names (no literals) and TCP stay on
 * the flow in use: no look-up inside a dialog. */
static pl_err flow_for(pl_call *c, const pl_sip_hop *hop, pl_sip_flow *ret)
{
    pl_sip_transport *t = pl_sip_stack_transport(c->all->stack);
    pl_ip ip;
    bool is_literal = pl_ip_parse(pl_slice_str(hop->next.host), &ip) == PL_OK;
    bool is_same_peer = is_literal && pl_ip_eq(&ip, &c->flow.peer);
    bool is_silent = hop->next.transport == PL_URI_ANY ||
                     hop->next.transport == PL_URI_OTHER;
    /* What was safe stays so, unless the peer says otherwise. */
    bool stays =
        pl_sip_is_stream(&c->flow) &&
        (is_same_peer || (c->flow.transport == PL_URI_TLS && is_silent));
    if (!is_literal || is_unreachable(c, &ip) || stays || pl_call_is_own(c)) {
        if (!pl_sip_is_stream(&c->flow) ||
            pl_sip_transport_is_open(t, &c->flow)) {
            *ret = c->flow;
            return PL_OK;
        }
        ip = c->flow.peer;
    }
    pl_sip_to to = {.transport = hop->next.transport,
                    .ip = &ip,
                    .port = hop->next.port,
                    .host = hop->next.host};
    if (is_silent)
        to.transport = stays ? c->flow.transport : PL_URI_UDP;
    return pl_sip_transport_reach(t, &to, ret);
}

/* ---- requests inside a dialog ---- */

static pl_err write_request(pl_call *c, const pl_sip_dialog *d,
                            const pl_sip_hop *hop, const pl_sip_flow *flow,
                            const pl_call_request *r, size_t *ret_len)
{
    char via[PL_SIP_LOCAL_TEXT];
    char contact[CONTACT_TEXT];
    bool is_target = r->method == PL_SIP_INVITE || r->method == PL_SIP_UPDATE;
    bool is_refer = r->method == PL_SIP_REFER || r->method == PL_SIP_NOTIFY;
    char extra[CALL_EXTRA_MAX + 1024] = "";
    pl_sip_transport_local(pl_sip_stack_transport(c->all->stack), flow, via);
    pl_call_contact(c, flow, contact);
    if (is_target)
        pl_call_request_lines(c, extra, sizeof extra);
    size_t n = strlen(extra);
    if (r->method == PL_SIP_INVITE)
        pl_call_identity_lines(c, extra + n, sizeof extra - n);
    n += strlen(extra + n);
    pl_fmt_cut(extra + n, sizeof extra - n, "%s", r->extra ? r->extra : "");
    pl_sip_request_spec spec = {
        .method = r->method,
        .request_uri = hop->request_uri,
        .route = hop->route,
        .via = via,
        .transport = flow->transport,
        .branch = r->branch,
        .dialog = d,
        .to_name = c->line ? c->line->to_name : "",
        .cseq = r->cseq,
        .contact = is_target || is_refer ? contact : NULL,
        .extra = extra,
        .content_type = r->body_len == 0  ? NULL
                        : r->content_type ? r->content_type
                                          : "application/sdp",
        .body = {r->body, r->body_len}};
    return pl_sip_build_request(&spec, c->all->scratch, sizeof c->all->scratch,
                                ret_len);
}

/* Write and send one request along the dialog's route. The call may be gone
 * when this returns: sending can fail at once. */
pl_err pl_call_send_inside(pl_call *c, const pl_sip_dialog *d,
                           request_kind kind, const pl_call_request *r)
{
    pl_sip_hop hop;
    pl_sip_flow flow;
    char branch[40];
    size_t len = 0;
    pl_call_request full = *r;
    fresh_branch(branch);
    full.branch = branch;
    pl_err e = pl_sip_dialog_hop(d, &hop);
    if (e == PL_OK)
        e = flow_for(c, &hop, &flow);
    if (e == PL_OK)
        e = write_request(c, d, &hop, &flow, &full, &len);
    if (e != PL_OK)
        return e;
    pl_slice bytes = {(const uint8_t *)c->all->scratch, len};
    return pl_sip_stack_request(c->all->stack, &flow, bytes, tag_of(c, kind));
}

static void send_bye(pl_call *c, const char *auth)
{
    char extra[CALL_EXTRA_MAX];
    pl_sip_reason_line(c->reason, extra, sizeof extra);
    size_t n = strlen(extra);
    pl_fmt_cut(extra + n, sizeof extra - n, "%s", auth);
    c->dialog.local_cseq++;
    pl_call_request r = {
        .method = PL_SIP_BYE, .cseq = c->dialog.local_cseq, .extra = extra};
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    if (pl_call_send_inside(c, &c->dialog, REQ_BYE, &r) != PL_OK &&
        pl_call_of_serial(all, serial)) {
        (void)!pl_call_event(c, PL_CALL_E_BYE_DONE, NULL, (pl_slice){0});
    }
}

void pl_call_send_bye(pl_call *c)
{
    pl_digest_client_begin(&c->auth);
    send_bye(c, "");
}

/* An ACK for a 2xx is a request of its own. RFC 3261 section 13.2.2.4. */
static pl_err write_ack(pl_call *c, const pl_sip_dialog *d, uint32_t cseq,
                        pl_sip_flow *ret_flow, size_t *ret_len)
{
    pl_sip_hop hop;
    char branch[40];
    fresh_branch(branch);
    pl_call_request r = {.method = PL_SIP_ACK, .branch = branch, .cseq = cseq};
    pl_err e = pl_sip_dialog_hop(d, &hop);
    if (e == PL_OK)
        e = flow_for(c, &hop, ret_flow);
    return e == PL_OK ? write_request(c, d, &hop, ret_flow, &r, ret_len) : e;
}

void pl_call_send_ack(pl_call *c, const pl_sip_msg *ok)
{
    size_t len = 0;
    pl_sip_flow flow;
    uint32_t cseq = ok ? ok->cseq : c->out_cseq;
    pl_err e = write_ack(c, &c->dialog, cseq, &flow, &len);
    char *copy = e == PL_OK ? malloc(len) : NULL;
    if (!copy) {
        PL_LOG(WARN, "sip", "ack_failed", PL_KV("call", c->id), "%s",
               pl_err_text(e));
        return;
    }
    memcpy(copy, c->all->scratch, len);
    free(c->ack);
    c->ack = copy;
    c->ack_len = len;
    c->ack_flow = flow;
    c->ack_cseq = cseq;
    pl_sip_stack_send(c->all->stack, &flow,
                      (pl_slice){(const uint8_t *)c->ack, c->ack_len});
}

/* ---- the INVITE ---- */

pl_err pl_call_send_invite(pl_call *c, const char *extra)
{
    size_t len = 0;
    char all[CALL_EXTRA_MAX + FIRST_LINES_MAX];
    pl_fmt_cut(all, sizeof all, "%s%s", c->first_lines ? c->first_lines : "",
               extra ? extra : "");
    if (++c->n_invites > MAX_INVITES)
        return PL_EFULL;
    fresh_branch(c->branch);
    pl_call_forget_early(c);
    c->dialog.local_cseq++;
    c->out_cseq = c->dialog.local_cseq;
    pl_call_request r = {.method = PL_SIP_INVITE,
                         .branch = c->branch,
                         .cseq = c->out_cseq,
                         .extra = all,
                         .body = c->offer,
                         .body_len = c->offer_len};
    pl_err e = write_request(c, &c->dialog, &c->hop, &c->flow, &r, &len);
    if (e == PL_OK && pl_call_takes_tcp(c, len))
        e = write_request(c, &c->dialog, &c->hop, &c->flow, &r, &len);
    if (e != PL_OK)
        return e;
    pl_slice bytes = {(const uint8_t *)c->all->scratch, len};
    return pl_sip_stack_request(c->all->stack, &c->flow, bytes,
                                tag_of(c, REQ_INVITE));
}

void pl_call_fail_start(pl_call *c, unsigned status, const char *why)
{
    c->end_status = status;
    pl_fmt_cut(c->reason, sizeof c->reason, "%s", why);
    (void)!pl_call_event(c, PL_CALL_E_GOT_REFUSAL, NULL, (pl_slice){0});
}

/* Look up what was asked for in this turn, after roompool got its reply. */
static void look_up_new(void *ctx)
{
    pl_calls *all = ctx;
    for (unsigned i = 0; i < all->o.config->max_calls; i++) {
        pl_call *c = all->slots[i];
        if (!c || !c->needs_lookup)
            continue;
        c->needs_lookup = false;
        uint32_t serial = c->serial;
        pl_err e = pl_call_look_up(c);
        if (e != PL_OK && pl_call_of_serial(all, serial))
            pl_call_fail_start(c, 503, "no name server");
    }
}

pl_err pl_call_look_up_later(pl_call *c)
{
    c->needs_lookup = true;
    return pl_loop_defer(c->all->o.loop, look_up_new, c->all);
}

/* RFC 3891, RFC 3892. */
static pl_err keep_first_lines(pl_call *c, const pl_call_start *m)
{
    char lines[FIRST_LINES_MAX] = "";
    size_t n = 0;
    if (m->replaces[0])
        pl_fmt_cut(lines, sizeof lines, "Replaces: %s\r\n", m->replaces);
    n = strlen(lines);
    if (m->referred_by[0])
        pl_fmt_cut(lines + n, sizeof lines - n, "Referred-By: %s\r\n",
                   m->referred_by);
    if (!lines[0])
        return PL_OK;
    c->first_lines = strdup(lines);
    return c->first_lines ? PL_OK : PL_ENOMEM;
}

static pl_err prepare(pl_call *c, const pl_call_start *m)
{
    char key[KEY_MAX];
    char token[32];
    pl_random_token(16, token, sizeof token);
    pl_fmt_cut(c->dialog.call_id, sizeof c->dialog.call_id, "%s", token);
    pl_random_token(12, c->dialog.local_tag, 24);
    pl_sip_quote_safe(m->from_name, c->dialog.local_name,
                      sizeof c->dialog.local_name);
    pl_fmt_cut(c->contact_user, sizeof c->contact_user, "%s", m->contact_user);
    pl_err e =
        pl_sip_escape_user(m->from_user, c->from_user, sizeof c->from_user);
    c->offer = malloc(m->sdp.len);
    if (!c->offer)
        return PL_ENOMEM;
    memcpy(c->offer, m->sdp.ptr, m->sdp.len);
    c->offer_len = m->sdp.len;
    c->is_known = true;
    if (e == PL_OK)
        e = keep_first_lines(c, m);
    c->ring_us = pl_call_now(c->all) + (int64_t)m->ring_timeout_ms * 1000;
    if (e == PL_OK)
        e = pl_call_first_hop(c);
    pl_call_dialog_key(c->dialog.call_id, c->dialog.local_tag, key);
    if (e == PL_OK)
        e = pl_call_index(c->all->by_dialog, c->dialog_key, key, c);
    uint32_t none = 0;
    if (e == PL_OK)
        e = pl_call_sm_take(&c->state, PL_CALL_E_START, &none);
    return e == PL_OK ? pl_call_look_up_later(c) : e;
}

static pl_err judge_start(const pl_call *c, const pl_call_start *m)
{
    pl_err e = pl_call_judge_target(c, &c->to);
    if (e == PL_OK)
        return PL_OK;
    pl_call_count(c->all, PL_SIG_outbound_refused);
    PL_LOG(WARN, "sip", "outbound_refused",
           PL_KV("call", m->call_id, "to", m->to_uri), "%s; see outbound_allow",
           pl_err_text(e));
    return e;
}

pl_err pl_calls_start(pl_calls *calls, const pl_call_start *m)
{
    pl_sip_uri to;
    if (calls->is_draining)
        return PL_EDRAIN;
    if (pl_map_find(calls->by_id, m->call_id))
        return PL_EEXIST;
    if (pl_sip_uri_parse(pl_slice_str(m->to_uri), &to) != PL_OK)
        return PL_EINVAL;
    if (pl_sip_stack_is_full(calls->stack))
        return PL_EFULL;
    pl_call *c = pl_call_new(calls, m->call_id);
    if (!c)
        return PL_EFULL;
    c->to = to;
    c->is_sips = to.scheme == PL_URI_SIPS;
    char self[PL_SIP_CONTACT_TEXT] = "";
    pl_err e = PL_OK;
    if (m->is_local)
        e = pl_sip_transport_self(pl_sip_stack_transport(calls->stack), self);
    if (e == PL_OK)
        e = pl_call_line_take(m, self, &c->line);
    if (e == PL_OK)
        e = judge_start(c, m);
    if (e == PL_OK)
        e = prepare(c, m);
    if (e != PL_OK) {
        pl_call_release(c);
        return e;
    }
    pl_call_count(calls, PL_SIG_calls_out);
    PL_LOG(
        INFO, "sip", "call_start",
        PL_KV("call", c->id, "sip_call_id", c->dialog.call_id, "to", m->to_uri),
        NULL);
    return PL_OK;
}

/* RFC 3261 section 9.1: the INVITE's own branch, addresses and number. */
void pl_call_send_cancel(pl_call *c)
{
    pl_sip_dialog d = c->dialog;
    d.remote_tag[0] = '\0';
    char extra[CALL_EXTRA_MAX];
    pl_sip_reason_line(c->reason, extra, sizeof extra);
    pl_call_request r = {.method = PL_SIP_CANCEL,
                         .branch = c->branch,
                         .cseq = c->out_cseq,
                         .extra = extra};
    size_t len = 0;
    pl_err e = write_request(c, &d, &c->hop, &c->flow, &r, &len);
    if (e == PL_OK) {
        e = pl_sip_stack_request(
            c->all->stack, &c->flow,
            (pl_slice){(const uint8_t *)c->all->scratch, len},
            tag_of(c, REQ_CANCEL));
    }
    if (e != PL_OK) /* the deadline of the state ends the call */
        PL_LOG(WARN, "sip", "cancel_failed", NULL, "%s", pl_err_text(e));
}

bool pl_call_is_challenge(const pl_sip_msg *m)
{
    return m && (m->status == 401 || m->status == 407);
}

/* ---- responses ---- */

pl_slice pl_call_sdp_of(const pl_sip_msg *m)
{
    bool is_sdp = strcmp(m->content_type, "application/sdp") == 0;
    return is_sdp ? m->body : (pl_slice){0};
}

void pl_call_note_cause(pl_call *c, const pl_sip_msg *m)
{
    if (m->why.value[0])
        pl_fmt_cut(c->cause, sizeof c->cause, "%s", m->why.value);
}

static void note_end(pl_call *c, const pl_sip_msg *m, unsigned local_status)
{
    if (c->end_status == 0)
        c->end_status = m ? m->status : local_status;
    if (!c->reason[0] && m) {
        pl_fmt_cut(c->reason, sizeof c->reason, "%.128s",
                   m->why.text[0] ? m->why.text : m->reason);
    }
    if (m)
        pl_call_note_cause(c, m);
}

static void on_answer(pl_call *c, const pl_sip_msg *m, const pl_sip_flow *flow)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    c->source = flow->peer;
    if (pl_sip_is_stream(flow))
        pl_call_take_flow(c, flow);
    const pl_call_early *early = pl_call_early_find(c, m->to_tag);
    bool is_good = pl_sip_dialog_establish(&c->dialog, m) == PL_OK;
    if (early && early->has_remote_cseq) {
        c->dialog.has_remote_cseq = true;
        c->dialog.remote_cseq = early->remote_cseq;
    }
    if (!is_good) { /* acknowledge it as well as can be, then end it */
        pl_fmt_cut(c->dialog.target, sizeof c->dialog.target, "%s",
                   c->hop.request_uri);
        pl_fmt_cut(c->dialog.remote_tag, sizeof c->dialog.remote_tag, "%s",
                   m->to_tag);
    }
    pl_call_agree_session(c, m);
    pl_call_keep_sdp(c, (pl_slice){c->offer, c->offer_len});
    (void)!pl_call_event(c, PL_CALL_E_GOT_ANSWER, m, pl_call_sdp_of(m));
    if (!is_good && pl_call_of_serial(all, serial))
        (void)!pl_call_event(c, PL_CALL_E_END, NULL, (pl_slice){0});
}

static void on_invite_response(pl_call *c, const pl_sip_msg *m,
                               const pl_sip_flow *flow, unsigned local_status)
{
    if (m && m->status < 200) {
        if (!pl_call_take_provisional(c, m))
            return;
        (void)!pl_call_event(c, PL_CALL_E_GOT_PROGRESS, m,
                             m->status > 100 ? pl_call_sdp_of(m)
                                             : (pl_slice){0});
        return;
    }
    if (m && m->status < 300) {
        on_answer(c, m, flow);
        return;
    }
    if (pl_call_fail_over(c, m))
        return;
    char line[CALL_EXTRA_MAX];
    bool is_wanted =
        c->state == PL_CALL_S_OUT_CALLING || c->state == PL_CALL_S_OUT_RINGING;
    line[0] = '\0';
    if (is_wanted &&
        (pl_call_raise_session(c, m) || pl_call_drop_options(c, m) ||
         (pl_call_is_challenge(m) &&
          pl_call_answer_challenge(c, m, "INVITE", c->hop.request_uri, line,
                                   sizeof line) == PL_OK))) {
        pl_calls *all = c->all;
        uint32_t serial = c->serial;
        if (pl_call_send_invite(c, line) == PL_OK ||
            !pl_call_of_serial(all, serial))
            return;
    }
    if (is_wanted && pl_call_follow(c, m))
        return;
    note_end(c, m, local_status);
    (void)!pl_call_event(c, PL_CALL_E_GOT_REFUSAL, m, (pl_slice){0});
}

static void on_bye_response(pl_call *c, const pl_sip_msg *m)
{
    if (m && m->status < 200)
        return;
    char line[CALL_EXTRA_MAX];
    if (pl_call_is_challenge(m) &&
        pl_call_answer_challenge(c, m, "BYE", c->dialog.target, line,
                                 sizeof line) == PL_OK) {
        send_bye(c, line);
        return;
    }
    (void)!pl_call_event(c, PL_CALL_E_BYE_DONE, m, (pl_slice){0});
}

/* ---- signs of life ---- */

/* status: 481 and 408 say that the dialog is gone (RFC 3261 section
 * 12.2.1.2); any other response came from somebody who lives. A connection
 * that cannot be made may be made the next time. */
static void probe_ended(pl_call *c, bool is_answered, unsigned status)
{
    enum { MAX_LOST = 2 };
    bool is_gone = status == 481 || status == 408;
    c->is_probing = false;
    c->probes_lost = is_answered ? 0 : c->probes_lost + 1;
    if (c->state != PL_CALL_S_CONFIRMED ||
        (!is_gone && c->probes_lost < MAX_LOST))
        return;
    pl_call_count(c->all, PL_SIG_peers_gone);
    c->end_status = 408;
    pl_fmt_cut(c->reason, sizeof c->reason, "no sign of life");
    (void)!pl_call_event(c, PL_CALL_E_LOST, NULL, (pl_slice){0});
}

void pl_call_send_probe(pl_call *c)
{
    pl_calls *all = c->all;
    uint32_t serial = c->serial;
    c->dialog.local_cseq++;
    pl_call_request r = {.method = PL_SIP_OPTIONS,
                         .cseq = c->dialog.local_cseq};
    c->is_probing = true;
    pl_err e = pl_call_send_inside(c, &c->dialog, REQ_PROBE, &r);
    if (e != PL_OK && pl_call_of_serial(all, serial))
        probe_ended(c, false, 503);
}

static void on_probe_response(pl_call *c, const pl_sip_msg *m,
                              unsigned local_status)
{
    if (!m || m->status >= 200)
        probe_ended(c, m != NULL, m ? m->status : local_status);
}

void pl_call_on_response(void *ctx, uint64_t tag, const pl_sip_msg *m,
                         const pl_sip_flow *flow, unsigned local_status)
{
    pl_calls *all = ctx;
    pl_call *c = pl_call_of_serial(all, (uint32_t)(tag >> TAG_SHIFT));
    if (!c)
        return;
    switch ((request_kind)(tag & 0xff)) {
    case REQ_INVITE: on_invite_response(c, m, flow, local_status); break;
    case REQ_BYE: on_bye_response(c, m); break;
    case REQ_PROBE: on_probe_response(c, m, local_status); break;
    case REQ_REINVITE: pl_call_on_reinvite_response(c, m, local_status); break;
    case REQ_REFRESH:
        pl_call_on_refresh_response(c, m, flow, local_status);
        break;
    case REQ_PRACK: pl_call_on_prack_response(c, m); break;
    case REQ_NOTIFY: pl_call_on_notify_response(c, m); break;
    case REQ_REFER: pl_call_on_refer_response(c, m, local_status); break;
    case REQ_CANCEL: /* what counts is the INVITE's own response */
    case REQ_FORK_BYE: break;
    }
}

/* ---- answers outside a transaction ---- */

/* A second telephone picked up: RFC 3261 section 13.2.2.4. */
static void end_fork(pl_call *c, const pl_sip_msg *m)
{
    pl_sip_dialog d = c->dialog;
    pl_sip_flow flow;
    size_t len = 0;
    d.remote_tag[0] = '\0';
    d.routes[0] = '\0';
    if (c->n_forks >= MAX_FORKS || pl_sip_dialog_establish(&d, m) != PL_OK)
        return;
    c->n_forks++;
    pl_call_count(c->all, PL_SIG_forks);
    if (write_ack(c, &d, m->cseq, &flow, &len) != PL_OK)
        return;
    pl_sip_stack_send(c->all->stack, &flow,
                      (pl_slice){(const uint8_t *)c->all->scratch, len});
    pl_call_request bye = {.method = PL_SIP_BYE,
                           .cseq = ++c->dialog.local_cseq};
    (void)!pl_call_send_inside(c, &d, REQ_FORK_BYE, &bye);
}

void pl_call_on_stray_2xx(void *ctx, const pl_sip_msg *m,
                          const pl_sip_flow *flow)
{
    (void)flow;
    pl_calls *all = ctx;
    char key[KEY_MAX];
    pl_call_dialog_key(m->call_id, m->from_tag, key);
    pl_call *c = pl_map_find(all->by_dialog, key);
    if (!c) {
        pl_call_count(all, PL_SIG_stray);
        return;
    }
    if (strcmp(c->dialog.remote_tag, m->to_tag) != 0) {
        if (!c->dialog.is_uas && c->dialog.remote_tag[0])
            end_fork(c, m);
        return;
    }
    if (c->ack && m->cseq == c->ack_cseq) {
        pl_sip_stack_send(all->stack, &c->ack_flow,
                          (pl_slice){(const uint8_t *)c->ack, c->ack_len});
    }
}
