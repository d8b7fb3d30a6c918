/* summary.h - how the platform is, from its lists. Pure. */
#ifndef PL_CTL_SUMMARY_H
#define PL_CTL_SUMMARY_H

#include "pl/words.h"
#include "view.h"

enum { PL_CTL_FAULTS_MAX = 8, PL_CTL_FAULT_TEXT = 160 };

/* Workers of one kind. */
typedef struct pl_ctl_kind {
    unsigned n_ready, n_draining, n_other; /* up */
    unsigned n_down;                       /* or not back yet */
    uint64_t held, capacity; /* of those that are ready; capacity 0: unknown */
    uint32_t load_permille;  /* of the one that is ready and has most to do */
} pl_ctl_kind;

typedef struct pl_ctl_summary {
    const char *endpoint; /* of the bus; borrowed */
    bool is_reachable;
    pl_ctl_kind media, signaling, api;
    uint64_t n_conferences, n_people, n_waiting, n_ringing;
    uint64_t n_calls, n_devices, n_recording;
    uint64_t n_pool_free, n_pool_used; /* used: in use or reserved */
    bool has_more; /* some lists were longer than what was read */
    char faults[PL_CTL_FAULTS_MAX][PL_CTL_FAULT_TEXT];
    size_t n_faults;
} pl_ctl_summary;

/* Take one of the lists into it: workers, conferences, calls, pool,
 * registrations, recordings. */
void pl_ctl_summary_take(pl_ctl_summary *summary, pl_ctl_verb verb,
                         const pl_ctl_rows *rows);
/* Everything is in: find what is not well. */
void pl_ctl_summary_judge(pl_ctl_summary *summary);
/* Errors: PL_ENOMEM. */
PL_MUST_USE pl_err pl_ctl_summary_text(const pl_ctl_summary *summary,
                                       pl_buf *out);
void pl_ctl_summary_json(const pl_ctl_summary *summary, pl_buf *out);

#endif
