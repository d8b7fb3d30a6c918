/* child.h - a program that a benchmark starts, pins and ends by its id. */
#ifndef PL_BENCH_CHILD_H
#define PL_BENCH_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Start argv[0] (found by PATH; argv ends with NULL) with both outputs in the
 * file `log`, with as many descriptors as are allowed, on one core (-1: any),
 * before other work on the machine (nice -15, where we may). It ends with us.
 * 0: it could not be started (cause printed). */
pid_t child_start(const char *const *argv, const char *log, int core);
/* Whether it still runs; collects it when not. */
bool child_is_alive(pid_t *pid);
/* The same; what waitpid() said goes to *ret_status when it had run until now.
 */
bool child_look(pid_t *pid, int *ret_status);
/* SIGTERM, SIGKILL after limit_ms; *pid becomes 0. False: it had to be
 * killed, or had ended by itself. Takes 0. */
bool child_stop(pid_t *pid, long limit_ms);

/* A folder in the place for temporary files. dir: "/tmp/NAME-XXXXXX". */
bool folder_make(char *dir);
/* With all that is in it; "" is left alone. */
void folder_remove(const char *dir);
void pause_ms(long ms);

#endif
