/* question.c - see question.h. */
#include "question.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/store_sqlite.h"
#include "pl/str.h"

void question_open(question *q)
{
    char reason[256];
    memset(q, 0, sizeof *q);
    q->max_us = 60000000;
    pl_fmt_cut(q->folder, sizeof q->folder, "/tmp/pl-question-XXXXXX");
    assert_non_null(mkdtemp(q->folder));
    pl_fmt_cut(q->path, sizeof q->path, "%s/p.db", q->folder);
    if (pl_store_open_sqlite(q->path, &q->store, reason, sizeof reason))
        fail_msg("%s", reason);
    assert_int_equal(sqlite3_open(q->path, &q->db), SQLITE_OK);
    sqlite3_busy_timeout(q->db, 5000);
}

void question_close(question *q)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    pl_json_free(&q->first);
    sqlite3_close(q->db);
    q->store->ops->close(&q->store);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char file[112];
        pl_fmt_cut(file, sizeof file, "%s%s", q->path, tails[i]);
        (void)unlink(file);
    }
    (void)rmdir(q->folder);
}

void question_write(question *q, const char *sql)
{
    if (sqlite3_exec(q->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(q->db));
}

size_t question_blob(const asking *filters, size_t n, uint8_t *blob, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        const char *texts[] = {filters[i].field, filters[i].op,
                               filters[i].value};
        for (size_t k = 0; k < 3; k++) {
            size_t size = strlen(texts[k]) + 1;
            assert_true(len + size <= cap);
            memcpy(blob + len, texts[k], size);
            len += size;
        }
    }
    return len;
}

pl_management_query question_make(uint32_t resource, const uint8_t *blob,
                                  size_t len, const char *order)
{
    pl_management_query m = {.resource = resource, .limit = 100};
    if (len > 0) {
        m.filters = (pl_slice){blob, len};
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, filters);
    }
    if (order[0]) {
        pl_fmt_cut(m.order, sizeof m.order, "%s", order);
        PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, order);
    }
    return m;
}

static pl_err on_object(void *ctx, pl_slice text)
{
    question *q = ctx;
    pl_json *json;
    pl_slice id;
    int64_t number;
    if (q->n_ids == QUESTION_IDS_MAX)
        return PL_EFULL;
    assert_int_equal(pl_json_parse(text, &json), PL_OK);
    char *to = q->ids[q->n_ids];
    if (pl_json_get_str(json, "id", &id) == PL_OK) {
        assert_int_equal(pl_copy(to, QUESTION_ID_MAX + 1, id), PL_OK);
    } else {
        assert_int_equal(pl_json_get_i64(json, "id", &number), PL_OK);
        pl_fmt_cut(to, QUESTION_ID_MAX + 1, "%" PRId64, number);
    }
    if (q->n_ids++ == 0)
        q->first = json;
    else
        pl_json_free(&json);
    return PL_OK;
}

pl_err question_ask(question *q, const pl_management_query *m)
{
    pl_management_sql *sql = calloc(1, sizeof *sql);
    assert_non_null(sql);
    q->n_ids = 0;
    q->total = 0;
    pl_json_free(&q->first);
    pl_err e = pl_management_sql_init(sql, m, q->fault);
    if (!e) {
        const pl_store_list list = {.count = pl_buf_text(&sql->count),
                                    .keys = pl_buf_text(&sql->keys),
                                    .object = pl_buf_text(&sql->object),
                                    .values = sql->values,
                                    .n_values = sql->n_values,
                                    .max_us = q->max_us};
        e = q->store->ops->list(q->store, &list, on_object, q, &q->total);
        if (e == PL_EIO)
            print_message("%s\n%s\n%s\n", list.count, list.keys, list.object);
    }
    pl_management_sql_fini(sql);
    free(sql);
    return e;
}

pl_err question_one(question *q, uint32_t resource, const char *field,
                    const char *op, const char *value)
{
    uint8_t blob[4096];
    size_t len =
        question_blob(&(asking){field, op, value}, 1, blob, sizeof blob);
    const pl_management_query m = question_make(resource, blob, len, "");
    return question_ask(q, &m);
}

void question_ids(const question *q, char *text, size_t cap)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < q->n_ids; i++) {
        pl_fmt_cut(text + at, cap - at, "%s%s", i == 0 ? "" : " ", q->ids[i]);
        at += strlen(text + at);
    }
}

static void add_plan(question *q, const char *statement, char *text, size_t cap)
{
    pl_buf sql;
    sqlite3_stmt *stmt = NULL;
    pl_buf_init(&sql, 1000000);
    pl_buf_add_str(&sql, "EXPLAIN QUERY PLAN ");
    pl_buf_add_str(&sql, statement);
    if (sqlite3_prepare_v2(q->db, pl_buf_text(&sql), -1, &stmt, NULL))
        fail_msg("%s: %s", pl_buf_text(&sql), sqlite3_errmsg(q->db));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t at = strlen(text);
        pl_fmt_cut(text + at, cap - at, "%s\n",
                   (const char *)sqlite3_column_text(stmt, 3));
    }
    sqlite3_finalize(stmt);
    pl_buf_fini(&sql);
}

void question_plan(question *q, const pl_management_query *m, char *text,
                   size_t cap)
{
    pl_management_sql *sql = calloc(1, sizeof *sql);
    assert_non_null(sql);
    text[0] = '\0';
    assert_int_equal(pl_management_sql_init(sql, m, q->fault), PL_OK);
    add_plan(q, pl_buf_text(&sql->count), text, cap);
    add_plan(q, pl_buf_text(&sql->keys), text, cap);
    add_plan(q, pl_buf_text(&sql->object), text, cap);
    pl_management_sql_fini(sql);
    free(sql);
}
