/* op.c - requests under way. */
#include "op.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"

pl_op *pl_op_create(pl_pool *pool, pl_op_done done)
{
    pl_op *op = calloc(1, sizeof *op);
    if (!op) {
        pl_pool_fail(pool, PL_ENOMEM);
        return NULL;
    }
    op->done = done;
    pl_list_append(&pool->ops, &op->link);
    return op;
}

void pl_op_destroy(pl_op **op)
{
    if (!op || !*op)
        return;
    pl_list_remove(&(*op)->link);
    free((*op)->sdp);
    free(*op);
    *op = NULL;
}

pl_err pl_op_keep(pl_op *op, pl_slice sdp)
{
    if (sdp.len == 0)
        return PL_OK;
    op->sdp = malloc(sdp.len);
    if (!op->sdp)
        return PL_ENOMEM;
    memcpy(op->sdp, sdp.ptr, sdp.len);
    op->sdp_len = sdp.len;
    return PL_OK;
}
