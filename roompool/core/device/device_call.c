/* device_call.c - media sessions as objects: rows, finding, being forgotten. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "conference.h"
#include "device/device_call_impl.h"
#include "leg.h"
#include "participant.h"

enum { ID_BYTES = 16 };

#define BIT(s) (1u << PL_MEDIA_STATUS_##s)
static const unsigned SETUP = BIT(INITIAL) | BIT(IN_PROGRESS) | BIT(RINGING) |
                              BIT(PROCEEDING) | BIT(WAITING);
static const unsigned ACTIVE = BIT(CONNECTED) | BIT(HOLD) | BIT(RESUME);
#undef BIT

static bool is_one_of(const pl_devcall *dc, unsigned set)
{
    return (set >> dc->row.status & 1) != 0;
}

bool pl_devcall_is_setup(const pl_devcall *dc)
{
    return is_one_of(dc, SETUP);
}

bool pl_devcall_is_active(const pl_devcall *dc)
{
    return is_one_of(dc, ACTIVE);
}

bool pl_devcall_is_over(const pl_devcall *dc)
{
    return !is_one_of(dc, SETUP | ACTIVE);
}

bool pl_devcall_calls(const pl_devcall *dc)
{
    return dc->row.role == PL_DEVICE_ROLE_ORIGINATOR;
}

bool pl_device_is_call(const pl_part *part)
{
    return part->conf->row.kind == PL_CONF_KIND_DEVICE;
}

/* ---- finding ---- */

pl_devcall *pl_devcall_find(const pl_pool *pool, const char *id)
{
    return pl_map_find(pool->devcalls, id);
}

pl_devcall *pl_devcall_named(pl_pool *pool, const pl_bus_in *in,
                             const pl_owner *owner, const char *id)
{
    pl_devcall *dc = pl_devcall_find(pool, id);
    if (dc && !dc->row.is_hidden &&
        pl_reg_find_of(pool, owner, dc->row.registration_id))
        return dc;
    pl_device_refuse(pool, &in->ticket, PL_DEVICE_FAULT_NOT_FOUND,
                     "There is no such media session.");
    return NULL;
}

pl_conf *pl_devcall_conf(const pl_pool *pool, const pl_devcall *dc)
{
    return pl_conf_find(pool, dc->row.conf_id);
}

/* While one is transferred there are two: the one that is in counts. */
pl_part *pl_device_phone(const pl_conf *conf)
{
    pl_part *found = NULL;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.kind == PL_PART_KIND_TELEPHONE && !part->is_spare &&
            part->row.state != PL_PART_STATE_LEFT &&
            (!found || part->row.state == PL_PART_STATE_ACTIVE))
            found = part;
    }
    return found;
}

pl_part *pl_device_seat(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.kind == PL_PART_KIND_DEVICE &&
            part->row.state != PL_PART_STATE_LEFT)
            return part;
    }
    return NULL;
}

pl_devcall *pl_device_caller(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->devcalls)
    {
        pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        if (pl_devcall_calls(dc) && !pl_devcall_is_over(dc))
            return dc;
    }
    return NULL;
}

pl_part *pl_devcall_seat(const pl_pool *pool, const pl_devcall *dc)
{
    const pl_conf *conf = pl_devcall_conf(pool, dc);
    if (pl_devcall_is_over(dc))
        return NULL;
    if (dc->row.participant_id[0])
        return pl_part_find(pool, dc->row.participant_id);
    return conf ? pl_device_seat(conf) : NULL;
}

pl_leg *pl_devcall_leg(const pl_pool *pool, const pl_devcall *dc)
{
    const pl_part *part = pl_devcall_seat(pool, dc);
    if (!part)
        return NULL;
    PL_LIST_EACH(node, &part->legs)
    {
        pl_leg *leg = PL_CONTAINER(node, pl_leg, link);
        if (strcmp(leg->row.session_id, dc->row.media_session_id) == 0)
            return leg;
    }
    return NULL;
}

/* ---- rows ---- */

static void free_text(pl_slice *text)
{
    free((void *)(uintptr_t)text->ptr);
    *text = (pl_slice){NULL, 0};
}

void pl_devcall_put(pl_pool *pool, pl_slice *field, pl_slice text)
{
    uint8_t *copy = text.len > 0 ? malloc(text.len) : NULL;
    if (text.len > 0 && !copy) {
        pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    if (copy)
        memcpy(copy, text.ptr, text.len);
    free_text(field);
    *field = (pl_slice){copy, text.len};
}

void pl_devcall_save(pl_pool *pool, pl_devcall *dc)
{
    pl_pool_put(pool, &PL_TABLE_DEVCALL, &dc->row);
}

static void free_devcall(pl_devcall *dc)
{
    free_text(&dc->row.location);
    free_text(&dc->row.offer);
    free_text(&dc->row.answer);
    free_text(&dc->row.kept_sdp);
    free(dc);
}

pl_err pl_devcall_load(pl_pool *pool, const pl_devcall_row *row)
{
    pl_devcall *dc = calloc(1, sizeof *dc);
    pl_conf *conf = pl_conf_find(pool, row->conf_id);
    if (!dc)
        return PL_ENOMEM;
    dc->row = *row;
    dc->row.location = dc->row.offer = dc->row.answer = dc->row.kept_sdp =
        (pl_slice){NULL, 0};
    pl_devcall_put(pool, &dc->row.location, row->location);
    pl_devcall_put(pool, &dc->row.offer, row->offer);
    pl_devcall_put(pool, &dc->row.answer, row->answer);
    pl_devcall_put(pool, &dc->row.kept_sdp, row->kept_sdp);
    dc->has_rung = row->status == PL_MEDIA_STATUS_RINGING;
    pl_err e = pool->failed;
    if (!e)
        e = pl_map_put(pool->devcalls, row->media_session_id, dc);
    if (e) {
        free_devcall(dc);
        return e;
    }
    if (conf)
        pl_list_append(&conf->devcalls, &dc->conf_link);
    return PL_OK;
}

/* An id of 128 random bits, in upper case as in the published examples. */
static void make_id(pl_pool *pool, char id[2 * ID_BYTES + 1])
{
    uint8_t bytes[ID_BYTES];
    pool->port->random(pool->port->ctx, bytes, sizeof bytes);
    pl_hex(bytes, sizeof bytes, id);
    for (char *c = id; *c; c++) {
        if (*c >= 'a')
            *c = (char)(*c - 'a' + 'A');
    }
}

/* Of one registration, no more that are over are kept than may go on: their
 * descriptions are large, and whoever calls decides how often. */
static void make_room(pl_pool *pool, const char *registration_id)
{
    size_t cursor = 0;
    unsigned n = 0;
    pl_devcall *dc;
    pl_devcall *oldest = NULL;
    while ((dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL) {
        if (!pl_devcall_is_over(dc) ||
            strcmp(dc->row.registration_id, registration_id) != 0)
            continue;
        n++;
        if (!oldest || dc->row.ended_at < oldest->row.ended_at)
            oldest = dc;
    }
    if (n > pool->config->device_max_calls)
        pl_devcall_drop(pool, oldest);
}

pl_err pl_devcall_add(pl_pool *pool, pl_devcall_row *row, pl_devcall **ret_dc)
{
    char text[2 * PL_ID_MAX + 64];
    make_room(pool, row->registration_id);
    make_id(pool, row->media_session_id);
    row->status = PL_MEDIA_STATUS_INITIAL;
    row->created_at = pool->now.wall_ms;
    pl_err e = pl_devcall_load(pool, row);
    if (e)
        return e;
    *ret_dc = pl_devcall_find(pool, row->media_session_id);
    pl_devcall_save(pool, *ret_dc);
    pl_fmt_cut(text, sizeof text, "media_session %s of registration %s",
               row->media_session_id, row->registration_id);
    pl_pool_note(pool, PL_LOG_INFO, "device_call_begun",
                 pl_devcall_conf(pool, *ret_dc), pl_devcall_seat(pool, *ret_dc),
                 text);
    pl_pool_count(pool, PL_RM_device_calls);
    return PL_OK;
}

void pl_devcall_drop(pl_pool *pool, pl_devcall *dc)
{
    pl_pool_cancel(pool, &dc->timer);
    pl_pool_del(pool, &PL_TABLE_DEVCALL, &dc->row);
    (void)pl_map_remove(pool->devcalls, dc->row.media_session_id);
    pl_list_remove(&dc->conf_link);
    free_devcall(dc);
}

void pl_device_calls_free(pl_pool *pool)
{
    size_t cursor = 0;
    pl_devcall *dc;
    while (pool->devcalls &&
           (dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL)
        free_devcall(dc);
}

void pl_device_part_moved(pl_pool *pool, const pl_part *part)
{
    pl_devcall *dc = pl_devcall_find(pool, part->row.session_id);
    if (part->row.kind != PL_PART_KIND_DEVICE || !dc)
        return;
    pl_list_remove(&dc->conf_link);
    pl_list_append(&part->conf->devcalls, &dc->conf_link);
    PL_SET(dc->row.conf_id, part->conf->row.conf_id);
    pl_devcall_save(pool, dc);
}

/* ---- after a restart ---- */

static void resume(pl_pool *pool, pl_devcall *dc)
{
    if (pl_devcall_is_over(dc)) {
        pl_devcall_end(pool, dc, dc->row.status, "");
    } else if (!pl_devcall_seat(pool, dc)) {
        pl_devcall_end(pool, dc, PL_MEDIA_STATUS_FAILED, "interrupted");
    }
}

void pl_device_calls_resume(pl_pool *pool)
{
    size_t cursor = 0;
    pl_devcall *dc;
    while ((dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL)
        resume(pool, dc);
}

bool pl_device_keeps(pl_pool *pool, const pl_part *part)
{
    pl_call *call = part->call;
    if (!pl_device_is_call(part) || !call || call->is_answer_sent)
        return false;
    PL_LIST_EACH(node, &part->conf->devcalls)
    {
        const pl_devcall *dc = PL_CONTAINER(node, pl_devcall, conf_link);
        if (pl_devcall_is_over(dc) || dc->row.kept_sdp.len == 0)
            continue;
        pl_slice sdp = {NULL, 0};
        pl_devcall_put(pool, &sdp, dc->row.kept_sdp);
        call->sdp = (uint8_t *)(uintptr_t)sdp.ptr;
        call->sdp_len = sdp.len;
        return true;
    }
    return false;
}

/* ---- registrations ---- */

unsigned pl_device_calls_count(const pl_pool *pool, const pl_reg *reg)
{
    size_t cursor = 0;
    unsigned n = 0;
    const pl_devcall *dc;
    while ((dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL) {
        n += !pl_devcall_is_over(dc) &&
             strcmp(dc->row.registration_id, reg->row.registration_id) == 0;
    }
    return n;
}

/* Found anew each time: ending one may end others. */
static pl_devcall *live_of(const pl_pool *pool, const pl_reg *reg)
{
    size_t cursor = 0;
    pl_devcall *dc;
    while ((dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL) {
        if (!pl_devcall_is_over(dc) &&
            strcmp(dc->row.registration_id, reg->row.registration_id) == 0)
            return dc;
    }
    return NULL;
}

void pl_device_calls_end_of(pl_pool *pool, const pl_reg *reg,
                            const char *reason)
{
    pl_devcall *dc;
    while ((dc = live_of(pool, reg)) != NULL) {
        pl_part *seat = pl_devcall_seat(pool, dc);
        if (pl_devcall_is_setup(dc) && !pl_devcall_calls(dc)) {
            pl_device_declines(pool, dc, PL_MEDIA_STATUS_TERMINATED, reason);
        } else {
            pl_devcall_end(pool, dc, PL_MEDIA_STATUS_TERMINATED, reason);
            if (seat)
                pl_part_leave(pool, seat, reason);
        }
    }
}

/* ---- what must always hold ---- */

static const char *breach_of(const pl_pool *pool, const pl_devcall *dc)
{
    const pl_part *seat = pl_devcall_seat(pool, dc);
    bool is_over = pl_devcall_is_over(dc);
    if (is_over != (dc->row.ended_at != 0))
        return "a media session is over and does not know when";
    if (is_over)
        return dc->timer.at == 0 ? "a media session is never forgotten" : NULL;
    if (!seat || seat->row.state == PL_PART_STATE_LEFT)
        return "a media session goes on without a seat";
    if (!dc->conf_link.next)
        return "a media session goes on without a conference";
    if (pl_devcall_is_active(dc) &&
        (seat->row.state != PL_PART_STATE_ACTIVE ||
         strcmp(seat->row.session_id, dc->row.media_session_id) != 0))
        return "a connected device has not its seat";
    if (pl_devcall_is_active(dc) && dc->row.connected_at == 0)
        return "a connected device does not know since when";
    if (pl_devcall_is_setup(dc) && !pl_devcall_calls(dc) &&
        seat->row.state != PL_PART_STATE_NEW && /* its media is made */
        (seat->row.state != PL_PART_STATE_RINGING || seat->timer.at == 0))
        return "a device rings for nobody, or for ever";
    return NULL;
}

const char *pl_device_calls_breach(const pl_pool *pool)
{
    size_t cursor = 0;
    const pl_devcall *dc;
    const char *breach = NULL;
    while (!breach && (dc = pl_map_next(pool->devcalls, &cursor, NULL)) != NULL)
        breach = breach_of(pool, dc);
    return breach;
}
