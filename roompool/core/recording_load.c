/* recording_load.c - recordings after a restart, and what media workers report
 * of them. */
#include <string.h>

#include "conference.h"
#include "recording_impl.h"
#include "worker.h"

enum { DAY_MS = 86400000 };

/* ---- restarts ---- */

/* Of those that are over only those matter whose files may still grow. */
pl_err pl_recording_load(pl_pool *pool, const pl_recording_row *row)
{
    pl_conf *conf = pl_conf_find(pool, row->conf_id);
    pl_recording *rec;
    if (conf)
        conf->n_recordings++;
    if (row->ended_at != 0 && row->ended_at + DAY_MS < pool->now.wall_ms)
        return PL_OK;
    pl_err e = pl_recording_keep(pool, row, &rec);
    if (!e && conf && pl_recording_is_live(rec) &&
        conf->row.state == PL_CONF_STATE_LIVE)
        conf->recording = rec;
    return e;
}

static bool has_open_file(const pl_recording *rec)
{
    PL_LIST_EACH(node, &rec->files)
    {
        if (!PL_CONTAINER(node, pl_recfile, link)->row.is_closed)
            return true;
    }
    return false;
}

static bool is_over_and_done(const pl_recording *rec)
{
    return !pl_recording_is_live(rec) && rec->forget.at == 0 &&
           !has_open_file(rec);
}

/* NULL none; found anew each time, since it is then removed. */
static pl_recording *next_done(const pl_pool *pool)
{
    size_t cursor = 0;
    pl_recording *rec;
    while ((rec = pl_map_next(pool->recordings, &cursor, NULL)) != NULL) {
        if (is_over_and_done(rec))
            return rec;
    }
    return NULL;
}

static void resume(pl_pool *pool, pl_recording *rec)
{
    const pl_conf *conf = pl_conf_find(pool, rec->row.conf_id);
    if (!pl_recording_is_live(rec)) {
        pl_pool_plan(pool, &rec->forget, pl_recording_forget, rec,
                     PL_S(PL_RECORDING_FORGET_S));
    } else if (!conf || conf->recording != rec) {
        pl_recording_end(pool, rec, PL_RECORDING_STATE_ENDED, "interrupted");
    }
}

void pl_recordings_resume(pl_pool *pool)
{
    size_t cursor = 0;
    pl_recording *rec;
    pl_err e = pool->store->ops->end_talks(pool->store, pool->now.wall_ms);
    if (e)
        pl_pool_fail(pool, e);
    while ((rec = next_done(pool)) != NULL)
        pl_recording_forget(pool, rec);
    while ((rec = pl_map_next(pool->recordings, &cursor, NULL)) != NULL)
        resume(pool, rec);
}

/* ---- reports ---- */

/* It ends what it records without being asked. */
static bool is_going(const pl_pool *pool, const char *node)
{
    const pl_worker *w = pl_worker_find(pool, node);
    return !w || w->row.state != PL_WORKER_STATE_UP ||
           w->row.life != PL_LIFE_READY;
}

/* Its room follows, and is recorded again from there on. */
static void go_on_elsewhere(pl_pool *pool, const pl_recording *rec)
{
    pl_conf *conf = pl_conf_find(pool, rec->row.conf_id);
    if (conf)
        pl_recording_unplaced(pool, conf);
}

void pl_on_recording_report(pl_pool *pool, const pl_bus_in *in)
{
    const pl_recording_report *m = in->body;
    pl_recording *rec = pl_recording_find(pool, m->recording_id);
    bool is_at = rec && pl_recording_is_live(rec) &&
                 strcmp(rec->row.media_node, in->node) == 0;
    bool is_it = is_at && rec->row.part == m->part;
    switch (m->state) {
    case PL_RECORDING_STATE_RUNNING:
        if (is_it) {
            pl_recording_runs(pool, rec);
        } else if (!is_at) { /* our stop did not arrive */
            pl_recording_stop_at(pool, in->node, in->epoch, m->room_id,
                                 m->recording_id);
        }
        break;
    case PL_RECORDING_STATE_ENDED:
    case PL_RECORDING_STATE_FAILED:
        if (is_it && m->state == PL_RECORDING_STATE_ENDED &&
            is_going(pool, in->node)) {
            go_on_elsewhere(pool, rec);
        } else if (is_it) {
            pl_recording_end(pool, rec, m->state,
                             m->reason[0] ? m->reason
                                          : "ended by the media worker");
        }
        break;
    default: break;
    }
}
