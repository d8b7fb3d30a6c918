/* store_sqlite.c - the only file that knows SQLite.
 *
 * WAL and synchronous=FULL: what commit() acknowledged survives a power cut.
 * A second writer is kept out by a lock file beside the database; readers
 * (sqlite3, backups) never wait and never disturb. */
#include "store_sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "io/migrations.h"
#include "io/store_file.h"
#include "pl/str.h"
#include "pl/utc.h"

enum { MAX_TABLES = 40, SQL_MAX = 2048 };

/* History, which is deleted when it is old or too much: by when it ended.
 * First the records. */
enum { N_RECORDS = 4, N_HISTORY = 5 };
static const char *const PRUNE_OLD[N_HISTORY] = {
    "DELETE FROM call_records WHERE left_at < ?",
    "DELETE FROM conference_records WHERE ended_at < ?",
    "DELETE FROM placements WHERE placed_at < ?",
    "DELETE FROM recordings WHERE ended_at < ?",
    "DELETE FROM registrations WHERE ended_at < ?"};
static const char *const PRUNE_BEYOND[N_HISTORY] = {
    "DELETE FROM call_records WHERE left_at <= (SELECT left_at "
    "FROM call_records ORDER BY left_at DESC LIMIT 1 OFFSET ?)",
    "DELETE FROM conference_records WHERE ended_at <= (SELECT ended_at "
    "FROM conference_records ORDER BY ended_at DESC LIMIT 1 OFFSET ?)",
    "DELETE FROM placements WHERE placed_at <= (SELECT placed_at "
    "FROM placements ORDER BY placed_at DESC LIMIT 1 OFFSET ?)",
    "DELETE FROM recordings WHERE ended_at <= (SELECT ended_at "
    "FROM recordings ORDER BY ended_at DESC LIMIT 1 OFFSET ?)",
    "DELETE FROM registrations WHERE ended_at <= (SELECT ended_at "
    "FROM registrations WHERE ended_at IS NOT NULL "
    "ORDER BY ended_at DESC LIMIT 1 OFFSET ?)"};

typedef struct table_statements {
    const pl_table *table;
    sqlite3_stmt *put, *del;
} table_statements;

typedef struct sqlite_store {
    pl_store base;
    sqlite3 *db;
    int lock_fd;
    bool is_open, is_failed; /* a transaction is open; nothing works more */
    sqlite3_stmt *begin, *commit, *prune[N_HISTORY], *prune_beyond[N_HISTORY],
        *prune_video, *end_talks;
    table_statements tables[MAX_TABLES];
    size_t n_tables;
    char path[512];
} sqlite_store;

static sqlite_store *self_of(pl_store *store)
{
    return (sqlite_store *)(void *)store;
}

static pl_err fail(sqlite_store *s)
{
    s->is_failed = true;
    return PL_EIO;
}

/* ---- statements ---- */

typedef struct text_buf {
    char text[SQL_MAX];
    size_t len;
} text_buf;

static void add(text_buf *b, const char *part)
{
    size_t n = strlen(part);
    if (n >= sizeof b->text - b->len)
        return; /* prepare then fails: tables are fixed, a test covers it */
    memcpy(b->text + b->len, part, n + 1);
    b->len += n;
}

/* "a, b, c" over the columns, each wrapped; keys, values or both. */
static void add_cols(text_buf *b, const pl_table *t, const char *format_tail,
                     bool keys, bool values, const char *between)
{
    bool is_first = true;
    for (size_t i = 0; i < t->n_cols; i++) {
        if (t->cols[i].is_key ? !keys : !values)
            continue;
        if (!is_first)
            add(b, between);
        is_first = false;
        add(b, t->cols[i].name);
        if (strcmp(format_tail, "excluded") == 0) {
            add(b, " = excluded.");
            add(b, t->cols[i].name);
        } else {
            add(b, format_tail);
        }
    }
}

static void put_sql(const pl_table *t, text_buf *b)
{
    add(b, "INSERT INTO ");
    add(b, t->name);
    add(b, " (");
    add_cols(b, t, "", true, true, ", ");
    add(b, ") VALUES (");
    for (size_t i = 0; i < t->n_cols; i++)
        add(b, i == 0 ? "?" : ", ?");
    add(b, ") ON CONFLICT (");
    add_cols(b, t, "", true, false, ", ");
    if (t->cols[t->n_cols - 1].is_key) { /* there is nothing beside the key */
        add(b, ") DO NOTHING");
        return;
    }
    add(b, ") DO UPDATE SET ");
    add_cols(b, t, "excluded", false, true, ", ");
}

static void del_sql(const pl_table *t, text_buf *b)
{
    add(b, "DELETE FROM ");
    add(b, t->name);
    add(b, " WHERE ");
    add_cols(b, t, " = ?", true, false, " AND ");
}

static pl_err prepare(sqlite_store *s, const char *sql, sqlite3_stmt **ret)
{
    int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret,
                                NULL);
    return rc == SQLITE_OK ? PL_OK : PL_EIO;
}

static pl_err prepare_all(sqlite_store *s)
{
    const pl_table *t;
    for (size_t i = 0; i < MAX_TABLES && (t = pl_table_at(i)) != NULL; i++) {
        table_statements *st = &s->tables[s->n_tables++];
        text_buf put = {.len = 0};
        text_buf del = {.len = 0};
        st->table = t;
        put_sql(t, &put);
        del_sql(t, &del);
        if (prepare(s, put.text, &st->put) || prepare(s, del.text, &st->del))
            return PL_EIO;
    }
    if (prepare(s, "BEGIN IMMEDIATE", &s->begin) ||
        prepare(s, "COMMIT", &s->commit) ||
        prepare(s, "DELETE FROM video_sessions WHERE ended_at < ?",
                &s->prune_video) ||
        prepare(s,
                "UPDATE talk_intervals SET ended_at = ? WHERE ended_at IS NULL",
                &s->end_talks))
        return PL_EIO;
    return PL_OK;
}

static pl_err prepare_prune(sqlite_store *s)
{
    for (size_t i = 0; i < N_HISTORY; i++) {
        if (prepare(s, PRUNE_OLD[i], &s->prune[i]) ||
            prepare(s, PRUNE_BEYOND[i], &s->prune_beyond[i]))
            return PL_EIO;
    }
    return PL_OK;
}

static table_statements *statements_of(sqlite_store *s, const pl_table *t)
{
    for (size_t i = 0; i < s->n_tables; i++) {
        if (s->tables[i].table == t)
            return &s->tables[i];
    }
    return NULL;
}

/* ---- values ---- */

static int bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    return sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
}

static int bind_time(sqlite3_stmt *stmt, int at, int64_t wall_ms)
{
    char text[PL_TIME_TEXT];
    if (wall_ms == 0)
        return sqlite3_bind_null(stmt, at);
    pl_time_text(wall_ms, text);
    return bind_text(stmt, at, text);
}

static int bind_slice(sqlite3_stmt *stmt, int at, const pl_slice *text)
{
    if (!text->ptr)
        return bind_text(stmt, at, "");
    return sqlite3_bind_text64(stmt, at, (const char *)text->ptr, text->len,
                               SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int bind_col(sqlite3_stmt *stmt, int at, const pl_col *col,
                    const void *row)
{
    const void *p = (const char *)row + col->offset;
    switch (col->kind) {
    case PL_COL_STR: return bind_text(stmt, at, p);
    case PL_COL_REF:
        return *(const char *)p ? bind_text(stmt, at, p)
                                : sqlite3_bind_null(stmt, at);
    case PL_COL_TEXT: return bind_slice(stmt, at, p);
    case PL_COL_U32: return sqlite3_bind_int64(stmt, at, *(const uint32_t *)p);
    case PL_COL_U64:
        return sqlite3_bind_int64(stmt, at,
                                  (sqlite3_int64) * (const uint64_t *)p);
    case PL_COL_BOOL: return sqlite3_bind_int(stmt, at, *(const bool *)p);
    case PL_COL_TIME: return bind_time(stmt, at, *(const int64_t *)p);
    case PL_COL_WORD:
        return bind_text(stmt, at, col->text(*(const uint32_t *)p));
    default: return SQLITE_MISUSE;
    }
}

static pl_err read_text(const pl_col *col, sqlite3_stmt *stmt, int at, void *p)
{
    const unsigned char *text = sqlite3_column_text(stmt, at);
    pl_slice s = {text, (size_t)sqlite3_column_bytes(stmt, at)};
    if (!text)
        s.len = 0;
    return pl_copy(p, col->max + 1, s);
}

static pl_err read_time(sqlite3_stmt *stmt, int at, int64_t *ret)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    *ret = 0;
    return text ? pl_utc_parse(text, ret) : PL_OK;
}

static pl_err read_word(const pl_col *col, sqlite3_stmt *stmt, int at,
                        uint32_t *ret)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    *ret = text ? col->value(text) : 0;
    return PL_OK;
}

static pl_err read_col(const pl_col *col, sqlite3_stmt *stmt, int at, void *row)
{
    void *p = (char *)row + col->offset;
    switch (col->kind) {
    case PL_COL_STR:
    case PL_COL_REF: return read_text(col, stmt, at, p);
    case PL_COL_TEXT:
        *(pl_slice *)p = (pl_slice){sqlite3_column_text(stmt, at),
                                    (size_t)sqlite3_column_bytes(stmt, at)};
        return PL_OK;
    case PL_COL_U32:
        *(uint32_t *)p = (uint32_t)sqlite3_column_int64(stmt, at);
        return PL_OK;
    case PL_COL_U64:
        *(uint64_t *)p = (uint64_t)sqlite3_column_int64(stmt, at);
        return PL_OK;
    case PL_COL_BOOL:
        *(bool *)p = sqlite3_column_int(stmt, at) != 0;
        return PL_OK;
    case PL_COL_TIME: return read_time(stmt, at, p);
    case PL_COL_WORD: return read_word(col, stmt, at, p);
    default: return PL_EINTERNAL;
    }
}

/* ---- the interface ---- */

static pl_err run(sqlite_store *s, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    int reset = sqlite3_reset(stmt);
    return rc == SQLITE_DONE && reset == SQLITE_OK ? PL_OK : fail(s);
}

static pl_err begin(sqlite_store *s)
{
    if (s->is_failed)
        return PL_EIO;
    if (s->is_open)
        return PL_OK;
    pl_err e = run(s, s->begin);
    s->is_open = e == PL_OK;
    return e;
}

static pl_err put(pl_store *store, const pl_table *table, const void *row)
{
    sqlite_store *s = self_of(store);
    table_statements *st = statements_of(s, table);
    pl_err e = st ? begin(s) : PL_EINTERNAL;
    if (e)
        return e;
    for (size_t i = 0; i < table->n_cols; i++) {
        if (bind_col(st->put, (int)i + 1, &table->cols[i], row) != SQLITE_OK)
            return fail(s);
    }
    return run(s, st->put);
}

static pl_err del(pl_store *store, const pl_table *table, const void *row)
{
    sqlite_store *s = self_of(store);
    table_statements *st = statements_of(s, table);
    pl_err e = st ? begin(s) : PL_EINTERNAL;
    int at = 0;
    if (e)
        return e;
    for (size_t i = 0; i < table->n_cols; i++) {
        if (table->cols[i].is_key &&
            bind_col(st->del, ++at, &table->cols[i], row) != SQLITE_OK)
            return fail(s);
    }
    return run(s, st->del);
}

static void each_sql(const pl_table *t, text_buf *b)
{
    add(b, "SELECT ");
    add_cols(b, t, "", true, true, ", ");
    add(b, " FROM ");
    add(b, t->name);
    add(b, " ORDER BY ");
    add_cols(b, t, "", true, false, ", ");
}

static pl_err each(pl_store *store, const pl_table *table,
                   pl_store_on_row on_row, void *ctx)
{
    sqlite_store *s = self_of(store);
    text_buf sql = {.len = 0};
    sqlite3_stmt *stmt = NULL;
    void *row = calloc(1, table->size);
    pl_err e = row ? PL_OK : PL_ENOMEM;
    int rc = SQLITE_DONE;
    each_sql(table, &sql);
    if (!e && sqlite3_prepare_v2(s->db, sql.text, -1, &stmt, NULL))
        e = PL_EIO;
    while (!e && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        memset(row, 0, table->size);
        for (size_t i = 0; !e && i < table->n_cols; i++) {
            if (read_col(&table->cols[i], stmt, (int)i, row))
                e = PL_EPROTO;
        }
        if (!e)
            e = on_row(ctx, row);
    }
    if (!e && rc != SQLITE_DONE)
        e = PL_EIO;
    sqlite3_finalize(stmt);
    free(row);
    return e;
}

/* ---- lists ---- */

enum { STEPS_BETWEEN = 1000 }; /* of SQLite's machine: looks at the clock */

static int64_t clock_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int is_late(void *ctx)
{
    const int64_t *until_us = ctx;
    return clock_us() >= *until_us; /* interrupts */
}

static pl_err error_of(int rc)
{
    return rc == SQLITE_INTERRUPT ? PL_EUNAVAILABLE : PL_EIO;
}

static int bind_value(sqlite3_stmt *stmt, int at, const pl_sql_value *v)
{
    switch (v->kind) {
    case PL_SQL_TEXT: return bind_slice(stmt, at, &v->text);
    case PL_SQL_INT: return sqlite3_bind_int64(stmt, at, v->number);
    default: return SQLITE_MISUSE;
    }
}

static pl_err prepare_list(sqlite_store *s, const char *sql,
                           const pl_store_list *list, sqlite3_stmt **ret_stmt)
{
    if (sqlite3_prepare_v2(s->db, sql, -1, ret_stmt, NULL) != SQLITE_OK)
        return PL_EIO;
    int n = sqlite3_bind_parameter_count(*ret_stmt);
    for (int i = 0; i < n; i++) {
        if ((size_t)i >= list->n_values ||
            bind_value(*ret_stmt, i + 1, &list->values[i]) != SQLITE_OK)
            return PL_EIO;
    }
    return PL_OK;
}

static pl_err count_list(sqlite_store *s, const pl_store_list *list,
                         uint64_t *ret_total)
{
    sqlite3_stmt *stmt = NULL;
    pl_err e = prepare_list(s, list->count, list, &stmt);
    int rc = e ? SQLITE_ERROR : sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret_total = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? PL_OK : error_of(rc);
}

static pl_err give_object(sqlite3_stmt *keys, sqlite3_stmt *object,
                          pl_store_on_text on_text, void *ctx)
{
    pl_err e = PL_OK;
    int rc = sqlite3_bind_value(object, 1, sqlite3_column_value(keys, 0));
    if (rc == SQLITE_OK)
        rc = sqlite3_step(object);
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(object, 0);
        size_t n = (size_t)sqlite3_column_bytes(object, 0);
        e = text ? on_text(ctx, (pl_slice){text, n}) : PL_EIO;
    } else if (rc != SQLITE_DONE) {
        e = error_of(rc);
    }
    sqlite3_reset(object);
    return e;
}

static pl_err give_list(sqlite_store *s, const pl_store_list *list,
                        pl_store_on_text on_text, void *ctx)
{
    sqlite3_stmt *keys = NULL;
    sqlite3_stmt *object = NULL;
    int rc = SQLITE_DONE;
    pl_err e = prepare_list(s, list->keys, list, &keys);
    if (!e && sqlite3_prepare_v2(s->db, list->object, -1, &object, NULL))
        e = PL_EIO;
    while (!e && (rc = sqlite3_step(keys)) == SQLITE_ROW)
        e = give_object(keys, object, on_text, ctx);
    if (!e && rc != SQLITE_DONE)
        e = error_of(rc);
    sqlite3_finalize(keys);
    sqlite3_finalize(object);
    return e == PL_EFULL ? PL_OK : e;
}

/* A statement that only reads and is interrupted leaves the transaction as it
 * is, so a fault here is no fault of the store. */
static pl_err read_list(pl_store *store, const pl_store_list *list,
                        pl_store_on_text on_text, void *ctx,
                        uint64_t *ret_total)
{
    sqlite_store *s = self_of(store);
    int64_t until_us = clock_us() + list->max_us;
    uint64_t total = 0;
    if (s->is_failed)
        return PL_EIO;
    sqlite3_progress_handler(s->db, STEPS_BETWEEN, is_late, &until_us);
    pl_err e = list->count ? count_list(s, list, &total) : PL_OK;
    if (!e)
        e = give_list(s, list, on_text, ctx);
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    if (!e)
        *ret_total = total;
    return e;
}

/* ---- the end of a turn ---- */

static pl_err commit(pl_store *store)
{
    sqlite_store *s = self_of(store);
    if (s->is_failed)
        return PL_EIO;
    if (!s->is_open)
        return PL_OK;
    pl_err e = run(s, s->commit);
    if (e == PL_OK)
        s->is_open = false;
    return e;
}

static bool is_dirty(const pl_store *store)
{
    return ((const sqlite_store *)(const void *)store)->is_open;
}

static pl_err prune_history(sqlite_store *s, size_t from, size_t to,
                            int64_t wall_ms, uint32_t keep)
{
    pl_err e = begin(s);
    if (e)
        return e;
    for (size_t i = from; !e && i < to; i++) {
        if (bind_time(s->prune[i], 1, wall_ms) != SQLITE_OK ||
            sqlite3_bind_int64(s->prune_beyond[i], 1, keep) != SQLITE_OK)
            return fail(s);
        e = run(s, s->prune[i]);
        if (!e)
            e = run(s, s->prune_beyond[i]);
    }
    return e;
}

static pl_err prune_records(pl_store *store, int64_t wall_ms, uint32_t keep)
{
    return prune_history(self_of(store), 0, N_RECORDS, wall_ms, keep);
}

static pl_err prune_registrations(pl_store *store, int64_t wall_ms,
                                  uint32_t keep)
{
    return prune_history(self_of(store), N_RECORDS, N_HISTORY, wall_ms, keep);
}

static pl_err prune_videos(pl_store *store, int64_t wall_ms)
{
    sqlite_store *s = self_of(store);
    pl_err e = begin(s);
    if (e)
        return e;
    return bind_time(s->prune_video, 1, wall_ms) == SQLITE_OK
               ? run(s, s->prune_video)
               : fail(s);
}

static pl_err end_talks(pl_store *store, int64_t wall_ms)
{
    sqlite_store *s = self_of(store);
    pl_err e = begin(s);
    if (e)
        return e;
    return bind_time(s->end_talks, 1, wall_ms) == SQLITE_OK
               ? run(s, s->end_talks)
               : fail(s);
}

static void close_store(pl_store **store)
{
    if (!store || !*store)
        return;
    sqlite_store *s = self_of(*store);
    for (size_t i = 0; i < s->n_tables; i++) {
        sqlite3_finalize(s->tables[i].put);
        sqlite3_finalize(s->tables[i].del);
    }
    sqlite3_finalize(s->begin);
    sqlite3_finalize(s->commit);
    for (size_t i = 0; i < N_HISTORY; i++) {
        sqlite3_finalize(s->prune[i]);
        sqlite3_finalize(s->prune_beyond[i]);
    }
    sqlite3_finalize(s->prune_video);
    sqlite3_finalize(s->end_talks);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
    *store = NULL;
}

static const pl_store_ops OPS = {.put = put,
                                 .del = del,
                                 .each = each,
                                 .list = read_list,
                                 .commit = commit,
                                 .is_dirty = is_dirty,
                                 .prune_records = prune_records,
                                 .prune_videos = prune_videos,
                                 .prune_registrations = prune_registrations,
                                 .end_talks = end_talks,
                                 .close = close_store};

/* ---- opening ---- */

static pl_err exec(sqlite_store *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? PL_OK
                                                                   : PL_EIO;
}

/* First integer of a statement, -1 when it fails. */
static int64_t query_int(sqlite_store *s, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static bool is_sound(sqlite_store *s)
{
    sqlite3_stmt *stmt = NULL;
    bool is_ok = false;
    if (sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt, NULL) ==
            SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        is_ok = text && strcmp(text, "ok") == 0;
    }
    sqlite3_finalize(stmt);
    return is_ok;
}

static pl_err migrate(sqlite_store *s, int64_t have, char *reason, size_t cap)
{
    char sql[96];
    for (size_t i = (size_t)have; i < pl_migrations_count; i++) {
        pl_err e = pl_fmt(sql, sizeof sql, "PRAGMA user_version = %zu", i + 1);
        if (!e)
            e = exec(s, "BEGIN IMMEDIATE");
        if (!e)
            e = exec(s, pl_migrations[i]);
        if (!e)
            e = exec(s, sql);
        if (!e)
            e = exec(s, "COMMIT");
        if (e) {
            pl_fmt_cut(reason, cap, "%s: migration %03zu failed: %s", s->path,
                       i + 1, sqlite3_errmsg(s->db));
            return PL_EIO;
        }
    }
    return PL_OK;
}

/* Foreign keys are enforced from here on: while they are, a migration cannot
 * make a table anew that others refer to. */
static pl_err enforce_keys(sqlite_store *s, char *reason, size_t cap)
{
    if (query_int(s, "SELECT count(*) FROM pragma_foreign_key_check") != 0) {
        pl_fmt_cut(reason, cap, "%s: rows refer to others that are not there",
                   s->path);
        return PL_EINTERNAL;
    }
    return exec(s, "PRAGMA foreign_keys = ON");
}

static pl_err check_version(sqlite_store *s, bool is_new, int64_t *ret_have,
                            char *reason, size_t cap)
{
    int64_t have = query_int(s, "PRAGMA user_version");
    int64_t id = query_int(s, "PRAGMA application_id");
    if (have < 0 || id < 0)
        return PL_EINTERNAL;
    if (have > (int64_t)pl_migrations_count) {
        pl_fmt_cut(reason, cap,
                   "%s has schema %" PRId64 ", this build knows up to %zu",
                   s->path, have, pl_migrations_count);
        return PL_ECONFIG;
    }
    if (!is_new && (id != PL_STORE_APPLICATION_ID || have == 0) &&
        query_int(s, "SELECT count(*) FROM sqlite_schema") != 0) {
        pl_fmt_cut(reason, cap, "%s is a database of something else", s->path);
        return PL_ECONFIG;
    }
    *ret_have = have;
    return PL_OK;
}

static pl_err set_pragmas(sqlite_store *s)
{
    char sql[64];
    sqlite3_busy_timeout(s->db, 2000);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (pl_fmt(sql, sizeof sql, "PRAGMA application_id = %d",
               PL_STORE_APPLICATION_ID))
        return PL_EINTERNAL;
    return exec(s, "PRAGMA journal_mode = WAL") ||
                   exec(s, "PRAGMA synchronous = FULL") ||
                   /* pages; a checkpoint syncs two files, and under load the
                      usual 1000 pages mean one every few commits */
                   exec(s, "PRAGMA wal_autocheckpoint = 8000") ||
                   exec(s, "PRAGMA journal_size_limit = 41943040") ||
                   /* KiB; questions that look through the history of
                      max_records read memory, not the file */
                   exec(s, "PRAGMA cache_size = -65536") ||
                   (query_int(s, "PRAGMA application_id") !=
                        PL_STORE_APPLICATION_ID &&
                    exec(s, sql))
               ? PL_EIO
               : PL_OK;
}

/* A file shorter than a header that is not empty is damage, not a new one. */
static bool is_missing_or_empty(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || st.st_size == 0;
}

static pl_err open_database(sqlite_store *s, char *reason, size_t cap)
{
    bool is_new = is_missing_or_empty(s->path);
    int64_t have = 0;
    mode_t before = umask(0077); /* also for -wal and -shm */
    int rc = sqlite3_open_v2(s->path, &s->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    umask(before);
    if (rc != SQLITE_OK) {
        pl_fmt_cut(reason, cap, "%s: %s", s->path, sqlite3_errmsg(s->db));
        return PL_EIO;
    }
    if (chmod(s->path, 0600)) {
        pl_fmt_cut(reason, cap, "%s: %s", s->path, pl_store_cause().text);
        return PL_EIO;
    }
    if (!is_new && !is_sound(s)) {
        pl_fmt_cut(reason, cap,
                   "%s is damaged (quick_check); restore a copy or move it "
                   "aside: nothing new is begun over it",
                   s->path);
        return PL_EINTERNAL;
    }
    pl_err e = check_version(s, is_new, &have, reason, cap);
    if (!e)
        e = set_pragmas(s);
    if (!e)
        e = migrate(s, have, reason, cap);
    if (!e)
        e = enforce_keys(s, reason, cap);
    if (!e)
        e = prepare_all(s);
    if (!e)
        e = prepare_prune(s);
    if (e && reason[0] == '\0')
        pl_fmt_cut(reason, cap, "%s: %s", s->path, sqlite3_errmsg(s->db));
    return e;
}

pl_err pl_store_open_sqlite(const char *path, pl_store **ret_store,
                            char *reason, size_t cap)
{
    sqlite_store *s = calloc(1, sizeof *s);
    pl_store *store;
    if (cap > 0)
        reason[0] = '\0';
    if (!s)
        return PL_ENOMEM;
    store = &s->base;
    s->base.ops = &OPS;
    s->lock_fd = -1;
    pl_err e = pl_fmt(s->path, sizeof s->path, "%s", path);
    if (!e)
        e = pl_store_folder(path, reason, cap);
    if (!e)
        e = pl_store_lock(path, &s->lock_fd, reason, cap);
    if (!e)
        e = open_database(s, reason, cap);
    if (e) {
        close_store(&store);
        return e;
    }
    *ret_store = store;
    return PL_OK;
}
