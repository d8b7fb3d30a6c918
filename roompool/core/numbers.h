/* numbers.h - numbers of objects, never used again: the highest that was given
 * is kept in meta. */
#ifndef PL_ROOMPOOL_NUMBERS_H
#define PL_ROOMPOOL_NUMBERS_H

#include "pool.h"

/* X(UPPER, "name in meta") */
#define PL_NUMBERS(X)                                                          \
    X(ROOM, "room_no")                                                         \
    X(ALIAS, "alias_no")                                                       \
    X(AUTO, "auto_no")                                                         \
    X(SINK, "sink_no")

#define PL_NUMBER_ENUM(upper, name) PL_NUMBER_##upper,
typedef enum pl_number { PL_NUMBERS(PL_NUMBER_ENUM) PL_N_NUMBERS } pl_number;

/* A number as a key of a map. */
enum { PL_NO_TEXT = 21 };
void pl_no_text(char text[PL_NO_TEXT], uint64_t no);

/* The next of its kind; stored. */
uint64_t pl_number_next(pl_pool *pool, pl_number which);
/* A row of meta, if it is one of these. Errors: PL_EPROTO no number. */
PL_MUST_USE pl_err pl_number_load(pl_pool *pool, const pl_meta_row *row);
/* Store a number under a name of meta. */
void pl_meta_save(pl_pool *pool, const char *name, uint64_t value);

#endif
