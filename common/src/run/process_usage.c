/* process_usage.c - from /proc, the clock of the process and its limits. */
#include "process_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void read_memory(pl_process_usage *u)
{
    long page = sysconf(_SC_PAGESIZE);
    char line[128];
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return;
    if (page > 0 && fgets(line, sizeof line, f)) {
        char *rest = NULL;
        u->virtual_bytes = strtoull(line, &rest, 10) * (uint64_t)page;
        u->resident_bytes = strtoull(rest, NULL, 10) * (uint64_t)page;
    }
    (void)fclose(f);
}

static uint64_t count_fds(void)
{
    uint64_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return 0;
    const struct dirent *d;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the folder is ours alone */
    while ((d = readdir(dir)) != NULL)
        n += d->d_name[0] != '.';
    (void)closedir(dir);
    return n > 0 ? n - 1 : 0; /* not that of the folder itself */
}

void pl_process_usage_read(pl_process_usage *ret_usage)
{
    pl_process_usage u = {.cpu_us = 0};
    struct timespec cpu;
    struct rlimit files;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
        u.cpu_us =
            (uint64_t)cpu.tv_sec * 1000000 + (uint64_t)cpu.tv_nsec / 1000;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
        files.rlim_cur != RLIM_INFINITY) {
        u.max_fds = files.rlim_cur;
    }
    read_memory(&u);
    u.open_fds = count_fds();
    *ret_usage = u;
}
