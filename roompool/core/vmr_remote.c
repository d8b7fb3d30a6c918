/* vmr_remote.c - requests to another platform: at one rate, a few at a time,
 * who is waited for first, and none while it wants to be left alone. */
#include "vmr_remote.h"

#include <stdlib.h>
#include <string.h>

#include "outgoing.h"
#include "pl/str.h"
#include "vmr_remote_impl.h"

enum {
    WINDOW_S = 60,
    BURST_SHARE = 6,   /* of what a window allows may go at once */
    LIMITED_S = 5,     /* pause after a 429 that does not say how long */
    REFUSED_S = 60,    /* after our login was refused */
    BACKOFF_MAX_S = 60 /* between tries while it fails */
};

/* ---- life ---- */

static pl_err read_login(pl_remote *r, const char *login)
{
    static const char bearer[] = "bearer ";
    r->auth = PL_FETCH_AUTH_BASIC;
    if (pl_slice_eq_nocase((pl_slice){(const uint8_t *)login,
                                      strnlen(login, sizeof bearer - 1)},
                           bearer)) {
        r->auth = PL_FETCH_AUTH_BEARER;
        login += sizeof bearer - 1;
        login += strspn(login, " ");
    } else if (!strchr(login, ':')) {
        return PL_ECONFIG;
    }
    for (const char *p = login; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return PL_ECONFIG;
    }
    if (!login[0] || pl_fmt(r->secret, sizeof r->secret, "%s", login))
        return PL_ECONFIG;
    return PL_OK;
}

bool pl_remote_is_login(const char *login)
{
    pl_remote r;
    pl_err e = read_login(&r, login);
    pl_wipe(&r, sizeof r);
    return !e;
}

/* A part of the window's share at once, so that no window of the platform's
 * sees much more than it. */
static pl_err make_rate(pl_remote *r, uint32_t per_min)
{
    uint32_t burst = per_min > BURST_SHARE ? per_min / BURST_SHARE : 1;
    return pl_rate_create(burst, PL_S(WINDOW_S) * burst / per_min, &r->rate);
}

pl_err pl_remote_create(const pl_roompool_config *config, const char *login,
                        pl_remote **ret_remote)
{
    pl_remote *r = calloc(1, sizeof *r);
    if (!r)
        return PL_ENOMEM;
    pl_list_init(&r->urgent);
    pl_list_init(&r->work);
    PL_SET(r->base, config->platform_url);
    PL_SET(r->mark, config->platform_mark);
    for (size_t n = strlen(r->base); n > 0 && r->base[n - 1] == '/'; n--)
        r->base[n - 1] = '\0';
    pl_err e = login ? read_login(r, login) : PL_ECONFIG;
    if (!e)
        e = make_rate(r, config->platform_rate_per_min);
    if (e) {
        pl_remote_destroy(&r);
        return e;
    }
    *ret_remote = r;
    return PL_OK;
}

void pl_remote_destroy(pl_remote **remote)
{
    if (!remote || !*remote)
        return;
    pl_wipe((*remote)->secret, sizeof(*remote)->secret);
    pl_rate_destroy(&(*remote)->rate);
    free((*remote)->sweep.orphans);
    free(*remote);
    *remote = NULL;
}

pl_err pl_remote_check_config(const void *values, char *reason, size_t cap)
{
    const pl_roompool_config *c = values;
    if (!c->platform_url[0])
        return PL_OK;
    if (!pl_platform_is_base(c->platform_url)) {
        pl_fmt_cut(reason, cap,
                   "platform_url: is not https://host, with a port or path");
        return PL_ECONFIG;
    }
    if (!c->platform_credentials_file[0]) {
        pl_fmt_cut(reason, cap, "platform_url needs platform_credentials_file");
        return PL_ECONFIG;
    }
    return PL_OK;
}

/* ---- the mark by which our rooms there are known ---- */

static const char MARK_META[] = "platform_mark";

const char *pl_remote_mark(const pl_pool *pool)
{
    return pool->vmrs->remote ? pool->vmrs->remote->mark : "";
}

void pl_remote_load_meta(pl_pool *pool, const pl_meta_row *row)
{
    pl_remote *r = pool->vmrs->remote;
    if (r && !r->mark[0] && strcmp(row->name, MARK_META) == 0)
        PL_SET(r->mark, row->value);
}

static void make_mark(pl_pool *pool)
{
    uint8_t bytes[6];
    char text[2 * sizeof bytes + 1];
    pl_remote *r = pool->vmrs->remote;
    pl_meta_row row = {.name = ""};
    if (r->mark[0])
        return;
    pool->port->random(pool->port->ctx, bytes, sizeof bytes);
    pl_hex(bytes, sizeof bytes, text);
    pl_fmt_cut(r->mark, sizeof r->mark, "Parley pool %s", text);
    PL_SET(row.name, MARK_META);
    PL_SET(row.value, r->mark);
    pl_pool_put(pool, &PL_TABLE_META, &row);
}

/* ---- after a start ---- */

/* Rooms where the pool is no longer: who has one may use it to its end. */
static void resume_one(pl_pool *pool, pl_vmr *vmr)
{
    bool is_there = pl_vmr_is_remote(vmr);
    bool is_wanted = is_there == (pool->vmrs->remote != NULL);
    uint32_t state = vmr->row.state;
    if (state == PL_POOL_STATE_DELETED || is_wanted) {
        if (vmr->remote)
            pl_remote_enqueue(pool, vmr->remote);
    } else if (!pl_vmr_is_open(vmr)) {
        pl_vmr_remove(pool, vmr, "the pool is on another platform now");
    }
}

void pl_remote_resume(pl_pool *pool)
{
    if (pool->vmrs->remote)
        make_mark(pool);
    PL_LIST_EACH_SAFE(node, &pool->vmrs->all)
    {
        resume_one(pool, PL_CONTAINER(node, pl_vmr, link));
    }
    if (pool->vmrs->remote)
        pl_remote_sweep_start(pool);
}

/* ---- when it fails ---- */

void pl_remote_failed(pl_pool *pool, const char *why)
{
    pl_remote *r = pool->vmrs->remote;
    pl_pool_count(pool, PL_RM_platform_failed);
    if (pool->now.us < r->retry_us) /* those that were asked at one time */
        return;
    if (r->backoff_s == 0) {
        pl_pool_note(pool, PL_LOG_WARN, "platform_failing", NULL, NULL, why);
    }
    r->backoff_s = r->backoff_s == 0 ? 1 : 2 * r->backoff_s;
    if (r->backoff_s > BACKOFF_MAX_S)
        r->backoff_s = BACKOFF_MAX_S;
    r->retry_us = pool->now.us + PL_S(r->backoff_s);
}

static void went_well(pl_pool *pool)
{
    pl_remote *r = pool->vmrs->remote;
    if (r->backoff_s > 0)
        pl_pool_note(pool, PL_LOG_INFO, "platform_back", NULL, NULL, NULL);
    r->backoff_s = 0;
    r->retry_us = 0;
}

static void leave_alone(pl_pool *pool, uint32_t s)
{
    pl_remote *r = pool->vmrs->remote;
    if (pool->now.us + PL_S(s) > r->pause_us)
        r->pause_us = pool->now.us + PL_S(s);
}

static void is_limited(pl_pool *pool, uint32_t retry_after_s)
{
    bool is_known = pool->now.us < pool->vmrs->remote->pause_us;
    pl_pool_count(pool, PL_RM_platform_limited);
    leave_alone(pool, retry_after_s > 0 ? retry_after_s : LIMITED_S);
    if (!is_known)
        pl_pool_note(pool, PL_LOG_WARN, "platform_limits", NULL, NULL, NULL);
}

/* Once a minute one request shows whether somebody has put it right. */
static void is_refused(pl_pool *pool)
{
    pl_remote *r = pool->vmrs->remote;
    pl_pool_count(pool, PL_RM_platform_refused);
    leave_alone(pool, REFUSED_S);
    if (r->backoff_s == 0) {
        r->backoff_s = 1;
        pl_pool_note(pool, PL_LOG_ERROR, "platform_refuses_credentials", NULL,
                     NULL, "see platform_credentials_file");
    }
}

bool pl_remote_is_shut(const pl_pool *pool, int64_t until_us)
{
    const pl_remote *r = pool->vmrs->remote;
    return r && (r->pause_us > until_us || r->retry_us > until_us);
}

static pl_remote_verdict judge_status(pl_pool *pool, const pl_fetched *f)
{
    char why[16];
    switch (f->status) {
    case 429: is_limited(pool, f->retry_after_s); return PL_REMOTE_FAILED;
    case 401:
    case 403: is_refused(pool); return PL_REMOTE_FAILED;
    case 404: return PL_REMOTE_GONE;
    case 408: break;
    default:
        if (f->status >= 200 && f->status < 300)
            return PL_REMOTE_DONE;
        if (f->status >= 400 && f->status < 500)
            return PL_REMOTE_REFUSED;
        break;
    }
    pl_fmt_cut(why, sizeof why, "status %u", f->status);
    pl_remote_failed(pool, why);
    return PL_REMOTE_FAILED;
}

static pl_remote_answer judge(pl_pool *pool, const pl_op *op, pl_err e,
                              const pl_bus_in *in)
{
    pl_remote_answer a = {.error = e, .version = op->tries};
    if (!e && in->desc != &PL_MSG_FETCHED)
        a.error = PL_EPROTO;
    if (a.error) {
        pl_remote_failed(pool, pl_err_text(a.error));
        a.verdict = PL_REMOTE_FAILED;
        return a;
    }
    a.fetched = in->body;
    a.verdict = judge_status(pool, a.fetched);
    if (a.verdict == PL_REMOTE_DONE)
        went_well(pool);
    return a;
}

/* ---- requests ---- */

static void on_answer(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    uint64_t no = op->no;
    pl_remote_step step = (pl_remote_step)op->action;
    const pl_remote_answer a = judge(pool, op, e, in);
    const pl_vmr *vmr = pl_vmr_by_no(pool, no);
    pl_op_destroy(&op);
    pool->vmrs->remote->n_asking--;
    if (step >= PL_N_REMOTE_ROOM_STEPS) {
        pl_remote_swept(pool, step, &a);
    } else if (vmr && vmr->remote) {
        pl_remote_answered(pool, vmr->remote, step, &a);
    }
    vmr = pl_vmr_by_no(pool, no); /* it may be forgotten meanwhile */
    if (vmr && vmr->remote)
        pl_remote_enqueue(pool, vmr->remote);
    pl_remote_wake(pool);
}

void pl_remote_send(pl_pool *pool, const pl_remote_request *request)
{
    pl_remote *r = pool->vmrs->remote;
    pl_fetch m = {.method = request->method,
                  .auth = r->auth,
                  .body = request->body,
                  .timeout_ms = request->timeout_ms,
                  .any_certificate = !pool->config->platform_certificate_check,
                  .configured = true};
    pl_op *op = pl_op_create(pool, on_answer);
    if (!op) /* state is lost already */
        return;
    op->no = request->room_no;
    op->action = request->step;
    op->tries = request->version;
    PL_SET(m.url, request->url);
    PL_SET(m.secret, r->secret);
    PL_MSG_SET(FETCH, fetch, &m, auth);
    PL_MSG_SET(FETCH, fetch, &m, secret);
    PL_MSG_SET(FETCH, fetch, &m, any_certificate);
    PL_MSG_SET(FETCH, fetch, &m, configured);
    if (request->body.len > 0) {
        PL_SET(m.content_type, "application/json");
        PL_MSG_SET(FETCH, fetch, &m, body);
        PL_MSG_SET(FETCH, fetch, &m, content_type);
    }
    r->n_asking++;
    pl_pool_count(pool, PL_RM_platform_requests);
    pl_outgoing_fetch(pool, &m, op);
    pl_wipe(m.secret, sizeof m.secret);
}

/* ---- which is next ---- */

static void sooner(int64_t *wait_us, int64_t us)
{
    if (us < *wait_us)
        *wait_us = us > 0 ? us : 1;
}

static pl_remote_room *first_urgent(const pl_remote *r, int64_t now_us,
                                    int64_t *wait_us)
{
    PL_LIST_EACH(node, &r->urgent)
    {
        pl_remote_room *room = PL_CONTAINER(node, pl_remote_room, link);
        if (room->not_before_us <= now_us)
            return room;
        sooner(wait_us, room->not_before_us - now_us);
    }
    return NULL;
}

/* One request is left for those who are waited for; while it fails, one is
 * enough to find out. */
static bool may_work(const pl_pool *pool, int64_t *wait_us)
{
    const pl_remote *r = pool->vmrs->remote;
    unsigned most = pool->config->platform_concurrency;
    if (pl_list_is_empty(&r->work) && !pl_remote_sweep_wants(pool))
        return false;
    if (pool->now.us < r->retry_us) {
        sooner(wait_us, r->retry_us - pool->now.us);
        return false;
    }
    if (most > 1)
        most--;
    return r->n_asking < (r->backoff_s > 0 ? 1 : most);
}

static bool ask_one(pl_pool *pool, int64_t *wait_us)
{
    pl_remote *r = pool->vmrs->remote;
    int64_t rate_us = 0;
    if (pool->now.us < r->pause_us) {
        sooner(wait_us, r->pause_us - pool->now.us);
        return false;
    }
    if (r->n_asking >= pool->config->platform_concurrency)
        return false;
    pl_remote_room *room = first_urgent(r, pool->now.us, wait_us);
    if (!room && !may_work(pool, wait_us))
        return false;
    if (pl_rate_take(r->rate, "", pool->now.us, &rate_us)) {
        sooner(wait_us, rate_us);
        return false;
    }
    if (!room && pl_remote_sweep_wants(pool)) {
        pl_remote_sweep_ask(pool);
        return true;
    }
    if (!room)
        room = PL_CONTAINER(r->work.next, pl_remote_room, link);
    pl_list_remove(&room->link);
    pl_remote_ask(pool, room);
    return true;
}

static void pump(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    int64_t wait_us = INT64_MAX;
    (void)object;
    while (!pool->failed && ask_one(pool, &wait_us))
        ;
    if (wait_us != INT64_MAX)
        pl_pool_plan(pool, &pool->vmrs->remote->pump, pump, NULL, wait_us);
}

void pl_remote_wake(pl_pool *pool)
{
    pl_pool_plan(pool, &pool->vmrs->remote->pump, pump, NULL, 0);
}

void pl_remote_enqueue(pl_pool *pool, pl_remote_room *room)
{
    pl_remote *r = pool->vmrs->remote;
    if (room->is_asking)
        return;
    pl_list_remove(&room->link);
    if (pl_remote_next(room) == PL_REMOTE_NONE)
        return;
    bool is_urgent = room->wish || !pl_list_is_empty(&room->waiters);
    pl_list_append(is_urgent ? &r->urgent : &r->work, &room->link);
    pl_remote_wake(pool);
}
