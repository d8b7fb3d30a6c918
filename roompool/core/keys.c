/* keys.c - see keys.h. */
#include "keys.h"

#include "leg.h"
#include "participant.h"
#include "pl/str.h"

pl_err pl_keys_error(pl_err e)
{
    return e == PL_EUNSUPPORTED || e == PL_EFULL || e == PL_EUNAVAILABLE ||
                   e == PL_ETIMEOUT
               ? e
               : PL_ESTATE;
}

pl_err pl_keys_send(pl_pool *pool, const pl_part *part, const char *digits,
                    pl_op *op)
{
    pl_leg *leg = pl_leg_of(part);
    pl_err e = op ? PL_OK : PL_ENOMEM;
    if (!e) {
        e = leg && part->row.state == PL_PART_STATE_ACTIVE
                ? pl_leg_keys(pool, leg, digits, op)
                : PL_ESTATE;
    }
    if (e)
        pl_op_destroy(&op);
    return e;
}

static void told(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    const pl_part *part = pl_part_find(pool, op->part);
    (void)in;
    if (e && part) {
        pl_pool_note(pool, PL_LOG_WARN, "keys_refused", part->conf, part,
                     pl_err_text(pl_keys_error(e)));
    }
    pl_op_destroy(&op);
}

void pl_keys_dialled(pl_pool *pool, pl_leg *leg)
{
    pl_part *part = leg->part;
    char digits[sizeof part->row.dtmf_sequence];
    if (!part->row.dtmf_sequence[0] ||
        part->row.state != PL_PART_STATE_ACTIVE ||
        leg->row.state != PL_LEG_STATE_CONNECTED)
        return;
    PL_SET(digits, part->row.dtmf_sequence);
    part->row.dtmf_sequence[0] = '\0';
    pl_part_save(pool, part);
    pl_op *op = pl_op_create(pool, told);
    if (op)
        PL_SET(op->part, part->row.participant_id);
    if (pl_keys_send(pool, part, digits, op))
        pl_pool_note(pool, PL_LOG_WARN, "keys_lost", part->conf, part, NULL);
}
