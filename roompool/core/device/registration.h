/* registration.h - devices that stand for numbers of ours.
 *
 * A registration is pending while the registrar of its line is asked (account
 * lines only), then registered until it expires, is deleted, or the network
 * ends it. After its end it is known for a while yet, for its calls. What is
 * pending when roompool ends is undone by the next one. */
#ifndef PL_ROOMPOOL_REGISTRATION_H
#define PL_ROOMPOOL_REGISTRATION_H

#include "device/line.h"
#include "device/owner.h"
#include "model.h"

typedef struct pl_reg {
    pl_reg_row row;
    pl_list link;             /* pool->regs->all */
    struct pl_reg *next_same; /* registered one of the same number */
    bool is_asking;           /* the registrar is asked to bind it */
    bool is_late; /* a request to bind it, given up, may still be under way */
    int64_t give_up_ms; /* it is over then without its answer; wall */
    unsigned n_drops;   /* tries to remove its Contact */
    bool is_over;       /* it has ended, and its calls were ended */
    pl_task due;        /* it expires; its calls end; it is forgotten */
    pl_task refresh;    /* of the binding; or its removal */
} pl_reg;

typedef struct pl_regs {
    pl_list all; /* pl_reg.link: pending, registered, and ended of late */
    pl_map *by_id, *by_contact;
    pl_map *by_number; /* the first registered one of each number */
    unsigned n_registered;
} pl_regs;

/* Why one ends; texts of CAMARA's terminationReason. */
#define PL_REG_NETWORK_TERMINATED "NETWORK_TERMINATED"
#define PL_REG_EXPIRED            "REGISTRATION_EXPIRED"
/* Its application deleted it: nobody is told. */
#define PL_REG_DELETED "deleted"
/* It has never been: the network did not want it, said nothing, or we ended
 * while it was asked. Nobody is told either. */
#define PL_REG_REFUSED     "refused"
#define PL_REG_NO_ANSWER   "no answer"
#define PL_REG_INTERRUPTED "interrupted"

/* ---- looking (others' modules may) ---- */
/* Registered, or ended a short while ago; NULL. */
pl_reg *pl_reg_find(const pl_pool *pool, const char *registration_id);
/* The same, if the token sees it. */
pl_reg *pl_reg_find_of(const pl_pool *pool, const pl_owner *owner,
                       const char *registration_id);
bool pl_reg_is_registered(const pl_reg *reg);
/* The registered ones of a number: the first, then ->next_same. */
pl_reg *pl_reg_of_number(const pl_pool *pool, const char *number);
/* A registered one, by the user part of its Contact; NULL. */
pl_reg *pl_reg_of_contact(const pl_pool *pool, const char *contact_user);

/* ---- requests (registration_api.c) ---- */
void pl_on_registration_create(pl_pool *pool, const pl_bus_in *in);
void pl_on_registration_get(pl_pool *pool, const pl_bus_in *in);
void pl_on_registration_next(pl_pool *pool, const pl_bus_in *in);
void pl_on_registration_refresh(pl_pool *pool, const pl_bus_in *in);
void pl_on_registration_delete(pl_pool *pool, const pl_bus_in *in);

/* The registrar was asked, and this came of it; reg may be NULL or ended by
 * now. op: borrowed. */
void pl_reg_bound(pl_pool *pool, pl_reg *reg, const pl_op *op, uint32_t end);

/* ---- life (registration.c) ---- */
/* A new one, pending or (mode trunk) registered. Filled in: owner, device,
 * number, mode, expiry.
 * Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_reg_add(pl_pool *pool, const pl_reg_row *row,
                              pl_reg **ret_reg);
/* A pending one was accepted by the network. */
void pl_reg_accept(pl_pool *pool, pl_reg *reg);
/* A pending one was not: it has never been. reason: PL_REG_.. when the
 * registrar may have it nevertheless; NULL when not, and nothing of it is kept.
 */
void pl_reg_cancel(pl_pool *pool, pl_reg *reg, const char *reason);
void pl_reg_extend(pl_pool *pool, pl_reg *reg, int64_t expires_ms);
/* End a registered one: its application is told unless it asked for that; its
 * calls end a while later, or at once; its binding is removed.
 * reason: PL_REG_..; text: for people. */
void pl_reg_end(pl_pool *pool, pl_reg *reg, const char *reason,
                const char *text);
void pl_reg_save(pl_pool *pool, const pl_reg *reg);
PL_MUST_USE pl_err pl_regs_create(pl_regs **ret_regs);
void pl_regs_destroy(pl_regs **regs);
/* Whether the settings fit together. Errors: PL_ECONFIG; reason[cap] says why.
 */
PL_MUST_USE pl_err pl_regs_check_config(const pl_roompool_config *config,
                                        char *reason, size_t cap);
PL_MUST_USE pl_err pl_reg_load(pl_pool *pool, const pl_reg_row *row);
void pl_regs_resume(pl_pool *pool);
/* A signaling worker is gone: what it was Contact of is registered anew. */
void pl_regs_worker_down(pl_pool *pool, const char *node);
/* What must always hold; NULL when it does. For tests. */
const char *pl_regs_breach(const pl_pool *pool);

#endif
