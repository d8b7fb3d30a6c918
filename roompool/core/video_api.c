/* video_api.c - an app asks for a session, and tells how it and its calls go.
 */
#include <stdlib.h>
#include <string.h>

#include "pl/str.h"
#include "video.h"

enum { MAX_CALLS = 32, HOUR_MS = 3600000 };

/* ---- making ---- */

static bool is_of_device(const pl_video *video, const pl_video_create *m)
{
    return strcmp(video->row.device_code, m->device_code) == 0 &&
           strcmp(video->row.client_id, m->client_id) == 0;
}

static bool has_share(const pl_pool *pool, const pl_video_create *m)
{
    uint32_t limit = pool->config->video_per_device_per_hour;
    uint32_t n = 0;
    const pl_list *all = &pool->videos->all;
    for (pl_list *node = all->prev; limit > 0 && node != all;
         node = node->prev) {
        const pl_video *video = PL_CONTAINER(node, pl_video, link);
        if (video->row.created_at <= pool->now.wall_ms - HOUR_MS)
            break;
        n += is_of_device(video, m);
    }
    return limit == 0 || n < limit;
}

static void end_others(pl_pool *pool, const pl_video_create *m)
{
    PL_LIST_EACH_SAFE(node, &pool->videos->all)
    {
        pl_video *video = PL_CONTAINER(node, pl_video, link);
        if (video->row.ended_at == 0 && is_of_device(video, m)) {
            pl_video_end(pool, video, PL_VIDEO_STATE_ENDED,
                         "another session of its device");
        }
    }
}

void pl_on_video_create(pl_pool *pool, const pl_bus_in *in)
{
    const pl_video_create *m = in->body;
    const pl_videos *v = pool->videos;
    pl_err e = PL_OK;
    if (pool->is_draining) {
        e = PL_EDRAIN;
    } else if (!has_share(pool, m)) {
        e = PL_ERATE;
    }
    if (!e && pool->config->video_one_session_per_device)
        end_others(pool, m);
    if (!e && v->n_live + v->n_making >= pool->config->video_max_sessions)
        e = PL_EFULL;
    if (e) {
        pl_pool_count(pool, PL_RM_video_refused);
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    pl_video_make(pool, &in->ticket, m);
}

/* ---- one that is named ---- */

/* NULL: refused already. client, device "": anybody's. */
static pl_video *find(pl_pool *pool, const pl_bus_in *in, const char *id,
                      const char *client, const char *device)
{
    pl_video *video = pl_video_find(pool, id);
    if (video && (!client[0] || strcmp(client, video->row.client_id) == 0) &&
        (!device[0] || strcmp(device, video->row.device_code) == 0))
        return video;
    pl_pool_refuse(pool, &in->ticket, PL_ENOENT, NULL);
    return NULL;
}

#define FIND(UPPER, sym, m)                                                    \
    find(pool, in, (m)->id,                                                    \
         PL_MSG_HAS(UPPER, sym, (m), client_id) ? (m)->client_id : "",         \
         PL_MSG_HAS(UPPER, sym, (m), device_code) ? (m)->device_code : "")

void pl_on_video_get(pl_pool *pool, const pl_bus_in *in)
{
    const pl_video_get *m = in->body;
    const pl_video *video = FIND(VIDEO_GET, video_get, m);
    if (video)
        pl_video_reply(pool, &in->ticket, video);
}

static void is_alive(pl_pool *pool, pl_video *video)
{
    if (video->row.ended_at != 0)
        return;
    video->row.alive_at = pool->now.wall_ms;
    pl_video_save(pool, video);
}

void pl_on_video_status(pl_pool *pool, const pl_bus_in *in)
{
    const pl_video_status *m = in->body;
    pl_video *video = FIND(VIDEO_STATUS, video_status, m);
    if (!video)
        return;
    pl_video_row *row = &video->row;
    bool is_told = m->state == PL_VIDEO_STATE_STARTED ||
                   m->state == PL_VIDEO_STATE_FAILED ||
                   m->state == PL_VIDEO_STATE_ENDED;
    is_alive(pool, video);
    if (m->state == row->state) {
        pl_video_reply(pool, &in->ticket, video);
        return;
    }
    if (!is_told || !pl_sm_can_move(&PL_VIDEO_SM, row->state, m->state)) {
        pl_pool_refuse(pool, &in->ticket, PL_ESTATE, NULL);
        return;
    }
    if (m->state == PL_VIDEO_STATE_STARTED) {
        row->state = m->state;
        row->status_at = pool->now.wall_ms;
        pl_video_save(pool, video);
        pl_video_note(pool, video, "", pl_video_state_text(row->state));
    } else {
        pl_video_end(pool, video, m->state, "the app said so");
    }
    pl_video_reply(pool, &in->ticket, video);
}

void pl_on_video_delete(pl_pool *pool, const pl_bus_in *in)
{
    const pl_video_delete *m = in->body;
    pl_video *video = FIND(VIDEO_DELETE, video_delete, m);
    if (!video)
        return;
    if (video->row.ended_at == 0)
        pl_video_end(pool, video, PL_VIDEO_STATE_ENDED, "the app deleted it");
    pl_pool_ok(pool, &in->ticket);
}

/* ---- its calls ---- */

/* By the app's name for it; "": the latest. */
static pl_vcall *find_call(const pl_video *video, const char *client_call_id)
{
    pl_vcall *latest = NULL;
    PL_LIST_EACH(node, &video->calls)
    {
        pl_vcall *call = PL_CONTAINER(node, pl_vcall, link);
        latest = call;
        if (strcmp(call->row.client_call_id, client_call_id) == 0)
            return call;
    }
    return client_call_id[0] ? NULL : latest;
}

static pl_err make_call(pl_pool *pool, pl_video *video,
                        const pl_video_call_put *m, pl_vcall **ret_call)
{
    char id[37];
    if (video->n_calls == MAX_CALLS)
        return PL_EFULL;
    pl_vcall *call = calloc(1, sizeof *call);
    if (!call)
        return PL_ENOMEM;
    PL_SET(call->row.session_id, video->row.session_id);
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(call->row.call_id, id);
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(call->row.client_call_id,
           m->client_call_id[0] ? m->client_call_id : id);
    call->row.created_at = pool->now.wall_ms;
    pl_list_append(&video->calls, &call->link);
    video->n_calls++;
    *ret_call = call;
    return PL_OK;
}

/* What comes after its end is late, and changes nothing. */
static void tell_call(pl_pool *pool, pl_video *video, pl_vcall *call,
                      uint32_t state)
{
    pl_vcall_row *row = &call->row;
    if (row->state == PL_VIDEO_CALL_STATE_ENDED)
        return;
    bool is_repeat = row->state == state;
    row->state = state;
    row->status_at = pool->now.wall_ms;
    if (is_repeat && state == PL_VIDEO_CALL_STATE_IN_CALL &&
        !video->row.keeps_alive) {
        video->row.keeps_alive = true;
        pl_video_save(pool, video);
    }
    pl_pool_put(pool, &PL_TABLE_VCALL, row);
    if (!is_repeat) {
        pl_video_note(pool, video, row->client_call_id,
                      pl_video_call_state_text(state));
    }
}

void pl_on_video_call_put(pl_pool *pool, const pl_bus_in *in)
{
    const pl_video_call_put *m = in->body;
    pl_video *video = FIND(VIDEO_CALL_PUT, video_call_put, m);
    if (!video)
        return;
    pl_vcall *call = find_call(video, m->client_call_id);
    pl_err e = m->state == PL_VIDEO_CALL_STATE_UNKNOWN ||
                       m->state > PL_VIDEO_CALL_STATE_ENDED
                   ? PL_EINVAL
                   : PL_OK;
    if (!e && !call)
        e = make_call(pool, video, m, &call);
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e, NULL);
        return;
    }
    is_alive(pool, video);
    tell_call(pool, video, call, m->state);
    pl_video_call r = {.state = call->row.state,
                       .status_ms = call->row.status_at};
    PL_SET(r.session_id, video->row.session_id);
    PL_SET(r.call_id, call->row.call_id);
    PL_SET(r.client_call_id, call->row.client_call_id);
    pl_pool_reply(pool, &in->ticket, &PL_MSG_VIDEO_CALL, &r);
}
