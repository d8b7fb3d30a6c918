/* device_call_event.c - what applications are told of their calls. */
#include <string.h>

#include "conference.h"
#include "device/device_address.h"
#include "device/device_call_impl.h"
#include "device/notify.h"
#include "leg.h"
#include "participant.h"
#include "pl/json.h"

/* Two descriptions, each byte of which may become six, and the rest. */
enum { DATA_MAX = 2 * 6 * 65536 + 16384 };

/* ---- events ---- */

static void write_sdp(pl_jw *w, const char *name, pl_slice sdp)
{
    if (sdp.len == 0)
        return;
    pl_jw_open(w, name, '{');
    pl_jw_slice(w, "sdp", sdp);
    pl_jw_close(w, '}');
}

static void write_address(pl_jw *w, const char *name, const char *address,
                          const pl_reg *reg, const pl_line *line)
{
    char told[PL_ADDRESS_MAX + 1];
    if (pl_device_address_is(address, reg->row.number)) {
        pl_fmt_cut(told, sizeof told, "tel:%s", reg->row.number);
    } else {
        pl_device_address_told(address, line ? line->domain : "invalid", told,
                               sizeof told);
    }
    pl_jw_str(w, name, told);
}

static void tell(pl_pool *pool, pl_devcall *dc, uint32_t type, uint32_t status,
                 const char *reason, unsigned what)
{
    const pl_reg *reg = pl_reg_find(pool, dc->row.registration_id);
    pl_buf data;
    dc->row.last_seq++;
    pl_devcall_save(pool, dc);
    if (!reg)
        return;
    const pl_line *line = pl_line_find(pool, reg->row.number);
    pl_buf_init(&data, DATA_MAX);
    pl_jw w = {.out = &data};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "mediaSessionId", dc->row.media_session_id);
    write_address(&w, "originatorAddress", dc->row.originator, reg, line);
    write_address(&w, "receiverAddress", dc->row.receiver, reg, line);
    if (dc->row.originator_name[0])
        pl_jw_str(&w, "originatorName", dc->row.originator_name);
    if (dc->row.receiver_name[0])
        pl_jw_str(&w, "receiverName", dc->row.receiver_name);
    pl_jw_str(&w, "status", pl_media_status_text(status));
    if (reason[0])
        pl_jw_str(&w, "reason", reason);
    pl_jw_int(&w, "sequenceNumber", (int64_t)dc->row.last_seq);
    if ((what & PL_TELL_OFFER) != 0)
        write_sdp(&w, "offer", dc->row.offer);
    if ((what & PL_TELL_ANSWER) != 0)
        write_sdp(&w, "answer", dc->row.answer);
    pl_jw_close(&w, '}');
    if (data.has_failed) {
        pl_pool_fail(pool, PL_ENOMEM);
    } else {
        pl_notify(pool, reg, type, dc->row.media_session_id,
                  pl_buf_slice(&data));
    }
    pl_buf_fini(&data);
}

void pl_devcall_tell(pl_pool *pool, pl_devcall *dc, uint32_t status,
                     const char *reason, unsigned what)
{
    tell(pool, dc, PL_NOTIFY_TYPE_SESSION_STATUS, status, reason, what);
}

void pl_devcall_invite(pl_pool *pool, pl_devcall *dc)
{
    tell(pool, dc, PL_NOTIFY_TYPE_SESSION_INVITATION, PL_MEDIA_STATUS_INITIAL,
         "", PL_TELL_OFFER);
}

void pl_devcall_move(pl_pool *pool, pl_devcall *dc, uint32_t status,
                     const char *reason, unsigned what)
{
    dc->row.status = status;
    if (status == PL_MEDIA_STATUS_CONNECTED && dc->row.connected_at == 0)
        dc->row.connected_at = pool->now.wall_ms;
    pl_devcall_tell(pool, dc, status, reason, what);
}

/* ---- the end ---- */

static void forget(void *ctx, void *object)
{
    pl_devcall_drop(ctx, object);
}

/* No INVITE was sent at all: there has been no session. */
static bool was_never_made(pl_pool *pool, pl_devcall *dc, const char *reason)
{
    if (!dc->has_ticket)
        return false;
    pl_device_refuse_later(pool, &dc->ticket, PL_DEVICE_FAULT_UNAVAILABLE,
                           reason, 1);
    pl_devcall_drop(pool, dc);
    return true;
}

bool pl_devcall_refuse(pl_pool *pool, pl_devcall *dc, uint32_t fault,
                       const char *text)
{
    if (!dc->has_ticket)
        return false;
    pl_device_refuse(pool, &dc->ticket, fault, text);
    pl_devcall_drop(pool, dc);
    return true;
}

void pl_devcall_end(pl_pool *pool, pl_devcall *dc, uint32_t status,
                    const char *reason)
{
    char text[PL_ID_MAX + 64];
    if (dc->row.ended_at == 0) {
        if (was_never_made(pool, dc, reason))
            return;
        dc->row.ended_at = pool->now.wall_ms;
        PL_SET(dc->row.reason, reason);
        pl_devcall_put(pool, &dc->row.kept_sdp, (pl_slice){NULL, 0});
        pl_devcall_move(pool, dc, status, reason, 0);
        pl_fmt_cut(text, sizeof text, "media_session %s: %s",
                   dc->row.media_session_id, pl_media_status_text(status));
        pl_pool_note(pool, PL_LOG_INFO, "device_call_ended",
                     pl_devcall_conf(pool, dc), NULL, text);
    }
    int64_t left_ms = dc->row.ended_at - pool->now.wall_ms +
                      (int64_t)pool->config->device_linger_s * 1000;
    pl_pool_plan(pool, &dc->timer, forget, dc, PL_MS(left_ms));
}

void pl_devcalls_end(pl_pool *pool, const pl_conf *conf, uint32_t status,
                     const char *reason)
{
    PL_LIST_EACH_SAFE(node, &conf->devcalls)
    {
        pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        if (!pl_devcall_is_over(dc))
            pl_devcall_end(pool, dc, status, reason);
    }
}

/* Why a seat left that nobody has explained yet. */
static const struct leave_row {
    const char *reason;
    uint32_t status;
} LEAVES[] = {
    {"No answer", PL_MEDIA_STATUS_NO_ANSWER},
    {"Call canceled", PL_MEDIA_STATUS_SESSION_CANCELLED},
};

static uint32_t status_of_leave(const pl_devcall *dc, const char *reason)
{
    if (!pl_devcall_is_setup(dc))
        return PL_MEDIA_STATUS_TERMINATED;
    for (size_t i = 0; i < sizeof LEAVES / sizeof LEAVES[0]; i++) {
        if (strcmp(LEAVES[i].reason, reason) == 0)
            return LEAVES[i].status;
    }
    return PL_MEDIA_STATUS_FAILED;
}

void pl_device_part_left(pl_pool *pool, const pl_part *part, const char *reason)
{
    if (part->row.kind != PL_PART_KIND_DEVICE)
        return;
    PL_LIST_EACH_SAFE(node, &part->conf->devcalls)
    {
        pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        const char *mine = dc->row.participant_id;
        if (!pl_devcall_is_over(dc) &&
            (!mine[0] || strcmp(mine, part->row.participant_id) == 0))
            pl_devcall_end(pool, dc, status_of_leave(dc, reason), reason);
    }
}

/* ---- replies ---- */

void pl_devcall_reply(pl_pool *pool, const pl_bus_ticket *ticket,
                      const pl_devcall *dc, uint32_t status)
{
    const pl_devcall_row *row = &dc->row;
    pl_media_session r = {.status = status, .offer = row->offer};
    PL_SET(r.media_session_id, row->media_session_id);
    PL_SET(r.originator, row->originator);
    PL_SET(r.receiver, row->receiver);
    if (row->originator_name[0]) {
        PL_SET(r.originator_name, row->originator_name);
        PL_MSG_SET(MEDIA_SESSION, media_session, &r, originator_name);
    }
    if (row->receiver_name[0]) {
        PL_SET(r.receiver_name, row->receiver_name);
        PL_MSG_SET(MEDIA_SESSION, media_session, &r, receiver_name);
    }
    if (row->answer.len > 0) {
        r.answer = row->answer;
        PL_MSG_SET(MEDIA_SESSION, media_session, &r, answer);
    }
    if (row->location.len > 0) {
        pl_fmt_cut(r.location, sizeof r.location, "%.*s",
                   (int)row->location.len, (const char *)row->location.ptr);
        PL_MSG_SET(MEDIA_SESSION, media_session, &r, location);
    }
    if (row->has_call_type) {
        r.has_call_type = true;
        PL_MSG_SET(MEDIA_SESSION, media_session, &r, has_call_type);
    }
    pl_pool_reply(pool, ticket, &PL_MSG_MEDIA_SESSION, &r);
}

void pl_devcall_created(pl_pool *pool, pl_devcall *dc)
{
    if (!dc->has_ticket)
        return;
    dc->has_ticket = false;
    pl_pool_cancel(pool, &dc->timer);
    pl_notify_hold(pool, dc->row.media_session_id);
    pl_devcall_reply(pool, &dc->ticket, dc, PL_MEDIA_STATUS_INITIAL);
}
