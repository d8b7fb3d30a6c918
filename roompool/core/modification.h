/* modification.h - changes to the media of an API participant: hold, resume,
 * new media, answers to what we offer (reoffer.h), move and transfer. One at a
 * time. */
#ifndef PL_ROOMPOOL_MODIFICATION_H
#define PL_ROOMPOOL_MODIFICATION_H

#include "model.h"

/* The leg through which a session takes part in a conference, ringing or not;
 * NULL none. */
pl_leg *pl_mod_leg(const pl_conf *conf, const pl_sess *sess);
/* Carry out one conference_action; answers in->ticket, now or later. */
void pl_mod_action(pl_pool *pool, const pl_bus_in *in, pl_sess *sess,
                   pl_leg *leg);

#endif
