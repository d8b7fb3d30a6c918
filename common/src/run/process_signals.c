/* process_signals.c - signals become events of the loop: their handlers only
 * write to a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "pl/log.h"

#include "process_impl.h"

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    uint8_t byte = (uint8_t)number;
    ssize_t n = write(signal_pipe[1], &byte, 1); /* full: others wait there */
    (void)n;
    errno = saved;
}

static void dump(pl_process *p)
{
    pl_bus_stats s;
    pl_bus_get_stats(p->bus, &s);
    PL_LOG(INFO, "process", "state",
           PL_KV("node", p->node, "life", pl_life_text(p->life)),
           "sent %llu received %llu malformed %llu dropped %llu timeouts %llu",
           (unsigned long long)s.sent, (unsigned long long)s.received,
           (unsigned long long)s.malformed, (unsigned long long)s.dropped,
           (unsigned long long)s.timeouts);
    if (p->app->dump)
        p->app->dump(p->ctx);
}

static void handle_signal(pl_process *p, int number)
{
    if (number == SIGUSR1) {
        dump(p);
    } else if (number == SIGHUP) {
        PL_LOG(INFO, "process", "sighup", NULL,
               "reloading is not supported; restart to change settings");
    } else if (p->was_told) {
        pl_process_stop(p, "a second signal; the rest is cut off");
    } else { /* it may drain already, because roompool asked for it */
        p->was_told = true;
        pl_process_drain(p);
    }
}

static void on_signal_pipe(void *ctx, unsigned events)
{
    (void)events;
    uint8_t bytes[16];
    ssize_t n = read(signal_pipe[0], bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        handle_signal(ctx, bytes[i]);
}

pl_err pl_signals_open(pl_process *p)
{
    if (pipe(signal_pipe) != 0)
        return PL_EIO;
    for (int i = 0; i < 2; i++) {
        (void)fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
    }
    struct sigaction on = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&on.sa_mask);
    (void)sigaction(SIGTERM, &on, NULL);
    (void)sigaction(SIGINT, &on, NULL);
    (void)sigaction(SIGHUP, &on, NULL);
    (void)sigaction(SIGUSR1, &on, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    return pl_io_create(p->loop, signal_pipe[0], PL_IO_READ, on_signal_pipe, p,
                        &p->signal_io);
}

void pl_signals_close(pl_process *p)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGTERM, &ignore, NULL); /* the end is near anyway */
    (void)sigaction(SIGINT, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
    (void)sigaction(SIGUSR1, &ignore, NULL);
    pl_io_destroy(&p->signal_io);
    for (int i = 0; i < 2; i++) {
        if (signal_pipe[i] >= 0)
            (void)close(signal_pipe[i]);
        signal_pipe[i] = -1;
    }
}
