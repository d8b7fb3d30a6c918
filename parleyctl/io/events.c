/* events.c - what roompool did lately, or does from now on. */
#include <inttypes.h>

#include "commands.h"
#include "pl/str.h"
#include "say.h"
#include "text.h"

enum { WAIT_MS = 20000, OUT_MAX = 16 << 20, KEYS_MAX = 65536 };

typedef struct reading {
    const pl_ctl_args *args;
    uint64_t after;
    size_t n;     /* of the last answer */
    size_t total; /* of all */
    pl_buf *out;
} reading;

static void add_text(pl_buf *out, const char *before, const pl_json *row,
                     const char *member)
{
    pl_slice text = {NULL, 0};
    if (pl_json_get_str(row, member, &text) || text.len == 0)
        return;
    pl_buf_add_str(out, before);
    pl_ctl_text_clean(text, out);
}

static void write_line(pl_buf *out, const pl_json *row)
{
    int64_t no = 0;
    if (pl_json_get_i64(row, "no", &no))
        no = 0;
    pl_buf_add_fmt(out, "%" PRId64, no);
    add_text(out, " ", row, "at");
    add_text(out, " ", row, "level");
    add_text(out, " ", row, "event");
    add_text(out, " ", row, "text");
    add_text(out, " conference=", row, "conference");
    add_text(out, " participant=", row, "participant");
    pl_buf_add_str(out, "\n");
}

/* A line each; in one document commas stand between them. */
static pl_err write_row(reading *r, const pl_json *row)
{
    pl_err e = PL_OK;
    if (!r->args->json) {
        write_line(r->out, row);
        return PL_OK;
    }
    if (!r->args->follow && r->total > 0)
        pl_buf_add_str(r->out, ",");
    e = pl_json_dump(row, r->out);
    if (r->args->follow)
        pl_buf_add_str(r->out, "\n");
    return e;
}

static pl_err on_rows(void *ctx, const pl_bus_in *in)
{
    reading *r = ctx;
    pl_json *json = NULL;
    if (in->desc != &PL_MSG_OPS_EVENT_ROWS)
        return PL_EPROTO;
    const pl_ops_event_rows *m = in->body;
    pl_err e = pl_json_parse_long(m->rows, KEYS_MAX, &json);
    if (!e && !pl_json_is_array(json))
        e = PL_EPROTO;
    r->n = e ? 0 : pl_json_count(json);
    for (size_t i = 0; !e && i < r->n; i++) {
        e = write_row(r, pl_json_at(json, i));
        r->total++;
    }
    if (!e)
        r->after = m->last;
    pl_json_free(&json);
    return e;
}

static pl_err read_next(pl_ctl_client *client, reading *r, char why[PL_CTL_WHY])
{
    pl_ops_events m = {.after = r->after, .wait_ms = WAIT_MS};
    if (r->args->follow)
        PL_MSG_SET(OPS_EVENTS, ops_events, &m, wait_ms);
    r->n = 0;
    pl_err e = pl_ctl_ask(client, &PL_MSG_OPS_EVENTS, &m, on_rows, r, why);
    return !e && r->out->has_failed ? PL_ENOMEM : e;
}

/* roompool is gone, or was started anew, which begins to count anew. */
static pl_err come_back(pl_ctl_client *client, reading *r)
{
    uint64_t boot = pl_ctl_client_boot(client);
    pl_ctl_complain("roompool does not answer; waiting for it");
    pl_err e = pl_ctl_client_again(client);
    if (!e && pl_ctl_client_boot(client) != boot) {
        pl_ctl_complain("roompool was started anew: its events begin at 1");
        r->after = 0;
    }
    return e;
}

static pl_err follow(pl_ctl_client *client, reading *r)
{
    char why[PL_CTL_WHY] = "";
    pl_err e = PL_OK;
    while (!e) {
        e = read_next(client, r, why);
        if (!e && r->n > 0)
            e = pl_ctl_print(r->out);
        pl_buf_clear(r->out);
        if (e == PL_ETIMEOUT || e == PL_EAGAIN) {
            e = come_back(client, r);
        } else if (e && e != PL_EIO) {
            pl_ctl_complain_of("events cannot be read", e, why);
        }
    }
    return e;
}

static pl_err read_all(pl_ctl_client *client, reading *r)
{
    char why[PL_CTL_WHY] = "";
    pl_err e;
    if (r->args->json)
        pl_buf_add_str(r->out, "{\"events\":[");
    do {
        e = read_next(client, r, why);
    } while (!e && r->n > 0);
    if (r->args->json)
        pl_buf_add_fmt(r->out, "],\"last\":%" PRIu64 "}\n", r->after);
    if (e)
        pl_ctl_complain_of("events cannot be read", e, why);
    return e ? e : pl_ctl_print(r->out);
}

int pl_ctl_run_events(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    pl_buf out;
    pl_ctl_client *client = NULL;
    reading r = {.args = args, .after = args->since, .out = &out};
    pl_buf_init(&out, OUT_MAX);
    pl_err e = pl_ctl_client_open(settings, &client);
    if (!e)
        e = args->follow ? follow(client, &r) : read_all(client, &r);
    pl_ctl_client_close(&client);
    pl_buf_fini(&out);
    return pl_ctl_exit_of(e);
}
