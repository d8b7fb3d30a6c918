/* vmr_remote_impl.h - what the files of vmr_remote.h share. */
#ifndef PL_ROOMPOOL_VMR_REMOTE_IMPL_H
#define PL_ROOMPOOL_VMR_REMOTE_IMPL_H

#include "pl/rate.h"
#include "platform_api.h"
#include "vmr_remote.h"

typedef enum pl_remote_step {
    PL_REMOTE_NONE,
    PL_REMOTE_FIND,   /* the room of a name */
    PL_REMOTE_CREATE, /* POST it */
    PL_REMOTE_CHANGE, /* PATCH it */
    PL_REMOTE_DELETE,
    PL_REMOTE_LIVE, /* is there a conference of its name */
    PL_N_REMOTE_ROOM_STEPS,
    PL_REMOTE_PAGE = PL_N_REMOTE_ROOM_STEPS, /* of the rooms with our mark */
    PL_REMOTE_ORPHAN                         /* DELETE one that is no row */
} pl_remote_step;

typedef enum pl_remote_verdict {
    PL_REMOTE_DONE,    /* 2xx */
    PL_REMOTE_GONE,    /* 404 */
    PL_REMOTE_REFUSED, /* another 4xx: the same again would not help */
    PL_REMOTE_FAILED   /* counted, and backed off from */
} pl_remote_verdict;

typedef struct pl_remote_answer {
    pl_remote_verdict verdict;
    pl_err error;
    const pl_fetched *fetched; /* NULL when there was no answer */
    unsigned version;          /* of the request */
} pl_remote_answer;

typedef struct pl_remote_request {
    pl_remote_step step;
    uint64_t room_no;
    unsigned version;
    pl_fetch_method method;
    char url[PL_PLATFORM_URL_MAX + 1];
    pl_slice body; /* JSON, may be empty */
    uint32_t timeout_ms;
} pl_remote_request;

/* Somebody waits until a room is ready. */
typedef struct pl_remote_waiter {
    pl_list link;
    pl_vmr_taker taker;
    pl_pool_checkout m;
    bool is_repeated;
    int64_t until_us;
} pl_remote_waiter;

/* Values that somebody wants a room to have. */
typedef struct pl_remote_wish {
    pl_bus_ticket ticket;
    pl_room_row row;
} pl_remote_wish;

/* Beside the row of a room. */
struct pl_remote_room {
    pl_vmr *vmr;
    pl_list link; /* pl_remote.urgent or .work, or in none */
    pl_list waiters;
    pl_remote_wish *wish;
    pl_task late;        /* who waits is told no */
    bool is_asking;      /* a request is under way */
    bool is_unsure;      /* look for it before it is made */
    bool is_maybe_there; /* a request to make it may have been heard */
    bool is_tag_sent;    /* with that request */
    bool is_new;         /* handed out, and nobody was told so yet */
    bool is_whole;       /* all values may differ there, not only the tag */
    bool is_gone;        /* there is nothing to be deleted */
    bool wants_live, wants_proof;
    unsigned version;      /* of the values it is to have there */
    uint64_t found_id;     /* to be deleted */
    int64_t not_before_us; /* the next try for who waits */
    int64_t asked_us, event_us;
    uint32_t cycle; /* the last listing that showed it */
};

typedef struct pl_remote_orphan {
    uint64_t id;
    int64_t since_us;
    uint32_t cycle;
} pl_remote_orphan;

/* The look through the rooms with our mark. */
typedef struct pl_remote_sweep {
    pl_task start;
    enum { PL_SWEEP_IDLE, PL_SWEEP_LIST, PL_SWEEP_DELETE } stage;
    bool is_asking;
    uint32_t cycle;
    int64_t wall_ms; /* it began then */
    uint64_t offset;
    unsigned limit, n_pages, n_failed;
    pl_remote_orphan *orphans;
    size_t n_orphans, at;
} pl_remote_sweep;

struct pl_remote {
    char base[PL_CONFIG_STR_MAX + 1];
    pl_fetch_auth auth;
    char secret[1025];
    char mark[65];
    pl_rate *rate;
    pl_list urgent, work; /* pl_remote_room.link */
    pl_task pump;
    unsigned n_asking;
    unsigned n_clashes; /* names that were taken, one after the other */
    int64_t pause_us;   /* nothing is asked before */
    int64_t retry_us;   /* the same, unless somebody waits for it */
    unsigned backoff_s; /* 0: the last request went well */
    uint64_t looked_no; /* the last room that was looked into */
    pl_remote_sweep sweep;
};

/* ---- vmr_remote.c: requests ---- */
/* Something can be asked, perhaps. */
void pl_remote_wake(pl_pool *pool);
/* Put a room where it belongs: urgent, work or nowhere. */
void pl_remote_enqueue(pl_pool *pool, pl_remote_room *room);
/* Send; the answer comes to pl_remote_answered() or pl_remote_swept(). */
void pl_remote_send(pl_pool *pool, const pl_remote_request *request);
/* An answer that is none: wait longer and longer. */
void pl_remote_failed(pl_pool *pool, const char *why);

/* ---- vmr_remote_room.c, vmr_remote_answer.c: what is asked of a room, and
 * what follows ---- */
pl_remote_step pl_remote_next(const pl_remote_room *room);
void pl_remote_ask(pl_pool *pool, pl_remote_room *room);
void pl_remote_answered(pl_pool *pool, pl_remote_room *room,
                        pl_remote_step step, const pl_remote_answer *a);
/* In its row; to be saved. */
void pl_remote_set_todo(pl_pool *pool, pl_vmr *vmr, uint32_t todo);

/* ---- vmr_remote_wait.c: callers ---- */
/* Give the room to those who wait for it. */
void pl_remote_ready(pl_pool *pool, pl_remote_room *room);
/* Let them try again with another room. `waiters` is a list of its own. */
void pl_remote_retry(pl_pool *pool, pl_list *waiters);
void pl_remote_refuse(pl_pool *pool, pl_remote_room *room, pl_err e);
/* Its wish is answered with an error, if it has one. */
void pl_remote_refuse_wish(pl_pool *pool, pl_remote_room *room, pl_err e,
                           const char *text);
void pl_remote_drop_wish(pl_pool *pool, pl_remote_room *room);
/* They are told no when it is too late. */
void pl_remote_plan_late(pl_pool *pool, pl_remote_room *room, int64_t until_us);
/* Take the waiters away from a room. */
void pl_remote_take_waiters(pl_remote_room *room, pl_list *ret_waiters);
void pl_remote_free_waiters(pl_list *waiters);

/* ---- vmr_remote_sweep.c ---- */
bool pl_remote_sweep_wants(const pl_pool *pool);
void pl_remote_sweep_ask(pl_pool *pool);
void pl_remote_swept(pl_pool *pool, pl_remote_step step,
                     const pl_remote_answer *a);
void pl_remote_sweep_start(pl_pool *pool);

#endif
