/* handover_rig.h - a room with a page and two telephones, one of them muted, at
 * a media worker that has siblings. */
#ifndef PL_TEST_HANDOVER_RIG_H
#define PL_TEST_HANDOVER_RIG_H

#include "fake_page.h"
#include "world.h"

typedef struct handover {
    world w;
    page page;
    char leg[3][65]; /* of the page, of "c1", of "c2" */
    char conf[65];
    unsigned at; /* index of their media worker */
    uint64_t epoch;
} handover;

/* In a new world of n media workers; their network stacks by nets[3], or one
 * for all when NULL. */
void handover_begins(handover *h, unsigned n_media, const char *const *nets);
/* Index of the living media worker that holds the conference. */
unsigned handover_holder(handover *h);
/* The media of all goes on at this worker, in a later epoch, and nobody has
 * been told anything. */
void handover_is_silent(handover *h, unsigned at);
/* The page was told to come again, the telephones were re-invited: at this
 * worker, in a later epoch. */
void handover_is_offered(handover *h, unsigned at);

#endif
