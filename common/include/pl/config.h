/* config.h - typed settings from a table: default, file, environment, flag.
 *
 * A process lists its keys once (tables/config.def):
 *   #define PL_MEDIA_CONFIG(KEY)                                              \
 *       KEY(U32, rtp_port_min, "20000", 1024, 65535, "port", "lowest port")   \
 *       KEY(STR, announce_address, "", 0, 64, "IP", "address in our SDP")
 * and gets the struct, the descriptors, --print-config, --check-config, the
 * sample and the reference from that list.
 *
 * File: `key = value` lines, `[section]` heads, and lines that begin with `#`
 * as comments (a `#` further right belongs to the value). A process reads
 * [common] and the section of its own name (api, signaling, media, roompool);
 * it may also read named sections such as [room lobby].
 * Environment: PARLEY_<SECTION>_<KEY>. Flag: --key=value. */
#ifndef PL_CONFIG_H
#define PL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "pl/err.h"
#include "pl/slice.h"

enum { PL_CONFIG_STR_MAX = 255 };

typedef enum pl_config_kind {
    PL_CFG_BOOL, /* true, false, yes, no, on, off */
    PL_CFG_U32,
    PL_CFG_STR,  /* min and max bound the length in bytes */
    PL_CFG_FILE, /* path of a file that holds a secret: contents never shown */
    PL_CFG_WORD  /* one of the words in `unit`, separated by | */
} pl_config_kind;

typedef struct pl_config_key {
    pl_config_kind kind;
    const char *name;
    const char *preset; /* default, as text */
    uint64_t min, max;
    size_t offset;
    const char *unit, *doc;
} pl_config_key;

#define PL_CONFIG_MEMBER_BOOL(name) bool name;
#define PL_CONFIG_MEMBER_U32(name)  uint32_t name;
#define PL_CONFIG_MEMBER_STR(name)  char name[PL_CONFIG_STR_MAX + 1];
#define PL_CONFIG_MEMBER_FILE(name) char name[PL_CONFIG_STR_MAX + 1];
#define PL_CONFIG_MEMBER_WORD(name) char name[PL_CONFIG_STR_MAX + 1];
#define PL_CONFIG_MEMBER(kind, name, preset, min, max, unit, doc)              \
    PL_CONFIG_MEMBER_##kind(name)
/* Rows of a pl_config_key table; CONFIG_TYPE names the struct. */
#define PL_CONFIG_ROW(kind_, name_, preset_, min_, max_, unit_, doc_)          \
    {.kind = PL_CFG_##kind_,                                                   \
     .name = #name_,                                                           \
     .preset = (preset_),                                                      \
     .min = (min_),                                                            \
     .max = (max_),                                                            \
     .offset = offsetof(CONFIG_TYPE, name_),                                   \
     .unit = (unit_),                                                          \
     .doc = (doc_)},

/* One family of sections. kind "media" is the single section [media]; with
 * `each` set, kind "room" is every [room NAME]. */
typedef struct pl_config_section {
    const char *kind;
    const char *doc;
    const pl_config_key *keys;
    size_t n_keys;
    size_t size; /* of the struct */
    /* Repeated sections only: called after parsing, once each, in file order,
     * with the filled struct (borrowed during the call). An error stops the
     * start; reason[cap] then says why. With --check-config ctx is NULL: the
     * values are to be judged, not taken. */
    pl_err (*each)(void *ctx, const char *name, const void *values,
                   char *reason, size_t cap);
    /* Single sections only, may be NULL: whether values that are good one by
     * one fit together. An error stops the start, and --check-config;
     * reason[cap] then says why. */
    pl_err (*check)(const void *values, char *reason, size_t cap);
    /* Repeated sections only, may be NULL: whether two of them fit together;
     * asked for each pair. An error stops the start, and --check-config. */
    pl_err (*pair)(const char *name, const void *values, const char *other,
                   const void *other_values, char *reason, size_t cap);
} pl_config_section;

typedef struct pl_config pl_config;

/* Where a value was wrong, ready to print. */
typedef struct pl_config_error {
    char text[512]; /* "parley.conf:12: rtp_port_min = 80: below 1024" */
} pl_config_error;

/* Read the configuration.
 *
 * sections:   n single and repeated sections this process knows
 * path:       file, NULL for none; a file that is missing is an error
 * env:        environment as in environ; flags: "key=value" without dashes,
 *             for the last single section, then for [common]
 * Errors:     PL_ECONFIG with ret_error filled: unknown section key (named
 *             with its line), value out of range (with its bound), file not
 *             readable; PL_ENOMEM. Sections of other processes are skipped. */
PL_MUST_USE pl_err pl_config_load(const pl_config_section *sections, size_t n,
                                  const char *path, char *const *env,
                                  const char *const *flags, size_t n_flags,
                                  pl_config **ret_config,
                                  pl_config_error *ret_error);
/* As pl_config_load(), from text instead of a file; `name` stands for the
 * file in errors. */
PL_MUST_USE pl_err pl_config_load_text(const pl_config_section *sections,
                                       size_t n, const char *name,
                                       pl_slice text, pl_config **ret_config,
                                       pl_config_error *ret_error);
void pl_config_destroy(pl_config **config);
/* The filled struct of a single section; never NULL for a known kind. */
const void *pl_config_get(const pl_config *config, const char *kind);
/* Call every repeated section's `each`. Errors: the first one's. */
PL_MUST_USE pl_err pl_config_each(const pl_config *config, const char *kind,
                                  void *ctx, pl_config_error *ret_error);
/* Ask every repeated section's `pair`. Errors: the first one's. */
PL_MUST_USE pl_err pl_config_pairs(const pl_config *config,
                                   pl_config_error *ret_error);
/* Effective values with where each came from (default, file:line, environment,
 * flag); secrets' contents are never read here. */
void pl_config_print(const pl_config *config, FILE *out);

#endif
