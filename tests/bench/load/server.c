/* server.c - /proc; see server.h. */
#include "server.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pl/slice.h"
#include "pl/str.h"

enum { LINE = 512, PATH_BYTES = 96 };

/* One line of a small file; "" when it is not there. */
static void read_line(const char *path, char *buf, size_t cap)
{
    FILE *f = fopen(path, "r");
    buf[0] = '\0';
    if (f && !fgets(buf, (int)cap, f))
        buf[0] = '\0';
    if (f)
        (void)fclose(f);
    buf[strcspn(buf, "\n")] = '\0';
}

/* Number behind "Name:" in a file of such lines; 0 when it is not there. */
static uint64_t value_of(const char *path, const char *name)
{
    char line[LINE];
    uint64_t value = 0;
    size_t len = strlen(name);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *digits = line + len + 1 + strspn(line + len + 1, " \t");
        pl_slice text = {(const uint8_t *)digits, strspn(digits, "0123456789")};
        if (pl_parse_u64(text, UINT64_MAX, &value) != PL_OK)
            value = 0;
        break;
    }
    if (f)
        (void)fclose(f);
    return value;
}

/* Seconds on a CPU: the first number of schedstat, nanoseconds. */
static double cpu_of(const char *path)
{
    char line[LINE];
    uint64_t ns = 0;
    read_line(path, line, sizeof line);
    pl_slice text = {(const uint8_t *)line, strcspn(line, " ")};
    return pl_parse_u64(text, UINT64_MAX, &ns) == PL_OK ? (double)ns / 1e9 : 0;
}

static void read_thread(long pid, long tid, pl_load_server *s)
{
    char path[PATH_BYTES];
    pl_load_thread t = {.pid = pid, .tid = tid};
    pl_fmt_cut(path, sizeof path, "/proc/%ld/task/%ld/status", pid, tid);
    t.voluntary = value_of(path, "voluntary_ctxt_switches");
    t.involuntary = value_of(path, "nonvoluntary_ctxt_switches");
    s->switches += t.voluntary + t.involuntary;
    s->n_all_threads++;
    if (s->n_threads == PL_LOAD_THREADS)
        return;
    pl_fmt_cut(path, sizeof path, "/proc/%ld/task/%ld/comm", pid, tid);
    read_line(path, t.name, sizeof t.name);
    pl_fmt_cut(path, sizeof path, "/proc/%ld/task/%ld/schedstat", pid, tid);
    t.cpu_s = cpu_of(path);
    s->thread[s->n_threads++] = t;
}

/* With what its ended threads used. */
static double process_cpu_s(long pid)
{
    clockid_t clock;
    struct timespec t = {0};
    if (clock_getcpuclockid((pid_t)pid, &clock) != 0 ||
        clock_gettime(clock, &t) != 0)
        return 0;
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Call f for each entry of a folder whose name is a number. */
static size_t each_number(const char *path, long pid, pl_load_server *s,
                          void (*f)(long pid, long n, pl_load_server *s))
{
    size_t n = 0;
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        uint64_t number = 0;
        if (pl_parse_u64(pl_slice_str(entry->d_name), INT32_MAX, &number) !=
            PL_OK)
            continue;
        n++;
        if (f)
            f(pid, (long)number, s);
    }
    if (dir)
        (void)closedir(dir);
    return n;
}

static void read_process(long pid, pl_load_server *s)
{
    char path[PATH_BYTES];
    pl_fmt_cut(path, sizeof path, "/proc/%ld/task", pid);
    if (each_number(path, pid, s, read_thread) == 0)
        return;
    s->pids[s->n_pids++] = pid;
    s->cpu_s += process_cpu_s(pid);
    pl_fmt_cut(path, sizeof path, "/proc/%ld/fd", pid);
    s->n_fds += each_number(path, pid, s, NULL);
    pl_fmt_cut(path, sizeof path, "/proc/%ld/status", pid);
    s->rss_kib += value_of(path, "VmRSS");
    s->peak_kib += value_of(path, "VmHWM");
    pl_fmt_cut(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    s->pss_kib += value_of(path, "Pss");
}

void pl_load_server_read(const long *pids, size_t n, pl_load_server *ret_server)
{
    *ret_server = (pl_load_server){.n_pids = 0};
    for (size_t i = 0; i < n && ret_server->n_pids < PL_LOAD_PIDS; i++)
        read_process(pids[i], ret_server);
}

static const pl_load_thread *find_thread(const pl_load_server *s, long tid)
{
    for (size_t i = 0; i < s->n_threads; i++) {
        if (s->thread[i].tid == tid)
            return &s->thread[i];
    }
    return NULL;
}

void pl_load_server_since(pl_load_server *now, const pl_load_server *before)
{
    now->cpu_s -= before->cpu_s;
    now->switches -=
        before->switches < now->switches ? before->switches : now->switches;
    for (size_t i = 0; i < now->n_threads; i++) {
        pl_load_thread *t = &now->thread[i];
        const pl_load_thread *b = find_thread(before, t->tid);
        if (b) {
            t->cpu_s -= b->cpu_s;
            t->voluntary -= b->voluntary;
            t->involuntary -= b->involuntary;
        }
    }
}

void pl_load_server_metric(pl_load_server *s, const char *name, double value)
{
    if (s->n_metrics == PL_LOAD_METRICS)
        return;
    pl_load_metric *m = &s->metric[s->n_metrics++];
    pl_fmt_cut(m->name, sizeof m->name, "%s", name);
    m->value = value;
}
