/* register.c - REGISTERs under way. */
#include "register.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "pl/buf.h"
#include "pl/list.h"
#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "registration.h"
#include "sig_metrics.h"

enum {
    MAX_OPEN = 1000,
    BOUND_US = 32000000,  /* RFC 3261 timer F; roompool waits 40 s */
    TARGET_US = 10000000, /* of it for a target, while there is another */
    EXTRA_MAX = 4096,
    SCRATCH_MAX = 8192,
    ATTEMPT_BITS = 16,
};
/* In tags: a call's have fewer bits. */
static const uint64_t IS_OURS = UINT64_C(1) << 63;

typedef struct reg {
    pl_list link;
    pl_registers *all;
    uint64_t id;
    uint16_t attempt; /* of the request under way, in its tag */
    pl_bus_ticket ticket;
    pl_sip_register m;
    pl_sip_registration state;
    pl_sip_dialog dialog; /* Call-ID, From and To; no dialog comes of it */
    uint32_t cseq;        /* of the last request */
    pl_sip_uri next;
    pl_sip_target target[PL_SIP_TARGETS_MAX];
    unsigned n_targets, at_target;
    pl_sip_flow flow; /* held, once has_flow */
    bool has_flow;
    char contact[PL_SIP_CONTACT_TEXT];
    int64_t end_us;
    pl_timer *timer;
} reg;

struct pl_registers {
    pl_registers_options o;
    pl_list open;
    unsigned n;
    uint64_t last_id;
    char scratch[SCRATCH_MAX];
};

static void count(const pl_registers *all, pl_sig_metric metric)
{
    pl_metrics_add(all->o.metrics, metric, 1);
}

/* The tag of the request under way, or of the one after it. */
static uint64_t tag_of(const reg *r, unsigned ahead)
{
    return IS_OURS | r->id << ATTEMPT_BITS | (uint16_t)(r->attempt + ahead);
}

bool pl_registers_is_tag(uint64_t tag)
{
    return (tag & IS_OURS) != 0;
}

static reg *find(pl_registers *all, uint64_t tag)
{
    PL_LIST_EACH(it, &all->open)
    {
        reg *r = PL_CONTAINER(it, reg, link);
        if (tag_of(r, 0) == tag)
            return r;
    }
    return NULL;
}

/* ---- the end of one ---- */

static void hold(reg *r, const pl_sip_flow *flow)
{
    pl_sip_transport *t = pl_sip_stack_transport(r->all->o.stack);
    if (r->has_flow)
        pl_sip_transport_hold(t, &r->flow, -1);
    r->has_flow = flow != NULL;
    if (!flow)
        return;
    r->flow = *flow;
    pl_sip_transport_hold(t, &r->flow, 1);
}

static void release(reg *r)
{
    hold(r, NULL);
    pl_timer_destroy(&r->timer);
    pl_list_remove(&r->link);
    r->all->n--;
    pl_wipe(r, sizeof *r); /* it has a password */
    free(r);
}

static void set_text(char *to, size_t cap, const char *text)
{
    if (pl_is_utf8(pl_slice_str(text)))
        pl_fmt_cut(to, cap, "%s", text);
}

/* status 0: nobody answered. */
static void fail(reg *r, unsigned status, const char *reason, unsigned retry_s)
{
    pl_registers *all = r->all;
    pl_sip_register_failed m = {.sip_status = status, .cseq = r->cseq};
    set_text(m.reason, sizeof m.reason, reason);
    if (m.reason[0])
        PL_MSG_SET(SIP_REGISTER_FAILED, sip_register_failed, &m, reason);
    if (retry_s) {
        m.retry_after_s = retry_s;
        PL_MSG_SET(SIP_REGISTER_FAILED, sip_register_failed, &m, retry_after_s);
    }
    count(all, PL_SIG_register_failed);
    PL_LOG(WARN, "sip", "register_failed",
           PL_KV("aor", r->m.aor, "registrar", r->m.registrar), "%u %s", status,
           reason);
    pl_bus_reply(all->o.bus, &r->ticket, &PL_MSG_SIP_REGISTER_FAILED, &m);
    release(r);
}

static void succeed(reg *r, const pl_sip_registration_grant *g)
{
    static pl_sip_registered m; /* large */
    m = (pl_sip_registered){.expires_s = g->expires_s, .cseq = r->cseq};
    pl_fmt_cut(m.contact, sizeof m.contact, "%s", r->contact);
    pl_fmt_cut(m.service_route, sizeof m.service_route, "%s", g->service_route);
    if (m.service_route[0])
        PL_MSG_SET(SIP_REGISTERED, sip_registered, &m, service_route);
    pl_fmt_cut(m.associated_uri, sizeof m.associated_uri, "%s",
               g->associated_uri);
    if (m.associated_uri[0])
        PL_MSG_SET(SIP_REGISTERED, sip_registered, &m, associated_uri);
    count(r->all, PL_SIG_registered);
    PL_LOG(INFO, "sip", r->state.expires_s ? "registered" : "unregistered",
           PL_KV("aor", r->m.aor, "registrar", r->m.registrar), "for %u s%s",
           g->expires_s, g->is_cut ? "; an address list was not usable" : "");
    pl_bus_reply(r->all->o.bus, &r->ticket, &PL_MSG_SIP_REGISTERED, &m);
    release(r);
}

/* ---- sending ---- */

static pl_err write(reg *r, const char *auth, pl_slice *ret_bytes)
{
    pl_registers *all = r->all;
    pl_sip_transport *t = pl_sip_stack_transport(all->o.stack);
    char via[PL_SIP_LOCAL_TEXT];
    char branch[40] = "z9hG4bK";
    char extra[EXTRA_MAX];
    pl_random_token(15, branch + 7, sizeof branch - 7);
    pl_sip_transport_local(t, &r->flow, via);
    pl_sip_transport_contact(t, &r->flow, r->m.contact_user,
                             r->next.scheme == PL_URI_SIPS, r->contact);
    pl_sip_registration_lines(&r->state, r->contact, extra, sizeof extra);
    size_t n = strlen(extra);
    pl_fmt_cut(extra + n, sizeof extra - n, "Allow: " PL_SIP_ALLOW "\r\n%s",
               auth);
    pl_sip_request_spec spec = {.method = PL_SIP_REGISTER,
                                .request_uri = r->m.registrar,
                                .route = "",
                                .via = via,
                                .transport = r->flow.transport,
                                .branch = branch,
                                .dialog = &r->dialog,
                                .cseq = r->cseq,
                                .extra = extra};
    size_t len = 0;
    pl_err e =
        pl_sip_build_request(&spec, all->scratch, sizeof all->scratch, &len);
    if (e == PL_OK)
        *ret_bytes = (pl_slice){(const uint8_t *)all->scratch, len};
    return e;
}

/* Until when this request is waited for. */
static void plan(reg *r)
{
    int64_t now = pl_loop_now_us(r->all->o.loop);
    int64_t left = r->end_us - now;
    if (r->at_target + 1 < r->n_targets && left > TARGET_US)
        left = TARGET_US;
    pl_timer_start(r->timer, left > 0 ? left : 0);
}

/* Send it on the flow. It may be over when this returns. */
static pl_err send(reg *r, const char *auth)
{
    pl_slice bytes;
    r->attempt++;
    pl_err e = write(r, auth, &bytes);
    if (e != PL_OK)
        return e;
    plan(r);
    count(r->all, PL_SIG_registers);
    return pl_sip_stack_request(r->all->o.stack, &r->flow, bytes, tag_of(r, 0));
}

static pl_err reach(reg *r)
{
    const pl_sip_target *target = &r->target[r->at_target];
    pl_sip_to to = {.transport = target->transport,
                    .ip = &target->ip,
                    .port = target->port,
                    .host = r->next.host};
    pl_sip_flow flow;
    pl_err e = pl_sip_transport_reach(pl_sip_stack_transport(r->all->o.stack),
                                      &to, &flow);
    if (e == PL_OK)
        hold(r, &flow);
    return e;
}

/* Send it to the target, or to the next while none can be reached. */
static void try_targets(reg *r)
{
    pl_registers *all = r->all;
    while (r->at_target < r->n_targets) {
        if (reach(r) == PL_OK) {
            uint64_t tag = tag_of(r, 1);
            pl_digest_client_begin(&r->state.auth);
            pl_err e = send(r, "");
            if (e == PL_OK || !find(all, tag))
                return; /* also when sending ended it, or went on */
        }
        pl_avoid_add(all->o.avoided, &r->target[r->at_target],
                     pl_loop_now_us(all->o.loop));
        r->at_target++;
    }
    fail(r, 0, "cannot be reached", 0);
}

static void next_target(reg *r, const char *why, unsigned status,
                        unsigned retry_s)
{
    pl_registers *all = r->all;
    pl_avoid_add(all->o.avoided, &r->target[r->at_target],
                 pl_loop_now_us(all->o.loop));
    if (r->at_target + 1 >= r->n_targets) {
        fail(r, status, why, retry_s);
        return;
    }
    r->at_target++;
    r->cseq++;
    count(all, PL_SIG_failovers);
    try_targets(r);
}

static void on_time(void *ctx)
{
    reg *r = ctx;
    if (r->n_targets > 0 && pl_loop_now_us(r->all->o.loop) < r->end_us)
        next_target(r, "no answer", 0, 0);
    else
        fail(r, 0, "no answer", 0);
}

/* ---- answers ---- */

void pl_registers_on_located(pl_registers *registers, uint64_t tag,
                             const pl_sip_target *targets, unsigned n)
{
    reg *r = find(registers, tag);
    if (!r || r->n_targets > 0)
        return;
    r->n_targets = pl_avoid_order(registers->o.avoided, targets, n,
                                  pl_loop_now_us(registers->o.loop), r->target);
    if (r->n_targets > 0) {
        try_targets(r);
        return;
    }
    count(registers, PL_SIG_not_located);
    fail(r, 0, "host not found", 0);
}

/* Errors: PL_EAUTH, PL_EFULL, PL_EUNSUPPORTED no credentials fit. */
static pl_err credentials(reg *r, const pl_sip_msg *m, char *lines, size_t cap)
{
    char cnonce[24];
    pl_digest_challenges list = {.value = m->auth,
                                 .n = m->n_auth,
                                 .n_own = m->n_auth_own,
                                 .only_realm = "",
                                 .is_new_realm_ok = true};
    if (!r->m.auth_user[0])
        return PL_EAUTH;
    pl_err e = pl_digest_client_take(&r->state.auth, &list);
    pl_random_token(12, cnonce, sizeof cnonce);
    pl_digest_who who = {.user = r->m.auth_user,
                         .password = r->m.auth_secret,
                         .method = "REGISTER",
                         .uri = r->m.registrar,
                         .cnonce = cnonce};
    return e == PL_OK ? pl_digest_client_write(&r->state.auth, &PL_SIG_HASHES,
                                               &who, lines, cap)
                      : e;
}

/* The same again, with another number. */
static void ask_again(reg *r, const pl_sip_msg *m, bool is_challenge)
{
    char auth[EXTRA_MAX / 2] = "";
    pl_registers *all = r->all;
    if (is_challenge && credentials(r, m, auth, sizeof auth) != PL_OK) {
        fail(r, m->status, m->reason, 0);
        return;
    }
    if (!is_challenge)
        pl_digest_client_begin(&r->state.auth);
    r->cseq++;
    uint64_t tag = tag_of(r, 1);
    pl_err e = send(r, auth);
    pl_wipe(auth, sizeof auth);
    r = find(all, tag);
    if (e != PL_OK && r)
        fail(r, 0, pl_err_text(e), 0);
}

void pl_registers_on_response(pl_registers *registers, uint64_t tag,
                              const pl_sip_msg *m, unsigned local_status)
{
    static pl_sip_registration_grant grant; /* large */
    reg *r = find(registers, tag);
    if (!r)
        return; /* of one that was given up */
    if (!m) {
        next_target(r, local_status == 408 ? "no answer" : "cannot be reached",
                    0, 0);
        return;
    }
    switch (pl_sip_registration_take(&r->state, m, r->contact, &grant)) {
    case PL_SIP_REGISTRATION_WAIT: break;
    case PL_SIP_REGISTRATION_AGAIN: ask_again(r, m, false); break;
    case PL_SIP_REGISTRATION_CHALLENGE: ask_again(r, m, true); break;
    case PL_SIP_REGISTRATION_ELSEWHERE:
        next_target(r, m->reason, m->status, m->retry_after_s);
        break;
    case PL_SIP_REGISTRATION_DONE:
        pl_avoid_remove(registers->o.avoided, &r->target[r->at_target]);
        succeed(r, &grant);
        break;
    case PL_SIP_REGISTRATION_FAILED:
        if (m->status < 300)
            fail(r, 500, "no binding granted", 0);
        else
            fail(r, m->status, m->reason, m->retry_after_s);
        break;
    }
}

/* ---- beginning ---- */

static pl_err prepare(reg *r)
{
    const pl_sip_register *m = &r->m;
    pl_sip_uri uri;
    bool has_hop = m->next_hop[0] != '\0';
    if (pl_sip_uri_parse(pl_slice_str(m->registrar), &uri) != PL_OK ||
        uri.scheme == PL_URI_TEL ||
        strcmp(uri.text, m->registrar) != 0 || /* no brackets */
        pl_sip_uri_parse(pl_slice_str(m->aor), &uri) != PL_OK ||
        strcmp(uri.text, m->aor) != 0 ||
        pl_sip_uri_parse(pl_slice_str(has_hop ? m->next_hop : m->registrar),
                         &r->next) != PL_OK ||
        r->next.scheme == PL_URI_TEL)
        return PL_EINVAL;
    if (m->old_contact[0]) {
        if (pl_sip_uri_parse(pl_slice_str(m->old_contact), &uri) != PL_OK)
            return PL_EINVAL;
        pl_fmt_cut(r->state.old_contact, sizeof r->state.old_contact, "%s",
                   uri.text);
    }
    r->cseq = m->cseq;
    r->state.expires_s = m->expires_s;
    pl_fmt_cut(r->dialog.call_id, sizeof r->dialog.call_id, "%s",
               m->sip_call_id);
    pl_random_token(12, r->dialog.local_tag, 24);
    pl_fmt_cut(r->dialog.local_uri, sizeof r->dialog.local_uri, "%s", m->aor);
    pl_fmt_cut(r->dialog.remote_uri, sizeof r->dialog.remote_uri, "%s", m->aor);
    return PL_OK;
}

static pl_err locate(reg *r)
{
    const pl_registers *all = r->all;
    pl_locate_wish wish = {
        .host = r->next.host,
        .is_sips = r->next.scheme == PL_URI_SIPS,
        .port = r->next.port,
        .transport = r->next.transport,
        .can = pl_sip_transport_can(pl_sip_stack_transport(all->o.stack))};
    return pl_sip_resolve(all->o.resolver, &wish, tag_of(r, 0));
}

pl_err pl_registers_begin(pl_registers *registers, const pl_sip_register *m,
                          const pl_bus_ticket *ticket)
{
    if (registers->n >= MAX_OPEN || pl_sip_stack_is_full(registers->o.stack))
        return PL_EFULL;
    reg *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    registers->n++;
    r->all = registers;
    r->id = ++registers->last_id;
    r->m = *m;
    r->ticket = *ticket;
    r->end_us = pl_loop_now_us(registers->o.loop) + BOUND_US;
    pl_list_append(&registers->open, &r->link);
    uint64_t tag = tag_of(r, 0);
    pl_err e = prepare(r);
    if (e == PL_OK)
        e = pl_timer_create(registers->o.loop, on_time, r, &r->timer);
    if (e == PL_OK) {
        pl_timer_start(r->timer, BOUND_US);
        e = locate(r); /* may answer from inside */
    }
    if (e != PL_OK) {
        r = find(registers, tag);
        if (r)
            release(r);
    }
    return e;
}

pl_err pl_registers_create(const pl_registers_options *o,
                           pl_registers **ret_registers)
{
    pl_registers *all = calloc(1, sizeof *all);
    if (!all)
        return PL_ENOMEM;
    all->o = *o;
    pl_list_init(&all->open);
    *ret_registers = all;
    return PL_OK;
}

void pl_registers_destroy(pl_registers **registers)
{
    if (!registers || !*registers)
        return;
    pl_registers *all = *registers;
    *registers = NULL;
    PL_LIST_EACH_SAFE(it, &all->open)
    {
        release(PL_CONTAINER(it, reg, link));
    }
    free(all);
}
