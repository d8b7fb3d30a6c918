/* files.c - small files. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pl/rng.h"
#include "pl/str.h"

static pl_file_info info_of(const struct stat *st)
{
    return (pl_file_info){.size = st->st_size,
                          .inode = st->st_ino,
                          .changed_ns =
                              (int64_t)st->st_mtim.tv_sec * 1000000000 +
                              st->st_mtim.tv_nsec};
}

static pl_err read_fd(int fd, pl_buf *out, pl_file_info *ret_info)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return PL_EIO;
    if (!S_ISREG(st.st_mode))
        return PL_ENOENT;
    if (st.st_size < 0 || (uintmax_t)st.st_size > out->max)
        return PL_ETOOBIG;
    *ret_info = info_of(&st);
    char part[8192];
    ssize_t n;
    while ((n = read(fd, part, sizeof part)) > 0)
        pl_buf_add(out, part, (size_t)n);
    if (n < 0)
        return PL_EIO;
    return out->has_failed ? PL_ETOOBIG : PL_OK;
}

pl_err pl_file_read_info(const char *path, pl_buf *out, pl_file_info *ret_info)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? PL_ENOENT : PL_EIO;
    pl_err e = read_fd(fd, out, ret_info);
    (void)close(fd);
    return e;
}

pl_err pl_file_read(const char *path, pl_buf *out)
{
    pl_file_info info;
    return pl_file_read_info(path, out, &info);
}

bool pl_file_is_same(const pl_file_info *a, const pl_file_info *b)
{
    return a->size == b->size && a->inode == b->inode &&
           a->changed_ns == b->changed_ns;
}

bool pl_file_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

bool pl_file_is_private(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

void pl_file_remove(const char *path)
{
    (void)unlink(path);
}

static bool write_new(const char *path, pl_slice text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ssize_t n = write(fd, text.ptr, text.len);
    bool is_done = n == (ssize_t)text.len && fsync(fd) == 0;
    return close(fd) == 0 && is_done;
}

enum { PATH_BYTES = 512 };

/* A name beside a file for what shall be in its place. */
static pl_err name_draft(const char *path, char draft[PATH_BYTES])
{
    enum { MARK_BYTES = 9 };
    char mark[32];
    pl_random_token(MARK_BYTES, mark, sizeof mark);
    return pl_fmt(draft, PATH_BYTES, "%s.%s", path, mark) ? PL_EIO : PL_OK;
}

/* The file appears whole or not at all: another front end may look at the same
 * time, and half a key would keep all of them from starting. */
pl_err pl_file_make_secret(const char *path, pl_slice text)
{
    char draft[PATH_BYTES];
    if (name_draft(path, draft))
        return PL_EIO;
    pl_err e = PL_EIO;
    if (write_new(draft, text) && link(draft, path) == 0) {
        e = PL_OK;
    } else if (errno == EEXIST) {
        e = PL_EEXIST;
    }
    (void)unlink(draft);
    return e;
}

/* A crash must not bring the old file back. */
static bool sync_folder(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    pl_fmt_cut(folder, sizeof folder, "%.*s",
               slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_done = fsync(fd) == 0;
    return close(fd) == 0 && is_done;
}

pl_err pl_file_replace_secret(const char *path, pl_slice text)
{
    char draft[PATH_BYTES];
    if (name_draft(path, draft))
        return PL_EIO;
    if (write_new(draft, text) && rename(draft, path) == 0)
        return sync_folder(path) ? PL_OK : PL_EIO;
    (void)unlink(draft);
    return PL_EIO;
}

pl_err pl_file_stat(const char *path, pl_file_info *ret_info)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? PL_ENOENT : PL_EIO;
    *ret_info = info_of(&st);
    return PL_OK;
}

pl_err pl_file_lock(const char *path, bool wait, int *ret_lock)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return PL_EIO;
    if (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0) {
        *ret_lock = fd;
        return PL_OK;
    }
    bool is_busy = errno == EWOULDBLOCK;
    (void)close(fd);
    return is_busy ? PL_EBUSY : PL_EIO;
}

void pl_file_unlock(int lock)
{
    (void)close(lock);
}

pl_err pl_file_open_secret(const char *path, pl_slice fresh, pl_buf *out)
{
    pl_err e = pl_file_read(path, out);
    if (e != PL_ENOENT)
        return e;
    e = pl_file_make_secret(path, fresh);
    if (e && e != PL_EEXIST) /* another front end was faster */
        return e;
    return pl_file_read(path, out);
}

pl_err pl_env_value(const char *text, const char *name, char *buf, size_t cap)
{
    size_t n = strlen(name);
    while (*text) {
        size_t len = strcspn(text, "\r\n");
        if (len > n && strncmp(text, name, n) == 0 && text[n] == '=') {
            pl_slice value = {(const uint8_t *)text + n + 1, len - n - 1};
            return pl_copy(buf, cap, value) ? PL_EINVAL : PL_OK;
        }
        text += len;
        text += strspn(text, "\r\n");
    }
    return PL_ENOENT;
}

/* Step into one path segment; the old descriptor is closed. */
static int step(int dir, const char *name, int flags)
{
    int fd = -1;
    if (name[0] && name[0] != '.') {
        fd = openat(dir, name,
                    flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    }
    (void)close(dir);
    return fd;
}

pl_err pl_file_open_below(const char *dir, const char *path, int *ret_fd)
{
    enum { NAME_BYTES = 256 };
    char name[NAME_BYTES];
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0) {
        size_t n = strcspn(path, "/");
        if (pl_copy(name, sizeof name, (pl_slice){(const uint8_t *)path, n})) {
            (void)close(fd);
            return PL_ENOENT;
        }
        bool is_last = path[n] == '\0';
        fd = step(fd, name, is_last ? 0 : O_DIRECTORY);
        if (is_last)
            break;
        path += n + 1;
    }
    if (fd < 0)
        return PL_ENOENT;
    *ret_fd = fd;
    return PL_OK;
}

pl_err pl_file_read_below(const char *dir, const char *path, pl_buf *out,
                          pl_file_info *ret_info)
{
    int fd;
    pl_err e = pl_file_open_below(dir, path, &fd);
    if (e)
        return e;
    e = read_fd(fd, out, ret_info);
    (void)close(fd);
    return e;
}

pl_err pl_file_size(int fd, uint64_t *ret_size)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return PL_EIO;
    if (!S_ISREG(st.st_mode) || st.st_size < 0)
        return PL_ENOENT;
    *ret_size = (uint64_t)st.st_size;
    return PL_OK;
}

pl_err pl_file_next(int fd, void *buf, size_t len, size_t *ret_len)
{
    ssize_t n = read(fd, buf, len);
    if (n < 0)
        return PL_EIO;
    *ret_len = (size_t)n;
    return PL_OK;
}

void pl_file_close(int fd)
{
    (void)close(fd);
}
