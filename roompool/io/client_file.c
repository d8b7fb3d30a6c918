/* client_file.c - see client_file.h. */
#include "client_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pl/buf.h"
#include "pl/str.h"

enum { TEXT_MAX = 4096, OTHERS = 077 };

static pl_err fail(char *reason, size_t cap, const char *text)
{
    pl_fmt_cut(reason, cap, "%s", text);
    return PL_ECONFIG;
}

static pl_err read_text(const char *path, char text[TEXT_MAX], char *reason,
                        size_t cap)
{
    char why[PL_ERRNO_TEXT];
    struct stat what;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(reason, cap, pl_errno_text(errno, why));
    pl_err e = PL_OK;
    if (fstat(fd, &what) != 0 || !S_ISREG(what.st_mode))
        e = fail(reason, cap, "it is no file");
    else if (what.st_mode & OTHERS)
        e = fail(reason, cap, "others may read it; want mode 0600");
    if (!e)
        n = read(fd, text, TEXT_MAX);
    if (!e && (n < 0 || n == TEXT_MAX))
        e = fail(reason, cap, "it cannot be read, or is too long");
    if (!e)
        text[n] = '\0';
    close(fd);
    return e;
}

/* The value of NAME= in lines of a text. */
static pl_err find_value(const char *text, const char *name, char *buf,
                         size_t cap)
{
    size_t n = strlen(name);
    while (*text) {
        size_t len = strcspn(text, "\r\n");
        if (len > n + 1 && strncmp(text, name, n) == 0 && text[n] == '=') {
            pl_slice value = {(const uint8_t *)text + n + 1, len - n - 1};
            return pl_copy(buf, cap, value);
        }
        text += len;
        text += strspn(text, "\r\n");
    }
    return PL_ENOENT;
}

pl_err pl_client_file_read(const char *path, pl_video_client *ret_client,
                           char *reason, size_t cap)
{
    char text[TEXT_MAX];
    pl_video_client client;
    pl_err e = read_text(path, text, reason, cap);
    if (e)
        return e;
    if (find_value(text, "CLIENT_ID", client.id, sizeof client.id) ||
        find_value(text, "CLIENT_SECRET", client.secret, sizeof client.secret))
        e = fail(reason, cap, "want lines CLIENT_ID=.. and CLIENT_SECRET=..");
    else
        *ret_client = client;
    pl_wipe(text, sizeof text);
    pl_wipe(&client, sizeof client);
    return e;
}

pl_err pl_login_file_read(const char *path, char *buf, size_t cap, char *reason,
                          size_t reason_cap)
{
    char text[TEXT_MAX];
    pl_err e = read_text(path, text, reason, reason_cap);
    if (e)
        return e;
    text[strcspn(text, "\r\n")] = '\0';
    if (pl_fmt(buf, cap, "%s", text))
        e = fail(reason, reason_cap, "its line is too long");
    pl_wipe(text, sizeof text);
    return e;
}
