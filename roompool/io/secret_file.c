/* secret_file.c - see secret_file.h. */
#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pl/buf.h"
#include "pl/str.h"

enum { OTHERS = 077 };

static pl_err fail(char *reason, size_t cap, const char *text)
{
    pl_fmt_cut(reason, cap, "%s", text);
    return PL_ECONFIG;
}

static pl_err check(int fd, size_t max, size_t *ret_size, char *reason,
                    size_t cap)
{
    struct stat what;
    if (fstat(fd, &what) != 0 || !S_ISREG(what.st_mode))
        return fail(reason, cap, "it is no file");
    if (what.st_mode & OTHERS)
        return fail(reason, cap, "others may read it; want mode 0600");
    if (what.st_size < 0 || (uintmax_t)what.st_size > max)
        return fail(reason, cap, "it is too long");
    *ret_size = (size_t)what.st_size;
    return PL_OK;
}

static pl_err read_all(int fd, char *text, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t k = read(fd, text + n, size - n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return PL_ECONFIG;
        n += (size_t)k;
    }
    text[size] = '\0';
    return PL_OK;
}

pl_err pl_secret_file_read(const char *path, size_t max, char **ret_text,
                           size_t *ret_len, char *reason, size_t cap)
{
    char why[PL_ERRNO_TEXT];
    size_t size = 0;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(reason, cap, pl_errno_text(errno, why));
    pl_err e = check(fd, max, &size, reason, cap);
    if (!e) {
        text = malloc(size + 1);
        e = text ? PL_OK : PL_ENOMEM;
    }
    if (!e && read_all(fd, text, size))
        e = fail(reason, cap, "it cannot be read");
    close(fd);
    if (e) {
        pl_secret_file_free(&text, size);
        return e;
    }
    *ret_text = text;
    *ret_len = size;
    return PL_OK;
}

void pl_secret_file_free(char **text, size_t len)
{
    if (!text || !*text)
        return;
    pl_wipe(*text, len);
    free(*text);
    *text = NULL;
}
