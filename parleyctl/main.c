/* main.c - parleyctl. */
#include <stdio.h>

#include "commands.h"
#include "say.h"

static const pl_ctl_run RUNS[PL_CTL_N_VERBS] = {
    [PL_CTL_STATUS] = pl_ctl_run_status,
    [PL_CTL_WORKERS] = pl_ctl_run_list,
    [PL_CTL_ROOMS] = pl_ctl_run_list,
    [PL_CTL_CONFERENCES] = pl_ctl_run_list,
    [PL_CTL_PARTICIPANTS] = pl_ctl_run_list,
    [PL_CTL_CALLS] = pl_ctl_run_list,
    [PL_CTL_POOL] = pl_ctl_run_list,
    [PL_CTL_REGISTRATIONS] = pl_ctl_run_list,
    [PL_CTL_RECORDINGS] = pl_ctl_run_list,
    [PL_CTL_DRAIN] = pl_ctl_run_drain,
    [PL_CTL_EVENTS] = pl_ctl_run_events,
    [PL_CTL_KEYS] = pl_ctl_run_keys,
    [PL_CTL_BACKUP] = pl_ctl_run_backup,
    [PL_CTL_RESTORE] = pl_ctl_run_restore,
};

static int run(const pl_ctl_args *args)
{
    char reason[512] = "";
    pl_ctl_settings settings;
    pl_err e = pl_ctl_settings_load(args, &settings, reason, sizeof reason);
    if (e) {
        pl_ctl_complain("%s", reason);
        return pl_ctl_exit_of(e);
    }
    int code = PL_EXIT_OK;
    if (args->check_config) {
        (void)printf("parleyctl: the configuration is good\n");
    } else {
        code = RUNS[args->verb](args, &settings);
    }
    pl_ctl_settings_free(&settings);
    return code;
}

int main(int argc, char **argv)
{
    static pl_ctl_args args;
    char reason[256] = "";
    if (pl_ctl_args_parse(argc, argv, PL_CTL_FLAG_KEYS, &args, reason,
                          sizeof reason)) {
        pl_ctl_complain("%s; see parleyctl --help", reason);
        return PL_EXIT_USAGE;
    }
    if (args.help) {
        pl_ctl_help(stdout, &args);
        return PL_EXIT_OK;
    }
    if (args.version) {
        (void)printf("parleyctl %s\n", PL_VERSION);
        return PL_EXIT_OK;
    }
    return run(&args);
}
