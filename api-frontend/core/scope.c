/* scope.c - see scope.h. */
#include "scope.h"

#include <string.h>

#include "pl/str.h"

static bool is_gap(uint8_t c)
{
    return c == ' ' || c == ',';
}

bool pl_scope_next(pl_slice *rest, pl_slice *ret_word)
{
    size_t begin = 0;
    while (begin < rest->len && is_gap(rest->ptr[begin]))
        begin++;
    size_t end = begin;
    while (end < rest->len && !is_gap(rest->ptr[end]))
        end++;
    if (end == begin)
        return false;
    *ret_word = (pl_slice){rest->ptr + begin, end - begin};
    *rest = (pl_slice){rest->ptr + end, rest->len - end};
    return true;
}

bool pl_scope_has(pl_slice list, const char *word)
{
    pl_slice one;
    while (pl_scope_next(&list, &one)) {
        if (pl_slice_eq_str(one, word))
            return true;
    }
    return false;
}

bool pl_scope_text_has(const char *scopes, const char *word)
{
    return pl_scope_has(pl_slice_str(scopes), word);
}

bool pl_scope_is_device(pl_slice word)
{
#define EVENTS(api)                                                            \
    api ":read", api ":update", api ":delete",                                 \
        api ":org.camaraproject." api ".v0.session-status:create",             \
        api ":org.camaraproject." api ".v0.session-invitation:create",         \
        api ":org.camaraproject." api ".v0.registration-ends:create"
    static const char *const words[] = {
        "webrtc-registration:sessions:read",
        "webrtc-registration:sessions:create",
        "webrtc-registration:sessions:write",
        "webrtc-registration:sessions:delete",
        "webrtc-call-handling:sessions:read",
        "webrtc-call-handling:sessions:create",
        "webrtc-call-handling:sessions:write",
        "webrtc-call-handling:sessions:delete",
        EVENTS("webrtc-events"),
        EVENTS("webrtc-events-subscriptions"),
        "notification-relay:channels:read",
        "notification-relay:channels:create",
        "notification-relay:channels:update",
        "notification-relay:channels:delete",
    };
#undef EVENTS
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (pl_slice_eq_str(word, words[i]))
            return true;
    }
    return false;
}

bool pl_scope_is_word(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == ',')
            return false;
    }
    return text.len > 0;
}

static bool is_default(pl_slice word)
{
    static const char end[] = "/.default";
    size_t n = sizeof end - 1;
    return word.len > n && memcmp(word.ptr + word.len - n, end, n) == 0;
}

/* Append a word; the same twice is one. */
static pl_err add(char *list, pl_slice word)
{
    char text[PL_SCOPES_MAX + 1];
    size_t n = strlen(list);
    if (pl_copy(text, sizeof text, word))
        return PL_EINVAL;
    if (pl_scope_has(pl_slice_str(list), text))
        return PL_OK;
    return pl_fmt(list + n, PL_SCOPES_MAX + 1 - n, "%s%s", n > 0 ? " " : "",
                  text)
               ? PL_EINVAL
               : PL_OK;
}

static bool may_have(const pl_scope_right *right, pl_slice word)
{
    char text[PL_SCOPES_MAX + 1];
    return right->is_free || (pl_copy(text, sizeof text, word) == PL_OK &&
                              pl_scope_has(pl_slice_str(right->all), text));
}

pl_err pl_scope_choose(const char *asked, const pl_scope_right *right,
                       char *ret_scope)
{
    pl_slice rest = pl_slice_str(asked);
    pl_slice word;
    pl_err e = PL_OK;
    bool has_default = false;
    size_t n = 0;
    ret_scope[0] = '\0';
    for (; !e && pl_scope_next(&rest, &word); n++) {
        if (!pl_scope_is_word(word))
            return PL_EINVAL;
        if (is_default(word))
            has_default = true;
        else
            e = may_have(right, word) ? add(ret_scope, word) : PL_EFORBIDDEN;
    }
    if (e)
        return e;
    if (has_default && n > 1)
        return PL_EINVAL;
    if (n > 0 && !has_default)
        return PL_OK;
    return pl_fmt(ret_scope, PL_SCOPES_MAX + 1, "%s",
                  has_default ? right->all : right->standard)
               ? PL_EINVAL
               : PL_OK;
}
