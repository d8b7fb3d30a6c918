/* redirect.c - addresses to send a browser back to. */
#include "redirect.h"

#include <string.h>

#include "pl/str.h"
#include "url.h"

/* Cut the next address off; empty at the end. */
static pl_slice next_uri(const char **list)
{
    *list += strspn(*list, " ");
    size_t n = strcspn(*list, " ");
    pl_slice uri = {(const uint8_t *)*list, n};
    *list += n;
    return uri;
}

size_t pl_redirect_origin_len(const char *uri)
{
    const char *colon = strstr(uri, "://");
    size_t scheme = colon ? (size_t)(colon - uri) + strlen("://") : 0;
    return scheme + strcspn(uri + scheme, "/?");
}

/* host or host:port */
static bool is_authority(pl_slice text, bool is_local)
{
    char host[PL_REDIRECT_MAX + 1];
    const uint8_t *colon =
        text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    size_t n = colon ? (size_t)(colon - text.ptr) : text.len;
    uint64_t port;
    if (colon &&
        (pl_parse_u64((pl_slice){colon + 1, text.len - n - 1}, 65535, &port) ||
         port == 0))
        return false;
    if (n == 0 || pl_copy(host, sizeof host, (pl_slice){text.ptr, n}) ||
        !pl_url_is_word(host, "-."))
        return false;
    return !is_local || strcmp(host, "localhost") == 0 ||
           strcmp(host, "127.0.0.1") == 0;
}

static bool is_redirect(pl_slice uri)
{
    static const struct {
        const char *scheme;
        bool is_local;
    } rows[] = {{"https://", false}, {"http://", true}};
    char text[PL_REDIRECT_MAX + 1];
    if (pl_copy(text, sizeof text, uri) || !pl_url_is_word(text, "-._~:/?=&%+"))
        return false;
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(rows[i].scheme);
        if (strncmp(text, rows[i].scheme, n) != 0)
            continue;
        pl_slice authority = {uri.ptr + n, pl_redirect_origin_len(text) - n};
        return is_authority(authority, rows[i].is_local);
    }
    return false;
}

bool pl_redirects_are_good(const char *list)
{
    for (pl_slice uri = next_uri(&list); uri.len > 0; uri = next_uri(&list)) {
        if (!is_redirect(uri))
            return false;
    }
    return true;
}

pl_err pl_redirect_find(const char *list, const char *wanted, char *buf,
                        size_t cap)
{
    pl_slice only = {NULL, 0};
    size_t n = 0;
    for (pl_slice uri = next_uri(&list); uri.len > 0; uri = next_uri(&list)) {
        if (pl_slice_eq_str(uri, wanted))
            return pl_copy(buf, cap, uri);
        only = uri;
        n++;
    }
    return n == 1 && !wanted[0] ? pl_copy(buf, cap, only) : PL_ENOENT;
}

void pl_redirect_add(pl_buf *uri, const char *name, const char *value)
{
    pl_buf_add_fmt(uri, "%s%s=", strchr(pl_buf_text(uri), '?') ? "&" : "?",
                   name);
    pl_url_escape(pl_slice_str(value), uri);
}
