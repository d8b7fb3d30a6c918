/* file.c - see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pl/str.h"

void pl_ctl_because(pl_ctl_reason *reason, const char *path, const char *what)
{
    char why[PL_ERRNO_TEXT];
    pl_fmt_cut(reason->text, sizeof reason->text, "%s: %s: %s", path, what,
               pl_errno_text(errno, why));
}

bool pl_ctl_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool pl_ctl_is_same(const char *path, const char *other)
{
    struct stat a;
    struct stat b;
    return stat(path, &a) == 0 && stat(other, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

pl_err pl_ctl_folder_make(const char *path, mode_t mode, pl_ctl_reason *reason)
{
    struct stat st;
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        pl_ctl_because(reason, path, "cannot be made");
        return PL_EIO;
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return PL_OK;
    errno = ENOTDIR;
    pl_ctl_because(reason, path, "cannot be used");
    return PL_EIO;
}

pl_err pl_ctl_file_begin(const char *path, mode_t mode, pl_ctl_reason *reason)
{
    (void)unlink(path); /* left by a run that was cut off */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        pl_ctl_because(reason, path, "cannot be made");
        return PL_EIO;
    }
    (void)close(fd);
    return PL_OK;
}

static pl_err sync_path(const char *path, int flags, pl_ctl_reason *reason)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool is_ok = fd >= 0 && fsync(fd) == 0;
    if (!is_ok)
        pl_ctl_because(reason, path, "cannot be written to the disk");
    if (fd >= 0)
        (void)close(fd);
    return is_ok ? PL_OK : PL_EIO;
}

static void folder_of(const char *path, char folder[PL_CTL_PATH])
{
    pl_fmt_cut(folder, PL_CTL_PATH, "%s", path);
    char *last = strrchr(folder, '/');
    if (!last) {
        pl_fmt_cut(folder, PL_CTL_PATH, ".");
    } else if (last == folder) {
        last[1] = '\0';
    } else {
        *last = '\0';
    }
}

pl_err pl_ctl_file_own_as(const char *path, const char *like,
                          pl_ctl_reason *reason)
{
    char folder[PL_CTL_PATH];
    struct stat st;
    folder_of(like, folder);
    if (geteuid() != 0 || !pl_ctl_exists(path) ||
        (stat(like, &st) != 0 && stat(folder, &st) != 0))
        return PL_OK;
    if (chown(path, st.st_uid, st.st_gid) == 0)
        return PL_OK;
    pl_ctl_because(reason, path, "cannot be given to its owner");
    return PL_EIO;
}

pl_err pl_ctl_folder_sync(const char *path_of_file, pl_ctl_reason *reason)
{
    char folder[PL_CTL_PATH];
    folder_of(path_of_file, folder);
    return sync_path(folder, O_RDONLY | O_DIRECTORY, reason);
}

pl_err pl_ctl_file_finish(const char *begun, const char *path, bool over,
                          pl_ctl_reason *reason)
{
    pl_err e = sync_path(begun, O_RDONLY, reason);
    if (e)
        return e;
    /* A link is refused where something is: nobody came in between. */
    int rc = over ? rename(begun, path) : link(begun, path);
    if (rc != 0) {
        e = errno == EEXIST ? PL_EEXIST : PL_EIO;
        pl_ctl_because(reason, path, "cannot be made");
        return e;
    }
    if (!over)
        (void)unlink(begun);
    return pl_ctl_folder_sync(path, reason);
}

static pl_err fill(const char *path, const char *text, pl_ctl_reason *reason)
{
    size_t n = strlen(text);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;
    if (!is_ok)
        pl_ctl_because(reason, path, "cannot be written");
    if (fd >= 0)
        (void)close(fd);
    return is_ok ? PL_OK : PL_EIO;
}

pl_err pl_ctl_file_write(const char *path, mode_t mode, const char *text,
                         bool over, pl_ctl_reason *reason)
{
    char begun[PL_CTL_PATH];
    if (pl_fmt(begun, sizeof begun, "%s.new", path)) {
        pl_fmt_cut(reason->text, sizeof reason->text, "%s: too long", path);
        return PL_EIO;
    }
    pl_err e = pl_ctl_file_begin(begun, mode, reason);
    if (!e)
        e = fill(begun, text, reason);
    if (!e)
        e = pl_ctl_file_finish(begun, path, over, reason);
    if (e)
        (void)unlink(begun);
    return e;
}
