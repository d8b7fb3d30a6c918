/* client_file.c - see client_file.h. */
#include "client_file.h"

#include <string.h>

#include "pl/buf.h"
#include "pl/str.h"
#include "secret_file.h"

enum { TEXT_MAX = 4095 };

static pl_err fail(char *reason, size_t cap, const char *text)
{
    pl_fmt_cut(reason, cap, "%s", text);
    return PL_ECONFIG;
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
    char *text = NULL;
    size_t len = 0;
    pl_video_client client;
    pl_err e = pl_secret_file_read(path, TEXT_MAX, &text, &len, reason, cap);
    if (e)
        return e;
    if (find_value(text, "CLIENT_ID", client.id, sizeof client.id) ||
        find_value(text, "CLIENT_SECRET", client.secret,
                   sizeof client.secret)) {
        e = fail(reason, cap, "want lines CLIENT_ID=.. and CLIENT_SECRET=..");
    } else {
        *ret_client = client;
    }
    pl_secret_file_free(&text, len);
    pl_wipe(&client, sizeof client);
    return e;
}

pl_err pl_login_file_read(const char *path, char *buf, size_t cap, char *reason,
                          size_t reason_cap)
{
    char *text = NULL;
    size_t len = 0;
    pl_err e =
        pl_secret_file_read(path, TEXT_MAX, &text, &len, reason, reason_cap);
    if (e)
        return e;
    text[strcspn(text, "\r\n")] = '\0';
    if (pl_fmt(buf, cap, "%s", text))
        e = fail(reason, reason_cap, "its line is too long");
    pl_secret_file_free(&text, len);
    return e;
}
