/* main.c - parley-load. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "pl/log.h"
#include "pl/process.h"
#include "report.h"

enum { EXIT_NOT_GOOD = 1 };

static int code_of(pl_err e, const pl_load_result *r)
{
    if (e == PL_OK)
        return r->is_good ? PL_EXIT_OK : EXIT_NOT_GOOD;
    return e == PL_EINVAL         ? PL_EXIT_USAGE
           : e == PL_EUNAVAILABLE ? PL_EXIT_UNAVAILABLE
                                  : PL_EXIT_INTERNAL;
}

static int run(const pl_load_command *c, pl_load_result *r)
{
    pl_err e = pl_load_run(&c->options, c->adapter, r);
    if (r->seconds > 0) {
        if (!c->is_json) {
            pl_load_report_text(stdout, &c->options, r);
        } else if (pl_load_report_json(stdout, &c->options, r) != PL_OK) {
            return PL_EXIT_INTERNAL;
        }
    }
    if (e != PL_OK)
        (void)fprintf(stderr, "parley-load: %s\n",
                      r->reason[0] ? r->reason : pl_err_text(e));
    return code_of(e, r);
}

int main(int argc, char **argv)
{
    char reason[PL_LOAD_REASON];
    pl_load_command *c = calloc(1, sizeof *c);
    pl_load_result *r = calloc(1, sizeof *r);
    int code = PL_EXIT_INTERNAL;
    pl_log_open("parley-load", PL_LOG_ERROR, false);
    (void)signal(SIGPIPE, SIG_IGN);
    if (c && r && pl_load_parse(argc, argv, reason, c) != PL_OK) {
        (void)fprintf(stderr, "parley-load: %s; --help\n", reason);
        code = PL_EXIT_USAGE;
    } else if (c && r && c->is_help) {
        pl_load_help(stdout);
        code = PL_EXIT_OK;
    } else if (c && r && c->is_version) {
        (void)puts("parley-load " PL_VERSION);
        code = PL_EXIT_OK;
    } else if (c && r) {
        code = run(c, r);
    }
    free(c);
    free(r);
    return code;
}
