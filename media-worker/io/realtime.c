/* realtime.c - SCHED_RR where it is allowed. */
#include "io/realtime.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#include "pl/log.h"

bool pl_realtime_enter(uint32_t priority)
{
    static atomic_flag has_told = ATOMIC_FLAG_INIT;
    const struct sched_param param = {.sched_priority = (int)priority};
    if (priority == 0 ||
        pthread_setschedparam(pthread_self(), SCHED_RR, &param) == 0)
        return true;
    if (!atomic_flag_test_and_set(&has_told)) {
        PL_LOG(WARN, "media", "realtime_refused", NULL,
               "no real-time priority: ticks may be late on a busy machine; "
               "grant CAP_SYS_NICE or RLIMIT_RTPRIO");
    }
    return false;
}
