/* test_migration.c - a database of an earlier schema, with rows in each of its
 * tables, is opened by this build: everything is still there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "io/migrations.h"
#include "io/store_sqlite.h"
#include "pl/str.h"

typedef struct place {
    char folder[64], path[96], copy[96];
    pl_store *store;
} place;

#define T1 "'2026-11-20T10:00:00.000Z'"
#define T2 "'2026-11-20T10:05:00.000Z'"

/* A room with a page and a telephone, a conference of the API with its host, a
 * guest who rings and one who left, and a conference that ended. */
static const char *const ROWS_1[] = {
    "INSERT INTO meta VALUES ('epoch', '12'), ('boot', '3')",
    "INSERT INTO rooms VALUES ('lobby', 'config', 'enabled', 'mix', 'p', 'h', "
    "100, 4, '', " T1 ")",
    "INSERT INTO aliases VALUES ('lobby', 'lobby'), ('1000', 'lobby')",
    "INSERT INTO sessions VALUES ('s1', 'client', 'hash-a', 'rtc1', 'alice', "
    "'alice', '', 7, " T1 ", " T2 "), ('s2', 'client', 'hash-b', 'bare', "
    "'bob', 'vtn:4255550100', 'e1', 2, " T1 ", " T2 ")",
    "INSERT INTO users VALUES ('hash-a', 'client', 'alice', " T1 ")",
    "INSERT INTO conferences VALUES "
    "('c1', 'lobby', 'room', 'live', 'mix', NULL, 'media-1.b', 11, 100, 4, " T1
    ", NULL, ''), "
    "('c2', NULL, 'api', 'live', 'mix', 'p3', 'media-2.b', 12, 50, 4, " T1
    ", NULL, ''), "
    "('c3', NULL, 'api', 'ended', 'mix', 'p9', NULL, 0, 50, 4, " T1 ", " T2
    ", 'host left')",
    "INSERT INTO participants VALUES "
    "('p1', 'c1', 'page', 'active', 'host', NULL, 'Anna', '', '192.0.2.1', "
    "'h1 h2', " T2 ", 1, 0, 1, NULL, NULL, " T1 ", NULL, " T1 ", NULL, ''), "
    "('p2', 'c1', 'telephone', 'pin', 'guest', NULL, 'Carla', 'sip:c@x', "
    "'192.0.2.9', '', NULL, 0, 0, 0, NULL, NULL, " T1
    ", NULL, NULL, NULL, ''), "
    "('p3', 'c2', 'user', 'active', 'host', 's1', 'alice', 'sip:alice@l', '', "
    "'', NULL, 0, 1, 1, NULL, NULL, " T1 ", NULL, " T1 ", NULL, ''), "
    "('p4', 'c2', 'user', 'ringing', 'guest', NULL, 'bob', 'sip:bob@l', '', "
    "'', NULL, 0, 0, 0, 's1', 'm1', " T1 ", " T2 ", NULL, NULL, ''), "
    "('p5', 'c2', 'user', 'left', 'guest', 's2', 'eve', 'sip:eve@l', '', '', "
    "NULL, 0, 0, 0, 's1', NULL, " T1 ", NULL, " T1 ", " T2 ", 'hung up')",
    "INSERT INTO legs VALUES "
    "('l1', 'p1', NULL, 'webrtc', 'connected', 'sendrecv', 1, 11, NULL, "
    "'opus', " T1 "), "
    "('l2', 'p2', NULL, 'sip', 'connecting', 'sendrecv', 0, 11, NULL, "
    "'pcmu', " T1 "), "
    "('l3', 'p3', 's1', 'webrtc', 'connected', 'recvonly', 1, 12, 'm2', "
    "'opus', " T1 "), "
    "('l4', 'p4', 's2', 'webrtc', 'new', 'unknown', 0, 12, NULL, '', " T1 ")",
    "INSERT INTO calls VALUES ('k1', 'p2', 'signaling-1.b', 'in', "
    "'confirmed', 'sip:c@x', 'cid', " T1 ", " T1 ")",
    "INSERT INTO events VALUES "
    "('session', 's1', 6, 'session-open', 'c2', '', 'v=0', '', '', '', '', "
    "'', '', 'host', 'webrtc', 0, 0, 0, '', " T1 "), "
    "('session', 's1', 7, 'invite-result', 'c2', '', '', 'm0', 'success', "
    "'p5', '', 'eve', 'sip:eve@l', 'guest', 'webrtc', 0, 0, 0, '', " T1 "), "
    "('session', 's2', 2, 'invitation-received', 'c2', 'sip:alice@l', 'v=0', "
    "'', '', '', '', '', '', 'guest', 'webrtc', 0, 0, 0, '', " T1 "), "
    "('conference', 'c1', 1, 'participant-create', 'c1', '', '', '', '', "
    "'p1', '', 'Anna', '', 'host', 'webrtc', 1, 1, 0, 'l1', " T1 ")",
    "INSERT INTO workers VALUES ('media-1.b', 'media-worker', 'up', 'ready', "
    "'h', '127.0.0.1', 'x', 4, 100, 12, 1, 2, " T1 ", " T2 ", NULL), "
    "('signaling-1.b', 'signaling-worker', 'down', 'ready', 'h', '', 'x', 5, "
    "100, 0, 0, 0, " T1 ", " T2 ", " T2 ")",
    "INSERT INTO call_records VALUES ('p5', 'c2', '', 'user', 'guest', 'eve', "
    "'sip:eve@l', " T1 ", " T1 ", " T2 ", 'hung up')",
};

static sqlite3 *open_plain(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

/* Call on_text for each row's first column. */
static void each_text(sqlite3 *db, const char *sql,
                      void (*on_text)(sqlite3 *db, const char *text))
{
    sqlite3_stmt *stmt = NULL;
    unsigned n = 0;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    for (; sqlite3_step(stmt) == SQLITE_ROW; n++)
        on_text(db, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    assert_true(n > 0);
}

static void open_store(place *p)
{
    char reason[256] = "";
    if (pl_store_open_sqlite(p->path, &p->store, reason, sizeof reason))
        fail_msg("%s", reason);
}

/* What the store marks its files with. */
static int64_t application_id(place *p)
{
    open_store(p);
    p->store->ops->close(&p->store);
    sqlite3 *db = open_plain(p->path);
    int64_t id = number(db, "PRAGMA application_id");
    sqlite3_close(db);
    assert_int_equal(unlink(p->path), 0);
    return id;
}

/* A file as the build of schema 1 left it, and a copy to compare with. */
static void write_schema_1(place *p)
{
    char sql[160];
    int64_t id = application_id(p);
    sqlite3 *db = open_plain(p->path);
    run(db, "PRAGMA foreign_keys = ON");
    run(db, pl_migrations[0]);
    for (size_t i = 0; i < sizeof ROWS_1 / sizeof *ROWS_1; i++)
        run(db, ROWS_1[i]);
    assert_int_equal(pl_fmt(sql, sizeof sql,
                            "PRAGMA user_version = 1;"
                            "PRAGMA application_id = %lld",
                            (long long)id),
                     PL_OK);
    run(db, sql);
    assert_int_equal(pl_fmt(sql, sizeof sql, "VACUUM INTO '%s'", p->copy),
                     PL_OK);
    run(db, sql);
    sqlite3_close(db);
}

static int setup(void **state)
{
    static place p;
    memset(&p, 0, sizeof p);
    pl_fmt_cut(p.folder, sizeof p.folder, "/tmp/pl-migration-XXXXXX");
    assert_non_null(mkdtemp(p.folder));
    pl_fmt_cut(p.path, sizeof p.path, "%s/parley.db", p.folder);
    pl_fmt_cut(p.copy, sizeof p.copy, "%s/before.db", p.folder);
    write_schema_1(&p);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    place *p = *state;
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char path[128];
    if (p->store)
        p->store->ops->close(&p->store);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        pl_fmt_cut(path, sizeof path, "%s%s", p->path, tails[i]);
        (void)unlink(path);
    }
    (void)unlink(p->copy);
    (void)rmdir(p->folder);
    return 0;
}

/* The migrated file, with the copy attached as "before". */
static sqlite3 *open_both(place *p)
{
    char sql[160];
    open_store(p);
    p->store->ops->close(&p->store);
    sqlite3 *db = open_plain(p->path);
    assert_int_equal(pl_fmt(sql, sizeof sql, "ATTACH '%s' AS before", p->copy),
                     PL_OK);
    run(db, sql);
    return db;
}

static void columns_of(sqlite3 *db, const char *table, char *buf, size_t cap)
{
    char sql[160];
    sqlite3_stmt *stmt = NULL;
    pl_fmt_cut(sql, sizeof sql,
               "SELECT group_concat(name) FROM "
               "pragma_table_info('%s', 'before')",
               table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    pl_fmt_cut(buf, cap, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
}

/* All rows, in all columns that there were. */
static void assert_kept(sqlite3 *db, const char *table)
{
    static const char *const ways[][2] = {{"before", "main"},
                                          {"main", "before"}};
    char columns[512];
    char sql[1400];
    columns_of(db, table, columns, sizeof columns);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pl_fmt(sql, sizeof sql,
                                "SELECT count(*) FROM (SELECT %s FROM %s.%s "
                                "EXCEPT SELECT %s FROM %s.%s)",
                                columns, ways[i][0], table, columns, ways[i][1],
                                table),
                         PL_OK);
        if (number(db, sql) != 0)
            fail_msg("%s: rows of %s are not in %s", table, ways[i][0],
                     ways[i][1]);
    }
    pl_fmt_cut(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    if (number(db, sql) == 0)
        fail_msg("%s: this test has no row of it", table);
}

static void assert_index(sqlite3 *db, const char *name)
{
    char sql[160];
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM main.sqlite_schema WHERE name = '%s'",
               name);
    if (number(db, sql) != 1)
        fail_msg("%s is gone", name);
}

static void every_row_and_index_is_kept(void **state)
{
    sqlite3 *db = open_both(*state);
    assert_int_equal(number(db, "PRAGMA user_version"), pl_migrations_count);
    each_text(db, "SELECT name FROM before.sqlite_schema WHERE type = 'table'",
              assert_kept);
    each_text(db,
              "SELECT name FROM before.sqlite_schema WHERE type = 'index' "
              "AND name NOT LIKE 'sqlite%'",
              assert_index);
    assert_int_equal(number(db, "SELECT count(*) FROM main.sqlite_schema "
                                "WHERE name LIKE '%!_new' ESCAPE '!'"),
                     0);
    assert_int_equal(number(db, "SELECT count(*) FROM pragma_integrity_check "
                                "WHERE integrity_check <> 'ok'"),
                     0);
    assert_int_equal(
        number(db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    sqlite3_close(db);
}

static void views_show_the_old_rows(void **state)
{
    sqlite3 *db = open_both(*state);
    assert_int_equal(number(db, "SELECT count(*) FROM v_live_conferences"), 2);
    assert_int_equal(number(db, "SELECT count(*) FROM v_live_participants"), 4);
    assert_int_equal(number(db, "SELECT count(*) FROM v_workers"), 2);
    assert_int_equal(number(db, "SELECT count(*) FROM v_call_records "
                                "WHERE room = '(api)'"),
                     1);
    sqlite3_close(db);
}

static pl_err count_row(void *ctx, const void *row)
{
    (void)row;
    (*(unsigned *)ctx)++;
    return PL_OK;
}

/* Whether schema 1 had no such table. */
static bool is_later(const place *p, const char *table)
{
    char sql[160];
    sqlite3 *db = open_plain(p->copy);
    pl_fmt_cut(sql, sizeof sql,
               "SELECT count(*) FROM sqlite_schema WHERE name = '%s'", table);
    bool is_there = number(db, sql) != 0;
    sqlite3_close(db);
    return !is_there;
}

/* Words and times of old rows are still understood. */
static void the_store_reads_the_old_rows(void **state)
{
#define TABLE(sym, upper, text) &PL_TABLE_##upper,
    static const pl_table *const tables[] = {PL_TABLES(TABLE)};
#undef TABLE
    place *p = *state;
    open_store(p);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        unsigned n = 0;
        bool is_new = is_later(p, tables[i]->name);
        if (p->store->ops->each(p->store, tables[i], count_row, &n) ||
            (n == 0) != is_new)
            fail_msg("%s: %u rows", tables[i]->name, n);
    }
}

static void orphans_are_refused_afterwards(void **state)
{
    place *p = *state;
    pl_part_row orphan = {.participant_id = "p7",
                          .conf_id = "nowhere",
                          .kind = PL_PART_KIND_PAGE,
                          .state = PL_PART_STATE_NEW,
                          .role = PL_PART_ROLE_GUEST,
                          .created_at = 1795000000000};
    open_store(p);
    pl_err e = p->store->ops->put(p->store, &PL_TABLE_PART, &orphan);
    assert_int_equal(e ? e : p->store->ops->commit(p->store), PL_EIO);
}

static pl_err keep_conf(void *ctx, const void *row)
{
    const pl_conf_row *c = row;
    if (strcmp(c->conf_id, "c2") == 0)
        *(pl_conf_row *)ctx = *c;
    return PL_OK;
}

/* A conference that is written again keeps what hangs on it; deleted, it takes
 * that along. */
static void what_hangs_on_a_conference_goes_with_it(void **state)
{
    place *p = *state;
    pl_conf_row conf = {.epoch = 0};
    static const int64_t left[2][2] = {{3, 2}, {0, 0}};
    open_store(p);
    assert_int_equal(
        p->store->ops->each(p->store, &PL_TABLE_CONF, keep_conf, &conf), PL_OK);
    assert_int_equal(conf.epoch, 12);
    for (int is_deleted = 0; is_deleted < 2; is_deleted++) {
        pl_err e = (is_deleted ? p->store->ops->del : p->store->ops->put)(
            p->store, &PL_TABLE_CONF, &conf);
        assert_int_equal(e, PL_OK);
        assert_int_equal(p->store->ops->commit(p->store), PL_OK);
        sqlite3 *db = open_plain(p->path);
        assert_int_equal(number(db, "SELECT count(*) FROM participants "
                                    "WHERE conf_id = 'c2'"),
                         left[is_deleted][0]);
        assert_int_equal(number(db, "SELECT count(*) FROM legs WHERE leg_id "
                                    "IN ('l3', 'l4')"),
                         left[is_deleted][1]);
        assert_int_equal(number(db, "SELECT count(*) FROM calls"), 1);
        sqlite3_close(db);
    }
}

/* As a build that forgot to move a row would leave it. */
static void rows_without_what_they_refer_to_stop_the_start(void **state)
{
    place *p = *state;
    char reason[256] = "";
    sqlite3 *db = open_plain(p->path); /* foreign keys are off here */
    run(db, "DELETE FROM conferences WHERE conf_id = 'c2'");
    sqlite3_close(db);
    assert_int_equal(
        pl_store_open_sqlite(p->path, &p->store, reason, sizeof reason),
        PL_EINTERNAL);
    assert_non_null(strstr(reason, "refer"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_row_and_index_is_kept),
        TEST(views_show_the_old_rows),
        TEST(the_store_reads_the_old_rows),
        TEST(orphans_are_refused_afterwards),
        TEST(what_hangs_on_a_conference_goes_with_it),
        TEST(rows_without_what_they_refer_to_stop_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
