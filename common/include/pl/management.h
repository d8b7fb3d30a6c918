/* management.h - the objects of the management API as data, from
 * tables/management.def; what the words there mean is written there. */
#ifndef PL_MANAGEMENT_H
#define PL_MANAGEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pl/slice.h"
#include "pl/words.h"
#include "tables/management.def"

typedef enum pl_mgmt_kind {
    PL_MGMT_KIND_INT,
    PL_MGMT_KIND_BOOL,
    PL_MGMT_KIND_STR,
    PL_MGMT_KIND_WORD,
    PL_MGMT_KIND_PIN,
    PL_MGMT_KIND_ROLE,
    PL_MGMT_KIND_TIME,
    PL_MGMT_KIND_UUID,
    PL_MGMT_KIND_STRS,
    PL_MGMT_KIND_URI,
    PL_MGMT_KIND_URIS,
    PL_MGMT_KIND_ALIASES
} pl_mgmt_kind;

typedef enum pl_mgmt_store {
    PL_MGMT_STORE_COLUMN,
    PL_MGMT_STORE_SETTING,
    PL_MGMT_STORE_MADE,
    PL_MGMT_STORE_FIXED,
    PL_MGMT_STORE_LINKED
} pl_mgmt_store;

typedef enum pl_mgmt_access {
    PL_MGMT_ACCESS_RW,
    PL_MGMT_ACCESS_RO,
    PL_MGMT_ACCESS_WO,
    PL_MGMT_ACCESS_FILTER
} pl_mgmt_access;

typedef struct pl_mgmt_field {
    const char *name;
    pl_mgmt_kind kind;
    pl_mgmt_store store;
    pl_mgmt_access access;
    bool is_nullable;
    bool can_filter;    /* and order */
    const char *preset; /* JSON; "": it must be given */
    int64_t min, max;
    const char *words;
    const char *help;
} pl_mgmt_field;

typedef struct pl_mgmt_desc {
    const char *api;  /* "configuration", "status", "history" */
    const char *name; /* "conference" */
    const char *view; /* of the database */
    const pl_mgmt_field *fields;
    size_t n_fields;
    pl_mgmt_resource resource;
    bool is_writable;
} pl_mgmt_desc;

typedef enum pl_mgmt_operator {
#define PL_MGMT_OPERATOR_ENUM(name, text, kinds) PL_MGMT_##name,
    PL_MGMT_OPERATORS(PL_MGMT_OPERATOR_ENUM)
#undef PL_MGMT_OPERATOR_ENUM
        PL_MGMT_OPERATOR_COUNT
} pl_mgmt_operator;

/* A resource by its number; NULL for one outside the table. */
const pl_mgmt_desc *pl_mgmt_desc_of(uint32_t resource);
/* The i-th resource; NULL past the last. */
const pl_mgmt_desc *pl_mgmt_desc_at(size_t i);
/* A field by its exact name; NULL: there is none. */
const pl_mgmt_field *pl_mgmt_field_find(const pl_mgmt_desc *desc,
                                        pl_slice name);
/* Whether a text is one of words separated by |. */
bool pl_mgmt_has_word(const char *words, pl_slice text);
/* An operator by its text; PL_MGMT_OPERATOR_COUNT: there is none. */
pl_mgmt_operator pl_mgmt_operator_find(pl_slice text);
const char *pl_mgmt_operator_text(pl_mgmt_operator op);
/* Whether fields of that kind are compared so. */
bool pl_mgmt_operator_fits(pl_mgmt_operator op, pl_mgmt_kind kind);

#endif
