/* question.h - questions of the management API asked of a real database file,
 * for tests. */
#ifndef PL_TEST_QUESTION_H
#define PL_TEST_QUESTION_H

#include <sqlite3.h>

#include "core/management_sql.h"
#include "pl/json.h"

enum { QUESTION_IDS_MAX = 512, QUESTION_ID_MAX = 64 };

typedef struct question {
    char folder[64], path[96];
    pl_store *store;
    sqlite3 *db; /* a second connection, for writing and looking */
    int64_t max_us;
    /* Of the last one: */
    char fault[PL_MGMT_FAULT_MAX];
    uint64_t total;
    size_t n_ids;
    char ids[QUESTION_IDS_MAX][QUESTION_ID_MAX + 1];
    pl_json *first; /* its first object */
} question;

/* One filter. */
typedef struct asking {
    const char *field, *op, *value;
} asking;

void question_open(question *q);
void question_close(question *q);
/* Write by the second connection. */
void question_write(question *q, const char *sql);

/* A filter blob; returns its length. */
size_t question_blob(const asking *filters, size_t n, uint8_t *blob,
                     size_t cap);
/* A message with 100 objects from the first on; blob is borrowed. */
pl_management_query question_make(uint32_t resource, const uint8_t *blob,
                                  size_t len, const char *order);
/* Ask; fills q. */
pl_err question_ask(question *q, const pl_management_query *m);
/* One filter, in the order of ids. */
pl_err question_one(question *q, uint32_t resource, const char *field,
                    const char *op, const char *value);
/* The ids of the answer, separated by blanks. */
void question_ids(const question *q, char *text, size_t cap);
/* How SQLite goes about finding the keys and counting, line by line. */
void question_plan(question *q, const pl_management_query *m, char *text,
                   size_t cap);

#endif
