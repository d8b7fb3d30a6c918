/* process_usage.h - what this process uses of its machine. */
#ifndef PL_PROCESS_USAGE_H
#define PL_PROCESS_USAGE_H

#include <stdint.h>

typedef struct pl_process_usage {
    uint64_t cpu_us;                        /* user and system */
    uint64_t resident_bytes, virtual_bytes; /* 0: /proc cannot be read */
    uint64_t open_fds, max_fds;             /* so is this; 0: no limit */
} pl_process_usage;

/* Context: any thread; reads /proc, some microseconds and more with thousands
 * of open descriptors. */
void pl_process_usage_read(pl_process_usage *ret_usage);

#endif
