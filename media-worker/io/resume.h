/* resume.h - whether the process was stopped (SIGSTOP, a debugger) and went on:
 * ticks that were due meanwhile have that cause. */
#ifndef PL_RESUME_H
#define PL_RESUME_H

#include <stdint.h>

/* Watch SIGCONT from now on; harmless when repeated. */
void pl_resume_watch(void);
/* Monotonic time at which the process last went on; 0: never stopped. Any
 * thread. */
int64_t pl_resume_us(void);

#endif
