/* overload.h - how many of the new calls are taken, judged by how long they
 * wait: refusing early is cheap, answering late is worth nothing. Time comes in
 * as an argument.
 *
 * In each interval the least delay counts, as in CoDel (RFC 8289): a burst that
 * is worked off leaves a short one, a standing queue does not. Over the target
 * the share of calls that are taken shrinks by a factor, else it grows by a
 * step. A few calls of each interval are taken in any case: they show how
 * things are, and who calls now and then is not refused for a moment's
 * slowness. */
#ifndef PL_SIP_OVERLOAD_H
#define PL_SIP_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_OVERLOAD_INTERVAL_US = 200000, /* twice the target if that is more */
    PL_OVERLOAD_ALWAYS = 5,           /* calls of an interval that are taken */
    PL_OVERLOAD_RETRY_S = 10,         /* Retry-After: from 1 to this many */
};

/* Its members are private; zeroed it takes every call. */
typedef struct pl_overload {
    int64_t target_us, interval_us; /* 0: off */
    int64_t end_us;                 /* of the interval */
    int64_t quiet_us;   /* since then calls wait and none was answered */
    int64_t least_wait; /* of those answered in the interval, -1 none */
    int64_t least_late; /* of the loop, -1 not known */
    unsigned n_waiting;
    unsigned n_always; /* taken in any case, in this interval */
    double share, credit;
} pl_overload;

/* target_us: the delay that is still good; 0: take every call. */
void pl_overload_init(pl_overload *o, int64_t target_us, int64_t now_us);
/* Whether a new call is to be taken, its kind being one that may be refused. */
bool pl_overload_admits(pl_overload *o, int64_t now_us);
/* A call waits for roompool now. */
void pl_overload_asked(pl_overload *o, int64_t now_us);
/* It does no longer: answered, or given up. */
void pl_overload_answered(pl_overload *o, int64_t waited_us, int64_t now_us);
/* How far we ourselves are behind what has come in. */
void pl_overload_late(pl_overload *o, int64_t late_us, int64_t now_us);
/* Share of the new calls that are taken, in percent. */
unsigned pl_overload_share(const pl_overload *o);

#endif
