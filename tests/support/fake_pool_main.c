/* fake_pool_main.c - the fake roompool as a program: commands on standard
 * input, events on standard output. Usage: fake_pool ENDPOINT, or
 * fake_pool --rig KEY=VALUE..: the whole SIP side in this process too, over the
 * in-memory bus, with those settings of section [signaling]. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_pool.h"
#include "pl/log.h"
#include "sig_rig.h"

typedef struct program {
    pl_loop *loop;
    pl_bus *bus;
    pl_fake_pool *pool;
    pl_io *in;
    char line[2048];
    size_t len;
} program;

static void take_lines(program *p)
{
    for (;;) {
        char *nl = memchr(p->line, '\n', p->len);
        if (!nl)
            return;
        *nl = '\0';
        size_t used = (size_t)(nl - p->line) + 1;
        if (strcmp(p->line, "quit") == 0)
            pl_loop_stop(p->loop);
        pl_fake_pool_command(p->pool, p->line);
        memmove(p->line, p->line + used, p->len - used);
        p->len -= used;
    }
}

static void on_input(void *ctx, unsigned events)
{
    program *p = ctx;
    (void)events;
    ssize_t n =
        read(STDIN_FILENO, p->line + p->len, sizeof p->line - p->len - 1);
    if (n <= 0) {
        pl_loop_stop(p->loop);
        return;
    }
    p->len += (size_t)n;
    take_lines(p);
    if (p->len >= sizeof p->line - 1)
        p->len = 0;
}

static int serve(program *p)
{
    if (pl_io_create(p->loop, STDIN_FILENO, PL_IO_READ, on_input, p, &p->in) !=
        PL_OK) {
        return 1;
    }
    (void)puts("ready");
    (void)fflush(stdout);
    pl_loop_run(p->loop);
    pl_io_destroy(&p->in);
    return 0;
}

static int run_rig(program *p, const char *const *settings, size_t n)
{
    pl_sig_rig *rig = NULL;
    if (pl_sig_rig_create(settings, n, stdout, &rig) != PL_OK)
        return 1;
    p->loop = pl_sig_rig_loop(rig);
    p->pool = pl_sig_rig_pool(rig);
    int code = serve(p);
    pl_sig_rig_destroy(&rig);
    return code;
}

static int run_alone(program *p, const char *endpoint)
{
    int code = 1;
    /* Who stands still for a while is not gone. */
    pl_bus_options o = {.node = "roompool",
                        .role = PL_ROLE_ROOMPOOL,
                        .endpoint = endpoint,
                        .beats_missed = 40};
    if (pl_loop_create(&p->loop) != PL_OK)
        return 1;
    o.loop = p->loop;
    if (pl_bus_open_zmq(&o, &p->bus) == PL_OK &&
        pl_fake_pool_create(p->loop, p->bus, stdout, &p->pool) == PL_OK) {
        code = serve(p);
    }
    pl_fake_pool_destroy(&p->pool);
    pl_bus_close(&p->bus);
    pl_loop_destroy(&p->loop);
    return code;
}

int main(int argc, char **argv)
{
    static program p;
    if (argc < 2) {
        (void)fprintf(stderr,
                      "usage: fake_pool ENDPOINT | --rig KEY=VALUE..\n");
        return 64;
    }
    pl_log_open("fake-pool", PL_LOG_INFO, false);
    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(argv[1], "--rig") != 0)
        return run_alone(&p, argv[1]);
    return run_rig(&p, (const char *const *)argv + 2, (size_t)argc - 2);
}
