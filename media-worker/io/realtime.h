/* realtime.h - a thread that must run when its time has come, however busy the
 * machine is. */
#ifndef PL_REALTIME_H
#define PL_REALTIME_H

#include <stdbool.h>
#include <stdint.h>

/* Give the calling thread a real-time priority (SCHED_RR).
 *
 * priority: 1..99; 0 leaves it as it is
 * Returns:  false when the system does not allow it (no CAP_SYS_NICE, no
 *           RLIMIT_RTPRIO): the thread goes on as it was, a line in the log
 *           says so once. */
bool pl_realtime_enter(uint32_t priority);

#endif
