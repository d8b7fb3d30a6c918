/* record_file.c - folders, names, appending. */
#include "io/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_MAX = 64, FILE_MODE = 0640, FOLDER_MODE = 0750 };

bool pl_record_is_id(const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(id);
    return len > 0 && len <= ID_MAX && id[0] != '.' &&
           strspn(id, letters) == len;
}

pl_err pl_record_folder(int dir_fd, const char *name, int *ret_fd)
{
    bool is_new = mkdirat(dir_fd, name, FOLDER_MODE) == 0;
    if (!is_new && errno != EEXIST)
        return PL_EIO;
    int fd =
        openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return PL_EIO;
    if (is_new && fsync(dir_fd) != 0) {
        (void)close(fd);
        return PL_EIO;
    }
    *ret_fd = fd;
    return PL_OK;
}

pl_err pl_record_file_create(int dir_fd, const char *name,
                             pl_record_file *ret_file)
{
    int fd =
        openat(dir_fd, name,
               O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
               FILE_MODE);
    if (fd < 0)
        return errno == EEXIST ? PL_EEXIST : PL_EIO;
    if (fsync(dir_fd) != 0) { /* the name outlives a crash */
        (void)close(fd);
        return PL_EIO;
    }
    *ret_file = (pl_record_file){.fd = fd};
    return PL_OK;
}

pl_err pl_record_file_append(pl_record_file *file, const void *data, size_t len)
{
    const uint8_t *p = data;
    size_t left = len;
    while (left > 0) {
        ssize_t n = write(file->fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int why = n == 0 ? ENOSPC : errno;
            int rc = ftruncate(file->fd, (off_t)file->bytes);
            (void)rc; /* readers step over a torn end as well */
            errno = why;
            return PL_EIO;
        }
        p += n;
        left -= (size_t)n;
    }
    file->bytes += len;
    return PL_OK;
}

pl_err pl_record_file_sync(pl_record_file *file)
{
    if (file->synced == file->bytes)
        return PL_OK;
    if (fdatasync(file->fd) != 0)
        return PL_EIO;
    file->synced = file->bytes;
    return PL_OK;
}

void pl_record_file_close(pl_record_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    file->fd = -1;
}
