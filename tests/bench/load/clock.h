/* clock.h - the generator's clocks. */
#ifndef PL_LOAD_CLOCK_H
#define PL_LOAD_CLOCK_H

#include <stdint.h>

int64_t pl_load_now_us(void);  /* CLOCK_MONOTONIC */
int64_t pl_load_wall_us(void); /* CLOCK_REALTIME */
/* CPU seconds of the calling thread. */
double pl_load_thread_cpu_s(void);

#endif
