/* outgoing.c - see outgoing.h. */
#include "outgoing.h"

#include <string.h>

#include "model.h"
#include "pl/str.h"
#include "worker.h"

/* The front end gives up first, so that its reason is the one that counts. */
enum { SPARE_MS = 2000, FIRST_DELAY_MS = 1000 };

static void no_front_end(void *ctx, void *object)
{
    pl_op *op = object;
    op->done(ctx, op, PL_EUNAVAILABLE, NULL);
}

void pl_outgoing_fetch(pl_pool *pool, const pl_fetch *request, pl_op *op)
{
    pl_worker *w;
    if (!op) /* counted where it could not be made */
        return;
    if (pl_worker_choose(pool, PL_ROLE_API, NULL, false, &w)) {
        pl_pool_plan(pool, &op->late, no_front_end, op, 0);
        return;
    }
    pl_bus_send how = {.to = w->row.node,
                       .trace = pool->trace,
                       .deadline_ms = request->timeout_ms + SPARE_MS};
    pl_pool_send_how(pool, &how, &PL_MSG_FETCH, request, op);
}

/* ---- sending again ---- */

void pl_outgoing_why(pl_err e, const pl_bus_in *in, char *why, size_t cap)
{
    if (!e) {
        const pl_fetched *m = in->body;
        pl_fmt_cut(why, cap, "status %u", (unsigned)m->status);
        return;
    }
    const pl_error *error = in ? in->body : NULL;
    bool has_text = error && error->text[0];
    /* With a text it is the server that is away, not our front ends. */
    const char *what =
        has_text && e == PL_EUNAVAILABLE ? "cannot be reached" : pl_err_text(e);
    const char *more = has_text ? error->text : "";
    if (e == PL_EFORBIDDEN)
        more = "see outgoing_allow";
    pl_fmt_cut(why, cap, "%s%s%s", what, more[0] ? ": " : "", more);
}

int64_t pl_outgoing_backoff(int64_t last_ms, int64_t most_ms)
{
    int64_t ms = last_ms > 0 ? 2 * last_ms : FIRST_DELAY_MS;
    return ms < most_ms ? ms : most_ms;
}

int64_t pl_outgoing_wait_ms(const pl_pool *pool, int64_t next_at,
                            int64_t most_ms)
{
    int64_t ms = next_at - pool->now.wall_ms;
    if (ms <= 0)
        return 0;
    return ms < most_ms ? ms : most_ms;
}

bool pl_outgoing_is_url(const char *url)
{
    size_t n = 0;
    if (strncmp(url, "https://", 8) == 0) {
        n = 8;
    } else if (strncmp(url, "http://", 7) == 0) {
        n = 7;
    }
    size_t host = n ? strcspn(url + n, "/?#") : 0;
    if (host == 0 || memchr(url + n, '@', host))
        return false;
    for (; *url; url++) {
        if (*url <= ' ' || *url > '~')
            return false;
    }
    return true;
}
