/* status.c - all on one screen. */
#include "commands.h"
#include "say.h"
#include "summary.h"

enum { OUT_MAX = 1 << 20 };

static pl_err take(pl_ctl_client *client, pl_ctl_verb verb,
                   pl_ctl_summary *summary)
{
    enum { ROWS = 20000, RECORDINGS = 500 }; /* those that run are the newest */
    pl_ctl_rows *rows = NULL;
    bool has_more = false;
    bool is_long = verb == PL_CTL_RECORDINGS;
    pl_err e = pl_ctl_fetch(client, pl_ctl_view_of(verb), NULL,
                            is_long ? RECORDINGS : ROWS, &rows, &has_more);
    if (e)
        return e;
    pl_ctl_summary_take(summary, verb, rows);
    summary->has_more = summary->has_more || (has_more && !is_long);
    pl_ctl_rows_destroy(&rows);
    return PL_OK;
}

static pl_err look(pl_ctl_client *client, pl_ctl_summary *summary)
{
    static const pl_ctl_verb verbs[] = {
        PL_CTL_WORKERS, PL_CTL_CONFERENCES,   PL_CTL_CALLS,
        PL_CTL_POOL,    PL_CTL_REGISTRATIONS, PL_CTL_RECORDINGS};
    pl_err e = PL_OK;
    for (size_t i = 0; !e && i < sizeof verbs / sizeof verbs[0]; i++)
        e = take(client, verbs[i], summary);
    return e;
}

static pl_err show(const pl_ctl_summary *summary, bool as_json)
{
    pl_buf out;
    pl_err e = PL_OK;
    pl_buf_init(&out, OUT_MAX);
    if (as_json) {
        pl_ctl_summary_json(summary, &out);
    } else {
        e = pl_ctl_summary_text(summary, &out);
    }
    if (!e)
        e = out.has_failed ? PL_ENOMEM : pl_ctl_print(&out);
    pl_buf_fini(&out);
    return e;
}

int pl_ctl_run_status(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    pl_ctl_summary summary = {.endpoint = settings->common->bus};
    pl_ctl_client *client = NULL;
    pl_err e = pl_ctl_client_open(settings, &client);
    if (!e)
        e = look(client, &summary);
    summary.is_reachable = !e;
    pl_ctl_client_close(&client);
    if (e && e != PL_ETIMEOUT)
        return pl_ctl_exit_of(e);
    pl_ctl_summary_judge(&summary);
    pl_err shown = show(&summary, args->json);
    if (e || shown)
        return pl_ctl_exit_of(e ? e : shown);
    return summary.n_faults == 0 ? PL_EXIT_OK : PL_EXIT_TEMPORARY;
}
