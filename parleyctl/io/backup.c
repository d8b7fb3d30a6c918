/* backup.c - copy the database; put a copy in its place. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "database.h"
#include "io/store_file.h" /* roompool's */
#include "pl/str.h"
#include "pl/utc.h"
#include "say.h"

enum { CLOSED = 0600, OUT_MAX = 8192 };

static int refuse(pl_err e, const pl_ctl_reason *reason)
{
    pl_ctl_complain("%s", reason->text[0] ? reason->text : pl_err_text(e));
    /* What is damaged or of something else does not get better with time. */
    return e == PL_EPROTO || e == PL_EVERSION ? PL_EXIT_CONFIG
                                              : pl_ctl_exit_of(e);
}

static int tell(pl_buf *out)
{
    pl_err e = out->has_failed ? PL_ENOMEM : pl_ctl_print(out);
    pl_buf_fini(out);
    return pl_ctl_exit_of(e);
}

static pl_err add_tail(const char *path, const char *tail,
                       char ret[PL_CTL_PATH], pl_ctl_reason *reason)
{
    pl_err e = pl_fmt(ret, PL_CTL_PATH, "%s%s", path, tail);
    if (e)
        pl_fmt_cut(reason->text, sizeof reason->text, "%s: too long", path);
    return e;
}

static void on_progress(unsigned percent)
{
    static unsigned told;
    if (isatty(STDERR_FILENO) && percent != told) {
        (void)fprintf(stderr, "\r%3u %%%s", percent,
                      percent == 100 ? "\n" : "");
    }
    told = percent;
}

/* A checked copy beside the final name, `tail` behind it; gone on failure. */
static pl_err copy_beside(const char *from, const char *path, const char *tail,
                          char beside[PL_CTL_PATH], pl_ctl_reason *reason)
{
    pl_err e = add_tail(path, tail, beside, reason);
    if (!e)
        e = pl_ctl_file_begin(beside, CLOSED, reason);
    if (e)
        return e;
    e = pl_ctl_database_copy(from, beside, on_progress, reason);
    if (e)
        (void)unlink(beside);
    return e;
}

/* ---- backup ---- */

static pl_err check_target(const char *target, const char *database, bool force,
                           pl_ctl_reason *reason)
{
    char lock[PL_CTL_PATH];
    if (strcmp(target, database) == 0 || pl_ctl_is_same(target, database)) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s is the database itself: name another file", target);
        return PL_EINVAL;
    }
    pl_err e = add_tail(target, ".lock", lock, reason);
    if (e)
        return e;
    if (pl_ctl_exists(lock)) {
        /* It may run on it, and would not notice that the file is another. */
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s is the database of a roompool (%s): name another file, "
                   "or use restore",
                   target, lock);
        return PL_EINVAL;
    }
    if (!pl_ctl_exists(database)) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s: there is no such file; name roompool's database by "
                   "--database=FILE",
                   database);
        return PL_ENOENT;
    }
    if (!force && pl_ctl_exists(target)) {
        pl_fmt_cut(reason->text, sizeof reason->text,
                   "%s is there already: name another file, or use --force",
                   target);
        return PL_EEXIST;
    }
    return PL_OK;
}

int pl_ctl_run_backup(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    char beside[PL_CTL_PATH];
    pl_ctl_reason reason = {.text = ""};
    pl_ctl_database_is is = {.schema = 0};
    pl_buf out;
    const char *target = args->operand;
    const char *database = settings->database;
    pl_err e = check_target(target, database, args->force, &reason);
    if (!e)
        e = copy_beside(database, target, ".partial", beside, &reason);
    if (!e) {
        e = pl_ctl_database_check(beside, &is, &reason);
        if (!e)
            e = pl_ctl_file_finish(beside, target, args->force, &reason);
        if (e)
            (void)unlink(beside);
    }
    if (e)
        return refuse(e, &reason);
    pl_buf_init(&out, OUT_MAX);
    pl_buf_add_fmt(&out,
                   "%s is a copy of %s: schema %" PRId64 ", rooms %" PRId64
                   ", conferences %" PRId64 "; checked and on the disk\n",
                   target, database, is.schema, is.n_rooms, is.n_conferences);
    return tell(&out);
}

/* ---- restore ---- */

/* "var/parley.db.before-20261121T212345Z" */
static pl_err name_old(const char *database, int64_t wall_ms,
                       char old[PL_CTL_PATH], pl_ctl_reason *reason)
{
    char at[PL_TIME_TEXT];
    char tail[40];
    pl_time_text(wall_ms, at); /* 2026-11-21T21:23:45.678Z */
    pl_fmt_cut(tail, sizeof tail, ".before-%.4s%.2s%.2sT%.2s%.2s%.2sZ", at,
               at + 5, at + 8, at + 11, at + 14, at + 17);
    return add_tail(database, tail, old, reason);
}

static pl_err keep_one(const char *path, const char *old, const char *tail,
                       pl_ctl_reason *reason)
{
    char from[PL_CTL_PATH];
    char to[PL_CTL_PATH];
    pl_err e = add_tail(path, tail, from, reason);
    if (!e)
        e = add_tail(old, tail, to, reason);
    if (e || !pl_ctl_exists(from))
        return e;
    if (link(from, to) == 0)
        return PL_OK;
    pl_ctl_because(reason, to, "the old database cannot be kept there");
    return PL_EIO;
}

/* The old one gets a second name, with what its -wal still has: at no moment
 * is there no database, and none with another one's -wal. */
static pl_err keep_old(const char *database, const char *old,
                       pl_ctl_reason *reason)
{
    static const char *const others[] = {"-wal", "-shm"};
    pl_err e = pl_ctl_database_settle(database, reason);
    if (!e)
        e = keep_one(database, old, "", reason);
    if (!e)
        e = keep_one(database, old, "-wal", reason);
    if (!e)
        e = pl_ctl_folder_sync(database, reason);
    for (size_t i = 0; !e && i < sizeof others / sizeof others[0]; i++) {
        char path[PL_CTL_PATH];
        e = add_tail(database, others[i], path, reason);
        if (!e)
            (void)unlink(path); /* most often it is not there */
    }
    return e ? e : pl_ctl_folder_sync(database, reason);
}

static pl_err replace(const char *backup, const char *database, const char *old,
                      pl_ctl_reason *reason)
{
    char beside[PL_CTL_PATH];
    pl_err e = copy_beside(backup, database, ".restoring", beside, reason);
    if (e)
        return e;
    e = pl_ctl_file_own_as(beside, database, reason);
    if (!e && pl_ctl_exists(database))
        e = keep_old(database, old, reason);
    if (!e)
        e = pl_ctl_file_finish(beside, database, true, reason);
    if (e)
        (void)unlink(beside);
    return e;
}

static pl_err restore(const char *backup, const char *database, const char *old,
                      pl_ctl_reason *reason)
{
    int lock = -1;
    pl_err e =
        pl_store_lock(database, &lock, reason->text, sizeof reason->text);
    if (e) {
        size_t n = strlen(reason->text);
        pl_fmt_cut(reason->text + n, sizeof reason->text - n,
                   "; stop roompool first");
    } else {
        char path[PL_CTL_PATH];
        e = add_tail(database, ".lock", path, reason);
        if (!e)
            e = pl_ctl_file_own_as(path, database, reason);
        if (!e)
            e = replace(backup, database, old, reason);
    }
    if (lock >= 0)
        (void)close(lock);
    return e;
}

static int64_t wall_ms_now(void)
{
    pl_loop *loop = NULL;
    if (pl_loop_create(&loop))
        return 0;
    int64_t now = pl_loop_wall_ms(loop);
    pl_loop_destroy(&loop);
    return now;
}

int pl_ctl_run_restore(const pl_ctl_args *args, const pl_ctl_settings *settings)
{
    char old[PL_CTL_PATH] = "";
    pl_ctl_reason reason = {.text = ""};
    pl_ctl_database_is is = {.schema = 0};
    pl_buf out;
    const char *database = settings->database;
    bool had_one = pl_ctl_exists(database);
    pl_err e = strcmp(args->operand, database) == 0 ||
                       pl_ctl_is_same(args->operand, database)
                   ? PL_EINVAL
                   : PL_OK;
    if (e) {
        pl_fmt_cut(reason.text, sizeof reason.text,
                   "%s is the database itself: name a copy", database);
    }
    if (!e)
        e = pl_ctl_database_check(args->operand, &is, &reason);
    if (!e)
        e = name_old(database, wall_ms_now(), old, &reason);
    if (!e)
        e = restore(args->operand, database, old, &reason);
    if (e)
        return refuse(e, &reason);
    pl_buf_init(&out, OUT_MAX);
    pl_buf_add_fmt(&out,
                   "%s is restored from %s: schema %" PRId64 ", rooms %" PRId64
                   ", conferences %" PRId64 "\n",
                   database, args->operand, is.schema, is.n_rooms,
                   is.n_conferences);
    if (had_one)
        pl_buf_add_fmt(&out, "the one before is kept as %s\n", old);
    return tell(&out);
}
