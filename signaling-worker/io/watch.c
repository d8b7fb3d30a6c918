/* watch.c - OPTIONS to peers, outside of calls. RFC 3261 section 11. */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "pl/log.h"
#include "pl/rng.h"
#include "pl/str.h"
#include "sig_metrics.h"

enum {
    TICK_US = 500000,
    ANSWER_S = 5, /* who needs longer is down, until it answers */
    SECOND_US = 1000000,
    PEER_SHIFT = 8,
    ROUND_SHIFT = 16,
    SCRATCH_MAX = 4096,
};
/* In tags: neither a call nor a REGISTER has this bit alone. */
static const uint64_t IS_OURS = UINT64_C(1) << 62;
static const uint64_t IS_OTHERS = UINT64_C(1) << 63;

typedef enum verdict { NOT_ASKED, DOWN, UP } verdict;

typedef struct server {
    pl_sip_target target;
    int64_t due_us; /* an answer is waited for until then; 0 not so */
    bool is_down;
} server;

typedef struct peer {
    pl_sip_uri uri;
    server row[PL_SIP_TARGETS_MAX];
    unsigned n, n_open, n_up, n_down;
    int64_t next_us;
    uint32_t round; /* in tags: answers of an older one say nothing */
    bool is_resolving, is_known, is_up;
} peer;

struct pl_watch {
    pl_watch_options o;
    peer peer[PL_WATCH_PEERS];
    unsigned n;
    pl_timer *tick;
    char scratch[SCRATCH_MAX];
};

static uint64_t tag_of(const pl_watch *w, const peer *p, unsigned at)
{
    return IS_OURS | (uint64_t)p->round << ROUND_SHIFT |
           (uint64_t)(p - w->peer) << PEER_SHIFT | at;
}

bool pl_watch_is_tag(uint64_t tag)
{
    return (tag & IS_OURS) != 0 && (tag & IS_OTHERS) == 0;
}

/* NULL: of an older round. */
static peer *find(pl_watch *w, uint64_t tag, unsigned *ret_at)
{
    unsigned i = tag >> PEER_SHIFT & 0xff;
    *ret_at = tag & 0xff;
    return i < w->n && tag_of(w, &w->peer[i], *ret_at) == tag ? &w->peer[i]
                                                              : NULL;
}

/* ---- what is known ---- */

static void show(const pl_watch *w)
{
    unsigned up = 0;
    unsigned down = 0;
    for (unsigned i = 0; i < w->n; i++) {
        up += w->peer[i].is_known && w->peer[i].is_up;
        down += w->peer[i].is_known && !w->peer[i].is_up;
    }
    pl_metrics_set(w->o.metrics, PL_SIG_watched_up, up);
    pl_metrics_set(w->o.metrics, PL_SIG_watched_down, down);
}

/* fault: NULL when it is up. */
static void set_state(const pl_watch *w, peer *p, const char *fault)
{
    bool is_up = !fault;
    if (p->is_known && p->is_up == is_up)
        return;
    p->is_known = true;
    p->is_up = is_up;
    show(w);
    if (is_up) {
        PL_LOG(INFO, "sip", "peer_up", PL_KV("peer", p->uri.text), NULL);
    } else {
        PL_LOG(WARN, "sip", "peer_down", PL_KV("peer", p->uri.text), "%s",
               fault);
    }
}

static void settle(pl_watch *w, peer *p, unsigned at, verdict is)
{
    server *s = &p->row[at];
    if (s->due_us != 0)
        p->n_open--;
    else if (is != UP)
        return; /* it was settled */
    s->due_us = 0;
    if (is == UP) {
        p->n_up++;
        if (s->is_down) /* a call may have had a reason of its own */
            pl_avoid_remove(w->o.avoided, &s->target);
        s->is_down = false;
    } else if (is == DOWN) {
        p->n_down++;
        s->is_down = true;
        pl_avoid_add(w->o.avoided, &s->target, pl_loop_now_us(w->o.loop));
    }
    if (p->n_up > 0)
        set_state(w, p, NULL);
    else if (p->n_open == 0 && p->n_down > 0)
        set_state(w, p, "none of its servers answers");
}

/* ---- asking ---- */

static pl_err write(pl_watch *w, const peer *p, const pl_sip_flow *flow,
                    size_t *ret_len)
{
    static pl_sip_dialog d; /* large; none comes of it */
    char via[PL_SIP_LOCAL_TEXT];
    char branch[40] = "z9hG4bK";
    d = (pl_sip_dialog){.call_id = ""};
    pl_random_token(15, branch + 7, sizeof branch - 7);
    pl_random_token(16, d.call_id, 32);
    pl_random_token(12, d.local_tag, 24);
    pl_sip_transport_local(pl_sip_stack_transport(w->o.stack), flow, via);
    pl_fmt_cut(d.local_uri, sizeof d.local_uri, "sip:%s", via);
    pl_fmt_cut(d.remote_uri, sizeof d.remote_uri, "%.*s",
               (int)pl_sip_uri_bare(p->uri.text), p->uri.text);
    pl_sip_request_spec spec = {.method = PL_SIP_OPTIONS,
                                .request_uri = p->uri.text,
                                .route = "",
                                .via = via,
                                .transport = flow->transport,
                                .branch = branch,
                                .dialog = &d,
                                .cseq = 1,
                                .extra = "Accept: application/sdp\r\n"};
    return pl_sip_build_request(&spec, w->scratch, sizeof w->scratch, ret_len);
}

static void ask(pl_watch *w, peer *p, unsigned at)
{
    const pl_sip_target *target = &p->row[at].target;
    pl_sip_to to = {.transport = target->transport,
                    .ip = &target->ip,
                    .port = target->port,
                    .host = p->uri.host};
    pl_sip_flow flow;
    size_t len = 0;
    pl_err e =
        pl_sip_transport_reach(pl_sip_stack_transport(w->o.stack), &to, &flow);
    if (e == PL_OK)
        e = write(w, p, &flow, &len);
    if (e == PL_OK) {
        pl_slice bytes = {(const uint8_t *)w->scratch, len};
        e = pl_sip_stack_request(w->o.stack, &flow, bytes, tag_of(w, p, at));
    }
    /* We may be full ourselves: that says nothing of it. */
    if (e != PL_OK)
        settle(w, p, at, e == PL_EFULL ? NOT_ASKED : DOWN);
}

static bool was_down(const peer *before, const pl_sip_target *target)
{
    for (unsigned i = 0; i < before->n; i++) {
        if (before->row[i].is_down &&
            pl_sip_target_eq(&before->row[i].target, target))
            return true;
    }
    return false;
}

void pl_watch_on_located(pl_watch *watch, uint64_t tag,
                         const pl_sip_target *targets, unsigned n)
{
    unsigned at = 0;
    peer *p = find(watch, tag, &at);
    if (!p || !p->is_resolving)
        return;
    p->is_resolving = false;
    if (n == 0) {
        set_state(watch, p, "its name has no address");
        return; /* who was down is known still */
    }
    static peer before; /* large */
    before = *p;
    uint32_t wait_s = watch->o.every_s < ANSWER_S ? watch->o.every_s : ANSWER_S;
    int64_t until = pl_loop_now_us(watch->o.loop) + (int64_t)wait_s * SECOND_US;
    p->n = p->n_open = n < PL_SIP_TARGETS_MAX ? n : PL_SIP_TARGETS_MAX;
    p->n_up = p->n_down = 0;
    for (unsigned i = 0; i < p->n; i++)
        p->row[i] = (server){targets[i], until, was_down(&before, &targets[i])};
    for (unsigned i = 0; i < p->n; i++)
        ask(watch, p, i);
}

static void begin(pl_watch *w, peer *p, int64_t now)
{
    p->next_us = now + (int64_t)w->o.every_s * SECOND_US;
    p->round++;
    p->is_resolving = true;
    pl_locate_wish wish = {
        .host = p->uri.host,
        .is_sips = p->uri.scheme == PL_URI_SIPS,
        .port = p->uri.port,
        .transport = p->uri.transport,
        .can = pl_sip_transport_can(pl_sip_stack_transport(w->o.stack))};
    if (pl_sip_resolve(w->o.resolver, &wish, tag_of(w, p, 0)) != PL_OK)
        p->is_resolving = false; /* ours is the fault: next time */
}

static void on_tick(void *ctx)
{
    pl_watch *w = ctx;
    int64_t now = pl_loop_now_us(w->o.loop);
    for (unsigned i = 0; i < w->n; i++) {
        peer *p = &w->peer[i];
        for (unsigned k = 0; k < p->n; k++) {
            if (p->row[k].due_us != 0 && now >= p->row[k].due_us)
                settle(w, p, k, DOWN);
        }
        if (now >= p->next_us && p->n_open == 0 && !p->is_resolving)
            begin(w, p, now);
    }
    pl_timer_start(w->tick, TICK_US);
}

void pl_watch_on_response(pl_watch *watch, uint64_t tag, const pl_sip_msg *m)
{
    unsigned at = 0;
    peer *p = find(watch, tag, &at);
    if (!p || at >= p->n || (m && m->status < 200))
        return;
    /* Whatever it says, it lives. */
    settle(watch, p, at, m && !pl_sip_target_failed(m->status) ? UP : DOWN);
}

pl_err pl_watch_create(const pl_watch_options *o, pl_watch **ret_watch)
{
    pl_watch *w = calloc(1, sizeof *w);
    if (!w)
        return PL_ENOMEM;
    w->o = *o;
    pl_slice rest = pl_slice_str(o->peers);
    pl_slice word;
    while (w->n < PL_WATCH_PEERS && pl_word_next(&rest, &word)) {
        if (pl_sip_uri_parse(word, &w->peer[w->n].uri) == PL_OK)
            w->n++;
    }
    pl_err e = pl_timer_create(o->loop, on_tick, w, &w->tick);
    if (e != PL_OK) {
        free(w);
        return e;
    }
    if (w->n > 0)
        pl_timer_start(w->tick, 0);
    *ret_watch = w;
    return PL_OK;
}

void pl_watch_destroy(pl_watch **watch)
{
    if (!watch || !*watch)
        return;
    pl_timer_destroy(&(*watch)->tick);
    free(*watch);
    *watch = NULL;
}
