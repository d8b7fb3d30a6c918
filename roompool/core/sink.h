/* sink.h - event sinks: servers of others that are told, by POST, what happens
 * in rooms.
 *
 * An event is written for each sink that wants it in the transaction of what
 * caused it, with the sink's next number. Each sink has one request under way
 * at most; what it took (2xx) is forgotten, anything else is sent again, first
 * after a second, then less and less often. A sink that takes nothing for
 * sink_give_up_s is stopped. Numbers begin at 1 when a sink starts: when it is
 * made, changed or restarted; what still waited then is sent with new ones. */
#ifndef PL_ROOMPOOL_SINK_H
#define PL_ROOMPOOL_SINK_H

#include "management.h"
#include "model.h"

typedef struct pl_sink_event {
    pl_list link;
    pl_sinkev_row row; /* with owned data */
} pl_sink_event;

typedef struct pl_sink {
    pl_sink_row row;
    pl_list link;   /* pool->sinks, by number */
    pl_list events; /* pl_sink_event.link: still to be sent, in order */
    unsigned n_events;
    unsigned start; /* another one after each start */
    bool is_flying; /* a request is under way */
    uint64_t flying_seq;
    int64_t delay_ms; /* before the last try */
    pl_task due;
} pl_sink;

/* ---- objects of the management API ---- */
PL_MUST_USE pl_err pl_sink_put(pl_pool *pool, const pl_mgmt_put *put,
                               pl_faults *faults, uint64_t *ret_id);
PL_MUST_USE pl_err pl_sink_delete(pl_pool *pool, uint64_t id);

/* ---- what happens (sink_event.c) ---- */
/* A participant came or is another than before: conference_started with the
 * first of a conference, participant_connected once its media flows, then
 * participant_updated. */
void pl_sinks_part(pl_pool *pool, pl_part *part);
/* It left; while its legs and its call are still there. */
void pl_sinks_part_left(pl_pool *pool, const pl_part *part);
/* The conference was changed, or ended. Nothing is told of those that nobody
 * came into, or that are in no room. */
void pl_sinks_conf(pl_pool *pool, const pl_conf *conf);
void pl_sinks_conf_ended(pl_pool *pool, const pl_conf *conf);

/* ---- a sink and its queue (sink.c) ---- */
pl_sink *pl_sink_find(const pl_pool *pool, uint64_t sink_no);
void pl_sink_save(pl_pool *pool, const pl_sink *sink);
/* Whether it is told of such events. */
bool pl_sink_wants(const pl_sink *sink, const char *event);
/* Write an event for it, a JSON object. */
void pl_sink_add(pl_pool *pool, pl_sink *sink, const char *event,
                 pl_slice data);
/* The events up to this number need not be sent any more; how many. */
unsigned pl_sink_drop(pl_pool *pool, pl_sink *sink, uint64_t up_to_seq);
/* It is given up: what waits is dropped. */
void pl_sink_stop(pl_pool *pool, pl_sink *sink);
/* What its own events say. */
void pl_sink_describe(const pl_sink *sink, pl_buf *data);

/* ---- sending (sink_send.c) ---- */
/* Send what waits, as soon as that may be. */
void pl_sink_plan(pl_pool *pool, pl_sink *sink);
/* One last event, best effort. */
void pl_sink_say_stopped(pl_pool *pool, const pl_sink *sink);

/* ---- after a start ---- */
PL_MUST_USE pl_err pl_sink_load(pl_pool *pool, const pl_sink_row *row);
PL_MUST_USE pl_err pl_sink_event_load(pl_pool *pool, const pl_sinkev_row *row);
void pl_sinks_resume(pl_pool *pool);
void pl_sinks_free(pl_pool *pool);
/* What must always hold; NULL when it does. For tests. */
const char *pl_sinks_breach(const pl_pool *pool);

#endif
