/* adapter_janus.h - Janus's AudioBridge under the same load: a peer to compare
 * with. Debian's program, started by the adapter (options.server: the path of
 * its local socket, when it runs already). */
#ifndef PL_BENCH_ADAPTER_JANUS_H
#define PL_BENCH_ADAPTER_JANUS_H

#include "adapter.h"

extern const pl_load_adapter pl_load_janus;

#endif
