/* sink.c - sinks as objects; what waits for them. */
#include "sink.h"

#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "outgoing.h"
#include "pl/str.h"
#include "pl/utc.h"

enum { DATA_MAX = 2048 };

/* What a sink may ask for when it filters; its own events come always. */
static const char *const EVENTS[] = {
    "conference_started",
    "conference_updated",
    "conference_ended",
    "participant_connected",
    "participant_updated",
    "participant_disconnected",
    "participant_media_stream_window",
    "participant_media_streams_destroyed",
    "eventsink_started",
    "eventsink_updated",
    "eventsink_stopped",
    "eventsink_bulk",
};

pl_sink *pl_sink_find(const pl_pool *pool, uint64_t sink_no)
{
    PL_LIST_EACH(node, &pool->sinks)
    {
        pl_sink *sink = PL_CONTAINER(node, pl_sink, link);
        if (sink->row.sink_no == sink_no)
            return sink;
    }
    return NULL;
}

void pl_sink_save(pl_pool *pool, const pl_sink *sink)
{
    pl_pool_put(pool, &PL_TABLE_SINK, &sink->row);
}

/* ---- the queue ---- */

static void count_waiting(pl_pool *pool, pl_sink *sink, int more)
{
    sink->n_events += (unsigned)more;
    pool->n_sink_events += (unsigned)more;
    pl_metrics_set(pool->metrics, PL_RM_sink_waiting, pool->n_sink_events);
}

static void free_event(pl_sink_event *ev)
{
    free((void *)(uintptr_t)ev->row.data.ptr);
    free(ev);
}

static pl_err append(pl_pool *pool, pl_sink *sink, const pl_sinkev_row *row)
{
    pl_sink_event *ev = calloc(1, sizeof *ev);
    uint8_t *data = malloc(row->data.len + 1);
    if (!ev || !data) {
        free(ev);
        free(data);
        return PL_ENOMEM;
    }
    ev->row = *row;
    memcpy(data, row->data.ptr, row->data.len);
    ev->row.data.ptr = data;
    pl_list_append(&sink->events, &ev->link);
    count_waiting(pool, sink, 1);
    return PL_OK;
}

static void remove_first(pl_pool *pool, pl_sink *sink)
{
    pl_sink_event *ev = PL_CONTAINER(sink->events.next, pl_sink_event, link);
    pl_pool_del(pool, &PL_TABLE_SINKEV, &ev->row);
    pl_list_remove(&ev->link);
    free_event(ev);
    count_waiting(pool, sink, -1);
}

unsigned pl_sink_drop(pl_pool *pool, pl_sink *sink, uint64_t up_to_seq)
{
    unsigned had = sink->n_events;
    while (!pl_list_is_empty(&sink->events) &&
           PL_CONTAINER(sink->events.next, pl_sink_event, link)->row.seq <=
               up_to_seq)
        remove_first(pool, sink);
    return had - sink->n_events;
}

/* The oldest is lost: what is newer says more, and the gap in the numbers
 * shows it. */
static void make_room(pl_pool *pool, pl_sink *sink)
{
    if (sink->n_events < pool->config->sink_queue)
        return;
    if (sink->n_events == pool->config->sink_queue &&
        pl_metrics_value(pool->metrics, PL_RM_sink_dropped) == 0) {
        pl_pool_note(pool, PL_LOG_WARN, "event_sink_full", NULL, NULL,
                     sink->row.name);
    }
    pl_pool_count(pool, PL_RM_sink_dropped);
    remove_first(pool, sink);
}

static bool is_own(const char *event)
{
    static const char own[] = "eventsink_";
    return strncmp(event, own, sizeof own - 1) == 0;
}

bool pl_sink_wants(const pl_sink *sink, const char *event)
{
    char quoted[PL_ID_MAX + 3];
    if (sink->row.state != PL_SINK_STATE_ACTIVE)
        return false;
    if (!sink->row.filter_events || is_own(event))
        return true;
    pl_fmt_cut(quoted, sizeof quoted, "\"%s\"", event);
    return strstr(sink->row.events, quoted) != NULL;
}

static void add_at(pl_pool *pool, pl_sink *sink, const char *event,
                   pl_slice data, int64_t at)
{
    pl_sinkev_row row = {.sink_no = sink->row.sink_no,
                         .seq = ++sink->row.last_seq,
                         .data = data,
                         .at = at};
    PL_SET(row.event, event);
    pl_pool_put(pool, &PL_TABLE_SINKEV, &row);
    if (append(pool, sink, &row))
        pl_pool_fail(pool, PL_ENOMEM);
}

void pl_sink_add(pl_pool *pool, pl_sink *sink, const char *event, pl_slice data)
{
    make_room(pool, sink);
    add_at(pool, sink, event, data, pool->now.wall_ms);
    pl_sink_save(pool, sink);
    pl_pool_count(pool, PL_RM_sink_events);
    pl_sink_plan(pool, sink);
}

/* ---- starting and stopping ---- */

void pl_sink_describe(const pl_sink *sink, pl_buf *data)
{
    pl_jw w = {.out = data};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "name", sink->row.name);
    pl_jw_int(&w, "version", sink->row.version);
    pl_jw_bool(&w, "bulk_support", sink->row.bulk_support);
    pl_jw_close(&w, '}');
}

static void add_own(pl_pool *pool, pl_sink *sink, const char *event)
{
    pl_buf data;
    pl_buf_init(&data, DATA_MAX);
    pl_sink_describe(sink, &data);
    if (data.has_failed) {
        pl_pool_fail(pool, PL_ENOMEM);
    } else {
        add_at(pool, sink, event, pl_buf_slice(&data), pool->now.wall_ms);
    }
    pl_buf_fini(&data);
}

/* Numbers begin at 1; what waits goes on with new ones, except what it was to
 * be told of earlier starts: who changes it often must not fill its queue. */
static void start(pl_pool *pool, pl_sink *sink, bool is_changed)
{
    pl_list old;
    pl_list_init(&old);
    while (!pl_list_is_empty(&sink->events)) {
        pl_list *node = sink->events.next;
        pl_list_remove(node);
        pl_list_append(&old, node);
        pl_pool_del(pool, &PL_TABLE_SINKEV,
                    &PL_CONTAINER(node, pl_sink_event, link)->row);
        count_waiting(pool, sink, -1);
    }
    sink->start++;
    sink->delay_ms = 0;
    sink->row.state = PL_SINK_STATE_ACTIVE;
    sink->row.started_at = pool->now.wall_ms;
    sink->row.last_seq = 0;
    sink->row.failing_since = sink->row.next_at = 0;
    sink->row.last_error[0] = '\0';
    pl_sink_save(pool, sink); /* events refer to it */
    add_own(pool, sink, "eventsink_started");
    if (is_changed)
        add_own(pool, sink, "eventsink_updated");
    PL_LIST_EACH_SAFE(node, &old)
    {
        pl_sink_event *ev = PL_CONTAINER(node, pl_sink_event, link);
        pl_list_remove(node);
        if (!is_own(ev->row.event))
            add_at(pool, sink, ev->row.event, ev->row.data, ev->row.at);
        free_event(ev);
    }
    pl_sink_save(pool, sink);
    pl_sink_plan(pool, sink);
}

void pl_sink_stop(pl_pool *pool, pl_sink *sink)
{
    sink->start++;
    sink->row.state = PL_SINK_STATE_STOPPED;
    sink->row.next_at = 0;
    pl_sink_say_stopped(pool, sink);
    (void)pl_sink_drop(pool, sink, UINT64_MAX);
    pl_sink_save(pool, sink);
    pl_sink_plan(pool, sink);
    pl_pool_count(pool, PL_RM_sink_stopped);
    pl_pool_note(pool, PL_LOG_ERROR, "event_sink_stopped", NULL, NULL,
                 sink->row.name);
}

/* ---- objects of the management API ---- */

static bool is_event(pl_slice name)
{
    for (size_t i = 0; i < sizeof EVENTS / sizeof EVENTS[0]; i++) {
        if (pl_slice_eq_str(name, EVENTS[i]))
            return true;
    }
    return false;
}

/* A list that is absent stays. */
static void read_events(const pl_mgmt_put *put, pl_faults *faults,
                        pl_sink_row *row)
{
    const pl_json *list = pl_mgmt_list(put, faults, "events");
    pl_slice name;
    pl_buf text;
    if (!list)
        return;
    pl_buf_init(&text, sizeof row->events - 1);
    pl_jw w = {.out = &text};
    pl_jw_open(&w, NULL, '[');
    for (size_t i = 0; i < pl_json_count(list); i++) {
        if (pl_json_as_str(pl_json_at(list, i), &name) || !is_event(name)) {
            pl_fault_add(faults, "events", "There is no such event.");
        } else {
            pl_jw_slice(&w, NULL, name);
        }
    }
    pl_jw_close(&w, ']');
    if (text.has_failed) {
        pl_fault_add(faults, "events", "Too many events.");
    } else {
        PL_SET(row->events, pl_buf_text(&text));
    }
    pl_buf_fini(&text);
}

static bool is_taken(const pl_pool *pool, const pl_sink_row *row)
{
    PL_LIST_EACH(node, &pool->sinks)
    {
        const pl_sink_row *r = &PL_CONTAINER(node, pl_sink, link)->row;
        if (r->sink_no != row->sink_no && strcmp(r->name, row->name) == 0)
            return true;
    }
    return false;
}

static void read_row(const pl_pool *pool, const pl_mgmt_put *put,
                     pl_faults *faults, pl_sink_row *row)
{
    pl_mgmt_str(put, faults, "name", "", row->name, sizeof row->name);
    pl_mgmt_str(put, faults, "description", "", row->description,
                sizeof row->description);
    pl_mgmt_str(put, faults, "url", "", row->url, sizeof row->url);
    pl_mgmt_str(put, faults, "username", "", row->username,
                sizeof row->username);
    pl_mgmt_str(put, faults, "password", "", row->password,
                sizeof row->password);
    pl_mgmt_bool(put, faults, "bulk_support", false, &row->bulk_support);
    pl_mgmt_bool(put, faults, "verify_tls_certificate", true,
                 &row->verify_tls_certificate);
    pl_mgmt_u32(put, faults, "version", 1, &row->version);
    pl_mgmt_bool(put, faults, "filter_events", false, &row->filter_events);
    read_events(put, faults, row);
    if (!row->name[0]) {
        pl_fault_add(faults, "name", "This field is required.");
    } else if (is_taken(pool, row)) {
        pl_fault_add(faults, "name",
                     "Event sink with this name already exists.");
    }
    if (!pl_outgoing_is_url(row->url))
        pl_fault_add(faults, "url", "Enter a valid URL.");
    if (strchr(row->username, ':'))
        pl_fault_add(faults, "username", "A user name has no colon.");
    if (row->version != 1 && row->version != 2)
        pl_fault_add(faults, "version", "The version is 1 or 2.");
}

/* A time other than that of its last start: begin anew. */
static bool asks_restart(const pl_mgmt_put *put, pl_faults *faults,
                         const pl_sink *sink)
{
    char text[64] = "";
    int64_t at;
    pl_mgmt_str(put, faults, "restart_date", "", text, sizeof text);
    if (!text[0])
        return false;
    if (pl_utc_read(pl_slice_str(text), &at) == PL_OK)
        return at != sink->row.started_at;
    pl_fault_add(faults, "restart_date", "Enter a valid date/time.");
    return false;
}

static pl_err change(pl_pool *pool, const pl_mgmt_put *put, pl_faults *faults,
                     uint64_t *ret_id)
{
    pl_sink *sink = pl_sink_find(pool, put->id);
    if (!sink)
        return PL_ENOENT;
    pl_sink_row row = sink->row;
    read_row(pool, put, faults, &row);
    bool is_restart = asks_restart(put, faults, sink);
    if (faults->n > 0)
        return PL_OK;
    bool is_other = memcmp(&row, &sink->row, sizeof row) != 0;
    sink->row = row;
    if (is_other || is_restart)
        start(pool, sink, is_other);
    *ret_id = row.sink_no;
    return PL_OK;
}

pl_err pl_sink_put(pl_pool *pool, const pl_mgmt_put *put, pl_faults *faults,
                   uint64_t *ret_id)
{
    if (put->id != 0)
        return change(pool, put, faults, ret_id);
    pl_sink_row row = {.version = 1,
                       .state = PL_SINK_STATE_ACTIVE,
                       .events = "[]",
                       .created_at = pool->now.wall_ms};
    read_row(pool, put, faults, &row);
    if (faults->n > 0)
        return PL_OK;
    if (pool->n_sinks >= pool->config->sink_max)
        return PL_EFULL;
    row.sink_no = pl_number_next(pool, PL_NUMBER_SINK);
    pl_err e = pl_sink_load(pool, &row);
    if (e)
        return e;
    start(pool, pl_sink_find(pool, row.sink_no), false);
    *ret_id = row.sink_no;
    return PL_OK;
}

static void free_sink(pl_pool *pool, pl_sink *sink)
{
    while (!pl_list_is_empty(&sink->events)) {
        pl_sink_event *ev =
            PL_CONTAINER(sink->events.next, pl_sink_event, link);
        pl_list_remove(&ev->link);
        free_event(ev);
    }
    pl_list_remove(&sink->link);
    pool->n_sinks--;
    pl_wipe(sink->row.password, sizeof sink->row.password);
    free(sink);
}

pl_err pl_sink_delete(pl_pool *pool, uint64_t id)
{
    pl_sink *sink = pl_sink_find(pool, id);
    if (!sink)
        return PL_ENOENT;
    if (sink->row.state == PL_SINK_STATE_ACTIVE)
        pl_sink_say_stopped(pool, sink);
    (void)pl_sink_drop(pool, sink, UINT64_MAX);
    pl_pool_cancel(pool, &sink->due);
    pl_pool_del(pool, &PL_TABLE_SINK, &sink->row);
    free_sink(pool, sink);
    return PL_OK;
}

/* ---- after a start ---- */

pl_err pl_sink_load(pl_pool *pool, const pl_sink_row *row)
{
    pl_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return PL_ENOMEM;
    sink->row = *row;
    pl_list_init(&sink->events);
    pl_list_append(&pool->sinks, &sink->link);
    pool->n_sinks++;
    return PL_OK;
}

pl_err pl_sink_event_load(pl_pool *pool, const pl_sinkev_row *row)
{
    pl_sink *sink = pl_sink_find(pool, row->sink_no);
    return sink ? append(pool, sink, row) : PL_EPROTO;
}

void pl_sinks_resume(pl_pool *pool)
{
    PL_LIST_EACH(node, &pool->sinks)
    {
        pl_sink_plan(pool, PL_CONTAINER(node, pl_sink, link));
    }
}

void pl_sinks_free(pl_pool *pool)
{
    PL_LIST_EACH_SAFE(node, &pool->sinks)
    {
        free_sink(pool, PL_CONTAINER(node, pl_sink, link));
    }
}

static const char *queue_breach(const pl_sink *sink)
{
    uint64_t seq = 0;
    unsigned n = 0;
    PL_LIST_EACH(node, &sink->events)
    {
        const pl_sink_event *ev = PL_CONTAINER(node, pl_sink_event, link);
        if (n > 0 && ev->row.seq != seq + 1)
            return "an event for a sink is missing";
        seq = ev->row.seq;
        n++;
    }
    if (n != sink->n_events)
        return "what waits for a sink is miscounted";
    return n > 0 && seq != sink->row.last_seq
               ? "the newest event for a sink is missing"
               : NULL;
}

const char *pl_sinks_breach(const pl_pool *pool)
{
    unsigned n = 0;
    PL_LIST_EACH(node, &pool->sinks)
    {
        const pl_sink *sink = PL_CONTAINER(node, pl_sink, link);
        const char *breach = queue_breach(sink);
        if (breach)
            return breach;
        if (sink->row.state != PL_SINK_STATE_ACTIVE && sink->n_events > 0)
            return "events wait for a sink that is stopped";
        if (sink->row.state == PL_SINK_STATE_ACTIVE && sink->n_events > 0 &&
            !sink->is_flying && sink->due.at == 0)
            return "events wait for nothing";
        n++;
    }
    return n == pool->n_sinks ? NULL : "event sinks are miscounted";
}
