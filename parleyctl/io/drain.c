/* drain.c - a worker hands over what it has, and ends. */
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "pl/str.h"
#include "say.h"

enum { LOOK_MS = 500, ROWS = 2000, OUT_MAX = 4096 };

typedef struct worker {
    char node[PL_NODE_MAX + 1];
    bool is_up;
    char life[24];
    int64_t held;
} worker;

static pl_err on_ok(void *ctx, const pl_bus_in *in)
{
    (void)ctx;
    return in->desc == &PL_MSG_OK_REPLY ? PL_OK : PL_EPROTO;
}

/* Whether "media-1.5f3a9c01" is called "media-1.5f3a9c01" or "media-1". */
static bool is_called(const char *node, const char *name)
{
    size_t n = strlen(name);
    return strncmp(node, name, n) == 0 &&
           (node[n] == '\0' || (node[n] == '.' && !strchr(name, '.')));
}

static void copy_text(const pl_json *row, const char *member, char *to,
                      size_t cap)
{
    pl_slice text = {NULL, 0};
    to[0] = '\0';
    if (pl_json_get_str(row, member, &text) == PL_OK && pl_copy(to, cap, text))
        to[0] = '\0'; /* too long: not one of ours */
}

static void read_worker(const pl_json *row, worker *w)
{
    char state[24];
    int64_t held = 0;
    copy_text(row, "worker", w->node, sizeof w->node);
    copy_text(row, "state", state, sizeof state);
    copy_text(row, "life", w->life, sizeof w->life);
    w->is_up = strcmp(state, "up") == 0;
    w->held = pl_json_get_i64(row, "held", &held) ? 0 : held;
}

/* The worker of that name, one that is up before others; node "" none. */
static pl_err find(pl_ctl_client *client, const char *name, worker *ret_worker)
{
    pl_ctl_rows *rows = NULL;
    bool has_more = false;
    pl_err e = pl_ctl_fetch(client, pl_ctl_view_of(PL_CTL_WORKERS), NULL, ROWS,
                            &rows, &has_more);
    *ret_worker = (worker){.is_up = false};
    for (size_t i = 0; !e && i < pl_ctl_rows_count(rows); i++) {
        worker w;
        read_worker(pl_ctl_rows_at(rows, i), &w);
        if (is_called(w.node, name) && (w.is_up || !ret_worker->node[0]))
            *ret_worker = w;
    }
    pl_ctl_rows_destroy(&rows);
    return e;
}

static pl_err ask(pl_ctl_client *client, const char *node, bool force)
{
    char why[PL_CTL_WHY];
    char what[PL_NODE_MAX + 32];
    pl_ops_drain m = {.force = force};
    if (pl_fmt(m.node, sizeof m.node, "%s", node)) {
        pl_ctl_complain("%.80s: no worker has such a name; see parleyctl "
                        "workers",
                        node);
        return PL_EINVAL;
    }
    PL_MSG_SET(OPS_DRAIN, ops_drain, &m, force);
    pl_err e = pl_ctl_ask(client, &PL_MSG_OPS_DRAIN, &m, on_ok, NULL, why);
    pl_fmt_cut(what, sizeof what, "%s is not drained", node);
    if (e)
        pl_ctl_complain_of(what, e, why);
    return e;
}

/* Errors, after a complaint: PL_EBUSY it has not ended in time. */
static pl_err wait_for(pl_ctl_client *client, const char *node,
                       uint32_t timeout_s, bool is_quiet)
{
    int64_t until_us = pl_ctl_now_us(client) + (int64_t)timeout_s * 1000000;
    int64_t told = -1;
    worker w;
    pl_err e;
    while (!(e = find(client, node, &w)) && w.is_up) {
        if (pl_ctl_now_us(client) >= until_us) {
            pl_ctl_complain("%s still has %" PRId64 " after %u s; it goes on "
                            "draining (drain_ms ends it)",
                            node, w.held, (unsigned)timeout_s);
            return PL_EBUSY;
        }
        if (!is_quiet && w.held != told)
            pl_ctl_complain("%s is %s, holds %" PRId64, node, w.life, w.held);
        told = w.held;
        pl_ctl_pause(client, LOOK_MS);
    }
    return e;
}

static pl_err show(const pl_ctl_args *args, const char *node, bool has_ended)
{
    pl_buf out;
    pl_jw w = {.out = &out};
    pl_buf_init(&out, OUT_MAX);
    if (args->json) {
        pl_jw_open(&w, NULL, '{');
        pl_jw_str(&w, "worker", node);
        pl_jw_bool(&w, "has_ended", has_ended);
        pl_jw_close(&w, '}');
        pl_buf_add_str(&out, "\n");
    } else {
        pl_buf_add_fmt(&out, "%s %s\n", node,
                       has_ended ? "has handed over all and has ended"
                                 : "drains");
    }
    pl_err e = out.has_failed ? PL_ENOMEM : pl_ctl_print(&out);
    pl_buf_fini(&out);
    return e;
}

static pl_err drain(pl_ctl_client *client, const pl_ctl_args *args)
{
    worker w;
    pl_err e = find(client, args->operand, &w);
    if (e)
        return e;
    /* The full name, so that one that is started again is another. */
    const char *node = w.is_up ? w.node : args->operand;
    bool drains_already = w.is_up && strcmp(w.life, "draining") == 0;
    if (!drains_already || !args->wait)
        e = ask(client, node, args->force);
    if (!e && args->wait)
        e = wait_for(client, node, args->timeout_s, args->json);
    return e ? e : show(args, node, args->wait);
}

int pl_ctl_run_drain(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    pl_ctl_client *client = NULL;
    pl_err e = pl_ctl_client_open(settings, &client);
    if (!e)
        e = drain(client, args);
    pl_ctl_client_close(&client);
    return pl_ctl_exit_of(e);
}
