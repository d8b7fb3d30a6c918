/* bench_query.c - questions of the management API on a large database: how long
 * roompool's loop is kept by each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/management_sql.h"
#include "io/store_sqlite.h"
#include "pl/management.h"
#include "pl/str.h"

enum { ROOMS = 10000, RECORDS = 200000, ROUNDS = 50 };

static const int64_t NO_BOUND_US = 60000000;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void must(pl_err e, const char *what)
{
    if (!e)
        return;
    fprintf(stderr, "%s: %s\n", what, pl_err_text(e));
    exit(1);
}

/* ---- rows ---- */

static void put(pl_store *s, const pl_table *table, const void *row)
{
    must(s->ops->put(s, table, row), table->name);
}

static void write_room(pl_store *s, uint64_t no, int64_t at)
{
    pl_room_row r = {.source = PL_ROOM_SOURCE_ADMIN,
                     .state = PL_ROOM_STATE_ENABLED,
                     .mode = PL_ROOM_MODE_MIX,
                     .created_at = at,
                     .room_no = no,
                     .allow_guests = true};
    pl_alias_row a = {.alias_no = no, .created_at = at};
    pl_setting_row v = {.room_no = no, .value = pl_slice_str("\"sync\"")};
    pl_fmt_cut(r.room_id, sizeof r.room_id, "Room %" PRIu64, no);
    pl_fmt_cut(r.tag, sizeof r.tag, "tag %" PRIu64, no % 100);
    pl_fmt_cut(r.description, sizeof r.description, "somewhere, floor %" PRIu64,
               no % 7);
    pl_fmt_cut(r.pin_hash, sizeof r.pin_hash, "clear$1234");
    pl_fmt_cut(r.host_pin_hash, sizeof r.host_pin_hash, "clear$5678");
    pl_fmt_cut(r.service_type, sizeof r.service_type, "conference");
    put(s, &PL_TABLE_ROOM, &r);
    pl_fmt_cut(a.alias, sizeof a.alias, "room.%" PRIu64 "@example.org", no);
    pl_fmt_cut(a.written, sizeof a.written, "%s", a.alias);
    pl_fmt_cut(a.room_id, sizeof a.room_id, "%s", r.room_id);
    put(s, &PL_TABLE_ALIAS, &a);
    pl_fmt_cut(v.field, sizeof v.field, "sync_tag");
    put(s, &PL_TABLE_SETTING, &v);
}

static void write_record(pl_store *s, unsigned no, int64_t at)
{
    pl_record_row r = {.kind = PL_PART_KIND_PAGE,
                       .conf_kind = PL_CONF_KIND_ROOM,
                       .role = PL_PART_ROLE_GUEST,
                       .started_at = at,
                       .joined_at = at,
                       .left_at = at + 600000};
    pl_fmt_cut(r.participant_id, sizeof r.participant_id,
               "%08x-0000-4000-8000-000000000000", no * 2654435761U);
    pl_fmt_cut(r.conf_id, sizeof r.conf_id, "%08x-0000-4000-8000-%012u", no,
               no);
    pl_fmt_cut(r.room_id, sizeof r.room_id, "Room %u", no % ROOMS + 1);
    pl_fmt_cut(r.display_name, sizeof r.display_name, "Visitor %u", no);
    pl_fmt_cut(r.reason, sizeof r.reason, "left");
    put(s, &PL_TABLE_RECORD, &r);
}

static void write_all(pl_store *s)
{
    int64_t at = INT64_C(1795000000000);
    for (uint64_t i = 1; i <= ROOMS; i++)
        write_room(s, i, at + (int64_t)i * 1000);
    for (unsigned i = 0; i < RECORDS; i++)
        write_record(s, i, at + (int64_t)i * 1000);
    must(s->ops->commit(s), "commit");
}

/* ---- questions ---- */

typedef struct question {
    const char *title;
    uint32_t resource;
    const char *field, *op, *value; /* NULL: no filter */
    const char *order;
    uint32_t limit, offset;
} question;

static pl_err on_object(void *ctx, pl_slice text)
{
    size_t *bytes = ctx;
    *bytes += text.len;
    return PL_OK;
}

static size_t add_text(uint8_t *blob, size_t at, const char *text)
{
    memcpy(blob + at, text, strlen(text) + 1);
    return at + strlen(text) + 1;
}

static pl_management_query message_of(const question *q, uint8_t *blob)
{
    pl_management_query m = {
        .resource = q->resource, .limit = q->limit, .offset = q->offset};
    if (q->field) {
        size_t len = add_text(blob, 0, q->field);
        len = add_text(blob, len, q->op);
        len = add_text(blob, len, q->value);
        m.filters = (pl_slice){blob, len};
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, filters);
    }
    if (q->order) {
        pl_fmt_cut(m.order, sizeof m.order, "%s", q->order);
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, order);
    }
    return m;
}

static pl_err ask(pl_store *s, const question *q, uint64_t *ret_total,
                  size_t *ret_bytes)
{
    static pl_management_sql sql;
    char fault[PL_MGMT_FAULT_MAX];
    uint8_t blob[512];
    const pl_management_query m = message_of(q, blob);
    must(pl_management_sql_init(&sql, &m, fault), fault);
    const pl_store_list list = {.count = pl_buf_text(&sql.count),
                                .keys = pl_buf_text(&sql.keys),
                                .object = pl_buf_text(&sql.object),
                                .values = sql.values,
                                .n_values = sql.n_values,
                                .max_us = NO_BOUND_US};
    *ret_bytes = 0;
    pl_err e = s->ops->list(s, &list, on_object, ret_bytes, ret_total);
    pl_management_sql_fini(&sql);
    return e;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void measure(pl_store *s, const question *q)
{
    int64_t took[ROUNDS];
    uint64_t total = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        int64_t start = now_us();
        must(ask(s, q, &total, &bytes), q->title);
        took[i] = now_us() - start;
    }
    qsort(took, ROUNDS, sizeof took[0], by_size);
    printf("| %s | %" PRIu64 " | %zu | %.2f ms | %.2f ms |\n", q->title, total,
           bytes, (double)took[ROUNDS / 2] / 1000,
           (double)took[ROUNDS - 1] / 1000);
    fflush(stdout);
}

enum {
    ROOM = PL_MGMT_RESOURCE_CONFERENCE,
    ALIAS = PL_MGMT_RESOURCE_ALIAS,
    PAST = PL_MGMT_RESOURCE_PAST_PARTICIPANT
};

static const question QUESTIONS[] = {
    {"conference by name", ROOM, "name", "", "Room 7777", NULL, 20, 0},
    {"conference by alias", ROOM, "aliases__alias", "", "room.7777@example.org",
     NULL, 20, 0},
    {"alias", ALIAS, "alias", "", "room.7777@example.org", NULL, 20, 0},
    {"conferences, first 20", ROOM, NULL, NULL, NULL, NULL, 20, 0},
    {"conferences, last 20", ROOM, NULL, NULL, NULL, NULL, 20, ROOMS - 20},
    {"conferences by tag", ROOM, "tag", "", "tag 42", NULL, 20, 0},
    {"conferences whose description contains", ROOM, "description", "icontains",
     "FLOOR 3", "-name", 20, 0},
    {"conferences by a setting", ROOM, "sync_tag", "", "other", NULL, 20, 0},
    {"conferences, 200 at once", ROOM, NULL, NULL, NULL, NULL, 200, 0},
    {"history of a room", PAST, "conference_name", "", "Room 7777",
     "-start_time", 20, 0},
    {"history, newest 20", PAST, NULL, NULL, NULL, "-start_time", 20, 0},
    {"history, of an hour", PAST, "start_time", "gte",
     "2026-11-20T18:00:00.000Z", NULL, 20, 0},
    {"history, a name contains", PAST, "display_name", "icontains", "R 4711",
     NULL, 20, 0},
};

static void remove_folder(const char *folder, const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char file[112];
        pl_fmt_cut(file, sizeof file, "%s%s", path, tails[i]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
}

int main(void)
{
    char folder[] = "/tmp/pl-bench-query-XXXXXX";
    char path[96];
    char reason[256] = "";
    pl_store *store = NULL;
    if (!mkdtemp(folder))
        return 1;
    pl_fmt_cut(path, sizeof path, "%s/p.db", folder);
    must(pl_store_open_sqlite(path, &store, reason, sizeof reason), reason);
    write_all(store);
    printf("%d rooms, %d records of participants\n\n", ROOMS, RECORDS);
    puts("| question | match | bytes | p50 | worst of 50 |\n"
         "|---|---|---|---|---|");
    for (size_t i = 0; i < sizeof QUESTIONS / sizeof QUESTIONS[0]; i++)
        measure(store, &QUESTIONS[i]);
    store->ops->close(&store);
    remove_folder(folder, path);
    return 0;
}
