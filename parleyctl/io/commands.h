/* commands.h - what parleyctl does; each returns the exit code, after saying on
 * standard error what went wrong and what to do next. */
#ifndef PL_CTL_COMMANDS_H
#define PL_CTL_COMMANDS_H

#include "client.h"
#include "view.h"

typedef int (*pl_ctl_run)(const pl_ctl_args *args,
                          const pl_ctl_settings *settings);

int pl_ctl_run_status(const pl_ctl_args *args, const pl_ctl_settings *settings);
int pl_ctl_run_list(const pl_ctl_args *args, const pl_ctl_settings *settings);
int pl_ctl_run_drain(const pl_ctl_args *args, const pl_ctl_settings *settings);
int pl_ctl_run_events(const pl_ctl_args *args, const pl_ctl_settings *settings);
int pl_ctl_run_keys(const pl_ctl_args *args, const pl_ctl_settings *settings);
int pl_ctl_run_backup(const pl_ctl_args *args, const pl_ctl_settings *settings);
int pl_ctl_run_restore(const pl_ctl_args *args,
                       const pl_ctl_settings *settings);

/* Read a whole list, up to `limit` rows; match as pl_ctl_rows_create().
 * Errors, after a complaint: those of pl_ctl_ask(). */
PL_MUST_USE pl_err pl_ctl_fetch(pl_ctl_client *client, const pl_ctl_view *view,
                                const char *match, uint32_t limit,
                                pl_ctl_rows **ret_rows, bool *ret_has_more);

#endif
