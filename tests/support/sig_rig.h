/* sig_rig.h - the signaling worker's calls and a fake roompool in one process,
 * joined by the in-memory bus, with real sockets: for component tests. */
#ifndef PL_SIG_RIG_H
#define PL_SIG_RIG_H

#include "calls.h"
#include "fake_pool.h"

typedef struct pl_sig_rig pl_sig_rig;

/* settings: "key=value" of section [signaling]. out: as pl_fake_pool_create().
 * Errors: those of the parts. */
PL_MUST_USE pl_err pl_sig_rig_create(const char *const *settings, size_t n,
                                     FILE *out, pl_sig_rig **ret_rig);
void pl_sig_rig_destroy(pl_sig_rig **rig);
pl_loop *pl_sig_rig_loop(pl_sig_rig *rig);
pl_calls *pl_sig_rig_calls(pl_sig_rig *rig);
pl_fake_pool *pl_sig_rig_pool(pl_sig_rig *rig);
pl_metrics *pl_sig_rig_metrics(pl_sig_rig *rig);
pl_bus_hub *pl_sig_rig_hub(pl_sig_rig *rig);

#endif
