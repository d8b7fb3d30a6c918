/* outgoing.c - see outgoing.h. */
#include "outgoing.h"

#include "model.h"
#include "worker.h"

/* The front end gives up first, so that its reason is the one that counts. */
enum { SPARE_MS = 2000 };

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
    if (pl_worker_choose(pool, PL_ROLE_API, NULL, &w)) {
        pl_pool_plan(pool, &op->late, no_front_end, op, 0);
        return;
    }
    pl_bus_send how = {.to = w->row.node,
                       .trace = pool->trace,
                       .deadline_ms = request->timeout_ms + SPARE_MS};
    pl_pool_send_how(pool, &how, &PL_MSG_FETCH, request, op);
}
