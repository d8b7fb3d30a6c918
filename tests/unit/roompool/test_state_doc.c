/* test_state_doc.c - every query in docs/state.md runs on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "io/store_sqlite.h"
#include "pl/str.h"

enum { DOC_MAX = 65536 };

static char doc[DOC_MAX];

static void read_doc(void)
{
    FILE *f = fopen(STATE_DOC, "rb");
    assert_non_null(f);
    size_t n = fread(doc, 1, sizeof doc - 1, f);
    assert_int_equal(fclose(f), 0);
    assert_true(n > 0 && n < sizeof doc - 1);
    doc[n] = '\0';
}

static void run(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s\n%s", sql, error);
}

static void is_named(const char *what)
{
    char name[64];
    pl_fmt_cut(name, sizeof name, "`%s`", what);
    if (!strstr(doc, name))
        fail_msg("docs/state.md does not describe %s", name);
}

/* .. and every view is described. */
static void examples_run(void **state)
{
    char folder[] = "/tmp/pl-doc-XXXXXX";
    char path[64];
    char reason[256];
    pl_store *store;
    sqlite3 *db;
    unsigned n = 0;
    (void)state;
    read_doc();
    assert_non_null(mkdtemp(folder));
    pl_fmt_cut(path, sizeof path, "%s/p.db", folder);
    assert_int_equal(pl_store_open_sqlite(path, &store, reason, sizeof reason),
                     PL_OK);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    for (char *at = strstr(doc, "```sql\n"); at; at = strstr(at, "```sql\n")) {
        at += strlen("```sql\n");
        char *end = strstr(at, "```");
        assert_non_null(end);
        *end = '\0';
        run(db, at);
        at = end + 1;
        n++;
    }
    assert_true(n >= 8);
    read_doc();
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_schema WHERE "
                                        "type = 'view'",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    for (n = 0; sqlite3_step(stmt) == SQLITE_ROW; n++)
        is_named((const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    assert_true(n >= 16);
    sqlite3_close(db);
    store->ops->close(&store);
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 4; i++) {
        char file[80];
        pl_fmt_cut(file, sizeof file, "%s%s", path, tails[i]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
}

/* Every table of the schema is described. */
static void everything_is_named(void **state)
{
    (void)state;
    read_doc();
    for (size_t i = 0; pl_table_at(i); i++)
        is_named(pl_table_at(i)->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_run),
        cmocka_unit_test(everything_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
