/* recording.c - see recording.h. */
#include "recording_impl.h"

#include <stdlib.h>
#include <string.h>

#include "conference.h"
#include "leg.h"
#include "participant.h"
#include "pl/str.h"
#include "room_policy.h"
#include "room_sound.h"
#include "roster.h"
#include "talk_interval.h"
#include "waiting.h"

enum {
    MAX_TRIES = 2,      /* within the time of who asks */
    MAX_OF_CONF = 1000, /* a host may play with the button */
};

static const char PROMPT_STARTED[] = "recording-started";
static const char PROMPT_STOPPED[] = "recording-stopped";
static const char PROMPT_FAILED[] = "recording-failed";

#define TO(s) PL_SM_BIT(PL_RECORDING_STATE_##s)
static const pl_sm_state STATES[] = {
    [PL_RECORDING_STATE_UNKNOWN] = {"none", TO(STARTING), false},
    [PL_RECORDING_STATE_STARTING] = {"starting",
                                     TO(RUNNING) | TO(ENDED) | TO(FAILED),
                                     false},
    [PL_RECORDING_STATE_RUNNING] = {"recording",
                                    TO(STARTING) | TO(ENDED) | TO(FAILED),
                                    false},
    [PL_RECORDING_STATE_ENDED] = {"ended", 0, true},
    [PL_RECORDING_STATE_FAILED] = {"failed", 0, true},
};
#undef TO
const pl_sm PL_RECORDING_SM = {"recording", STATES, 5};

pl_recording *pl_recording_find(const pl_pool *pool, const char *recording_id)
{
    return pl_map_find(pool->recordings, recording_id);
}

bool pl_recording_is_live(const pl_recording *rec)
{
    return rec->row.state == PL_RECORDING_STATE_STARTING ||
           rec->row.state == PL_RECORDING_STATE_RUNNING;
}

bool pl_recording_is_on(const pl_conf *conf)
{
    return conf->recording && conf->recording->row.started_at != 0;
}

static void save(pl_pool *pool, const pl_recording *rec)
{
    pl_pool_put(pool, &PL_TABLE_RECORDING, &rec->row);
}

/* Move and save; false: it cannot be in that state. */
static bool move(pl_pool *pool, pl_recording *rec, uint32_t state)
{
    unsigned now = rec->row.state;
    if (now != state && pl_sm_move(&PL_RECORDING_SM, &now, state))
        return false;
    rec->row.state = now;
    save(pool, rec);
    return true;
}

/* ---- memory ---- */

void pl_recording_free(void *recording)
{
    pl_recording *rec = recording;
    pl_recording_free_files(rec);
    free(rec);
}

void pl_recording_forget(void *ctx, void *object)
{
    pl_pool *pool = ctx;
    pl_recording *rec = object;
    pl_recording_close_files(pool, rec);
    pl_pool_cancel(pool, &rec->forget);
    (void)pl_map_remove(pool->recordings, rec->row.recording_id);
    pl_recording_free(rec);
}

pl_err pl_recording_keep(pl_pool *pool, const pl_recording_row *row,
                         pl_recording **ret_rec)
{
    pl_recording *rec = calloc(1, sizeof *rec);
    if (!rec)
        return PL_ENOMEM;
    rec->row = *row;
    pl_list_init(&rec->files);
    pl_err e = pl_map_put(pool->recordings, row->recording_id, rec);
    if (e) {
        free(rec);
        return e;
    }
    *ret_rec = rec;
    return PL_OK;
}

/* ---- the end ---- */

/* A log line with its id: a conference may have many. */
static void note(pl_pool *pool, pl_log_level level, const char *event,
                 const pl_recording *rec, const pl_part *part, const char *what)
{
    char text[256];
    pl_fmt_cut(text, sizeof text, "%s: %s", rec->row.recording_id, what);
    pl_pool_note(pool, level, event, pl_conf_find(pool, rec->row.conf_id), part,
                 text);
}

void pl_recording_end(pl_pool *pool, pl_recording *rec, uint32_t state,
                      const char *reason)
{
    pl_conf *conf = pl_conf_find(pool, rec->row.conf_id);
    bool was_on = conf && conf->recording == rec && pl_recording_is_on(conf);
    if (conf && conf->recording == rec) {
        pl_talks_end(pool, conf);
        conf->recording = NULL;
    }
    rec->row.ended_at = pool->now.wall_ms;
    PL_SET(rec->row.end_reason, reason);
    if (!move(pool, rec, state))
        return;
    bool is_failed = state == PL_RECORDING_STATE_FAILED;
    note(pool, is_failed ? PL_LOG_WARN : PL_LOG_INFO,
         is_failed ? "recording_failed" : "recording_ended", rec, NULL, reason);
    pl_pool_count(pool,
                  is_failed ? PL_RM_recordings_failed : PL_RM_recordings_ended);
    pl_pool_plan(pool, &rec->forget, pl_recording_forget, rec,
                 PL_S(PL_RECORDING_FORGET_S));
    if (was_on && conf->row.state == PL_CONF_STATE_LIVE) {
        pl_sound_announce(pool, conf, PROMPT_STOPPED);
        pl_roster_conference(pool, conf);
    }
}

/* ---- its media worker ---- */

static bool is_passing(pl_err e)
{
    return e == PL_ETIMEOUT || e == PL_EAGAIN;
}

static void send_stop(pl_pool *pool, pl_op *op)
{
    char node[PL_NODE_MAX + 1];
    pl_media_record_stop m = {.present = 0};
    PL_SET(node, op->node);
    PL_SET(m.room_id, op->conf);
    PL_SET(m.recording_id, op->rec);
    pl_pool_send(pool, node, op->no, &PL_MSG_MEDIA_RECORD_STOP, &m, op);
}

/* A worker that was not reached reports what it records when it is back. */
static void stopped(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    (void)in;
    if (is_passing(e) && ++op->tries < MAX_TRIES) {
        send_stop(pool, op);
    } else {
        pl_op_destroy(&op);
    }
}

void pl_recording_stop_at(pl_pool *pool, const char *node, uint64_t epoch,
                          const char *conf_id, const char *recording_id)
{
    pl_op *op = node[0] ? pl_op_create(pool, stopped) : NULL;
    if (!op)
        return;
    op->no = epoch;
    PL_SET(op->node, node);
    PL_SET(op->conf, conf_id);
    PL_SET(op->rec, recording_id);
    send_stop(pool, op);
}

static const char *why(pl_err e)
{
    if (e == PL_EUNSUPPORTED)
        return "the media worker does not record";
    if (e == PL_EIO)
        return "the media worker cannot write files";
    return e == PL_EFULL ? "too many recordings" : pl_err_text(e);
}

const char *pl_recording_refusal(const pl_conf *conf, pl_err e)
{
    bool is_off = pl_room_policy_of(conf->room).record == PL_RECORD_POLICY_OFF;
    if (e == PL_EUNSUPPORTED && is_off)
        return "this room is never recorded";
    if (e == PL_ESTATE && conf->recording && !conf->recording->row.has_stems)
        return "a recording without stems runs; stop it first";
    return why(e);
}

static void answer(pl_pool *pool, const pl_op *op, const pl_conf *conf,
                   pl_err e)
{
    if (!op->has_ticket)
        return;
    if (e == PL_ENOENT) /* to who asks that is another thing */
        e = PL_EUNAVAILABLE;
    if (e) {
        pl_pool_refuse(pool, &op->ticket, e,
                       conf ? pl_recording_refusal(conf, e) : NULL);
    } else {
        pl_pool_ok(pool, &op->ticket);
    }
}

/* Who keyed it hears that it cannot be. */
static void tell_telephone(pl_pool *pool, const char *participant_id)
{
    const pl_part *part = pl_part_find(pool, participant_id);
    pl_leg *leg = part && part->row.state == PL_PART_STATE_ACTIVE
                      ? pl_leg_of(part)
                      : NULL;
    if (leg)
        pl_leg_play(pool, leg, PROMPT_FAILED);
}

/* Nobody asked for it who could be answered: all hosts hear it. */
static void tell_hosts(pl_pool *pool, pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.role == PL_PART_ROLE_HOST && !pl_waits(part))
            tell_telephone(pool, part->row.participant_id);
    }
}

/* reason: of the worker, for people; or what its error means. */
static void not_started(pl_pool *pool, pl_recording *rec, const pl_op *op,
                        pl_err e, const pl_bus_in *in)
{
    const pl_error *error = in ? in->body : NULL;
    pl_conf *conf = pl_conf_find(pool, op->conf);
    bool is_policy = rec->row.started_by == PL_RECORDING_BY_POLICY;
    pl_recording_end(pool, rec, PL_RECORDING_STATE_FAILED,
                     error && error->text[0] ? error->text : why(e));
    if (is_policy && conf)
        tell_hosts(pool, conf);
    tell_telephone(pool, op->part);
}

void pl_recording_runs(pl_pool *pool, pl_recording *rec)
{
    pl_conf *conf = pl_conf_find(pool, rec->row.conf_id);
    bool is_first = rec->row.started_at == 0;
    if (rec->row.state == PL_RECORDING_STATE_RUNNING)
        return;
    if (is_first)
        rec->row.started_at = pool->now.wall_ms;
    if (!move(pool, rec, PL_RECORDING_STATE_RUNNING) || !conf)
        return;
    pl_talks_begin(pool, conf);
    pl_pool_note(pool, PL_LOG_INFO, "recording_runs", conf, NULL,
                 rec->row.recording_id);
    if (!is_first)
        return;
    pl_pool_count(pool, PL_RM_recordings);
    pl_sound_announce(pool, conf, PROMPT_STARTED);
    pl_roster_conference(pool, conf);
}

static void send_start(pl_pool *pool, const pl_recording *rec, pl_op *op)
{
    const pl_conf *conf = pl_conf_find(pool, rec->row.conf_id);
    pl_media_record_start m = {.part = rec->row.part,
                               .mix = rec->row.has_mix,
                               .stems = rec->row.has_stems};
    PL_SET(m.room_id, rec->row.conf_id);
    PL_SET(m.recording_id, rec->row.recording_id);
    op->no = rec->row.part;
    PL_SET(op->rec, rec->row.recording_id);
    PL_SET(op->conf, rec->row.conf_id);
    pl_pool_send(pool, rec->row.media_node, conf ? conf->row.epoch : 0,
                 &PL_MSG_MEDIA_RECORD_START, &m, op);
}

static void started(pl_pool *pool, pl_op *op, pl_err e, const pl_bus_in *in)
{
    pl_recording *rec = pl_recording_find(pool, op->rec);
    pl_conf *conf = pl_conf_find(pool, op->conf);
    /* Else it is over, or goes on elsewhere meanwhile. */
    bool is_it = rec && conf && pl_recording_is_live(rec) &&
                 rec->row.part == op->no && rec->row.media_node[0];
    (void)in;
    if (is_it && (is_passing(e) || e == PL_ENOENT) && ++op->tries < MAX_TRIES) {
        if (e == PL_ENOENT) { /* the room, and with it what was begun there */
            pl_conf_reopen(pool, conf);
            rec->row.part++;
            save(pool, rec);
        }
        send_start(pool, rec, op);
        return;
    }
    if (is_it && !e) {
        pl_recording_runs(pool, rec);
    } else if (is_it && e != PL_EUNAVAILABLE) { /* that worker is gone */
        not_started(pool, rec, op, e, in);
    }
    answer(pool, op, conf, is_it && e != PL_EUNAVAILABLE ? e : PL_OK);
    pl_op_destroy(&op);
}

/* At the worker that has the room. */
static void start_at(pl_pool *pool, pl_recording *rec, const pl_conf *conf,
                     pl_op *op)
{
    if (!op)
        op = pl_op_create(pool, started);
    if (!op)
        return;
    PL_SET(rec->row.media_node, conf->row.media_node);
    save(pool, rec);
    send_start(pool, rec, op);
}

/* ---- the room's place ---- */

void pl_recording_unplaced(pl_pool *pool, pl_conf *conf)
{
    pl_recording *rec = conf->recording;
    if (!rec || !rec->row.media_node[0])
        return;
    pl_talks_end(pool, conf);
    pl_recording_close_files(pool, rec);
    rec->row.media_node[0] = '\0';
    rec->row.part++;
    (void)move(pool, rec, PL_RECORDING_STATE_STARTING);
}

void pl_recording_placed(pl_pool *pool, pl_conf *conf)
{
    pl_recording_unplaced(pool, conf); /* opened anew at the same one */
    if (conf->recording)
        start_at(pool, conf->recording, conf, NULL);
}

/* Repeated to one that does so already it does no harm. */
void pl_recording_seen(pl_pool *pool, pl_conf *conf)
{
    if (conf->recording)
        start_at(pool, conf->recording, conf, NULL);
}

/* ---- asked for ---- */

static pl_err create(pl_pool *pool, pl_conf *conf, const pl_record_order *order,
                     pl_recording **ret_rec)
{
    char id[37];
    unsigned state = PL_RECORDING_STATE_UNKNOWN;
    pl_recording_row row = {.started_by = order->by,
                            .has_mix = true,
                            .part = 1,
                            .asked_at = pool->now.wall_ms};
    const pl_room_policy policy = pl_room_policy_of(conf->room);
    pl_err e =
        pl_sm_move(&PL_RECORDING_SM, &state, PL_RECORDING_STATE_STARTING);
    if (e)
        return e;
    row.state = state;
    row.has_stems = order->has_stems || policy.record_stems;
    pool->port->new_id(pool->port->ctx, id);
    PL_SET(row.recording_id, id);
    PL_SET(row.conf_id, conf->row.conf_id);
    PL_SET(row.room_id, conf->row.room_id);
    PL_SET(row.started_by_name, order->name);
    e = pl_recording_keep(pool, &row, ret_rec);
    if (e)
        return e;
    conf->recording = *ret_rec;
    conf->n_recordings++;
    save(pool, *ret_rec);
    return PL_OK;
}

static pl_op *op_of(pl_pool *pool, const pl_record_order *order)
{
    pl_op *op = pl_op_create(pool, started);
    if (op && order->ticket) {
        op->ticket = *order->ticket;
        op->has_ticket = true;
    }
    if (op && order->part)
        PL_SET(op->part, order->part->row.participant_id);
    return op;
}

static pl_err may_start(const pl_conf *conf)
{
    if (conf->row.kind != PL_CONF_KIND_ROOM ||
        pl_room_policy_of(conf->room).record == PL_RECORD_POLICY_OFF)
        return PL_EUNSUPPORTED;
    return conf->n_recordings >= MAX_OF_CONF ? PL_EFULL : PL_OK;
}

pl_err pl_recording_start(pl_pool *pool, pl_conf *conf,
                          const pl_record_order *order, bool *ret_is_later)
{
    pl_recording *rec;
    pl_err e = may_start(conf);
    if (e)
        return e;
    *ret_is_later = false;
    if (conf->recording) {
        return order->has_stems && !conf->recording->row.has_stems ? PL_ESTATE
                                                                   : PL_OK;
    }
    e = create(pool, conf, order, &rec);
    if (e)
        return e;
    note(pool, PL_LOG_INFO, "recording_asked", rec, order->part,
         pl_recording_by_text(order->by));
    if (!conf->row.media_node[0])
        return PL_OK; /* starts with the first media */
    pl_op *op = op_of(pool, order);
    if (!op)
        return PL_ENOMEM;
    start_at(pool, rec, conf, op);
    *ret_is_later = order->ticket != NULL;
    return PL_OK;
}

void pl_recording_stop(pl_pool *pool, pl_conf *conf, const char *reason)
{
    pl_recording *rec = conf->recording;
    if (!rec)
        return;
    pl_recording_stop_at(pool, rec->row.media_node, conf->row.epoch,
                         conf->row.conf_id, rec->row.recording_id);
    pl_recording_end(pool, rec, PL_RECORDING_STATE_ENDED, reason);
}

static bool has_media(const pl_conf *conf)
{
    PL_LIST_EACH(node, &conf->parts)
    {
        const pl_part *part = PL_CONTAINER(node, pl_part, link);
        if (part->row.state == PL_PART_STATE_ACTIVE && part->row.has_media &&
            !pl_waits(part))
            return true;
    }
    return false;
}

void pl_recording_check_auto(pl_pool *pool, pl_conf *conf)
{
    const pl_record_order order = {.by = PL_RECORDING_BY_POLICY, .name = ""};
    bool is_later;
    if (conf->row.kind != PL_CONF_KIND_ROOM || conf->n_recordings > 0 ||
        conf->row.state != PL_CONF_STATE_LIVE || !conf->row.is_started ||
        pl_room_policy_of(conf->room).record != PL_RECORD_POLICY_AUTO ||
        !has_media(conf))
        return;
    pl_err e = pl_recording_start(pool, conf, &order, &is_later);
    if (e) {
        pl_pool_note(pool, PL_LOG_WARN, "recording_failed", conf, NULL, why(e));
    }
}

void pl_recording_keyed(pl_pool *pool, pl_part *part)
{
    const pl_record_order order = {.by = PL_RECORDING_BY_KEYS,
                                   .name = part->row.display_name,
                                   .part = part};
    bool is_later;
    if (part->conf->recording) {
        pl_recording_stop(pool, part->conf, "stopped by keys");
        return;
    }
    pl_err e = pl_recording_start(pool, part->conf, &order, &is_later);
    if (!e)
        return;
    pl_pool_note(pool, PL_LOG_WARN, "recording_refused", part->conf, part,
                 pl_recording_refusal(part->conf, e));
    tell_telephone(pool, part->row.participant_id);
}

void pl_recording_conf_ends(pl_pool *pool, pl_conf *conf, const char *reason)
{
    if (conf->recording)
        pl_recording_end(pool, conf->recording, PL_RECORDING_STATE_ENDED,
                         reason);
}
