/* test_files.c - files that are there whole or not at all; copies of
 * roompool's database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database.h"
#include "io/migrations.h"
#include "io/store_file.h"
#include "io/store_sqlite.h"
#include "pl/str.h"

typedef struct place {
    char folder[64], from[128], to[128];
    pl_ctl_reason reason;
} place;

static int setup(void **state)
{
    static place p;
    memset(&p, 0, sizeof p);
    pl_fmt_cut(p.folder, sizeof p.folder, "/tmp/pl-ctl-XXXXXX");
    if (!mkdtemp(p.folder))
        return -1;
    pl_fmt_cut(p.from, sizeof p.from, "%s/from.db", p.folder);
    pl_fmt_cut(p.to, sizeof p.to, "%s/to.db", p.folder);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock", ".new"};
    const place *p = *state;
    char path[160];
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        pl_fmt_cut(path, sizeof path, "%s%s", p->from, tails[i]);
        (void)unlink(path);
        pl_fmt_cut(path, sizeof path, "%s%s", p->to, tails[i]);
        (void)unlink(path);
    }
    return rmdir(p->folder);
}

static void write_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* A database of roompool that is open, with one room in its -wal. */
static pl_store *open_store(place *p)
{
    char reason[512];
    pl_store *store = NULL;
    assert_int_equal(
        pl_store_open_sqlite(p->from, &store, reason, sizeof reason), PL_OK);
    write_sql(p->from, "INSERT INTO rooms (room_id, source, state, mode, "
                       "pin_hash, host_pin_hash, max_participants, "
                       "max_talkers, announce, created_at) VALUES ('lobby', "
                       "'config', 'enabled', 'mix', '', '', 0, 0, '', "
                       "'2026-11-21T20:00:00.000Z')");
    return store;
}

static pl_err copy(place *p)
{
    assert_int_equal(pl_ctl_file_begin(p->to, 0600, &p->reason), PL_OK);
    return pl_ctl_database_copy(p->from, p->to, NULL, &p->reason);
}

/* ---- files ---- */

static void a_file_is_written_whole(void **state)
{
    place *p = *state;
    struct stat st;
    char text[32] = "";
    assert_int_equal(pl_ctl_file_write(p->to, 0600, "key\n", false, &p->reason),
                     PL_OK);
    assert_int_equal(stat(p->to, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(
        pl_ctl_file_write(p->to, 0600, "other\n", false, &p->reason),
        PL_EEXIST);
    FILE *f = fopen(p->to, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    (void)fclose(f);
    assert_string_equal(text, "key\n");
    assert_int_equal(
        pl_ctl_file_write(p->to, 0600, "other\n", true, &p->reason), PL_OK);
}

static void a_file_that_cannot_be_is_explained(void **state)
{
    place *p = *state;
    char path[160];
    pl_fmt_cut(path, sizeof path, "%s/none/x", p->folder);
    assert_int_equal(pl_ctl_file_write(path, 0600, "x", false, &p->reason),
                     PL_EIO);
    assert_non_null(strstr(p->reason.text, "none/x"));
    assert_int_equal(pl_ctl_file_write(p->to, 0600, "x", true, &p->reason),
                     PL_OK);
    assert_int_equal(pl_ctl_folder_make(p->to, 0700, &p->reason), PL_EIO);
}

static void a_file_is_known_by_other_names(void **state)
{
    place *p = *state;
    char path[160];
    assert_false(pl_ctl_is_same(p->to, p->to)); /* it is not there */
    assert_int_equal(pl_ctl_file_write(p->to, 0600, "x", true, &p->reason),
                     PL_OK);
    pl_fmt_cut(path, sizeof path, "%s/./to.db", p->folder);
    assert_true(pl_ctl_is_same(p->to, path));
    assert_int_equal(symlink(p->to, p->from), 0);
    assert_true(pl_ctl_is_same(p->from, p->to));
    assert_int_equal(unlink(p->from), 0);
    assert_int_equal(pl_ctl_file_write(p->from, 0600, "x", true, &p->reason),
                     PL_OK);
    assert_false(pl_ctl_is_same(p->from, p->to));
}

/* ---- copies ---- */

static void a_database_in_use_is_copied(void **state)
{
    place *p = *state;
    pl_ctl_database_is is;
    struct stat st;
    char wal[160];
    pl_store *store = open_store(p);
    assert_int_equal(copy(p), PL_OK);
    assert_int_equal(pl_ctl_database_check(p->to, &is, &p->reason), PL_OK);
    assert_int_equal(is.n_rooms, 1);
    assert_int_equal(is.schema, (int)pl_migrations_count);
    assert_int_equal(stat(p->to, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    pl_fmt_cut(wal, sizeof wal, "%s-wal", p->to);
    assert_false(pl_ctl_exists(wal));
    store->ops->close(&store);
    /* And roompool takes it. */
    char reason[512];
    assert_int_equal(pl_store_open_sqlite(p->to, &store, reason, sizeof reason),
                     PL_OK);
    store->ops->close(&store);
}

static void writing_meanwhile_does_no_harm(void **state)
{
    place *p = *state;
    pl_ctl_database_is is;
    pl_store *store = open_store(p);
    sqlite3 *writer = NULL;
    assert_int_equal(sqlite3_open(p->from, &writer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(writer,
                                  "BEGIN IMMEDIATE; UPDATE rooms SET tag = "
                                  "'x'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(copy(p), PL_OK); /* does not wait for it */
    assert_int_equal(sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(writer);
    assert_int_equal(pl_ctl_database_check(p->to, &is, &p->reason), PL_OK);
    store->ops->close(&store);
}

static void other_files_are_refused(void **state)
{
    place *p = *state;
    pl_ctl_database_is is;
    assert_int_equal(copy(p), PL_ENOENT);
    write_sql(p->from, "CREATE TABLE x (y)");
    assert_int_equal(copy(p), PL_EPROTO);
    assert_non_null(strstr(p->reason.text, "something else"));
    assert_int_equal(pl_ctl_database_check(p->from, &is, &p->reason),
                     PL_EPROTO);
    assert_int_equal(
        pl_ctl_file_write(p->from, 0600,
                          "this is a text, and a text is no database at all",
                          true, &p->reason),
        PL_OK);
    assert_int_equal(pl_ctl_database_check(p->from, &is, &p->reason),
                     PL_EPROTO);
}

static void a_newer_schema_is_refused(void **state)
{
    place *p = *state;
    pl_ctl_database_is is;
    pl_store *store = open_store(p);
    store->ops->close(&store);
    write_sql(p->from, "PRAGMA user_version = 999");
    assert_int_equal(pl_ctl_database_check(p->from, &is, &p->reason),
                     PL_EVERSION);
    assert_non_null(strstr(p->reason.text, "schema 999"));
}

static void damage_is_found(void **state)
{
    enum { PAGE = 4096 };
    place *p = *state;
    pl_ctl_database_is is;
    char page[PAGE];
    pl_store *store = open_store(p);
    store->ops->close(&store);
    memset(page, 0x5a, sizeof page);
    int fd = open(p->from, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t n = 2; n < 12; n++)
        assert_int_equal(pwrite(fd, page, sizeof page, n * PAGE), PAGE);
    assert_int_equal(close(fd), 0);
    assert_int_equal(pl_ctl_database_check(p->from, &is, &p->reason),
                     PL_EPROTO);
    assert_int_not_equal(copy(p), PL_OK);
}

static void settling_empties_the_wal(void **state)
{
    place *p = *state;
    char wal[160];
    pl_store *store = open_store(p);
    pl_fmt_cut(wal, sizeof wal, "%s-wal", p->from);
    assert_true(pl_ctl_exists(wal));
    /* Not while it is used, under whatever name. */
    assert_int_equal(symlink(p->from, p->to), 0);
    assert_int_equal(pl_ctl_database_settle(p->to, &p->reason), PL_EBUSY);
    assert_non_null(strstr(p->reason.text, "stop roompool"));
    assert_true(pl_ctl_exists(wal));
    store->ops->close(&store);
    assert_int_equal(pl_ctl_database_settle(p->from, &p->reason), PL_OK);
    assert_false(pl_ctl_exists(wal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_written_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_is_explained,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_is_known_by_other_names, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_database_in_use_is_copied, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(writing_meanwhile_does_no_harm, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_newer_schema_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(damage_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(settling_empties_the_wal, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
