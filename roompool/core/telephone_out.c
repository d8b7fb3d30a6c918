/* telephone_out.c - a telephone is dialled. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "device/device_call.h"
#include "direct_call.h"
#include "invite.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "successor.h"
#include "telephone.h"
#include "worker.h"

static void dialled(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_call *call = pl_sipcall_find(pool, op->call);
    (void)in;
    if (call && e) {
        pl_part *part = call->part;
        pl_device_start_refused(pool, call, e);
        if (e != PL_ETIMEOUT)
            pl_sipcall_remove(pool, call);
        pl_part_leave(pool, part, "cannot be called");
    }
    pl_op_destroy(&op);
}

/* Who the telephone is told calls: in a call the user, by number if it has one;
 * else, and for a gateway that wants to know us, what is configured. */
static void put_caller(const pl_pool *pool, const pl_part *callee,
                       pl_call_start *m)
{
    const pl_part *by = pl_part_find(pool, callee->row.invited_by);
    bool is_direct = by && callee->conf->row.kind == PL_CONF_KIND_CALL;
    const char *name =
        is_direct ? by->row.display_name : pool->config->caller_name;
    bool has_number =
        is_direct && strncmp(by->row.address, "tel:+", strlen("tel:+")) == 0;
    PL_SET(m->from_user, has_number ? by->row.address + strlen("tel:")
                                    : pool->config->caller_user);
    if (name[0]) {
        PL_SET(m->from_name, name);
        PL_MSG_SET(CALL_START, call_start, m, from_name);
    }
}

static void send_start(pl_pool *pool, const pl_call *call, pl_slice sdp)
{
    pl_call_start m = {.sdp = sdp,
                       .ring_timeout_ms = pool->config->ring_timeout_s * 1000};
    pl_op *op = pl_op_create(pool, dialled);
    if (!op)
        return;
    PL_SET(op->call, call->row.call_id);
    PL_SET(m.call_id, call->row.call_id);
    PL_SET(m.to_uri, call->row.peer_uri);
    put_caller(pool, call->part, &m);
    pl_device_put_start(pool, call, &m);
    pl_refer_put(call->part, &m);
    pl_pool_send(pool, call->row.node, 0, &PL_MSG_CALL_START, &m, op);
}

static void dial_ready(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    pl_call_row row = {.way = PL_CALL_WAY_OUT};
    pl_worker *worker;
    pl_call *call;
    char id[37];
    pl_op_destroy(&op);
    if (!part || part->row.state != PL_PART_STATE_RINGING)
        return;
    if (!e)
        e = pl_worker_choose(pool, PL_ROLE_SIGNALING, NULL, false, &worker);
    if (!e) {
        pool->port->new_id(pool->port->ctx, id);
        PL_SET(row.call_id, id);
        PL_SET(row.node, worker->row.node);
        PL_SET(row.peer_uri, part->row.address);
        e = pl_sipcall_add(pool, part, &row, &call);
    }
    if (e) {
        pl_part_leave(pool, part, pl_err_text(e));
    } else {
        send_start(pool, call, sdp->sdp);
    }
}

pl_err pl_phone_dial(pl_pool *pool, pl_part *part)
{
    pl_leg *leg;
    pl_worker *worker;
    pl_op *op;
    pl_err e = pl_worker_choose(pool, PL_ROLE_SIGNALING, NULL, false, &worker);
    if (!e)
        e = pl_leg_add(pool, part, PL_LEG_KIND_SIP, "", true, &leg);
    if (e)
        return e;
    op = pl_op_create(pool, NULL);
    if (!op)
        return PL_ENOMEM;
    op->next = dial_ready;
    return pl_leg_negotiate(pool, leg, (pl_slice){NULL, 0}, op);
}

/* ---- a 200 whose media is not that of its 183 ---- */

static void apply_anew(pl_pool *pool, pl_call *call);

/* Its media is there, and it has answered. */
static void accepted(pl_pool *pool, pl_part *part)
{
    pl_part_activate(pool, part);
    pl_invite_accepted(pool, part);
    if (part->call)
        apply_anew(pool, part->call);
}

static void anew_applied(pl_pool *pool, pl_op *op, pl_err e,
                         const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    (void)sdp;
    pl_op_destroy(&op);
    if (part && e) {
        pl_part_leave(pool, part, "no common media");
    } else if (part && part->call && part->row.state == PL_PART_STATE_RINGING &&
               part->call->row.state >= PL_CALL_STATE_ANSWERED) {
        accepted(pool, part); /* meanwhile */
    } else if (part && part->call) {
        apply_anew(pool, part->call);
    }
}

static void anew_ready(pl_pool *pool, pl_op *op, pl_err e,
                       const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    pl_leg *leg = pl_leg_find(pool, op->leg);
    const pl_call *call = part ? part->call : NULL;
    (void)sdp;
    pl_op_destroy(&op);
    if (!leg || !call)
        return;
    op = e ? NULL : pl_op_create(pool, NULL);
    if (op)
        op->next = anew_applied;
    if (!op || pl_leg_remote(pool, leg, (pl_slice){call->sdp, call->sdp_len},
                             PL_SDP_TYPE_ANSWER, op))
        pl_part_leave(pool, part, "no common media");
}

/* Another phone behind a forking gateway may answer, or send early media, than
 * the one whose early media we had. To our media worker it is the answer to one
 * more offer, which nobody else is shown. Source: RFC 3261 section 13.2.2.4. */
static void apply_anew(pl_pool *pool, pl_call *call)
{
    pl_leg *leg = pl_leg_of(call->part);
    if (!call->is_sdp_new || !leg || leg->is_pending)
        return;
    pl_op *op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = anew_ready;
    call->is_sdp_new = false;
    if (pl_leg_ask(pool, leg, PL_DIRECTION_UNKNOWN, op))
        pl_part_leave(pool, call->part, "no common media");
}

/* Whether it could be kept. */
static bool keep_answer(pl_call *call, pl_slice sdp)
{
    uint8_t *copy = malloc(sdp.len);
    if (!copy)
        return false;
    memcpy(copy, sdp.ptr, sdp.len);
    free(call->sdp);
    call->sdp = copy;
    call->sdp_len = sdp.len;
    return true;
}

static bool is_other(const pl_call *call, pl_slice sdp)
{
    return sdp.len > 0 && (sdp.len != call->sdp_len ||
                           memcmp(sdp.ptr, call->sdp, sdp.len) != 0);
}

/* ---- its answer ---- */

static void dial_answered(pl_pool *pool, pl_op *op, pl_err e,
                          const pl_media_leg_sdp *sdp)
{
    pl_part *part = pl_part_find(pool, op->part);
    bool is_final = op->action != 0;
    (void)sdp;
    pl_op_destroy(&op);
    if (!part || part->row.state != PL_PART_STATE_RINGING)
        return;
    if (e) {
        pl_part_leave(pool, part, "no common media");
        return;
    }
    if (!is_final && part->call &&
        part->call->row.state < PL_CALL_STATE_ANSWERED) {
        pl_direct_early(pool, part->conf); /* the answer is still to come */
        apply_anew(pool, part->call);
        return;
    }
    accepted(pool, part);
}

void pl_phone_dial_answered(pl_pool *pool, pl_call *call, pl_slice sdp,
                            bool is_final)
{
    pl_part *part = call->part;
    pl_leg *leg = pl_leg_of(part);
    pl_op *op;
    if (call->is_answered) { /* the SDP was applied before */
        if (part->row.state != PL_PART_STATE_RINGING)
            return;
        if (is_other(call, sdp) && keep_answer(call, sdp))
            call->is_sdp_new = true;
        if (is_final && leg && !leg->is_pending) {
            accepted(pool, part);
        } else {
            apply_anew(pool, call);
        }
        return;
    }
    if (sdp.len == 0 && !is_final)
        return;
    if (!leg || sdp.len == 0) {
        pl_part_leave(pool, call->part, "no media in the answer");
        return;
    }
    op = pl_op_create(pool, NULL);
    if (!op)
        return;
    op->next = dial_answered;
    op->action = is_final;
    call->is_answered = true;
    (void)keep_answer(call, sdp);
    if (pl_leg_remote(pool, leg, sdp, PL_SDP_TYPE_ANSWER, op))
        pl_part_leave(pool, call->part, "no media");
}
