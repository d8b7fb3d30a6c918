/* load_sipp.c - starts SIPp, reads its files. */
#include "load_sipp.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 512, ROW_BYTES = 16384, PAUSE_MS = 20 };

static const char *number(char buf[16], unsigned n)
{
    (void)snprintf(buf, 16, "%u", n);
    return buf;
}

static void run_sipp(const load_sipp *s, const load_sipp_options *o)
{
    char path[PATH_BYTES];
    char to[32];
    char text[7][16];
    int nothing = open("/dev/null", O_RDWR);
    (void)snprintf(path, sizeof path, PL_BENCH_ROOT "/tests/bench/%s.xml",
                   o->scenario);
    (void)snprintf(to, sizeof to, "127.0.0.1:%u", o->to_port);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        chdir(s->system->dir) != 0 || !freopen("sipp.log", "a", stdout) ||
        dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        _exit(70);
    const char *arg[40] = {"sipp"};
    size_t n = 1;
    if (o->users) {
        const char *const caller[] = {to,
                                      "-inf",
                                      o->users,
                                      "-r",
                                      number(text[0], o->rate),
                                      "-l",
                                      "15000",
                                      "-trace_rtt",
                                      "-rtt_freq",
                                      number(text[6], o->calls / 4)};
        for (size_t i = 0; i < sizeof caller / sizeof *caller; i++)
            arg[n++] = caller[i];
    }
    const char *const all[] = {"-sf",         path,
                               "-i",          "127.0.0.1",
                               "-p",          number(text[1], o->port),
                               "-m",          number(text[2], o->calls),
                               "-d",          number(text[3], o->hold_ms),
                               "-mp",         number(text[4], o->media_port),
                               "-timeout",    number(text[5], o->limit_s),
                               "-trace_stat", "-stf",
                               s->stat,       "-fd",
                               "1",           "-nostdin",
                               "-nd",         "-recv_timeout",
                               "15000",       "-buff_size",
                               "4194304"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        arg[n++] = all[i];
    (void)execvp("sipp", (char *const *)(void *)arg);
    _exit(69);
}

bool load_sipp_start(load_sipp *s, const load_system *system,
                     const load_sipp_options *o)
{
    static unsigned n;
    *s = (load_sipp){.system = system, .limit_ms = 1000L * o->limit_s};
    (void)snprintf(s->scenario, sizeof s->scenario, "%s", o->scenario);
    (void)snprintf(s->stat, sizeof s->stat, "stat-%u.csv", ++n);
    (void)fflush(NULL); /* or the child prints it once more */
    s->pid = fork();
    if (s->pid == 0)
        run_sipp(s, o);
    if (s->pid < 0)
        (void)fprintf(stderr, "sipp cannot be started\n");
    return s->pid > 0;
}

/* ---- what it wrote ---- */

static FILE *open_result(const load_sipp *s, const char *name)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", s->system->dir, name);
    return fopen(path, "r");
}

/* Column of a row, from 0. */
static long value_at(const char *row, unsigned column)
{
    while (row && column-- > 0) {
        row = strchr(row, ';');
        row = row ? row + 1 : NULL;
    }
    return row ? strtol(row, NULL, 10) : -1;
}

static unsigned column_of(const char *head, const char *name)
{
    const char *at = strstr(head, name);
    unsigned n = at ? 0 : 10000;
    for (const char *c = head; at && c < at; c++)
        n += *c == ';';
    return n;
}

static bool read_counts(const load_sipp *s, load_sipp_result *ret_result)
{
    static char head[ROW_BYTES];
    static char row[ROW_BYTES];
    FILE *f = open_result(s, s->stat);
    bool is_good = f && fgets(head, sizeof head, f);
    bool has_row = false;
    while (is_good && fgets(row, sizeof row, f))
        has_row = true; /* the last says all */
    if (f)
        (void)fclose(f);
    if (!is_good || !has_row) {
        (void)fprintf(stderr, "sipp has written nothing: %s\n", s->stat);
        return false;
    }
    *ret_result = (load_sipp_result){
        .n_good = value_at(row, column_of(head, "SuccessfulCall(C)")),
        .n_failed = value_at(row, column_of(head, "FailedCall(C)")),
        .n_repeated = value_at(row, column_of(head, "Retransmissions(C)"))};
    return true;
}

void load_sipp_kill(load_sipp *s)
{
    (void)kill(s->pid, SIGKILL);
    (void)waitpid(s->pid, NULL, 0);
}

bool load_sipp_wait(load_sipp *s, load_sipp_result *ret_result)
{
    bool is_gone = false;
    for (long ms = 0; ms < s->limit_ms && !is_gone; ms += PAUSE_MS) {
        is_gone = waitpid(s->pid, NULL, WNOHANG) != 0;
        if (!is_gone)
            (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L},
                            NULL);
    }
    if (!is_gone) /* it waits for a call: its counts are written all the time */
        load_sipp_kill(s);
    return read_counts(s, ret_result);
}

void load_sipp_times(const load_sipp *s, unsigned rtd, load_samples *times)
{
    char name[96];
    char row[128];
    (void)snprintf(name, sizeof name, "%s_%ld_rtt.csv", s->scenario,
                   (long)s->pid);
    FILE *f = open_result(s, name);
    while (f && fgets(row, sizeof row, f)) {
        double ms = 0;
        unsigned which = 0;
        if (sscanf(row, "%*[^;];%lf;%u", &ms, &which) == 2 && which == rtd)
            load_samples_keep(times, (int64_t)(ms * 1000));
    }
    if (f)
        (void)fclose(f);
}
