/* log.h - one structured line an event: key=value text on standard error.
 *   2026-11-21T04:35:13.123Z info parley-media leg leg_connected room=.. leg=..
 * Thread-safe. Peer-controlled values must be passed with %s inside kv: they
 * are quoted and bounded there. Never log tokens, PINs, keys, SDP. */
#ifndef PL_LOG_H
#define PL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "pl/err.h"

typedef enum pl_log_level {
    PL_LOG_ERROR, /* someone must act */
    PL_LOG_WARN,  /* degraded but handled: says what was done */
    PL_LOG_INFO,  /* life cycle and calls */
    PL_LOG_DEBUG, /* per message */
    PL_LOG_TRACE, /* per packet */
    PL_LOG_LEVELS
} pl_log_level;

/* Key and value; a NULL or empty value leaves the pair out. */
typedef struct pl_kv {
    const char *key, *value;
} pl_kv;

void pl_log_open(const char *process, pl_log_level level, bool as_json);
void pl_log_set_level(pl_log_level level);
bool pl_log_is_on(pl_log_level level);
/* errors: PL_EINVAL unknown name */
PL_MUST_USE pl_err pl_log_level_find(const char *name, pl_log_level *ret_level);

/* Write one line. area and event are literals (lower_snake); kv ends with a
 * {NULL, NULL} row or is NULL; format may be NULL. */
void pl_log_line(pl_log_level level, const char *area, const char *event,
                 const pl_kv *kv, const char *format, ...) PL_PRINTF(5, 6);

/* PL_LOG(INFO, "bus", "peer_up", PL_KV("node", id), "%u rooms", n); */
#define PL_KV(...) ((const pl_kv[]){PL_KV_ROWS(__VA_ARGS__){NULL, NULL}})
#define PL_KV_ROWS(...)                                                        \
    PL_KV_PICK(__VA_ARGS__, PL_KV_5, PL_KV_5, PL_KV_4, PL_KV_4, PL_KV_3,       \
               PL_KV_3, PL_KV_2, PL_KV_2, PL_KV_1, PL_KV_1, )                  \
    (__VA_ARGS__)
#define PL_KV_PICK(a, b, c, d, e, f, g, h, i, j, pick, ...) pick
#define PL_KV_1(k, v)                                       {k, v},
#define PL_KV_2(k, v, ...)                                  {k, v}, PL_KV_1(__VA_ARGS__)
#define PL_KV_3(k, v, ...)                                  {k, v}, PL_KV_2(__VA_ARGS__)
#define PL_KV_4(k, v, ...)                                  {k, v}, PL_KV_3(__VA_ARGS__)
#define PL_KV_5(k, v, ...)                                  {k, v}, PL_KV_4(__VA_ARGS__)
#define PL_LOG(level, area, event, kv, ...)                                    \
    do {                                                                       \
        if (pl_log_is_on(PL_LOG_##level))                                      \
            pl_log_line(PL_LOG_##level, (area), (event), (kv), __VA_ARGS__);   \
    } while (0)

/* True at most `per_minute` times a minute for one call site: guards lines that
 * a stranger can trigger. `state` is a static zeroed pl_log_limit. */
typedef struct pl_log_limit {
    int64_t window_start_us;
    unsigned n;
} pl_log_limit;
bool pl_log_allowed(pl_log_limit *state, unsigned per_minute);

#endif
