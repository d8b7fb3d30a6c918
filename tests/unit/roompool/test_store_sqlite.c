/* test_store_sqlite.c - the store on a real file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "io/store_sqlite.h"
#include "pl/str.h"

typedef struct place {
    char folder[64], path[96], reason[256];
    pl_store *store;
} place;

static int setup(void **state)
{
    static place p;
    memset(&p, 0, sizeof p);
    pl_fmt_cut(p.folder, sizeof p.folder, "/tmp/pl-store-XXXXXX");
    assert_non_null(mkdtemp(p.folder));
    pl_fmt_cut(p.path, sizeof p.path, "%s/sub/parley.db", p.folder);
    *state = &p;
    return 0;
}

static pl_err open_it(place *p)
{
    return pl_store_open_sqlite(p->path, &p->store, p->reason,
                                sizeof p->reason);
}

static void close_it(place *p)
{
    if (p->store)
        p->store->ops->close(&p->store);
}

static int teardown(void **state)
{
    place *p = *state;
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char path[128];
    close_it(p);
    for (size_t i = 0; i < 4; i++) {
        pl_fmt_cut(path, sizeof path, "%s%s", p->path, tails[i]);
        (void)unlink(path);
    }
    pl_fmt_cut(path, sizeof path, "%s/sub", p->folder);
    (void)rmdir(path);
    (void)rmdir(p->folder);
    return 0;
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void a_new_file_is_private(void **state)
{
    place *p = *state;
    char path[128];
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(mode_of(p->path), 0600);
    pl_fmt_cut(path, sizeof path, "%s-wal", p->path);
    assert_int_equal(mode_of(path), 0600);
    pl_fmt_cut(path, sizeof path, "%s/sub", p->folder);
    assert_int_equal(mode_of(path), 0700);
}

static pl_conf_row conf_row(void)
{
    pl_conf_row c = {.conf_id = "c1",
                     .kind = PL_CONF_KIND_API,
                     .state = PL_CONF_STATE_LIVE,
                     .mode = PL_ROOM_MODE_MIX,
                     .host_id = "p1",
                     .epoch = 12,
                     .max_participants = 5,
                     .max_talkers = 3,
                     .started_at = 1795000000123};
    return c;
}

static pl_err keep_conf(void *ctx, const void *row)
{
    *(pl_conf_row *)ctx = *(const pl_conf_row *)row;
    return PL_OK;
}

static void rows_come_back_as_they_were_put(void **state)
{
    place *p = *state;
    pl_conf_row in = conf_row();
    pl_conf_row out = {.epoch = 0};
    assert_int_equal(open_it(p), PL_OK);
    assert_false(p->store->ops->is_dirty(p->store));
    assert_int_equal(p->store->ops->put(p->store, &PL_TABLE_CONF, &in), PL_OK);
    in.epoch = 13; /* the second put replaces */
    assert_int_equal(p->store->ops->put(p->store, &PL_TABLE_CONF, &in), PL_OK);
    assert_true(p->store->ops->is_dirty(p->store));
    assert_int_equal(p->store->ops->commit(p->store), PL_OK);
    close_it(p);
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(
        p->store->ops->each(p->store, &PL_TABLE_CONF, keep_conf, &out), PL_OK);
    assert_memory_equal(&in, &out, sizeof in);
    assert_int_equal(p->store->ops->del(p->store, &PL_TABLE_CONF, &in), PL_OK);
    out.epoch = 0;
    assert_int_equal(
        p->store->ops->each(p->store, &PL_TABLE_CONF, keep_conf, &out), PL_OK);
    assert_int_equal(out.epoch, 0);
}

static void what_was_not_committed_is_gone(void **state)
{
    place *p = *state;
    pl_conf_row in = conf_row();
    pl_conf_row out = {.epoch = 0};
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(p->store->ops->put(p->store, &PL_TABLE_CONF, &in), PL_OK);
    close_it(p);
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(
        p->store->ops->each(p->store, &PL_TABLE_CONF, keep_conf, &out), PL_OK);
    assert_int_equal(out.epoch, 0);
}

static void a_broken_rule_refuses_everything_after_it(void **state)
{
    place *p = *state;
    pl_conf_row bad = conf_row();
    pl_conf_row good = conf_row();
    bad.max_talkers = 0; /* a CHECK of the schema */
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(p->store->ops->put(p->store, &PL_TABLE_CONF, &bad),
                     PL_EIO);
    assert_int_equal(p->store->ops->put(p->store, &PL_TABLE_CONF, &good),
                     PL_EIO);
    assert_int_equal(p->store->ops->commit(p->store), PL_EIO);
}

static void a_newer_schema_is_refused(void **state)
{
    place *p = *state;
    sqlite3 *db;
    assert_int_equal(open_it(p), PL_OK);
    close_it(p);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(open_it(p), PL_ECONFIG);
    assert_non_null(strstr(p->reason, "999"));
}

static void a_foreign_database_is_refused(void **state)
{
    place *p = *state;
    sqlite3 *db;
    char folder[128];
    pl_fmt_cut(folder, sizeof folder, "%s/sub", p->folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(open_it(p), PL_ECONFIG);
}

static void a_damaged_file_is_refused_and_left_alone(void **state)
{
    place *p = *state;
    struct stat before;
    struct stat after;
    assert_int_equal(open_it(p), PL_OK);
    close_it(p);
    FILE *f = fopen(p->path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 4096, SEEK_SET), 0);
    for (int i = 0; i < 16384; i++)
        assert_int_not_equal(fputc(0xa5, f), EOF);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(stat(p->path, &before), 0);
    assert_int_equal(open_it(p), PL_EINTERNAL);
    assert_non_null(strstr(p->reason, "damaged"));
    assert_int_equal(stat(p->path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtime, after.st_mtime);
}

static void a_second_process_is_kept_out(void **state)
{
    place *p = *state;
    int status = 0;
    assert_int_equal(open_it(p), PL_OK);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        place other = *p;
        other.store = NULL;
        _exit(open_it(&other) == PL_EIO &&
                      strstr(other.reason, "another roompool")
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ---- lists ---- */

typedef struct taker {
    unsigned n, stop_at;
    pl_err stop_with;
} taker;

static pl_err take_text(void *ctx, pl_slice text)
{
    taker *t = ctx;
    assert_true(pl_slice_eq_str(text, t->n == 0 ? "a" : "b"));
    return ++t->n == t->stop_at ? t->stop_with : PL_OK;
}

static const pl_store_list LETTERS = {
    .count = "SELECT 2",
    .keys = "SELECT column1 FROM (VALUES ('a'), ('b'))",
    .object = "SELECT ?1",
    .max_us = 60000000};

static pl_err take_list(place *p, const pl_store_list *list, taker *t,
                        uint64_t *ret_total)
{
    t->n = 0;
    return p->store->ops->list(p->store, list, take_text, t, ret_total);
}

static void a_list_is_read_until_its_reader_has_enough(void **state)
{
    place *p = *state;
    taker t = {.n = 0};
    uint64_t total = 7;
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(take_list(p, &LETTERS, &t, &total), PL_OK);
    assert_int_equal(t.n, 2);
    assert_int_equal(total, 2);
    t = (taker){.stop_at = 1, .stop_with = PL_EFULL};
    assert_int_equal(take_list(p, &LETTERS, &t, &total), PL_OK);
    assert_int_equal(t.n, 1);
    total = 7;
    t = (taker){.stop_at = 1, .stop_with = PL_ENOMEM};
    assert_int_equal(take_list(p, &LETTERS, &t, &total), PL_ENOMEM);
    assert_int_equal(total, 7);
    pl_store_list list = LETTERS;
    list.count = NULL;
    t = (taker){.n = 0};
    assert_int_equal(take_list(p, &list, &t, &total), PL_OK);
    assert_int_equal(total, 0);
    assert_false(p->store->ops->is_dirty(p->store));
}

static void a_list_that_fails_leaves_the_store_as_it_is(void **state)
{
    place *p = *state;
    const pl_conf_row row = conf_row();
    pl_store_list list = LETTERS;
    taker t = {.n = 0};
    uint64_t total = 7;
    assert_int_equal(open_it(p), PL_OK);
    assert_int_equal(p->store->ops->put(p->store, &PL_TABLE_CONF, &row), PL_OK);
    list.count = "SELECT nothing FROM nowhere";
    assert_int_equal(take_list(p, &list, &t, &total), PL_EIO);
    list = LETTERS;
    list.keys = "SELECT ?1"; /* a value that is not there */
    assert_int_equal(take_list(p, &list, &t, &total), PL_EIO);
    list = LETTERS;
    list.object = "SELECT json('{') WHERE ?1 = 'a'";
    assert_int_equal(take_list(p, &list, &t, &total), PL_EIO);
    list.object = "SELECT NULL WHERE ?1 = 'a'";
    assert_int_equal(take_list(p, &list, &t, &total), PL_EIO);
    list = LETTERS;
    list.max_us = 0;
    list.count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                 "FROM n) SELECT count(*) FROM n"; /* never ends */
    assert_int_equal(take_list(p, &list, &t, &total), PL_EUNAVAILABLE);
    assert_int_equal(total, 7);
    assert_int_equal(take_list(p, &LETTERS, &t, &total), PL_OK);
    assert_int_equal(p->store->ops->commit(p->store), PL_OK);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_is_private),
        TEST(rows_come_back_as_they_were_put),
        TEST(what_was_not_committed_is_gone),
        TEST(a_broken_rule_refuses_everything_after_it),
        TEST(a_newer_schema_is_refused),
        TEST(a_foreign_database_is_refused),
        TEST(a_damaged_file_is_refused_and_left_alone),
        TEST(a_second_process_is_kept_out),
        TEST(a_list_is_read_until_its_reader_has_enough),
        TEST(a_list_that_fails_leaves_the_store_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
