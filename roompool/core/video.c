/* video.c - video sessions as objects: added, told about, ended, forgotten. */
#include "video.h"

#include <stdlib.h>
#include <string.h>

#include "pl/buf.h"
#include "pl/str.h"

enum {
    REMEMBER_S = 86400,      /* after its end */
    MAX_REMEMBERED = 100000, /* sessions in memory */
    LOOK_S = 30,             /* between looks whether anybody is there */
    MAX_HISTORY = 1000       /* statuses of one session */
};

/* Ended is final; who gave up on an app still takes its goodbye. */
#define TO(s) PL_SM_BIT(PL_VIDEO_STATE_##s)
static const pl_sm_state STATES[] = {
    [PL_VIDEO_STATE_UNKNOWN] = {"none", TO(GRANTED) | TO(NOT_GRANTED), false},
    [PL_VIDEO_STATE_GRANTED] = {"session_granted",
                                TO(STARTED) | TO(FAILED) | TO(ENDED), false},
    [PL_VIDEO_STATE_STARTED] = {"session_started", TO(FAILED) | TO(ENDED),
                                false},
    [PL_VIDEO_STATE_NOT_GRANTED] = {"session_not_granted", 0, true},
    [PL_VIDEO_STATE_FAILED] = {"session_failed", TO(ENDED), false},
    [PL_VIDEO_STATE_ENDED] = {"session_ended", 0, true},
};
#undef TO
const pl_sm PL_VIDEO_SM = {"video session", STATES,
                           sizeof STATES / sizeof STATES[0]};

/* ---- all of them ---- */

pl_err pl_videos_create(pl_videos **ret_videos)
{
    pl_videos *v = calloc(1, sizeof *v);
    if (!v)
        return PL_ENOMEM;
    pl_list_init(&v->all);
    pl_list_init(&v->errands);
    pl_err e = pl_map_create(&v->by_id);
    if (!e)
        e = pl_map_create(&v->by_room);
    if (!e)
        e = pl_token_create(&v->token);
    if (e) {
        pl_videos_destroy(&v);
        return e;
    }
    *ret_videos = v;
    return PL_OK;
}

static void free_video(pl_video *video)
{
    PL_LIST_EACH_SAFE(node, &video->calls)
    {
        free(PL_CONTAINER(node, pl_vcall, link));
    }
    free(video);
}

void pl_videos_destroy(pl_videos **videos)
{
    if (!videos || !*videos)
        return;
    pl_videos *v = *videos;
    pl_video_errands_free(v);
    PL_LIST_EACH_SAFE(node, &v->all)
    {
        free_video(PL_CONTAINER(node, pl_video, link));
    }
    pl_map_destroy(&v->by_id);
    pl_map_destroy(&v->by_room);
    pl_token_destroy(&v->token);
    pl_wipe(&v->client, sizeof v->client);
    free(v);
    *videos = NULL;
}

static bool is_live(const pl_video *video)
{
    return video->row.ended_at == 0;
}

static void count_live(pl_pool *pool, int more)
{
    pl_videos *v = pool->videos;
    v->n_live = more > 0 ? v->n_live + 1 : v->n_live - 1;
    pl_metrics_set(pool->metrics, PL_RM_video_sessions, v->n_live);
}

pl_video *pl_video_find(const pl_pool *pool, const char *id)
{
    pl_video *video = pl_map_find(pool->videos->by_id, id);
    return video ? video : pl_map_find(pool->videos->by_room, id);
}

void pl_video_save(pl_pool *pool, const pl_video *video)
{
    pl_pool_put(pool, &PL_TABLE_VIDEO, &video->row);
}

void pl_video_note(pl_pool *pool, pl_video *video, const char *call,
                   const char *status)
{
    pl_vlog_row row = {.at = pool->now.wall_ms};
    if (video->row.last_seq >= MAX_HISTORY)
        return;
    row.seq = ++video->row.last_seq;
    PL_SET(row.session_id, video->row.session_id);
    PL_SET(row.client_call_id, call);
    PL_SET(row.status, status);
    pl_video_save(pool, video);
    pl_pool_put(pool, &PL_TABLE_VLOG, &row);
}

void pl_video_reply(pl_pool *pool, const pl_bus_ticket *ticket,
                    const pl_video *video)
{
    const pl_video_row *row = &video->row;
    pl_video_session m = {.state = row->state,
                          .queue_position = row->queue_position,
                          .created_ms = row->created_at,
                          .status_ms = row->status_at};
    PL_SET(m.session_id, row->session_id);
    PL_SET(m.client_id, row->client_id);
    PL_SET(m.device_code, row->device_code);
    PL_SET(m.room_name, row->room_name);
    PL_SET(m.room_alias, row->room_alias);
    PL_SET(m.guest_pin, row->guest_pin);
    PL_SET(m.destination_host, row->destination_host);
    PL_MSG_SET(VIDEO_SESSION, video_session, &m, guest_pin);
    PL_MSG_SET(VIDEO_SESSION, video_session, &m, destination_host);
    pl_pool_reply(pool, ticket, &PL_MSG_VIDEO_SESSION, &m);
}

/* ---- deadlines ---- */

static void forget(pl_pool *pool, pl_video *video)
{
    pl_videos *v = pool->videos;
    pl_pool_cancel(pool, &video->due);
    pl_pool_cancel(pool, &video->give_back);
    (void)pl_map_remove(v->by_id, video->row.session_id);
    if (pl_map_find(v->by_room, video->row.room_name) == video)
        (void)pl_map_remove(v->by_room, video->row.room_name);
    pl_list_remove(&video->link);
    free_video(video);
}

/* Nobody knows how it goes: the app is silent, and nobody is in the room, or
 * nobody can say so. Who has not come yet has the time of the room's lease. */
static bool is_abandoned(const pl_pool *pool, const pl_video *video)
{
    int64_t quiet_ms = (int64_t)pool->config->video_silence_s * 1000;
    const pl_video_room_state room = pl_video_room_look(pool, video);
    if (pool->now.wall_ms < video->row.alive_at + quiet_ms)
        return false;
    if (!room.is_known) /* only of apps that say so again and again */
        return video->row.keeps_alive;
    return !room.is_occupied && (room.was_joined || !room.is_there);
}

static void plan(pl_pool *pool, pl_video *video);

static void due(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_video *video = object;
    int64_t now = pool->now.wall_ms;
    int64_t life_ms = (int64_t)pool->config->video_life_s * 1000;
    if (!is_live(video)) {
        if (now >= video->row.ended_at + (int64_t)REMEMBER_S * 1000 &&
            !video->is_returning) {
            forget(pool, video);
            return;
        }
    } else if (now >= video->row.created_at + life_ms) {
        pl_video_end(pool, video, PL_VIDEO_STATE_ENDED, "lifetime over");
    } else if (is_abandoned(pool, video)) {
        pl_pool_count(pool, PL_RM_video_failed);
        pl_video_end(pool, video, PL_VIDEO_STATE_FAILED, "the app is silent");
    }
    plan(pool, video);
}

static void plan(pl_pool *pool, pl_video *video)
{
    const pl_video_row *row = &video->row;
    int64_t now = pool->now.wall_ms;
    int64_t at = row->ended_at + (int64_t)REMEMBER_S * 1000;
    if (is_live(video)) {
        int64_t end =
            row->created_at + (int64_t)pool->config->video_life_s * 1000;
        at = row->alive_at + (int64_t)pool->config->video_silence_s * 1000;
        if (at <= now)
            at = now + (int64_t)LOOK_S * 1000;
        at = end < at ? end : at;
    } else if (at <= now) { /* a try to give its room back is under way */
        at = now + (int64_t)LOOK_S * 1000;
    }
    pl_pool_plan(pool, &video->due, due, video, PL_MS(at - now));
}

/* ---- adding ---- */

/* Those that ended the longest ago go first; live ones are few. */
static void make_place(pl_pool *pool)
{
    pl_videos *v = pool->videos;
    if (pl_map_count(v->by_id) < MAX_REMEMBERED)
        return;
    PL_LIST_EACH_SAFE(node, &v->all)
    {
        pl_video *video = PL_CONTAINER(node, pl_video, link);
        if (!is_live(video) && !video->is_returning) {
            forget(pool, video);
            return;
        }
    }
}

static pl_err add(pl_pool *pool, const pl_video_row *row, pl_video **ret_video)
{
    pl_videos *v = pool->videos;
    pl_video *video = calloc(1, sizeof *video);
    if (!video)
        return PL_ENOMEM;
    video->row = *row;
    pl_list_init(&video->calls);
    pl_err e = pl_map_put(v->by_id, row->session_id, video);
    if (e) {
        free(video);
        return e;
    }
    (void)pl_map_remove(v->by_room, row->room_name);
    pl_list_append(&v->all, &video->link);
    if (is_live(video))
        count_live(pool, 1);
    *ret_video = video;
    return pl_map_put(v->by_room, row->room_name, video);
}

pl_err pl_video_add(pl_pool *pool, const pl_video_row *row, const char *id,
                    pl_video **ret_video)
{
    pl_video_row full = *row;
    pl_video *video;
    make_place(pool);
    PL_SET(full.session_id,
           strcmp(pool->config->video_session_id_mode, "name") == 0
               ? row->room_name
               : id);
    full.state = PL_VIDEO_STATE_GRANTED;
    full.queue_position = 1;
    full.created_at = full.status_at = full.alive_at = pool->now.wall_ms;
    if (pl_map_find(pool->videos->by_id, full.session_id))
        return PL_EEXIST;
    pl_err e = add(pool, &full, &video);
    if (e) {
        pl_pool_fail(pool, e);
        return e;
    }
    pl_video_save(pool, video);
    pl_video_note(pool, video, "", pl_video_state_text(full.state));
    pl_pool_count(pool, PL_RM_video_granted);
    plan(pool, video);
    *ret_video = video;
    return PL_OK;
}

/* ---- ending ---- */

void pl_video_end(pl_pool *pool, pl_video *video, uint32_t state,
                  const char *cause)
{
    pl_video_row *row = &video->row;
    unsigned now = row->state;
    bool was_live = is_live(video);
    if (pl_sm_move(&PL_VIDEO_SM, &now, state))
        return;
    row->state = now;
    row->status_at = pool->now.wall_ms;
    if (was_live) {
        row->ended_at = pool->now.wall_ms;
        PL_SET(row->ended_cause, cause);
        row->guest_pin[0] = '\0';
        row->queue_position = 0;
        count_live(pool, -1);
        pl_pool_count(pool, PL_RM_video_ended);
        pl_video_give_back(pool, video);
    }
    pl_video_save(pool, video);
    pl_video_note(pool, video, "", pl_video_state_text(state));
    plan(pool, video);
}

/* ---- after a start ---- */

pl_err pl_video_load(pl_pool *pool, const pl_video_row *row)
{
    pl_video *video;
    int64_t end = row->ended_at + (int64_t)REMEMBER_S * 1000;
    if (row->ended_at != 0 && end <= pool->now.wall_ms && !row->owes_room)
        return PL_OK; /* only administrators still read it */
    return add(pool, row, &video);
}

pl_err pl_vcall_load(pl_pool *pool, const pl_vcall_row *row)
{
    pl_video *video = pl_map_find(pool->videos->by_id, row->session_id);
    if (!video)
        return PL_OK;
    pl_vcall *call = calloc(1, sizeof *call);
    if (!call)
        return PL_ENOMEM;
    call->row = *row;
    /* Rows come by name; the oldest is to be first. */
    pl_list *after = &video->calls;
    while (after->prev != &video->calls &&
           PL_CONTAINER(after->prev, pl_vcall, link)->row.created_at >
               row->created_at)
        after = after->prev;
    pl_list_append(after, &call->link);
    video->n_calls++;
    return PL_OK;
}

static int by_age(const void *a, const void *b)
{
    const pl_video *const *x = a;
    const pl_video *const *y = b;
    return ((*x)->row.created_at > (*y)->row.created_at) -
           ((*x)->row.created_at < (*y)->row.created_at);
}

/* Rows come by id; the list is by age. */
static void sort(pl_pool *pool)
{
    pl_videos *v = pool->videos;
    size_t n = pl_map_count(v->by_id);
    size_t k = 0;
    pl_video **all = n > 1 ? calloc(n, sizeof(pl_video *)) : NULL;
    if (!all) {
        if (n > 1)
            pl_pool_fail(pool, PL_ENOMEM);
        return;
    }
    PL_LIST_EACH_SAFE(node, &v->all)
    {
        all[k++] = PL_CONTAINER(node, pl_video, link);
        pl_list_remove(node);
    }
    qsort(all, k, sizeof(pl_video *), by_age);
    for (size_t i = 0; i < k; i++) {
        pl_list_append(&v->all, &all[i]->link);
        (void)pl_map_remove(v->by_room, all[i]->row.room_name);
        if (pl_map_put(v->by_room, all[i]->row.room_name, all[i]))
            pl_pool_fail(pool, PL_ENOMEM);
    }
    free(all);
}

void pl_video_resume(pl_pool *pool)
{
    sort(pool);
    PL_LIST_EACH_SAFE(node, &pool->videos->all)
    {
        pl_video *video = PL_CONTAINER(node, pl_video, link);
        /* The app could not be heard while we were away. */
        if (is_live(video) && video->row.alive_at < pool->now.wall_ms)
            video->row.alive_at = pool->now.wall_ms;
        if (video->row.owes_room)
            pl_video_give_back(pool, video);
        plan(pool, video);
    }
}

void pl_video_prune(pl_pool *pool, int64_t wall_ms)
{
    PL_LIST_EACH_SAFE(node, &pool->videos->all)
    {
        pl_video *video = PL_CONTAINER(node, pl_video, link);
        if (!is_live(video) && video->row.ended_at < wall_ms)
            forget(pool, video);
    }
    pl_err e = pool->store->ops->prune_videos(pool->store, wall_ms);
    if (e)
        pl_pool_fail(pool, e);
}

static bool is_web(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

const char *pl_video_config_fault(const pl_roompool_config *config)
{
    if (!config->video_room_url[0])
        return NULL;
    if (!is_web(config->video_room_url) || !is_web(config->video_token_url)) {
        return "video_room_url and video_token_url: must begin with https:// "
               "or http://";
    }
    return config->video_client_file[0]
               ? NULL
               : "video_client_file: video_room_url needs it";
}

const char *pl_video_breach(const pl_pool *pool)
{
    const pl_videos *v = pool->videos;
    unsigned n_live = 0;
    size_t n = 0;
    PL_LIST_EACH(node, &v->all)
    {
        const pl_video *video = PL_CONTAINER(node, pl_video, link);
        bool is_open = video->row.state == PL_VIDEO_STATE_GRANTED ||
                       video->row.state == PL_VIDEO_STATE_STARTED;
        n++;
        n_live += is_live(video);
        if (is_open != is_live(video))
            return "a video session has an end that its state has not";
        if (video->row.owes_room && is_live(video))
            return "a live video session gives its room back";
        if (!is_live(video) && video->row.guest_pin[0])
            return "a video session that is over has a PIN";
        if (!is_live(video) && pl_video_room_look(pool, video).is_there)
            return "the room of a video session outlives it";
    }
    if (n != pl_map_count(v->by_id))
        return "a video session has no id";
    return n_live == v->n_live ? NULL : "live video sessions are miscounted";
}
