/* conference.c - creating, placing, ending. */
#include "conference.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "event_stream.h"
#include "handover.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "recording.h"
#include "room.h"
#include "room_policy.h"
#include "room_sound.h"
#include "room_start.h"
#include "sink.h"
#include "vmr.h"
#include "worker.h"

enum { CALL_SEATS = 2 };

static const pl_sm_state CONF_STATES[] = {
    [PL_CONF_STATE_NONE] = {"none", PL_SM_BIT(PL_CONF_STATE_LIVE), false},
    [PL_CONF_STATE_LIVE] = {"live", PL_SM_BIT(PL_CONF_STATE_ENDED), false},
    [PL_CONF_STATE_ENDED] = {"ended", 0, true},
};
const pl_sm PL_CONF_SM = {"conference", CONF_STATES, 3};

pl_conf *pl_conf_find(const pl_pool *pool, const char *conf_id)
{
    return pl_map_find(pool->confs, conf_id);
}

void pl_conf_save(pl_pool *pool, pl_conf *conf)
{
    pl_pool_put(pool, &PL_TABLE_CONF, &conf->row);
}

void pl_confs_rekey(pl_pool *pool, const pl_room *room)
{
    size_t cursor = 0;
    pl_conf *conf;
    while ((conf = pl_map_next(pool->confs, &cursor, NULL)) != NULL) {
        if (conf->room != room)
            continue;
        PL_SET(conf->row.room_id, room->row.room_id);
        pl_conf_save(pool, conf);
    }
}

pl_err pl_conf_load(pl_pool *pool, const pl_conf_row *row)
{
    pl_conf *conf = calloc(1, sizeof *conf);
    if (!conf)
        return PL_ENOMEM;
    conf->row = *row;
    pl_list_init(&conf->parts);
    pl_list_init(&conf->events);
    pl_list_init(&conf->devcalls);
    pl_err e = pl_map_put(pool->confs, row->conf_id, conf);
    if (e) {
        free(conf);
        return e;
    }
    conf->room =
        row->room_id[0] ? pl_map_find(pool->rooms, row->room_id) : NULL;
    if (row->state == PL_CONF_STATE_LIVE) {
        pool->n_confs_live++;
        if (conf->room)
            conf->room->conf = conf;
    }
    return PL_OK;
}

static pl_err create(pl_pool *pool, pl_conf_row *row, pl_conf **ret_conf)
{
    char id[37];
    unsigned state = PL_CONF_STATE_NONE;
    if (pool->n_confs_live >= pool->config->max_conferences)
        return PL_EFULL;
    pl_err e = pl_sm_move(&PL_CONF_SM, &state, PL_CONF_STATE_LIVE);
    if (e)
        return e;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(row->conf_id, id);
    row->state = state;
    row->started_at = pool->now.wall_ms;
    row->guests_can_unmute = true;
    if (row->max_participants == 0)
        row->max_participants = pool->config->max_participants;
    if (row->max_talkers == 0)
        row->max_talkers = pool->config->max_talkers;
    e = pl_conf_load(pool, row);
    if (e)
        return e;
    *ret_conf = pl_conf_find(pool, id);
    pl_conf_save(pool, *ret_conf);
    pl_pool_note(pool, PL_LOG_INFO, "conference_started", *ret_conf, NULL,
                 row->room_id);
    return PL_OK;
}

pl_err pl_conf_of_room(pl_pool *pool, pl_room *room, pl_conf **ret_conf)
{
    if (room->conf) {
        *ret_conf = room->conf;
        return PL_OK;
    }
    pl_conf_row row = {.kind = PL_CONF_KIND_ROOM,
                       .mode = room->row.mode,
                       .is_started = !pl_room_has_host_pin(room),
                       .max_participants = room->row.max_participants,
                       .max_talkers = room->row.max_talkers};
    PL_SET(row.room_id, room->row.room_id);
    pl_room_start_with(room, &row);
    return create(pool, &row, ret_conf);
}

pl_err pl_conf_create(pl_pool *pool, uint32_t kind, pl_conf **ret_conf)
{
    pl_conf_row row = {
        .kind = kind, .mode = PL_ROOM_MODE_MIX, .is_started = true};
    if (kind == PL_CONF_KIND_CALL || kind == PL_CONF_KIND_DEVICE)
        row.max_participants = CALL_SEATS;
    return create(pool, &row, ret_conf);
}

bool pl_conf_is_occupied(const pl_conf *conf)
{
    if (!conf)
        return false;
    PL_LIST_EACH(node, &conf->parts)
    {
        if (PL_CONTAINER(node, pl_part, link)->row.state ==
            PL_PART_STATE_ACTIVE)
            return true;
    }
    return false;
}

pl_leg *pl_conf_next_leg(const pl_conf *conf, const pl_leg *leg)
{
    if (leg && leg->link.next != &leg->part->legs)
        return PL_CONTAINER(leg->link.next, pl_leg, link);
    pl_list *at = leg ? leg->part->link.next : conf->parts.next;
    for (; at != &conf->parts; at = at->next) {
        const pl_part *part = PL_CONTAINER(at, pl_part, link);
        if (!pl_list_is_empty(&part->legs))
            return PL_CONTAINER(part->legs.next, pl_leg, link);
    }
    return NULL;
}

bool pl_conf_is_for_two(const pl_conf *conf)
{
    return conf->row.kind == PL_CONF_KIND_CALL ||
           conf->row.kind == PL_CONF_KIND_DEVICE;
}

bool pl_conf_has_room(const pl_conf *conf)
{
    return conf->n_live < conf->row.max_participants;
}

/* ---- place ---- */

/* Who has left is owed nothing. */
static uint32_t still_owed(const pl_conf *conf)
{
    return conf->n_owed < conf->n_live ? conf->n_owed : conf->n_live;
}

/* Who has been let in is not put out because his worker is lost, even where
 * nobody new would be let in. */
static uint32_t count_owed(const pl_conf *conf)
{
    uint32_t n = 0;
    PL_CONF_EACH_LEG(leg, conf)
    {
        n += leg->is_negotiated;
    }
    /* Another loss before all were offered anew. */
    uint32_t before = still_owed(conf);
    return n > before ? n : before;
}

static bool is_back(const pl_leg *leg)
{
    return leg->is_negotiated && !leg->is_importing &&
           leg->part->row.state != PL_PART_STATE_LEFT;
}

/* Once all are back, or as many, one more is let in like everywhere. */
static void cut_owed(pl_pool *pool, pl_conf *conf)
{
    bool is_placed = conf->row.media_node[0] != '\0';
    uint32_t owed = still_owed(conf);
    uint32_t n = 0;
    PL_CONF_EACH_LEG(leg, conf)
    {
        n += is_back(leg);
    }
    if (is_placed && n >= owed)
        owed = 0;
    if (owed == conf->n_owed)
        return;
    conf->n_owed = owed;
    if (is_placed)
        pl_conf_reopen(pool, conf);
}

void pl_conf_count_live(pl_pool *pool, pl_conf *conf, int more)
{
    conf->n_live += (unsigned)more;
    pl_worker_hold(pool, conf->row.media_node, more);
    if (conf->n_owed > 0)
        cut_owed(pool, conf);
}

/* node: "" none. */
static void set_node(const pl_pool *pool, pl_conf *conf, const char *node)
{
    pl_worker_hold(pool, conf->row.media_node, -(int)conf->n_live);
    PL_SET(conf->row.media_node, node);
    pl_worker_hold(pool, conf->row.media_node, (int)conf->n_live);
}

/* The worker has no time for the room. */
static bool is_refused(const pl_conf *conf, const pl_op *op, pl_err e)
{
    return (e == PL_EFULL || e == PL_EDRAIN) && conf->row.epoch == op->no &&
           strcmp(conf->row.media_node, op->node) == 0;
}

/* Opened too late: a link that was away for a moment brings the order late. */
static void close_late(pl_pool *pool, const pl_conf *conf, const pl_op *op)
{
    pl_media_room_close m = {.present = 0};
    if (conf && conf->row.state == PL_CONF_STATE_LIVE &&
        conf->row.epoch == op->no)
        return;
    PL_SET(m.room_id, op->conf);
    pl_pool_send(pool, op->node, op->no, &PL_MSG_MEDIA_ROOM_CLOSE, &m, NULL);
}

static void opened(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)in;
    pl_conf *conf = pl_conf_find(pool, op->conf);
    if (!e)
        close_late(pool, conf, op);
    if (e && conf) {
        pl_pool_note(pool, PL_LOG_WARN, "room_not_opened", conf, NULL,
                     pl_err_text(e));
        if (is_refused(conf, op, e) &&
            !pl_handover_refused(pool, conf, op->no) &&
            !pl_legs_have_media(conf, NULL))
            pl_conf_unplace(pool, conf); /* who comes is placed elsewhere */
    }
    pl_op_destroy(&op);
}

void pl_conf_reopen(pl_pool *pool, pl_conf *conf)
{
    const pl_room_policy policy = pl_room_policy_of(conf->room);
    pl_media_room_open m = {.mode = conf->row.mode,
                            .max_legs = conf->row.max_participants,
                            .max_talkers = conf->row.max_talkers,
                            .channels = policy.channels,
                            .dtmf = policy.dtmf,
                            .denoise = policy.denoise,
                            .is_raw = !policy.level_voices};
    pl_op *op = pl_op_create(pool, opened);
    if (!op)
        return;
    /* Invitations ring several sessions of one user, a leg each. */
    m.max_legs +=
        pool->config->max_invitations * pool->config->max_sessions_per_user;
    if (m.max_legs > 100000)
        m.max_legs = 100000;
    PL_SET(op->conf, conf->row.conf_id);
    op->no = conf->row.epoch;
    PL_SET(m.room_id, conf->row.conf_id);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, max_talkers);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, channels);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, dtmf);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, denoise);
    PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, is_raw);
    if (conf->n_owed > 0) {
        m.owed = conf->n_owed;
        PL_MSG_SET(MEDIA_ROOM_OPEN, media_room_open, &m, owed);
    }
    pl_pool_send(pool, conf->row.media_node, conf->row.epoch,
                 &PL_MSG_MEDIA_ROOM_OPEN, &m, op);
}

void pl_conf_resound(pl_pool *pool, pl_conf *conf)
{
    conf->is_sound_unknown = false;
    pl_recording_placed(pool, conf);
    pl_sound_placed(pool, conf);
}

static void save_epoch(pl_pool *pool)
{
    pl_meta_row row = {.name = "epoch"};
    pl_fmt_cut(row.value, sizeof row.value, "%" PRIu64, pool->epoch);
    pl_pool_put(pool, &PL_TABLE_META, &row);
}

static void note_place(pl_pool *pool, const pl_conf *conf)
{
    pl_placement_row row = {.epoch = conf->row.epoch,
                            .placed_at = pool->now.wall_ms};
    char text[PL_NODE_MAX + 32];
    PL_SET(row.conf_id, conf->row.conf_id);
    PL_SET(row.node, conf->row.media_node);
    pl_pool_put(pool, &PL_TABLE_PLACEMENT, &row);
    pl_fmt_cut(text, sizeof text, "%s epoch %" PRIu64, conf->row.media_node,
               conf->row.epoch);
    pl_pool_note(pool, PL_LOG_INFO, "conference_placed", conf, NULL, text);
}

void pl_conf_place_at(pl_pool *pool, pl_conf *conf, const char *node)
{
    conf->row.epoch = ++pool->epoch;
    set_node(pool, conf, node);
    save_epoch(pool);
    pl_conf_save(pool, conf);
    note_place(pool, conf);
    pl_conf_reopen(pool, conf);
}

pl_err pl_conf_place(pl_pool *pool, pl_conf *conf)
{
    pl_worker *worker;
    if (conf->row.media_node[0])
        return PL_OK;
    pl_err e = pl_worker_choose(pool, PL_ROLE_MEDIA, conf->failed_node,
                                conf->n_owed > 0, &worker);
    if (e)
        return e;
    pl_conf_place_at(pool, conf, worker->row.node);
    pl_conf_resound(pool, conf);
    return PL_OK;
}

static void close_room(pl_pool *pool, const pl_conf *conf)
{
    pl_media_room_close m = {.present = 0};
    if (!conf->row.media_node[0])
        return;
    PL_SET(m.room_id, conf->row.conf_id);
    pl_pool_send(pool, conf->row.media_node, conf->row.epoch,
                 &PL_MSG_MEDIA_ROOM_CLOSE, &m, NULL);
}

void pl_conf_unplace(pl_pool *pool, pl_conf *conf)
{
    conf->n_owed = count_owed(conf);
    pl_recording_unplaced(pool, conf);
    PL_SET(conf->failed_node, conf->row.media_node);
    set_node(pool, conf, "");
    pl_conf_save(pool, conf);
}

void pl_conf_withdraw(pl_pool *pool, pl_conf *conf)
{
    close_room(pool, conf);
    pl_conf_unplace(pool, conf);
}

/* ---- end ---- */

static void write_record(pl_pool *pool, const pl_conf *conf)
{
    const pl_conf_row *c = &conf->row;
    pl_confrecord_row row = {.kind = c->kind,
                             .participants = c->n_joined,
                             .was_started = c->is_started,
                             .started_at = c->started_at,
                             .ended_at = c->ended_at};
    PL_SET(row.conf_id, c->conf_id);
    PL_SET(row.room_id, c->room_id);
    PL_SET(row.tag, conf->room ? conf->room->row.tag : "");
    PL_SET(row.reason, c->end_reason);
    pl_pool_put(pool, &PL_TABLE_CONFRECORD, &row);
    pl_pool_note_record(pool);
}

static void stop_clocks(pl_pool *pool, pl_conf *conf)
{
    pl_pool_cancel(pool, &conf->talk);
    pl_pool_cancel(pool, &conf->replace);
    pl_pool_cancel(pool, &conf->hostless);
    pl_pool_cancel(pool, &conf->alone);
}

static void purge(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_conf *conf = object;
    pl_room *room = conf->room;
    stop_clocks(pool, conf);
    while (!pl_list_is_empty(&conf->parts))
        pl_part_forget(pool, PL_CONTAINER(conf->parts.next, pl_part, link));
    pl_conf_events_clear(pool, conf);
    PL_LIST_EACH_SAFE(node, &conf->devcalls)
    {
        pl_list_remove(node);
    }
    pl_pool_del(pool, &PL_TABLE_CONF, &conf->row);
    (void)pl_map_remove(pool->confs, conf->row.conf_id);
    free(conf);
    pl_room_drop_unused(pool, room);
}

/* Who makes and ends conferences as fast as possible must not fill memory with
 * what is only remembered. */
void pl_conf_plan_purge(pl_pool *pool, pl_conf *conf)
{
    enum { SHORT_S = 1 };
    size_t n_ended = pl_map_count(pool->confs) - pool->n_confs_live;
    uint32_t linger_s = n_ended > pool->config->max_conferences
                            ? SHORT_S
                            : pool->config->linger_s;
    pl_pool_plan(pool, &conf->purge, purge, conf, PL_S(linger_s));
}

void pl_conf_end(pl_pool *pool, pl_conf *conf, const char *reason)
{
    unsigned state = conf->row.state;
    if (pl_sm_move(&PL_CONF_SM, &state, PL_CONF_STATE_ENDED))
        return;
    conf->row.state = state;
    conf->row.ended_at = pool->now.wall_ms;
    PL_SET(conf->row.end_reason, reason);
    pl_recording_conf_ends(pool, conf, reason);
    close_room(pool, conf);
    set_node(pool, conf, "");
    conf->n_owed = 0;
    pool->n_confs_live--;
    if (conf->room && conf->room->conf == conf)
        conf->room->conf = NULL;
    PL_LIST_EACH(node, &conf->parts)
    {
        pl_part_leave(pool, PL_CONTAINER(node, pl_part, link), reason);
    }
    pl_sinks_conf_ended(pool, conf);
    pl_vmr_emptied(pool, conf->room);
    pl_room_emptied(pool, conf->room);
    pl_conf_save(pool, conf);
    write_record(pool, conf);
    stop_clocks(pool, conf);
    pl_conf_plan_purge(pool, conf);
    pl_pool_note(pool, PL_LOG_INFO, "conference_ended", conf, NULL, reason);
}

void pl_conf_check_empty(pl_pool *pool, pl_conf *conf)
{
    if (conf->row.state == PL_CONF_STATE_LIVE && conf->n_live == 0)
        pl_conf_end(pool, conf, "everybody left");
}
