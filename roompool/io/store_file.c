/* store_file.c - see store_file.h. */
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "pl/str.h"

pl_store_reason pl_store_cause(void)
{
    pl_store_reason c;
    int number = errno;
    if (strerror_r(number, c.text, sizeof c.text) != 0)
        pl_fmt_cut(c.text, sizeof c.text, "error %d", number);
    return c;
}

pl_err pl_store_folder(const char *path, char *reason, size_t cap)
{
    char folder[512];
    if (pl_fmt(folder, sizeof folder, "%s", path))
        return PL_ECONFIG;
    for (char *slash = strchr(folder + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) && errno != EEXIST) {
            pl_fmt_cut(reason, cap, "cannot make folder %s: %s", folder,
                       pl_store_cause().text);
            return PL_EIO;
        }
        *slash = '/';
    }
    return PL_OK;
}

/* fcntl locks are dropped by the kernel with the process, so a kill leaves
 * nothing behind. */
pl_err pl_store_lock(const char *path, int *ret_fd, char *reason, size_t cap)
{
    char name[560];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (pl_fmt(name, sizeof name, "%s.lock", path))
        return PL_ECONFIG;
    *ret_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*ret_fd >= 0 && fcntl(*ret_fd, F_SETLK, &lock) == 0)
        return PL_OK;
    pl_fmt_cut(reason, cap, "%s: another roompool uses this database (%s)",
               name, pl_store_cause().text);
    return PL_EIO;
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void pl_store_measure(const char *path, pl_store_usage *ret_usage)
{
    char wal[560];
    struct statvfs disk;
    pl_store_usage u = {.file = size_of(path)};
    if (pl_fmt(wal, sizeof wal, "%s-wal", path) == PL_OK)
        u.wal = size_of(wal);
    if (statvfs(path, &disk) == 0)
        u.disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
    *ret_usage = u;
}
