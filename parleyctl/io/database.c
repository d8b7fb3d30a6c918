/* database.c - see database.h. */
#include "database.h"

#include <inttypes.h>
#include <string.h>

#include <sqlite3.h>

#include "io/migrations.h" /* roompool's */
#include "io/store_file.h"
#include "pl/str.h"

enum { BUSY_MS = 5000, PAGES_A_STEP = 2000, SQL_TEXT = 128 };

static void because(pl_ctl_reason *reason, const char *path, const char *what,
                    sqlite3 *db)
{
    pl_fmt_cut(reason->text, sizeof reason->text, "%s: %s: %s", path, what,
               db ? sqlite3_errmsg(db) : "out of memory");
}

static pl_err open_file(const char *path, int flags, sqlite3 **ret_db,
                        pl_ctl_reason *reason)
{
    *ret_db = NULL;
    if (!pl_ctl_exists(path)) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s: there is no such file", path);
        return PL_ENOENT;
    }
    if (sqlite3_open_v2(path, ret_db, flags, NULL) != SQLITE_OK) {
        because(reason, path, "cannot be opened", *ret_db);
        sqlite3_close(*ret_db);
        *ret_db = NULL;
        return PL_EIO;
    }
    sqlite3_busy_timeout(*ret_db, BUSY_MS);
    return PL_OK;
}

/* First integer of a statement. */
static int query_int(sqlite3 *db, const char *sql, int64_t *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            *ret = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static pl_err check_whole(sqlite3 *db, const char *path, pl_ctl_reason *reason)
{
    sqlite3_stmt *stmt = NULL;
    int rc =
        sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
    const char *said = "it cannot be read";
    if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        said = (const char *)sqlite3_column_text(stmt, 0);
    bool is_whole = said && strcmp(said, "ok") == 0;
    if (!is_whole) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s is damaged (integrity_check: %s)", path,
                   said ? said : "");
    }
    sqlite3_finalize(stmt);
    return is_whole ? PL_OK : PL_EPROTO;
}

static pl_err check_version(sqlite3 *db, const char *path, int64_t *ret_version,
                            pl_ctl_reason *reason)
{
    int64_t id = 0;
    int64_t version = 0;
    if (query_int(db, "PRAGMA application_id", &id) != SQLITE_OK ||
        query_int(db, "PRAGMA user_version", &version) != SQLITE_OK) {
        because(reason, path, "is no database", db);
        return PL_EPROTO;
    }
    if (id != PL_STORE_APPLICATION_ID || version < 1) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s is a database of something else", path);
        return PL_EPROTO;
    }
    if (version > (int64_t)pl_migrations_count) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s has schema %" PRId64 ", this build knows up to %zu: "
                   "use the version of Parley that wrote it, or a newer one",
                   path, version, pl_migrations_count);
        return PL_EVERSION;
    }
    *ret_version = version;
    return PL_OK;
}

/* ---- copying ---- */

static pl_err copy_pages(sqlite3 *from, sqlite3 *to,
                         void (*on_progress)(unsigned percent), int *ret_rc)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (!b) {
        *ret_rc = sqlite3_errcode(to);
        return PL_EIO;
    }
    int rc;
    while ((rc = sqlite3_backup_step(b, PAGES_A_STEP)) == SQLITE_OK) {
        int all = sqlite3_backup_pagecount(b);
        int left = sqlite3_backup_remaining(b);
        if (on_progress && all > 0)
            on_progress((unsigned)((int64_t)(all - left) * 100 / all));
    }
    *ret_rc = sqlite3_backup_finish(b);
    return rc == SQLITE_DONE && *ret_rc == SQLITE_OK ? PL_OK : PL_EIO;
}

/* One transaction over all of it: pages that roompool writes meanwhile go to
 * its -wal and do not make the copy begin again. */
static pl_err copy_moment(sqlite3 *from, sqlite3 *to, const char *path,
                          void (*on_progress)(unsigned percent),
                          pl_ctl_reason *reason)
{
    int64_t n = 0;
    int rc = SQLITE_OK;
    if (sqlite3_exec(from, "BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
        query_int(from, "SELECT count(*) FROM sqlite_schema", &n) !=
            SQLITE_OK) {
        because(reason, path, "cannot be read", from);
        return PL_EIO;
    }
    pl_err e = copy_pages(from, to, on_progress, &rc);
    if (e) {
        pl_fmt_cut(reason->text, sizeof reason->text, "%s: not copied: %s",
                   path, sqlite3_errstr(rc));
    }
    (void)sqlite3_exec(from, "ROLLBACK", NULL, NULL, NULL); /* only read */
    return e;
}

/* The copy says of itself that it has a -wal, as the other has: it is one file.
 */
static pl_err make_single(sqlite3 *db, const char *path, pl_ctl_reason *reason)
{
    if (sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) ==
        SQLITE_OK)
        return PL_OK;
    because(reason, path, "cannot be finished", db);
    return PL_EIO;
}

static pl_err copy_between(sqlite3 *from, sqlite3 *to, const char *from_path,
                           const char *to_path,
                           void (*on_progress)(unsigned percent),
                           pl_ctl_reason *reason)
{
    int64_t version = 0;
    pl_err e = check_version(from, from_path, &version, reason);
    if (!e)
        e = copy_moment(from, to, from_path, on_progress, reason);
    if (!e)
        e = make_single(to, to_path, reason);
    return e ? e : check_whole(to, to_path, reason);
}

pl_err pl_ctl_database_copy(const char *from, const char *to,
                            void (*on_progress)(unsigned percent),
                            pl_ctl_reason *reason)
{
    sqlite3 *source = NULL;
    sqlite3 *target = NULL;
    pl_err e = open_file(from, SQLITE_OPEN_READONLY, &source, reason);
    if (!e)
        e = open_file(to, SQLITE_OPEN_READWRITE, &target, reason);
    if (!e)
        e = copy_between(source, target, from, to, on_progress, reason);
    sqlite3_close(source);
    sqlite3_close(target);
    return e;
}

/* ---- looking ---- */

pl_err pl_ctl_database_check(const char *path, pl_ctl_database_is *ret_is,
                             pl_ctl_reason *reason)
{
    sqlite3 *db = NULL;
    pl_ctl_database_is is = {.schema = 0};
    pl_err e = open_file(path, SQLITE_OPEN_READONLY, &db, reason);
    if (!e)
        e = check_version(db, path, &is.schema, reason);
    if (!e)
        e = check_whole(db, path, reason);
    if (!e &&
        (query_int(db, "SELECT count(*) FROM rooms", &is.n_rooms) !=
             SQLITE_OK ||
         query_int(db, "SELECT count(*) FROM conferences WHERE state = 'live'",
                   &is.n_conferences) != SQLITE_OK)) {
        because(reason, path, "is no database of roompool", db);
        e = PL_EPROTO;
    }
    sqlite3_close(db);
    if (!e)
        *ret_is = is;
    return e;
}

/* SQLite gives up a -wal only to who is alone with the file: that finds also
 * who has it under another name, and so another lock. */
pl_err pl_ctl_database_settle(const char *path, pl_ctl_reason *reason)
{
    enum { WAIT_MS = 500 };
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    const char *mode = "";
    pl_ctl_reason why;
    if (open_file(path, SQLITE_OPEN_READWRITE, &db, &why))
        return PL_OK; /* a damaged one stays as it is, with its -wal */
    sqlite3_busy_timeout(db, WAIT_MS);
    int rc =
        sqlite3_prepare_v2(db, "PRAGMA journal_mode = DELETE", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        mode = (const char *)sqlite3_column_text(stmt, 0);
    bool is_used = rc == SQLITE_BUSY || (mode && strcmp(mode, "wal") == 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    if (!is_used)
        return PL_OK;
    pl_fmt_cut(reason->text, sizeof reason->text,
               "%s: somebody has it open; stop roompool first", path);
    return PL_EBUSY;
}
