/* fuzz_management_filter.c - a question of the management API: a byte for the
 * resource, the order up to a NUL, then filters. Whatever it is, the statements
 * made of it are ones that SQLite takes, that only read, and in which nothing
 * from outside stands. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "core/management_sql.h"
#include "io/migrations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static sqlite3 *schema(void)
{
    static sqlite3 *db;
    if (db)
        return db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        abort();
    for (size_t i = 0; i < pl_migrations_count; i++) {
        if (sqlite3_exec(db, pl_migrations[i], NULL, NULL, NULL))
            abort();
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return db;
}

static void bind(sqlite3_stmt *stmt, const pl_management_sql *sql)
{
    int n = sqlite3_bind_parameter_count(stmt);
    if ((size_t)n > sql->n_values)
        abort();
    for (int i = 0; i < n; i++) {
        const pl_sql_value *v = &sql->values[i];
        if (v->kind == PL_SQL_INT)
            sqlite3_bind_int64(stmt, i + 1, v->number);
        else
            sqlite3_bind_text64(stmt, i + 1, (const char *)v->text.ptr,
                                v->text.len, SQLITE_STATIC, SQLITE_UTF8);
    }
}

static void check(const char *text, const pl_management_sql *sql)
{
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    if (sqlite3_prepare_v2(schema(), text, -1, &stmt, &tail) != SQLITE_OK ||
        !stmt || *tail || !sqlite3_stmt_readonly(stmt))
        abort();
    if (sql)
        bind(stmt, sql);
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        abort();
    sqlite3_finalize(stmt);
}

/* Filters are like texts that are all of one letter or digit. */
static void check_again(const pl_management_query *m,
                        const pl_management_sql *sql)
{
    static pl_management_sql other;
    static uint8_t copy[16384];
    char fault[PL_MGMT_FAULT_MAX];
    pl_management_query twin = *m;
    memcpy(copy, m->filters.ptr, m->filters.len);
    unsigned n = 0;
    for (size_t i = 0; i < m->filters.len; i++) {
        if (copy[i] == 0)
            n++;
        else if (n % 3 == 2 && copy[i] != ',' && copy[i] < 0x80 &&
                 (copy[i] < '0' || copy[i] > '9'))
            copy[i] = 'x';
    }
    twin.filters.ptr = copy;
    if (pl_management_sql_init(&other, &twin, fault) == PL_OK &&
        (strcmp(pl_buf_text(&other.keys), pl_buf_text(&sql->keys)) != 0 ||
         strcmp(pl_buf_text(&other.count), pl_buf_text(&sql->count)) != 0))
        abort();
    pl_management_sql_fini(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static pl_management_sql sql;
    char fault[PL_MGMT_FAULT_MAX];
    pl_management_query m = {.limit = 20, .offset = 1};
    if (len < 2 || len > 16384)
        return 0;
    const uint8_t *end = memchr(data + 1, 0, len - 1);
    size_t n = end ? (size_t)(end - data - 1) : 0;
    if (!end || n >= sizeof m.order)
        return 0;
    m.resource = data[0];
    memcpy(m.order, data + 1, n);
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, order);
    m.filters = (pl_slice){end + 1, len - n - 2};
    PL_MSG_SET(MANAGEMENT_QUERY, management_query, &m, filters);
    if (pl_management_sql_init(&sql, &m, fault) == PL_OK) {
        check(pl_buf_text(&sql.count), &sql);
        check(pl_buf_text(&sql.keys), &sql);
        check(pl_buf_text(&sql.object), NULL);
        check_again(&m, &sql);
    } else if (fault[0] == '\0') {
        abort();
    }
    pl_management_sql_fini(&sql);
    return 0;
}
