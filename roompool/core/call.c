/* call.c - rows of calls, and ending them. */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "participant.h"
#include "pl/str.h"
#include "worker.h"

enum { SIP_TEMPORARILY_UNAVAILABLE = 480, SIP_BUSY_HERE = 486 };

#define TO(s) PL_SM_BIT(PL_CALL_STATE_##s)
static const pl_sm_state CALL_STATES[] = {
    [PL_CALL_STATE_UNKNOWN] = {"none", TO(CALLING), false},
    [PL_CALL_STATE_CALLING] = {"calling",
                               TO(RINGING) | TO(EARLY) | TO(ANSWERED) |
                                   TO(CONFIRMED) | TO(ENDED),
                               false},
    [PL_CALL_STATE_RINGING] = {"ringing",
                               TO(EARLY) | TO(ANSWERED) | TO(CONFIRMED) |
                                   TO(ENDED),
                               false},
    [PL_CALL_STATE_EARLY] = {"early-media",
                             TO(ANSWERED) | TO(CONFIRMED) | TO(ENDED), false},
    [PL_CALL_STATE_ANSWERED] = {"answered", TO(CONFIRMED) | TO(ENDED), false},
    [PL_CALL_STATE_CONFIRMED] = {"confirmed", TO(ENDED), false},
    [PL_CALL_STATE_ENDED] = {"ended", 0, true},
};
#undef TO
const pl_sm PL_CALL_SM = {"call", CALL_STATES, 7};

pl_call *pl_sipcall_find(const pl_pool *pool, const char *call_id)
{
    return pl_map_find(pool->calls, call_id);
}

pl_err pl_sipcall_load(pl_pool *pool, const pl_call_row *row)
{
    pl_part *part = pl_part_find(pool, row->participant_id);
    pl_call *call = part ? calloc(1, sizeof *call) : NULL;
    if (!call)
        return part ? PL_ENOMEM : PL_EPROTO;
    call->row = *row;
    call->part = part;
    pl_err e = pl_map_put(pool->calls, row->call_id, call);
    if (e) {
        free(call);
        return e;
    }
    part->call = call;
    pl_worker_hold(pool, call->row.node, 1);
    return PL_OK;
}

/* Ties the ids of the signaling worker's log to the conference. */
static void note_ids(pl_pool *pool, const pl_call *call, const char *event)
{
    char text[PL_ID_MAX + sizeof call->row.sip_call_id + 32];
    const char *sip = call->row.sip_call_id;
    pl_fmt_cut(text, sizeof text, "call %s%s%s", call->row.call_id,
               sip[0] ? " sip_call_id " : "", sip);
    pl_pool_note(pool, PL_LOG_INFO, event, call->part->conf, call->part, text);
}

void pl_sipcall_name(pl_pool *pool, pl_call *call, const char *sip_call_id)
{
    if (!sip_call_id[0] || call->row.sip_call_id[0])
        return;
    PL_SET(call->row.sip_call_id, sip_call_id);
    note_ids(pool, call, "call_named");
}

pl_err pl_sipcall_add(pl_pool *pool, pl_part *part, const pl_call_row *row,
                      pl_call **ret_call)
{
    pl_call_row mine = *row;
    PL_SET(mine.participant_id, part->row.participant_id);
    mine.state = PL_CALL_STATE_CALLING;
    mine.started_at = pool->now.wall_ms;
    pl_err e = pl_sipcall_load(pool, &mine);
    if (e)
        return e;
    *ret_call = part->call;
    pl_pool_put(pool, &PL_TABLE_CALL, &mine);
    note_ids(pool, part->call, "call_begun");
    return PL_OK;
}

void pl_sipcall_move(pl_pool *pool, pl_call *call, uint32_t state)
{
    unsigned now = call->row.state;
    if (pl_sm_move(&PL_CALL_SM, &now, state))
        return;
    call->row.state = now;
    if (now >= PL_CALL_STATE_ANSWERED && call->row.answered_at == 0)
        call->row.answered_at = pool->now.wall_ms;
    pl_pool_put(pool, &PL_TABLE_CALL, &call->row);
}

void pl_sipcall_remove(pl_pool *pool, pl_call *call)
{
    pl_pool_del(pool, &PL_TABLE_CALL, &call->row);
    pl_worker_hold(pool, call->row.node, -1);
    (void)pl_map_remove(pool->calls, call->row.call_id);
    pl_list_remove(&call->gone_link);
    if (call->part->call == call)
        call->part->call = NULL;
    pl_sipcall_free(call);
}

void pl_sipcall_free(pl_call *call)
{
    free(call->sdp);
    free(call->saved);
    free(call);
}

/* The final answer to a caller whom nobody answered. */
static uint32_t status_of(const pl_pool *pool, const char *reason)
{
    return strcmp(reason, pool->config->reject_reason) == 0
               ? SIP_BUSY_HERE
               : SIP_TEMPORARILY_UNAVAILABLE;
}

static void send_end(pl_pool *pool, const char *node, const char *call_id,
                     const char *reason, bool is_answered)
{
    pl_call_end m = {.sip_status = status_of(pool, reason)};
    PL_SET(m.call_id, call_id);
    if (reason[0]) {
        PL_SET(m.reason, reason);
        PL_MSG_SET(CALL_END, call_end, &m, reason);
    }
    if (!is_answered)
        PL_MSG_SET(CALL_END, call_end, &m, sip_status);
    pl_pool_send(pool, node, 0, &PL_MSG_CALL_END, &m, NULL);
}

void pl_sipcall_end(pl_pool *pool, pl_call *call, const char *reason)
{
    send_end(pool, call->row.node, call->row.call_id, reason,
             call->row.state >= PL_CALL_STATE_ANSWERED);
    pl_sipcall_remove(pool, call);
}

void pl_sipcall_forget(pl_pool *pool, const char *node, const char *call_id)
{
    pl_call_end m = {.is_elsewhere = true};
    PL_SET(m.call_id, call_id);
    PL_MSG_SET(CALL_END, call_end, &m, is_elsewhere);
    pl_pool_send(pool, node, 0, &PL_MSG_CALL_END, &m, NULL);
}

void pl_sipcall_end_orphan(pl_pool *pool, const char *node, const char *call_id)
{
    pl_pool_count(pool, PL_RM_orphans);
    if (pl_sipcall_find(pool, call_id)) /* another worker holds it */
        pl_sipcall_forget(pool, node, call_id);
    else
        send_end(pool, node, call_id, "not known here", true);
}
