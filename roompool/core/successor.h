/* successor.h - a telephone takes the place of another: whom a REFER names
 * (RFC 3515), or who calls with Replaces (RFC 3891).
 *
 * It gets a seat of its own beside the one that it is for (takes_over), beyond
 * the limit; once it is in, that one leaves. Until then all goes on as before,
 * and when it comes to nothing, too. */
#ifndef PL_ROOMPOOL_SUCCESSOR_H
#define PL_ROOMPOOL_SUCCESSOR_H

#include "model.h"

/* Who is told how the call of a seat goes, and what is said in its INVITE. */
typedef struct pl_referral {
    char referrer[PL_ID_MAX + 1];         /* seat that sent the REFER */
    char referred_by[257], replaces[513]; /* headers, or "" */
} pl_referral;

void pl_on_call_refer(pl_pool *pool, const pl_bus_in *in);
/* A call that is to replace one of ours. Answers in->ticket. */
void pl_successor_incoming(pl_pool *pool, const pl_bus_in *in);
/* Whether a seat of a call only waits for the one it is for to go. */
bool pl_successor_waits(const pl_part *part);
/* Whether somebody else is to come in its place: a call goes on without it. */
bool pl_successor_has(const pl_part *part);
/* Whether a telephone is on its way into a conference so. */
bool pl_successor_comes(const pl_conf *conf);
/* The seat that it is for; NULL none, or it has left. */
pl_part *pl_successor_of(const pl_part *part);
/* Its media is there, and it has answered. */
void pl_successor_in(pl_pool *pool, pl_part *part);

/* Send a telephone elsewhere by a REFER of ours. It leaves once it has gone
 * there, and stays when it has not.
 * Errors: PL_ENOUSER no address of a telephone; PL_ESTATE; PL_EBUSY. */
PL_MUST_USE pl_err pl_refer_send(pl_pool *pool, pl_part *part,
                                 const char *address);

/* ---- what a referrer hears; all do nothing without a referral ---- */
/* The call of a seat goes so, or has ended so. */
void pl_refer_goes(pl_pool *pool, pl_part *part, uint32_t sip_status);
/* The same of one's own REFER. */
void pl_refer_tell(pl_pool *pool, pl_part *referrer, uint32_t sip_status);
/* Headers of the INVITE to it. */
void pl_refer_put(const pl_part *part, pl_call_start *m);

#endif
