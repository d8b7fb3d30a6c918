/* platform.c - repeats are dropped, the rest goes to the room. */
#include "platform.h"

#include <string.h>

#include "pl/str.h"
#include "vmr_remote.h"

/* Whether it was here before. Events are sent in order, so only the newest of
 * a node needs to be known; a node that began to count anew sends newer ones
 * with lower numbers, one that does not count cannot be told. */
static bool is_repeat(pl_pool *pool, const pl_platform_event *m)
{
    pl_heard *h = NULL;
    if (m->seq == 0)
        return false;
    for (size_t i = 0; i < PL_N_HEARD && !h; i++) {
        if (strcmp(pool->heard[i].node, m->node) == 0)
            h = &pool->heard[i];
    }
    if (!h) {
        h = &pool->heard[pool->next_heard++ % PL_N_HEARD];
        PL_SET(h->node, m->node);
    } else if (m->event != PL_PLATFORM_NEWS_SINK_STARTED && m->seq <= h->seq &&
               m->at_ms <= h->at_ms) {
        return true;
    }
    h->seq = m->seq;
    h->at_ms = m->at_ms;
    return false;
}

static void take(pl_pool *pool, const pl_platform_event *m)
{
    pl_vmr *vmr = m->room_name[0] ? pl_vmr_find(pool, m->room_name) : NULL;
    bool is_end = m->event == PL_PLATFORM_NEWS_CONFERENCE_ENDED;
    bool is_live = m->event == PL_PLATFORM_NEWS_CONFERENCE_STARTED ||
                   m->event == PL_PLATFORM_NEWS_PARTICIPANT_CONNECTED;
    if (!vmr || !pl_vmr_is_remote(vmr) || (!is_end && !is_live)) {
        pl_pool_count(pool, PL_RM_platform_ignored);
        return;
    }
    pl_remote_heard(pool, vmr, is_live);
}

void pl_on_platform_event(pl_pool *pool, const pl_bus_in *in)
{
    const pl_platform_event *m = in->body;
    pl_pool_count(pool, PL_RM_platform_events);
    if (is_repeat(pool, m)) {
        pl_pool_count(pool, PL_RM_platform_repeats);
    } else {
        take(pool, m);
    }
    pl_pool_ok(pool, &in->ticket);
}
