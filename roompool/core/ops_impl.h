/* ops_impl.h - shared by ops.c (who they are, draining), ops_list.c and
 * ops_events.c. */
#ifndef PL_ROOMPOOL_OPS_IMPL_H
#define PL_ROOMPOOL_OPS_IMPL_H

#include "ops.h"

enum {
    PL_OPS_NODES_MAX = 32,
    PL_OPS_NOTES_MAX = 2000,
    PL_OPS_WAITS_MAX = 16,
    PL_OPS_EVENT_MAX = 47, /* bytes */
    PL_OPS_TEXT_MAX = 255,
    PL_OPS_ROWS_BYTES = 262144
};

/* A line of the log. */
typedef struct pl_ops_line {
    uint64_t no; /* 0: none yet */
    int64_t at_ms;
    pl_log_level level;
    char event[PL_OPS_EVENT_MAX + 1];
    char conf[PL_ID_MAX + 1], part[PL_ID_MAX + 1];
    char text[PL_OPS_TEXT_MAX + 1];
} pl_ops_line;

/* An operator that waits for the next line. */
typedef struct pl_ops_wait {
    bool is_used;
    uint64_t after;
    pl_bus_ticket ticket;
    pl_task timeout;
} pl_ops_wait;

struct pl_ops {
    char nodes[PL_OPS_NODES_MAX][PL_NODE_MAX + 1]; /* "" a free place */
    uint64_t last_no;
    pl_ops_wait waits[PL_OPS_WAITS_MAX];
    unsigned n_waits;
    pl_task wake; /* lines of one turn are told together */
    pl_ops_line lines[PL_OPS_NOTES_MAX]; /* number n at n % MAX */
};

/* Forget what it waits for; node NULL: all. Replies are not sent. */
void pl_ops_waits_forget(pl_pool *pool, const char *node);

#endif
