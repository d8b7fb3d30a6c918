/* child.c - a program that a benchmark starts. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 20, PRIORITY = -15 };

void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void become(const char *const *argv, const char *log, int core,
                   pid_t parent)
{
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
        _exit(70);
    if (core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)core, &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0)
            _exit(71);
    }
    raise_limit();
    (void)setpriority(PRIO_PROCESS, 0, PRIORITY); /* where we may */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        _exit(72);
    (void)execvp(argv[0], (char *const *)(size_t)argv);
    _exit(errno == ENOENT ? 127 : 126);
}

pid_t child_start(const char *const *argv, const char *log, int core)
{
    pid_t parent = getpid();
    (void)fflush(NULL); /* or the child prints it once more */
    pid_t pid = fork();
    if (pid == 0)
        become(argv, log, core, parent);
    if (pid < 0) {
        (void)fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        return 0;
    }
    return pid;
}

bool child_look(pid_t *pid, int *ret_status)
{
    if (*pid <= 0)
        return false;
    if (waitpid(*pid, ret_status, WNOHANG) == 0)
        return true;
    *pid = 0;
    return false;
}

bool child_is_alive(pid_t *pid)
{
    int status = 0;
    return child_look(pid, &status);
}

bool child_stop(pid_t *pid, long limit_ms)
{
    if (!child_is_alive(pid))
        return false;
    (void)kill(*pid, SIGTERM);
    for (long ms = 0; ms < limit_ms; ms += STEP_MS) {
        if (!child_is_alive(pid))
            return true;
        pause_ms(STEP_MS);
    }
    (void)kill(*pid, SIGKILL);
    (void)waitpid(*pid, NULL, 0);
    *pid = 0;
    return false;
}

bool folder_make(char *dir)
{
    return mkdtemp(dir) != NULL;
}

static int remove_entry(const char *path, const struct stat *st, int kind,
                        struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void folder_remove(const char *dir)
{
    if (dir[0])
        (void)nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
