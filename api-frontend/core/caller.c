/* caller.c - see caller.h. */
#include "caller.h"

#include <string.h>

#include "pl/str.h"
#include "scope.h"

enum { CLAIM_NAME_MAX = 64 };

/* ---- scopes ---- */

static void add_word(pl_caller *caller, pl_slice word)
{
    char *list = caller->scope_text;
    size_t n = strlen(list);
    size_t gap = n > 0 ? 1 : 0;
    char text[sizeof caller->scope_text];
    if (!pl_scope_is_word(word) || pl_copy(text, sizeof text, word) ||
        pl_scope_text_has(list, text) ||
        n + gap + word.len + 1 > sizeof caller->scope_text)
        return;
    pl_fmt_cut(list + n, sizeof caller->scope_text - n, "%s%s", gap ? " " : "",
               text);
}

static void add_words(pl_caller *caller, const pl_json *text)
{
    pl_slice rest;
    pl_slice word;
    if (pl_json_as_str(text, &rest))
        return;
    while (pl_scope_next(&rest, &word))
        add_word(caller, word);
}

void pl_caller_put_scopes(const pl_json *claims, pl_caller *caller)
{
    static const char *const keys[] = {"scope", "scp", "roles"};
    caller->scope_text[0] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const pl_json *claim = pl_json_get(claims, keys[i]);
        add_words(caller, claim);
        for (size_t k = 0; k < pl_json_count(claim); k++)
            add_words(caller, pl_json_at(claim, k));
    }
}

/* ---- users and numbers ---- */

bool pl_number_is_good(pl_slice text)
{
    enum { DIGITS_MIN = 5, DIGITS_MAX = 15 };
    if (text.len < 1 + DIGITS_MIN || text.len > 1 + DIGITS_MAX ||
        text.ptr[0] != '+' || text.ptr[1] == '0')
        return false;
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return true;
}

/* The first of the claims that has one. */
static pl_err put_number(const pl_json *claims, const char *names,
                         pl_caller *caller)
{
    for (names += strspn(names, " "); *names; names += strspn(names, " ")) {
        char name[CLAIM_NAME_MAX + 1];
        pl_slice word = {(const uint8_t *)names, strcspn(names, " ")};
        pl_slice value;
        names += word.len;
        if (pl_copy(name, sizeof name, word))
            return PL_EAUTH;
        pl_err e = pl_json_get_str(claims, name, &value);
        if (e == PL_ENOENT)
            continue;
        if (!e && pl_number_is_good(value))
            return pl_copy(caller->number, sizeof caller->number, value);
        if (strcmp(name, "sub") != 0)
            return PL_EAUTH;
    }
    return PL_OK;
}

pl_err pl_caller_for_device(const pl_json *claims, const char *number_claims,
                            pl_caller *caller)
{
    if (!pl_json_get(claims, "client_id") && !pl_json_get(claims, "azp"))
        return PL_EAUTH;
    pl_err e = put_number(claims, number_claims, caller);
    if (e)
        return PL_EAUTH;
    caller->has_subject =
        caller->names_user || caller->user_id[0] || caller->number[0];
    if (caller->names_user)
        return PL_OK;
    /* sub is the client: whoever else is named */
    return pl_copy(caller->subject, sizeof caller->subject,
                   pl_slice_str(caller->user_id[0] ? caller->user_id
                                                   : caller->number))
               ? PL_EAUTH
               : PL_OK;
}
