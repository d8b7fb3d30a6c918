/* echo_server.c - see echo_server.h. */
#include "echo_server.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "io/udp.h"

typedef struct echo {
    const pl_load_open *what;
    pl_udp udp;
    pl_udp_batch *batch;
    pthread_t thread;
    _Atomic bool is_over;
    unsigned n;
} echo;

static void *reflect(void *ctx)
{
    echo *e = ctx;
    struct pollfd fd = {.fd = e->udp.fd, .events = POLLIN};
    while (!atomic_load(&e->is_over)) {
        const pl_datagram *list = NULL;
        (void)poll(&fd, 1, 20);
        size_t n = pl_udp_receive(&e->udp, e->batch, &list);
        for (size_t i = 0; i < n; i++) {
            if (++e->n % ECHO_DROPS_EVERY != 0)
                (void)pl_udp_send(&e->udp, &list[i].from, list[i].data,
                                  list[i].len);
        }
    }
    return NULL;
}

static pl_err open_echo(const pl_load_open *what, void **ret_state)
{
    echo *e = calloc(1, sizeof *e);
    if (!e)
        return PL_ENOMEM;
    e->what = what;
    if (pl_udp_open("127.0.0.1", 0, 0, &e->udp) != PL_OK ||
        pl_udp_batch_create(&e->batch) != PL_OK ||
        pthread_create(&e->thread, NULL, reflect, e) != 0)
        abort();
    *ret_state = e;
    return PL_OK;
}

static pl_err join(void *state, pl_load_party *parties, size_t n)
{
    echo *e = state;
    for (size_t i = 0; i < n; i++) {
        pl_err error =
            pl_addr_parse("127.0.0.1", e->udp.port, &parties[i].remote);
        if (error != PL_OK)
            return error;
        e->what->joined(e->what->ctx, &parties[i]);
    }
    return PL_OK;
}

static pl_err leave(void *state, pl_load_party *parties, size_t n)
{
    (void)state;
    (void)parties;
    (void)n;
    return PL_OK;
}

static pl_err wait_until(void *state, int64_t until_us)
{
    struct timespec at = {.tv_sec = (time_t)(until_us / 1000000),
                          .tv_nsec = (long)(until_us % 1000000) * 1000};
    (void)state;
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    return PL_OK;
}

static void close_echo(void **state)
{
    echo *e = *state;
    atomic_store(&e->is_over, true);
    (void)pthread_join(e->thread, NULL);
    pl_udp_batch_destroy(&e->batch);
    pl_udp_close(&e->udp);
    free(e);
    *state = NULL;
}

const pl_load_adapter echo_server = {
    .name = "echo",
    .about = "a bad server",
    .preset = "",
    .transports = 1U << PL_LOAD_RTP,
    .open = open_echo,
    .join = join,
    .leave = leave,
    .wait = wait_until,
    .close = close_echo,
};
