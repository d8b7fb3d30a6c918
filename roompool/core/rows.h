/* rows.h - rows of the database as structs, from tables/rows.def:
 * pl_conf_row, PL_TABLE_CONF and so on; and roompool's own enumerations. */
#ifndef PL_ROOMPOOL_ROWS_H
#define PL_ROOMPOOL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/slice.h"
#include "pl/words.h"

#include "../tables/pool_words.def"
#include "../tables/rows.def"

/* pl_conf_kind { PL_CONF_KIND_ROOM, .. }, text and find as in pl/words.h. */
#define PL_POOL_WORD(upper, value, name) PL_##upper##_##name = (value),
#define PL_ROW_CONF_KIND(v, n, t)        PL_POOL_WORD(CONF_KIND, v, n)
#define PL_ROW_CONF_STATE(v, n, t)       PL_POOL_WORD(CONF_STATE, v, n)
#define PL_ROW_PART_KIND(v, n, t)        PL_POOL_WORD(PART_KIND, v, n)
#define PL_ROW_PART_STATE(v, n, t)       PL_POOL_WORD(PART_STATE, v, n)
#define PL_ROW_MOD_KIND(v, n, t)         PL_POOL_WORD(MOD_KIND, v, n)
#define PL_ROW_CALL_WAY(v, n, t)         PL_POOL_WORD(CALL_WAY, v, n)
#define PL_ROW_ROOM_SOURCE(v, n, t)      PL_POOL_WORD(ROOM_SOURCE, v, n)
#define PL_ROW_ROOM_STATE(v, n, t)       PL_POOL_WORD(ROOM_STATE, v, n)
#define PL_ROW_WORKER_STATE(v, n, t)     PL_POOL_WORD(WORKER_STATE, v, n)
#define PL_ROW_OWNER(v, n, t)            PL_POOL_WORD(OWNER, v, n)
#define PL_ROW_SINK_STATE(v, n, t)       PL_POOL_WORD(SINK_STATE, v, n)
#define PL_ROW_REMOTE_TODO(v, n, t)      PL_POOL_WORD(REMOTE_TODO, v, n)
#define PL_ROW_REG_STATE(v, n, t)        PL_POOL_WORD(REG_STATE, v, n)
#define PL_ROW_DEVICE_ROLE(v, n, t)      PL_POOL_WORD(DEVICE_ROLE, v, n)

#define PL_POOL_WORD_ENUM(sym, upper)                                          \
    enum { PL_##upper##_NONE = 0, PL_##upper##_WORDS(PL_ROW_##upper) };        \
    /* Text of a value, "unknown" outside; value of a text, 0 outside. */      \
    const char *pl_##sym##_text(uint32_t value);                               \
    uint32_t pl_##sym##_value(const char *text);
PL_POOL_WORDS(PL_POOL_WORD_ENUM)

typedef enum pl_col_kind {
    PL_COL_STR,
    PL_COL_REF,
    PL_COL_TEXT,
    PL_COL_U32,
    PL_COL_U64,
    PL_COL_BOOL,
    PL_COL_TIME,
    PL_COL_WORD
} pl_col_kind;

typedef struct pl_col {
    const char *name;
    pl_col_kind kind;
    bool is_key;
    size_t offset;
    size_t max;                      /* bytes of STR and REF */
    const char *(*text)(uint32_t);   /* WORD */
    uint32_t (*value)(const char *); /* WORD */
} pl_col;

typedef struct pl_table {
    const char *name;
    size_t size; /* of the row struct */
    const pl_col *cols;
    size_t n_cols;
} pl_table;

#define PL_COL_MEMBER_STR(name, arg)         char name[(arg) + 1];
#define PL_COL_MEMBER_REF(name, arg)         char name[(arg) + 1];
#define PL_COL_MEMBER_TEXT(name, arg)        pl_slice name;
#define PL_COL_MEMBER_U32(name, arg)         uint32_t name;
#define PL_COL_MEMBER_U64(name, arg)         uint64_t name;
#define PL_COL_MEMBER_BOOL(name, arg)        bool name;
#define PL_COL_MEMBER_TIME(name, arg)        int64_t name;
#define PL_COL_MEMBER_WORD(name, arg)        uint32_t name;
#define PL_COL_MEMBER(role, kind, name, arg) PL_COL_MEMBER_##kind(name, arg)

#define PL_TABLE_STRUCT(sym, upper, text)                                      \
    typedef struct pl_##sym##_row {                                            \
        PL_##upper##_COLS(PL_COL_MEMBER)                                       \
    } pl_##sym##_row;                                                          \
    extern const pl_table PL_TABLE_##upper;
PL_TABLES(PL_TABLE_STRUCT)

/* The i-th table in loading order; NULL past the end. */
const pl_table *pl_table_at(size_t i);

#endif
