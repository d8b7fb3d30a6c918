/* binding.c - see binding.h. */
#include "device/binding.h"

#include <string.h>

#include "pl/buf.h"
#include "pl/str.h"
#include "placement.h"
#include "worker.h"

enum {
    WAIT_MS = 10000, /* for the registrar, while an application waits */
    LONG_S = 1200,   /* a binding that is refreshed 600 s before its end */
    BEFORE_S = 600,  /* 3GPP TS 24.229 section 5.1.1.4 */
    RETRY_S = 30,    /* after a failure, and up to as much again */
    NOBODY_S = 2,    /* no signaling worker is there: look again */
    DROP_S = 5,      /* between tries to remove a Contact */
    DROP_TRIES = 3,
    LATE_S = 33, /* then no request is under way any more (RFC 3261 timer F) */
    SPREAD_MS = 5000,   /* what one worker had is not registered at one time, */
    SPREAD_EACH_MS = 4, /* .. the less the more there are */
    CSEQ_SPARE = 10,    /* requests that one sip_register may take */
    MAX_WORKERS = 256
};

/* ---- which worker ---- */

static uint32_t count_bound(const pl_pool *pool, const char *node)
{
    uint32_t n = 0;
    PL_LIST_EACH(at, &pool->regs->all)
    {
        const pl_reg *reg = PL_CONTAINER(at, pl_reg, link);
        n += strcmp(reg->row.node, node) == 0;
    }
    return n;
}

/* As calls are placed; but what fills a worker are bindings, since a Contact is
 * where calls come in later. */
static const pl_worker *choose(const pl_pool *pool, const char *avoid)
{
    pl_candidate list[MAX_WORKERS];
    size_t n = 0;
    size_t cursor = 0;
    uint32_t all = (uint32_t)pl_map_count(pool->regs->by_id);
    const pl_worker *w;
    while (n < MAX_WORKERS &&
           (w = pl_map_next(pool->workers, &cursor, NULL)) != NULL) {
        if (!pl_worker_is_up(pool, w->row.node, PL_ROLE_SIGNALING))
            continue;
        list[n++] = (pl_candidate){.node = w->row.node,
                                   .is_ready = w->row.life == PL_LIFE_READY,
                                   .load_permille = w->row.load_permille,
                                   .capacity = all + 1,
                                   .held = count_bound(pool, w->row.node)};
    }
    size_t at = pl_placement_choose(list, n, 1, avoid);
    return at < n ? pl_worker_find(pool, list[at].node) : NULL;
}

/* The one that has the Contact, if it still takes work. */
static const pl_worker *choose_for(const pl_pool *pool, const pl_reg *reg)
{
    const pl_worker *w = pl_worker_find(pool, reg->row.node);
    if (w && pl_worker_is_up(pool, reg->row.node, PL_ROLE_SIGNALING) &&
        w->row.life == PL_LIFE_READY)
        return w;
    return choose(pool, reg->row.node);
}

/* ---- asking ---- */

static void fill(const pl_pool *pool, const pl_reg *reg, const pl_line *line,
                 const char *node, pl_sip_register *m)
{
    PL_SET(m->registrar, line->registrar);
    pl_fmt_cut(m->aor, sizeof m->aor, "sip:%s@%s", reg->row.number,
               line->domain);
    PL_SET(m->contact_user, reg->row.contact_user);
    PL_SET(m->sip_call_id, reg->row.sip_call_id);
    m->cseq = reg->row.cseq + 1;
    m->expires_s = pool->config->register_expires_s;
    if (line->next_hop[0]) {
        PL_SET(m->next_hop, line->next_hop);
        PL_MSG_SET(SIP_REGISTER, sip_register, m, next_hop);
    }
    if (reg->row.contact[0] && strcmp(reg->row.node, node) != 0) {
        PL_SET(m->old_contact, reg->row.contact);
        PL_MSG_SET(SIP_REGISTER, sip_register, m, old_contact);
    }
    if (line->auth_secret[0]) {
        PL_SET(m->auth_user,
               line->auth_user[0] ? line->auth_user : reg->row.number);
        PL_SET(m->auth_secret, line->auth_secret);
        PL_MSG_SET(SIP_REGISTER, sip_register, m, auth_user);
        PL_MSG_SET(SIP_REGISTER, sip_register, m, auth_secret);
    }
}

/* Its numbers are kept before they are used: should we end now, the next
 * request still has a higher CSeq. */
static void send(pl_pool *pool, pl_reg *reg, const char *node,
                 const pl_sip_register *m, uint32_t wait_ms, pl_op *op)
{
    pl_bus_send how = {
        .to = node, .trace = pool->trace, .deadline_ms = wait_ms};
    reg->row.cseq = m->cseq + CSEQ_SPARE;
    op->no = reg->row.cseq;
    pl_reg_save(pool, reg);
    PL_SET(op->reg, reg->row.registration_id);
    pl_pool_count(pool, PL_RM_registers);
    pl_pool_send_how(pool, &how, &PL_MSG_SIP_REGISTER, m, op);
}

static pl_binding_end outcome(pl_err e, const pl_bus_in *in)
{
    if (e || !in)
        return e == PL_ETIMEOUT ? PL_BINDING_TIMEOUT : PL_BINDING_UNAVAILABLE;
    if (in->desc == &PL_MSG_SIP_REGISTERED) {
        const pl_sip_registered *m = in->body;
        return m->expires_s > 0 ? PL_BINDING_OK : PL_BINDING_UNAVAILABLE;
    }
    if (in->desc != &PL_MSG_SIP_REGISTER_FAILED)
        return PL_BINDING_UNAVAILABLE;
    const pl_sip_register_failed *m = in->body;
    switch (m->sip_status) {
    case 401:
    case 403:
    case 404:
    case 407: return PL_BINDING_DENIED;
    default: return PL_BINDING_UNAVAILABLE;
    }
}

/* How many numbers were used, unless others were given out since. */
static void note_cseq(pl_reg *reg, const pl_op *op, const pl_bus_in *in)
{
    if (reg->row.cseq != op->no)
        return;
    if (in->desc == &PL_MSG_SIP_REGISTERED) {
        reg->row.cseq = ((const pl_sip_registered *)in->body)->cseq;
    } else if (in->desc == &PL_MSG_SIP_REGISTER_FAILED) {
        reg->row.cseq = ((const pl_sip_register_failed *)in->body)->cseq;
    }
}

/* m: as it was refused; NULL when it was not, but failed with e. */
static void note_failure(pl_pool *pool, const pl_reg *reg, pl_err e,
                         const pl_sip_register_failed *m)
{
    char text[256];
    pl_pool_count(pool, PL_RM_registers_failed);
    if (m) {
        pl_fmt_cut(text, sizeof text, "%s: %u %s", reg->row.number,
                   m->sip_status, m->reason);
    } else {
        pl_fmt_cut(text, sizeof text, "%s: %s", reg->row.number,
                   pl_err_text(e));
    }
    pl_pool_note(pool, PL_LOG_WARN, "register_failed", NULL, NULL, text);
}

/* ---- refreshing ---- */

static void refresh(void *ctx, void *object);

static int64_t random_ms(const pl_pool *pool, uint32_t below_ms)
{
    uint32_t r = 0;
    pool->port->random(pool->port->ctx, &r, sizeof r);
    return r % below_ms;
}

static int64_t spread_ms(const pl_pool *pool)
{
    return random_ms(pool,
                     SPREAD_MS + SPREAD_EACH_MS * pool->regs->n_registered);
}

static void plan(pl_pool *pool, pl_reg *reg, int64_t delay_ms)
{
    pl_pool_plan(pool, &reg->refresh, refresh, reg, PL_MS(delay_ms));
}

/* Another try, while the binding lasts; soon when it is the worker that does
 * not work, not the registrar. */
static void plan_retry(pl_pool *pool, pl_reg *reg, bool is_soon,
                       uint32_t least_s)
{
    int64_t left_ms = reg->give_up_ms - pool->now.wall_ms;
    int64_t delay_ms =
        is_soon ? spread_ms(pool)
                : (int64_t)RETRY_S * 1000 + random_ms(pool, RETRY_S * 1000);
    if (delay_ms < (int64_t)least_s * 1000)
        delay_ms = (int64_t)least_s * 1000;
    plan(pool, reg, delay_ms < left_ms ? delay_ms : left_ms);
}

static void refresh(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_reg *reg = object;
    if (reg->is_asking)
        return; /* its outcome plans anew */
    if (pool->now.wall_ms >= reg->give_up_ms) {
        pl_reg_end(pool, reg, PL_REG_NETWORK_TERMINATED,
                   "the registrar could not be reached");
        return;
    }
    pl_op *op = pl_op_create(pool, NULL);
    if (op && pl_binding_ask(pool, reg, PL_BINDING_REFRESH, op))
        plan(pool, reg, (int64_t)NOBODY_S * 1000);
}

static void take(pl_pool *pool, pl_reg *reg, const char *node,
                 const pl_sip_registered *m)
{
    int64_t granted_ms = (int64_t)m->expires_s * 1000;
    reg->row.bound_until = reg->give_up_ms = pool->now.wall_ms + granted_ms;
    PL_SET(reg->row.node, node);
    PL_SET(reg->row.contact, m->contact);
    PL_SET(reg->row.service_route, m->service_route);
    PL_SET(reg->row.associated_uri, m->associated_uri);
    plan(pool, reg,
         m->expires_s > LONG_S ? granted_ms - (int64_t)BEFORE_S * 1000
                               : granted_ms / 2);
}

static void failed(pl_pool *pool, pl_reg *reg, const pl_op *op, pl_err e,
                   const pl_bus_in *in)
{
    const pl_sip_register_failed *m =
        !e && in->desc == &PL_MSG_SIP_REGISTER_FAILED ? in->body : NULL;
    bool is_soon =
        e == PL_EDRAIN || !pl_worker_is_up(pool, op->node, PL_ROLE_SIGNALING);
    note_failure(pool, reg, e, m);
    if (pl_reg_is_registered(reg))
        plan_retry(pool, reg, is_soon, m ? m->retry_after_s : 0);
}

static void asked(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_reg *reg = pl_map_find(pool->regs->by_id, op->reg);
    pl_binding_end end = outcome(e, in);
    if (reg && !e)
        note_cseq(reg, op, in);
    if (reg && reg->row.state != PL_REG_STATE_ENDED) {
        reg->is_asking = false;
        reg->is_late = end == PL_BINDING_TIMEOUT;
        if (end == PL_BINDING_OK) {
            take(pool, reg, op->node, in->body);
        } else {
            failed(pool, reg, op, e, in);
        }
        pl_reg_save(pool, reg);
    }
    pl_reg_bound(pool, reg, op, end);
    pl_op_destroy(&op);
}

pl_err pl_binding_ask(pl_pool *pool, pl_reg *reg, pl_binding_why why, pl_op *op)
{
    const pl_line *line = pl_line_find(pool, reg->row.number);
    const pl_worker *w = choose_for(pool, reg);
    pl_sip_register m = {.present = 0};
    if (!line || !w) {
        pl_op_destroy(&op);
        return PL_EUNAVAILABLE;
    }
    op->done = asked;
    op->action = why;
    fill(pool, reg, line, w->row.node, &m);
    reg->is_asking = true;
    if (!reg->row.node[0])
        PL_SET(reg->row.node, w->row.node);
    send(pool, reg, w->row.node, &m, WAIT_MS, op);
    pl_wipe(&m, sizeof m);
    return PL_OK;
}

/* ---- lives of workers, and our own ---- */

void pl_binding_resume(pl_pool *pool, pl_reg *reg)
{
    int64_t now = pool->now.wall_ms;
    /* Workers come back within rejoin_ms; then there is time for a try. */
    int64_t least = now + pool->config->rejoin_ms + (int64_t)RETRY_S * 1000;
    int64_t left_ms = reg->row.bound_until - now;
    reg->give_up_ms =
        reg->row.bound_until > least ? reg->row.bound_until : least;
    if (!pl_worker_find(pool, reg->row.node) ||
        left_ms < 2 * (int64_t)BEFORE_S * 1000) {
        plan(pool, reg, pool->config->rejoin_ms + spread_ms(pool));
        return;
    }
    plan(pool, reg, left_ms - (int64_t)BEFORE_S * 1000);
}

void pl_binding_move(pl_pool *pool, pl_reg *reg)
{
    if (!reg->is_asking)
        plan(pool, reg, spread_ms(pool));
}

bool pl_binding_is_kept(const pl_reg *reg)
{
    return reg->row.bound_until != 0 &&
           (reg->is_asking || reg->refresh.at != 0);
}

/* ---- removing ---- */

static void drop(void *ctx, void *object);

static void plan_drop(pl_pool *pool, pl_reg *reg)
{
    if (++reg->n_drops < DROP_TRIES)
        pl_pool_plan(pool, &reg->refresh, drop, reg, PL_S(DROP_S));
}

/* What was under way may have bound it again: it is removed once more. */
static void has_dropped(pl_pool *pool, pl_reg *reg)
{
    if (reg->is_late) {
        reg->is_late = false;
        pl_pool_plan(pool, &reg->refresh, drop, reg, PL_S(LATE_S));
        return;
    }
    reg->row.bound_until = 0;
    pl_reg_save(pool, reg);
}

static void dropped(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_reg *reg = pl_map_find(pool->regs->by_id, op->reg);
    bool is_done = !e && in->desc == &PL_MSG_SIP_REGISTERED;
    if (reg && !e)
        note_cseq(reg, op, in);
    if (reg && is_done) {
        has_dropped(pool, reg);
    } else if (reg && outcome(e, in) != PL_BINDING_DENIED) {
        plan_drop(pool, reg);
    }
    pl_op_destroy(&op);
}

static void drop(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_reg *reg = object;
    const pl_line *line = pl_line_find(pool, reg->row.number);
    const pl_worker *w = choose_for(pool, reg);
    pl_sip_register m = {.present = 0};
    if (!line || line->mode != PL_LINE_MODE_ACCOUNT)
        return;
    pl_op *op = w ? pl_op_create(pool, dropped) : NULL;
    if (!op) {
        plan_drop(pool, reg);
        return;
    }
    fill(pool, reg, line, w->row.node, &m);
    m.expires_s = 0;
    send(pool, reg, w->row.node, &m, 0, op);
    pl_wipe(&m, sizeof m);
}

void pl_binding_drop(pl_pool *pool, pl_reg *reg)
{
    pl_pool_cancel(pool, &reg->refresh);
    reg->n_drops = 0;
    reg->is_late = reg->is_late || reg->is_asking;
    drop(pool, reg);
}
