/* ops_list.c - what there is, as rows for an operator. Workers are listed as
 * they are known here, all else as the database has it with what this turn has
 * written. */
#include <stdlib.h>
#include <string.h>

#include "ops_impl.h"
#include "pl/json.h"
#include "pl/str.h"

typedef struct rows {
    pl_buf text;
    uint32_t n, limit;
    bool is_cut; /* there are more */
} rows;

/* ---- from the database ---- */

/* JSON has no numbers for yes and no. */
#define FLAG "json(iif("
#define IS   ", 'true', 'false')), "

/* Keys in an order that stays as it is while others come and go; ?1 is the
 * limit, ?2 the offset. One object by its key, always with all its members. */
static const struct listing {
    uint32_t what;
    const char *keys, *object;
} LISTINGS[] = {
    {PL_OPS_TABLE_ROOMS,
     "SELECT r.room_id FROM rooms r WHERE r.state = 'enabled' OR EXISTS "
     "(SELECT 1 FROM conferences c WHERE c.room_id = r.room_id AND "
     "c.state = 'live') ORDER BY r.room_id LIMIT ?1 OFFSET ?2",
     "SELECT json_object('room', r.room_id, 'source', r.source, 'state', "
     "r.state, 'mode', r.mode, 'has_pin', " FLAG "length(r.pin_hash)" IS
     "'has_host_pin', " FLAG "length(r.host_pin_hash)" IS
     "'max_participants', r.max_participants, 'record', r.record, 'tag', "
     "r.tag, 'participants', (SELECT count(*) FROM conferences c JOIN "
     "participants p USING (conf_id) WHERE c.room_id = r.room_id AND c.state = "
     "'live' AND p.state = 'active'), 'conference', (SELECT c.conf_id FROM "
     "conferences c WHERE c.room_id = r.room_id AND c.state = 'live'), "
     "'created_at', r.created_at) FROM rooms r WHERE r.room_id = ?1"},
    {PL_OPS_TABLE_CONFERENCES,
     "SELECT c.conf_id FROM conferences c WHERE c.state = 'live' "
     "ORDER BY c.conf_id LIMIT ?1 OFFSET ?2",
     "SELECT json_object('room', v.room, 'kind', v.kind, 'participants', "
     "v.participants, 'waiting', v.waiting, 'ringing', v.ringing, "
     "'started', " FLAG "v.started" IS "'locked', " FLAG "v.locked" IS
     "'guests_muted', " FLAG "v.guests_muted" IS
     "'media_worker', v.media_worker, 'epoch', v.epoch, 'started_at', "
     "v.started_at, 'conference', v.conf_id) FROM v_live_conferences v WHERE "
     "v.conf_id = ?1"},
    {PL_OPS_TABLE_PARTICIPANTS,
     "SELECT p.participant_id FROM participants p WHERE p.state <> 'left' "
     "ORDER BY p.participant_id LIMIT ?1 OFFSET ?2",
     "SELECT json_object('room', v.room, 'name', v.name, 'came_by', v.came_by, "
     "'role', v.role, 'state', v.state, 'waiting', " FLAG "v.waiting" IS
     "'media', v.media, 'codec', v.codec, 'muted', " FLAG "v.muted" IS
     "'on_hold', " FLAG "v.on_hold" IS
     "'address', v.address, 'since', v.since, 'media_worker', v.media_worker, "
     "'signaling_worker', v.signaling_worker, 'participant', "
     "v.participant_id, 'conference', v.conf_id) FROM v_live_participants v "
     "WHERE v.participant_id = ?1"},
    {PL_OPS_TABLE_CALLS,
     "SELECT k.call_id FROM calls k ORDER BY k.call_id LIMIT ?1 OFFSET ?2",
     "SELECT json_object('room', coalesce(c.room_id, '(' || c.kind || ')'), "
     "'name', p.display_name, 'way', k.way, 'state', k.state, 'peer', "
     "k.peer_uri, 'signaling_worker', k.node, 'media_worker', "
     "coalesce(c.media_node, ''), 'started_at', k.started_at, 'answered_at', "
     "k.answered_at, 'call', k.call_id, 'sip_call_id', k.sip_call_id, "
     "'participant', k.participant_id, 'conference', p.conf_id) FROM calls k "
     "JOIN participants p USING (participant_id) JOIN conferences c USING "
     "(conf_id) WHERE k.call_id = ?1"},
    {PL_OPS_TABLE_POOL,
     "SELECT p.room_no FROM pool p WHERE p.state <> 'deleted' "
     "ORDER BY p.room_no LIMIT ?1 OFFSET ?2",
     /* not v_pool_rooms, which counts the people of all rooms for each;
        room_no > 0 is what the index has */
     "SELECT json_object('number', p.room_no, 'name', p.name, 'state', "
     "p.state, 'since', p.since, 'participants', (SELECT count(*) FROM rooms r "
     "CROSS JOIN conferences c CROSS JOIN participants q WHERE r.room_no = "
     "p.room_no AND r.room_no > 0 AND c.room_id = r.room_id AND c.state = "
     "'live' AND c.room_id IS NOT NULL AND q.conf_id = c.conf_id AND q.state = "
     "'active'), 'client', p.client_id, 'tag', coalesce((SELECT r.tag FROM "
     "rooms r WHERE r.room_no = p.room_no AND r.room_no > 0), ''), "
     "'reserved_at', p.reserved_at, 'lease_until', p.lease_until, "
     "'first_join_at', p.first_join_at, 'platform_id', nullif(p.remote_id, 0), "
     "'created_at', p.created_at) FROM pool p WHERE p.room_no = ?1"},
    {PL_OPS_TABLE_REGISTRATIONS,
     "SELECT r.registration_id FROM registrations r WHERE r.ended_at IS NULL "
     "ORDER BY r.registration_id LIMIT ?1 OFFSET ?2",
     "SELECT json_object('number', v.number, 'device', v.device_id, 'state', "
     "v.state, 'mode', v.mode, 'calls', v.calls, 'expires_at', v.expires_at, "
     "'bound_until', v.bound_until, 'signaling_worker', v.signaling_worker, "
     "'client', v.client_id, 'created_at', v.created_at, 'registration', "
     "v.registration_id) FROM v_registrations v WHERE v.registration_id = ?1"},
    {PL_OPS_TABLE_RECORDINGS, /* the newest first: they are kept for long */
     "SELECT r.recording_id FROM recordings r ORDER BY r.asked_at DESC LIMIT "
     "?1 OFFSET ?2",
     "SELECT json_object('room', v.room, 'state', v.state, 'started_by', "
     "v.started_by, 'who', v.who, 'files', v.files, 'bytes', v.bytes, "
     "'asked_at', v.asked_at, 'started_at', v.started_at, 'ended_at', "
     "v.ended_at, 'end_reason', v.end_reason, 'recording', v.recording_id, "
     "'conference', v.conf_id) FROM v_recordings v WHERE v.recording_id = ?1"},
};

/* One more object, while they fit. */
static pl_err add_row(void *ctx, pl_slice object)
{
    rows *r = ctx;
    /* a comma or bracket before it, a bracket behind the last */
    if (r->n == r->limit || object.len + 2 > PL_OPS_ROWS_BYTES - r->text.len) {
        r->is_cut = true;
        return PL_EFULL;
    }
    pl_buf_add_str(&r->text, r->n == 0 ? "[" : ",");
    pl_buf_add_slice(&r->text, object);
    r->n++;
    return r->text.has_failed ? PL_ENOMEM : PL_OK;
}

static pl_err read_rows(pl_pool *pool, const pl_ops_list *m, rows *r)
{
    const pl_sql_value page[] = {
        {.kind = PL_SQL_INT, .number = (int64_t)m->limit + 1},
        {.kind = PL_SQL_INT, .number = m->offset}};
    const struct listing *l = NULL;
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof LISTINGS / sizeof LISTINGS[0]; i++) {
        if (LISTINGS[i].what == m->what)
            l = &LISTINGS[i];
    }
    if (!l)
        return PL_EUNSUPPORTED; /* of a newer tool */
    const pl_store_list list = {.keys = l->keys,
                                .object = l->object,
                                .values = page,
                                .n_values = sizeof page / sizeof page[0],
                                .max_us = PL_MS(pool->config->query_ms)};
    return pool->store->ops->list(pool->store, &list, add_row, r, &total);
}

/* ---- workers ---- */

static int by_role_and_name(const void *a, const void *b)
{
    const pl_worker *x = *(const pl_worker *const *)a;
    const pl_worker *y = *(const pl_worker *const *)b;
    if (x->row.role != y->row.role)
        return x->row.role < y->row.role ? -1 : 1;
    return strcmp(x->row.node, y->row.node);
}

static void write_time(pl_jw *w, const char *key, int64_t wall_ms)
{
    char text[PL_TIME_TEXT];
    if (wall_ms == 0) {
        pl_jw_null(w, key);
        return;
    }
    pl_time_text(wall_ms, text);
    pl_jw_str(w, key, text);
}

static void write_worker(pl_buf *out, const pl_worker *worker)
{
    const pl_worker_row *row = &worker->row;
    pl_jw w = {.out = out};
    pl_jw_open(&w, NULL, '{');
    pl_jw_str(&w, "worker", row->node);
    pl_jw_str(&w, "role", pl_role_text(row->role));
    pl_jw_str(&w, "state",
              worker->is_expected ? "expected"
                                  : pl_worker_state_text(row->state));
    pl_jw_str(&w, "life", pl_life_text(row->life));
    pl_jw_int(&w, "load_permille", row->load_permille);
    pl_jw_int(&w, "rooms", row->rooms);
    pl_jw_int(&w, "legs", row->legs);
    pl_jw_int(&w, "held", worker->held);
    pl_jw_int(&w, "capacity", row->capacity);
    pl_jw_str(&w, "address", row->address);
    pl_jw_str(&w, "host", row->host);
    pl_jw_int(&w, "pid", row->pid);
    pl_jw_str(&w, "build", row->build);
    write_time(&w, "up_at", row->up_at);
    write_time(&w, "seen_at", row->seen_at);
    write_time(&w, "down_at", row->down_at);
    pl_jw_close(&w, '}');
}

static pl_err add_worker(rows *r, const pl_worker *worker)
{
    enum { WORKER_BYTES = 8192 };
    pl_buf object;
    pl_buf_init(&object, WORKER_BYTES);
    write_worker(&object, worker);
    pl_err e =
        object.has_failed ? PL_ENOMEM : add_row(r, pl_buf_slice(&object));
    pl_buf_fini(&object);
    return e;
}

static pl_err read_workers(const pl_pool *pool, const pl_ops_list *m, rows *r)
{
    size_t n = 0;
    size_t cursor = 0;
    const pl_worker *w;
    size_t n_all = pl_map_count(pool->workers) + 1;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are sorted */
    const pl_worker **all = calloc(n_all, sizeof *all);
    if (!all)
        return PL_ENOMEM;
    while ((w = pl_map_next(pool->workers, &cursor, NULL)) != NULL)
        all[n++] = w;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are sorted */
    qsort(all, n, sizeof *all, by_role_and_name);
    pl_err e = PL_OK;
    for (size_t i = m->offset; !e && i < n; i++)
        e = add_worker(r, all[i]);
    free(all);
    return e == PL_EFULL ? PL_OK : e;
}

/* ---- the answer ---- */

void pl_on_ops_list(pl_pool *pool, const pl_bus_in *in)
{
    const pl_ops_list *m = in->body;
    rows r = {.limit = m->limit};
    pl_buf_init(&r.text, PL_OPS_ROWS_BYTES);
    pl_err e = m->what == PL_OPS_TABLE_WORKERS ? read_workers(pool, m, &r)
                                               : read_rows(pool, m, &r);
    if (!e && r.n == 0 && r.is_cut)
        e = PL_EFULL; /* one that fills more than a page is never shown */
    if (e) {
        pl_pool_refuse(pool, &in->ticket, e,
                       e == PL_EUNAVAILABLE
                           ? "looking this up took too long (query_ms)"
                           : NULL);
    } else {
        pl_buf_add_str(&r.text, r.n == 0 ? "[]" : "]");
        const pl_ops_rows reply = {.rows = pl_buf_slice(&r.text),
                                   .more = r.is_cut};
        pl_pool_reply(pool, &in->ticket, &PL_MSG_OPS_ROWS, &reply);
    }
    pl_buf_fini(&r.text);
}
